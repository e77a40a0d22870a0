"""What deal registration shows on the two homes: the queue, what needs attention and why, a partner's own deals and things to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, Value, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from deals import flags, health
from deals.axes import CLOSED_STAGES, RUNNING, ReviewStatus, SubmissionStatus
from deals.models import Approval, DealRegistration, Opportunity, OpportunityParticipant, StageChange
from deals.standing import soon, standing
from partners.models import Partner, PartnerStatus
from prm.calendar import business_today
from prm.registries import (
    Attention,
    Happening,
    HomeTiles,
    Panel,
    Situation,
    ToDo,
    attention,
    happenings,
    home_tiles,
    panels,
    partner_situations,
    to_do,
)
from prm.ui.context import MOST, in_one_statement
from prm.ui.templatetags.ui import day, num

LATEST = 8  # rows of the queue on the vendor's home
DEALS = 5  # of a partner's own
WEEK = 7  # days before its last day in which a protection calls for attention
SILENT = 60  # days without a submission or a change of stage


# The vendor ------------------------------------------------------------------------------------------------------------------


def queue(_record: Any, user: Any) -> dict | None:
    """What waits for a decision, by time left; what nothing speaks against is approved in place."""
    if not user.may("decide_registrations"):
        return None
    from deals.views.approvals import of_view, usual_view

    view = usual_view(user)
    confirmed = Approval.objects.filter(
        registration=OuterRef("pk"), submission=OuterRef("submission"), customer__isnull=False
    )
    rows = list(of_view(user, view).annotate(confirmed=Exists(confirmed))[: LATEST + 1])
    found = flags.count([row.pk for row in rows])
    return {
        "queue": [(row, found[row.pk], row.confirmed and not found[row.pk]) for row in rows[:LATEST]],
        "more": len(rows) > LATEST,
        "view": view,
    }


def waiting_tile(user: Any) -> list[dict]:
    """What waits for this person's decision, how much of it is late."""
    if not user.may("decide_registrations"):
        return []
    from deals.views.approvals import of_view

    found = (
        of_view(user, "mine")
        .order_by()
        .aggregate(all=Count("pk"), late=Count("pk", filter=Q(decide_by__lt=timezone.now())))
    )
    return [
        {
            "label": _("Waiting for your decision"),
            "value": num(found["all"]),
            "change": ngettext("%(n)s late", "%(n)s late", found["late"]) % {"n": num(found["late"])}
            if found["late"]
            else "",
            "tone": "bad",
            "href": f"{reverse('deals:approvals')}?view=mine",
        }
    ]


def protections_ending(user: Any) -> dict | None:
    """Protections that end within a week, and how many of them moved lately."""
    if not user.may("see_registrations"):
        return None
    today = business_today()
    rows = DealRegistration.objects.visible_to(user).filter(
        protection_status__in=RUNNING, protected_until__gt=today, protected_until__lte=today + timedelta(days=WEEK)
    )
    moved = StageChange.objects.filter(
        opportunity=OuterRef("participant__opportunity"), at__gte=timezone.now() - timedelta(days=30)
    )
    found = rows.aggregate(all=Count("pk"), idle=Count("pk", filter=~Q(Exists(moved))))
    if not found["all"]:
        return None
    return {
        "icon": "shield-half",
        "tone": "warn",
        "title": ngettext("%(n)s protection ends within 7 days", "%(n)s protections end within 7 days", found["all"])
        % {"n": num(found["all"])},
        "detail": ngettext(
            "%(n)s without a change of stage in 30 days", "%(n)s without a change of stage in 30 days", found["idle"]
        )
        % {"n": num(found["idle"])}
        if found["idle"]
        else _("All of them moved in the last 30 days."),
        "url": f"{reverse('deals:registrations')}?protection=active&protection=extended"
        f"&last_day_from={today.isoformat()}&last_day_to={(today + timedelta(days=WEEK - 1)).isoformat()}",
    }


def silent(partners: Any) -> Any:
    """Active partners of more than two months which neither submitted a deal nor moved one in the last two."""
    since = timezone.now() - timedelta(days=SILENT)
    submitted = DealRegistration.objects.filter(partner=OuterRef("pk"), submitted_at__gte=since)
    moved = StageChange.objects.filter(opportunity__participants__partner=OuterRef("pk"), at__gte=since)
    return partners.filter(~Exists(submitted), ~Exists(moved), status=PartnerStatus.ACTIVE, created_at__lt=since)


def up_to(count: int) -> str:
    """A number of which no more than a hundred were counted."""
    return num(count) if count < MOST else _("100 or more")


def silent_partners(user: Any) -> dict | None:
    """Partners in this person's care from which nothing was heard."""
    if not (user.may("see_partners") and user.may("see_registrations")):
        return None
    mine = Partner.objects.visible_to(user).filter(channel_manager=user)
    names = list(silent(mine).order_by("name").values_list("name", flat=True)[:MOST])
    if not names:
        return None
    return {
        "icon": "message-off",
        "tone": "warn",
        "title": ngettext("%(n)s partner silent for 60 days", "%(n)s partners silent for 60 days", len(names))
        % {"n": up_to(len(names))},
        "detail": " · ".join(names[:3]) + (" …" if len(names) > 3 else ""),
        "url": f"{reverse('partners:partners')}?situation=silent&manager={user.pk}",
    }


def drifting(user: Any) -> dict | None:
    """Open deals that are stale or slipping: those of the partners in this person's care, or a seller's own."""
    if user.is_partner or not (user.may("see_opportunities") or user.may("see_own_opportunities")):
        return None
    rows, url = Opportunity.objects.visible_to(user), f"{reverse('deals:opportunities')}?flag=any"
    if user.may("see_opportunities"):
        mine = OpportunityParticipant.objects.filter(opportunity=OuterRef("pk"), partner__channel_manager=user)
        rows, url = rows.filter(Exists(mine)), f"{url}&manager={user.pk}"
    flags_of = (health.Flag.ANY, health.Flag.SLIPPING, health.Flag.STALE)
    every, slipping, stale = in_one_statement([health.flagged(rows, flag) for flag in flags_of])
    if not every:
        return None
    late = ngettext("%(n)s slipping", "%(n)s slipping", slipping) % {"n": up_to(slipping)}
    quiet = ngettext("%(n)s without news", "%(n)s without news", stale) % {"n": up_to(stale)}
    return {
        "icon": "calendar-exclamation",
        "tone": "warn",
        "title": ngettext("%(n)s deal needs a look", "%(n)s deals need a look", every) % {"n": up_to(every)},
        "detail": " · ".join(words for words, n in ((late, slipping), (quiet, stale)) if n),
        "url": url,
    }


def submitted_words(count: int) -> str:
    return ngettext("%(n)s new registration", "%(n)s new registrations", count) % {"n": num(count)}


def answered_words(count: int) -> str:
    return ngettext("%(n)s registration approved", "%(n)s registrations approved", count) % {"n": num(count)}


def moved_words(count: int) -> str:
    return ngettext("%(n)s change of stage", "%(n)s changes of stage", count) % {"n": num(count)}


panels.add(Panel("home", gettext_lazy("Waiting for a decision"), "deals/panels/queue.html", queue, 10))
home_tiles.add(HomeTiles("vendor", waiting_tile, 10))
attention.add(Attention(protections_ending, 10))
attention.add(Attention(drifting, 30))
attention.add(Attention(silent_partners, 40))
partner_situations.add(Situation("silent", pgettext_lazy("partner", "silent for 60 days"), silent, 20))
happenings.add(Happening("deal_registration.submitted", submitted_words, 10))
happenings.add(Happening("deal_registration.approved", answered_words, 20))
happenings.add(Happening("opportunity.stage_changed", moved_words, 50))


# The portal ------------------------------------------------------------------------------------------------------------------


def own(user: Any):
    return DealRegistration.objects.visible_to(user).filter(partner=user.acting_for_id)


def my_deals(_partner: Any, user: Any) -> dict | None:
    """The company's latest deals, each with its next date."""
    if not user.may("see_registrations"):
        return None
    rows = own(user).order_by("-updated_at", "-id")[:DEALS]
    return {"deals": [(row, standing(row)) for row in rows], "may_register": user.may("register_deals")}


def things_to_do(user: Any, most: int) -> list[dict]:
    """Returned registrations to answer, protections about to end, drafts to finish: the most pressing first."""
    if not user.may("register_deals"):
        return []
    returned = Q(review_status=ReviewStatus.ACTION_REQUIRED)
    ending = Q(protection_status__in=RUNNING, protected_until__gt=business_today(), protected_until__lt=soon())
    ending &= Q(sales_stage="") | Q(sales_stage__isnull=True) | ~Q(sales_stage__in=CLOSED_STAGES)
    unsent = Q(submission_status__in=[SubmissionStatus.DRAFT, SubmissionStatus.RECALLED])
    rank = Case(
        When(returned, then=Value(0)), When(ending, then=Value(1)), default=Value(2), output_field=IntegerField()
    )
    rows = (
        own(user)
        .filter(returned | ending | unsent)
        .annotate(rank=rank)
        .order_by("rank", "answer_by", "protected_until", "-updated_at")[:most]
    )
    return [thing(row) for row in rows]


def thing(registration: DealRegistration) -> dict:
    """One thing to do, with its date."""
    name = str(registration)
    if registration.is_returned:
        return {
            "icon": "message-question",
            "tone": "warn",
            "title": _("Answer our question on %(name)s") % {"name": name},
            "detail": _("By %(day)s. Only the fields we ask about.") % {"day": day(registration.answer_by)},
            "url": reverse("deals:edit_registration", args=[registration.pk]),
            "due": registration.answer_by,
        }
    if registration.is_protected:
        return {
            "icon": "shield-half",
            "tone": "warn",
            "title": _("The protection of %(name)s ends soon") % {"name": name},
            "detail": _("Last day %(day)s. Tell us how the deal goes.") % {"day": day(registration.last_protected_day)},
            "url": reverse("deals:portal_registration", args=[registration.pk]),
            "due": registration.last_protected_day,
        }
    return {
        "icon": "pencil",
        "tone": "info",
        "title": _("Finish the draft %(name)s") % {"name": name},
        "detail": _("Not sent yet. Last change on %(day)s.") % {"day": day(registration.updated_at)},
        "url": reverse("deals:edit_registration", args=[registration.pk]),
        "due": None,
    }


panels.add(Panel("portal_home", gettext_lazy("My deals"), "deals/panels/portal_deals.html", my_deals, 10))
to_do.add(ToDo(things_to_do, 10))
