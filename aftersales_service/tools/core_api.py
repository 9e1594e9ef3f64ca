"""Calls into Odoo's core that change from one version to the next, in one place.

Whoever brings the addons to another Odoo looks here first: all of it is private there.
An environment is passed in; no rights are added to those it has, unless it says so.
"""


def commit_progress(env, processed=0, *, remaining=None):
    """Commit what a scheduled job has done since the last time.

    :param int processed: records that were worked on
    :param int remaining: records still to be worked on, if that is known
    :return: seconds that the job may go on
    """
    return env["ir.cron"]._commit_progress(processed, remaining=remaining)


def wake_job(env, xmlid, at=None):
    """Have a scheduled job run soon, if it exists; as superuser.

    :param str xmlid: external id of the job
    :param at: ``datetime`` at which to run, now when not given
    """
    job = env.ref(xmlid, raise_if_not_found=False)
    if job:
        job.sudo()._trigger(at)


def hand_over(env, xmlid):
    """End a scheduled job whose time is up, and have it run again after the others.

    Of one that has work left Odoo makes at least ten runs in a row: with one worker
    for all jobs, promises would be judged minutes late meanwhile.

    :param str xmlid: external id of the job
    """
    wake_job(env, xmlid)
    commit_progress(env, remaining=0)


def send_to_bus(env, channel, kind, payload):
    """Tell browsers that listen on a channel, once the transaction is committed."""
    env["bus.bus"]._sendone(channel, kind, payload)


def own_addresses(env, emails):
    """Return those of some bare addresses that are aliases of ours; as superuser."""
    return env["mail.alias.domain"].sudo()._find_aliases(list(emails))


def rules_of(model, operation):
    """Return the ``Domain`` of the record rules for an operation on a model."""
    return model.env["ir.rule"]._compute_domain(model._name, operation)


def is_listened_to(model):
    """Return whether an active automated action listens to writes on a model:
    ``base_automation`` then has wrapped the method, and marks it so."""
    return hasattr(type(model).write, "origin")
