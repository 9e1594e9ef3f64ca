"""Writing many rows by one statement."""

from odoo.tools import SQL


def typed_arrays(model, columns):
    """Return the values of columns as typed arrays for ``unnest``.

    :param model: recordset of the model whose table is written
    :param dict columns: {name of a stored field: list of values, as PostgreSQL takes
        them}
    :return: ``SQL``
    """
    return SQL(", ").join(
        SQL(f"%s::{model._fields[name].column_type[0]}[]", values)
        for name, values in columns.items()
    )


def insert_rows(model, columns):
    """Insert rows past the ORM, which learns nothing of it.

    :param model: recordset of the model
    :param dict columns: see :func:`typed_arrays`
    :return: ids of the new rows, in the order of the values
    """
    names = SQL(", ").join(map(SQL.identifier, columns))
    rows = model.env.execute_query(
        SQL(
            "INSERT INTO %(table)s (%(names)s) SELECT %(names)s FROM unnest(%(arrays)s)"
            " WITH ORDINALITY AS new(%(names)s, ordinal) ORDER BY ordinal RETURNING id",
            table=SQL.identifier(model._table),
            names=names,
            arrays=typed_arrays(model, columns),
        )
    )
    return [row[0] for row in rows]
