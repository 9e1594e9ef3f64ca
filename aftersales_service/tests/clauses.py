"""Names the clauses a test proves. Imports nothing: journeys outside use it too."""


def clause(*clause_ids):
    """Name the clauses of the catalogue that a test proves.

    :param clause_ids: ids such as ``"FT-20"``
    :return: decorator for a test function, method or class
    """

    def decorate(test):
        test._aftersales_clauses = (
            *getattr(test, "_aftersales_clauses", ()),
            *clause_ids,
        )
        return test

    return decorate
