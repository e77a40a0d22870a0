"""What a program owner says of each stage: the facts it needs, and how long a deal may rest there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from deals.axes import OPEN_STAGES, Stage
from deals.models.stage_rule import GATED, LONGEST, Fact, Rule, StageRule
from prm.ui.forms import Form


class StageRulesForm(Form):
    """All stages at once; only what was changed is written."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for stage, rule in StageRule.objects.in_force().items():
            if stage in GATED:
                self.fields[f"required_{stage}"] = forms.MultipleChoiceField(
                    label=_("Needed to reach this stage"),
                    choices=Fact.choices,
                    initial=list(rule.required),
                    required=False,
                    widget=forms.CheckboxSelectMultiple,
                )
            if stage in OPEN_STAGES:
                self.fields[f"quiet_days_{stage}"] = forms.IntegerField(
                    label=_("Stale after, days without news"), initial=rule.quiet_days, min_value=1, max_value=LONGEST
                )

    def by_stage(self) -> list[dict[str, Any]]:
        """The fields under the stage they belong to, for the page."""
        return [
            {"label": stage.label, "fields": fields}
            for stage in Stage
            if (fields := [self[name] for name in self.names(stage)])
        ]

    def names(self, stage: str) -> list[str]:
        return [name for name in (f"required_{stage}", f"quiet_days_{stage}") if name in self.fields]

    def changed_rules(self) -> dict[str, Rule]:
        """The new rule of each stage that was changed."""
        return {
            stage.value: Rule(
                tuple(self.cleaned_data.get(f"required_{stage}", ())), self.cleaned_data.get(f"quiet_days_{stage}")
            )
            for stage in Stage
            if set(self.names(stage)) & set(self.changed_data)
        }
