"""The settings of the sales stages."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from deals.forms.stages import StageRulesForm
from deals.models import StageRule
from prm.access import may
from prm.http import Request
from prm.ui.forms import handle, posted


@may("manage_programs")
def stage_rules(request: Request) -> HttpResponse:
    """What each stage needs, and after how many days without news a deal in it is stale."""
    form = StageRulesForm(posted(request))

    def act():
        for stage, rule in form.changed_rules().items():
            StageRule.objects.adjust(stage, by=request.user, required=rule.required, quiet_days=rule.quiet_days)

    return handle(
        request, form, act, template="deals/stage_rules.html", to=reverse("deals:stage_rules"), title=_("Sales stages")
    )
