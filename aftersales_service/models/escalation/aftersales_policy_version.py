from odoo import api, models

from ...tools.words import duration


class AftersalesPolicyVersion(models.Model):
    """What a version of a policy says of escalation steps."""

    _inherit = "aftersales.policy.version"

    @api.model
    def _step_changes(self, promise, old, new):
        """Say which steps were removed, added and changed."""
        changes = super()._step_changes(promise, old, new)
        olds = {step["key"]: step for step in old}
        news = {step["key"]: step for step in new}
        return [
            *changes,
            *(
                self.env._(
                    "%(promise)s, escalation step removed: %(step)s",
                    promise=promise,
                    step=self._step_words(olds[key]),
                )
                for key in olds
                if key not in news
            ),
            *(
                self.env._(
                    "%(promise)s, escalation step added: %(step)s",
                    promise=promise,
                    step=self._step_words(news[key]),
                )
                for key in news
                if key not in olds
            ),
            *(
                self.env._(
                    "%(promise)s, escalation step: %(old)s → %(new)s",
                    promise=promise,
                    old=self._step_words(olds[key]),
                    new=self._step_words(news[key]),
                )
                for key in news
                if key in olds and olds[key] != news[key]
            ),
        ]

    @api.model
    def _step_words(self, step):
        """Return a step of a ladder, plain data, in words."""
        Step = self.env["aftersales.policy.step"]
        people = dict(Step._fields["recipient"]._description_selection(self.env))
        acts = [
            Step._fields[name]._description_string(self.env)
            for name in Step._action_fields()
            if step.get(name.removeprefix("do_").removeprefix("escalate_"))
        ]
        return self.env._(
            "%(moment)s, %(people)s: %(acts)s",
            moment=self._moment_words(step),
            people=people.get(step.get("to"), ""),
            acts=", ".join(acts),
        )

    @api.model
    def _moment_words(self, step):
        if step.get("percent") is not None:
            return self.env._("at %(percent)s %% of the time", percent=step["percent"])
        offset = step.get("offset") or 0
        time = duration(self.env, offset)
        if offset < 0:
            return self.env._("%(time)s before the deadline", time=time)
        if offset > 0:
            return self.env._("%(time)s after the deadline", time=time)
        return self.env._("at the deadline")
