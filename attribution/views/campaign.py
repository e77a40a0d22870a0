from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attribution.filters import CampaignFilters
from attribution.forms import CampaignForm
from attribution.models import Campaign
from prm.access import allowed, scoped
from prm.ui.forms import handle, posted
from prm.ui.lists import Action, Column, ListPage


def manages(user) -> bool:
    return not user.is_partner and user.may("manage_leads")


class CampaignList(ListPage):
    title = gettext_lazy("Campaigns")
    lead = gettext_lazy("What you do to win leads, and what came of it.")
    icon = "speakerphone"
    filterset_class = CampaignFilters
    default_sort = "-created_at"
    export_name = "campaigns"
    empty_title = gettext_lazy("No campaign yet")
    empty_text = gettext_lazy("Name your campaigns and you see which leads and deals each of them brought.")
    columns = [
        Column("name", gettext_lazy("Campaign"), link=True, sort="name", phone="title", detail=lambda row: row.code),
        Column("code", gettext_lazy("Code"), sort="code", screen=False),
        Column("kind", gettext_lazy("Kind"), sort="kind", phone="detail"),
        Column("period", gettext_lazy("Period"), kind="period", sort="period", phone="detail"),
        Column(
            "lead_count",
            gettext_lazy("Leads"),
            kind="number",
            sort="lead_count",
            phone="value",
            link=lambda row: f"{reverse('attribution:leads')}?campaign={row.pk}",
        ),
        Column(
            "cost_amount",
            gettext_lazy("Cost"),
            kind="money",
            currency="cost_currency",
            sort=("cost_currency", "cost_amount"),
        ),
        Column("created_at", gettext_lazy("Added"), kind="date", sort="created_at", screen=False),
    ]

    def rows(self):
        return Campaign.objects.visible_to(self.request.user).annotate(lead_count=Count("leads"))

    def actions(self):
        if not manages(self.request.user):
            return []
        return [Action(_("New campaign"), reverse("attribution:campaign_create"), "plus", primary=True)]


@allowed(manages)
def campaign_create(request: HttpRequest) -> HttpResponse:
    form = CampaignForm(posted(request), user=request.user)
    return edit(request, form, title=_("New campaign"))


@scoped(lambda user: Campaign.objects.visible_to(user))
def campaign(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """A form for those who manage leads, the same facts to read for others."""
    form = CampaignForm(posted(request), instance=campaign, user=request.user)
    if not manages(request.user):
        if request.method == "POST":
            raise PermissionDenied
        for field in form.fields.values():
            field.disabled = True
    return edit(request, form, title=campaign.name)


def edit(request: HttpRequest, form: CampaignForm, **context) -> HttpResponse:
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        template="attribution/campaign.html",
        to=reverse("attribution:campaigns"),
        back_url=reverse("attribution:campaigns"),
        back_label=_("Campaigns"),
        may_change=manages(request.user),
        **context,
    )
