"""The approvals queue: what waits for a decision, by time left, and the decision itself."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import push_url

from deals import flags, story
from deals.appeals import missed_of, review_of, waiting_for
from deals.axes import AWAITING_VENDOR, OPEN_REVIEW, ReviewStatus
from deals.care import in_care_of
from deals.forms.appeal import AnswerForm
from deals.forms.registration import ApproveForm, CustomerForm, NotesForm, RejectForm, ReturnForm
from deals.models import Approval, DealRegistration, Protection
from deals.models.protection import place
from deals.views.registration import files_of, lines_with_protection, vendor_story
from prm import registries
from prm.access import may, scoped, vendor_only
from prm.errors import RuleViolation, StaleVersion
from prm.events.models import Event
from prm.fields import shown
from prm.http import Request
from prm.ui.toasts import say
from territories.matching.keys import candidates, keys
from territories.models import Customer

SHOWN = 40  # rows of the queue on one page
FOUND = 8  # customers of a search
VIEWS = ("mine", "team", "returned", "appeals", "decided")


def within_reach(user):
    """What this person may look at as a decision, open or past."""
    return DealRegistration.objects.decided_or_decidable_by(user).with_names()


def still_open(user):
    """What this person may decide now."""
    return DealRegistration.objects.decidable_by(user).with_names()


# The queue -----------------------------------------------------------------------------------------------------------------


def of_view(user, view: str):
    """The rows of a view, the most pressing first."""
    rows = DealRegistration.objects.decided_or_decidable_by(user).select_related("partner")
    if view == "decided":
        return rows.exclude(review_status__in=OPEN_REVIEW).order_by("-decided_at", "-id")
    if view == "appeals":
        return waiting_for(user, rows)
    if view == "returned":
        return rows.filter(review_status=ReviewStatus.ACTION_REQUIRED).order_by("answer_by", "id")
    rows = rows.filter(review_status__in=AWAITING_VENDOR).open_to(user).order_by("decide_by", "submitted_at", "id")
    return rows.filter(in_care_of(user)) if view == "mine" else rows


def chosen_view(request: Request) -> str:
    """The view in the address; without one, one's own rows where there are any."""
    asked = request.GET.get("view", "")
    return asked if asked in VIEWS else usual_view(request.user)


def usual_view(user) -> str:
    return "mine" if of_view(user, "mine").exists() else "team"


@require_GET
@vendor_only
@may("decide_registrations")
def approvals(request: Request) -> HttpResponse:
    """The queue; beside it, on a wide screen, the first registration of it."""
    view = chosen_view(request)
    first = of_view(request.user, view).with_names().first()
    return page(request, first, view, opened=False)


@require_GET
@vendor_only
@scoped(within_reach)
def approval(request: Request, registration: DealRegistration) -> HttpResponse:
    """One registration, to decide on; the queue beside it."""
    return page(request, registration, chosen_view(request))


def page(
    request: Request,
    registration: DealRegistration | None,
    view: str,
    *,
    opened: bool = True,
    status: int = 200,
    **more,
) -> HttpResponse:
    """Queue and detail; htmx gets both, without the shell around them."""
    rows, more_rows, before, after = around(request, view, registration)
    found = flags.count([row.pk for row in rows])
    context = {
        "view": view,
        "tabs": [
            {"label": label, "url": f"{reverse('deals:approvals')}?view={name}", "active": name == view}
            for name, label in (
                ("mine", pgettext("approvals", "Mine")),
                ("team", pgettext("approvals", "Team")),
                ("returned", pgettext("approvals", "Returned")),
                ("appeals", pgettext("approvals", "Second reviews")),
                ("decided", pgettext("approvals", "Decided")),
            )
        ],
        "rows": [(row, found[row.pk]) for row in rows],
        "more_rows": more_rows,
        "before": before,
        "after": after,
        "opened": opened,
        "registration": registration,
        "may_tick": view in ("mine", "team"),
    }
    context |= detail(request, registration, **more) if registration else more
    template = "deals/approvals.html#split" if request.htmx else "deals/approvals.html"
    return render(request, template, context, status=status)


def around(request: Request, view: str, registration: DealRegistration | None):
    """The page of the queue, whether there is more of it, and the neighbours of the registration."""
    wanted = request.GET.get("rows", "")
    shown = min(int(wanted), 10 * SHOWN) if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 else SHOWN
    rows = list(of_view(request.user, view)[: shown + 1])
    more_rows = shown + SHOWN if len(rows) > shown else 0
    rows = rows[:shown]
    index = next((i for i, row in enumerate(rows) if registration and row.pk == registration.pk), None)
    before = rows[index - 1] if index else None
    after = rows[0 if index is None else index + 1] if rows and (index is None or index + 1 < len(rows)) else None
    return rows, more_rows, before, after


# The detail ------------------------------------------------------------------------------------------------------------------


def detail(request: Request, registration: DealRegistration, **more) -> dict:
    """What there is to know for a decision."""
    user, files = request.user, files_of(registration)
    file = files.get(registration.submission)
    lines = lines_with_protection(registration)
    second_review = review_of(registration, file, user)
    is_open = registration.review_status in AWAITING_VENDOR and not (second_review and second_review["is_own"])
    blocking = blocking_lines(registration, file, lines) if is_open else []
    forms = {
        "approve_form": ApproveForm(user=user, registration=registration, file=file),
        "reject_form": RejectForm(),
        "return_form": ReturnForm(),
        "customer_form": CustomerForm(registration=registration),
        "answer_form": AnswerForm(),
        "notes_form": NotesForm(initial={"notes": file.notes if file else ""}),
    }
    return {
        "registration": registration,
        "file": file,
        "second_review": second_review,
        "missed": missed_of(file),
        "lines": lines,
        "is_open": is_open,
        "blocking": blocking,
        "candidates": candidates_of(registration) if is_open and not (file and file.customer_id) else [],
        "evidence": [shared_words(row) for row in (file.customer_evidence.get("shared", []) if file else [])],
        "searched": searched(request),
        "record": record_of(registration.partner_id),
        "rules": rules(registration, file, blocking),
        "events": vendor_story(user, registration, files.values()),
        "comments": registration.comments.all(),
        "panels": registries.panels_of("registration_review", registration, user),
        "custom": shown("registration", registration, user),
        "may_make_customers": user.may("manage_customers"),
        "decision": decision(registration, file),
        **forms,
        **more,
    }


def blocking_lines(registration: DealRegistration, file: Approval | None, lines) -> list[Protection]:
    """Protections of others that leave no room today; approval itself looks again under lock."""
    if not file or not file.customer_id or not registration.program:
        return []
    period = registration.program.protection_period()
    spot = place(file.place_number)
    wanted = [part["line"].pk for part in lines]
    if registration.scope != "whole" and file.place_number is None:
        return []
    return list(Protection.objects.blocking(file.customer_id, wanted, spot, period).select_related("line", "partner"))


def candidates_of(registration: DealRegistration) -> list[dict]:
    """Customers the matcher takes this one for, each with its evidence in words."""
    found = keys(
        names=[registration.customer_name],
        domains=[registration.customer_domain],
        numbers=[registration.customer_number],
        countries=[registration.customer_country.code or ""],
    )
    return [
        {"customer": row.customer, "band": row.band, "words": [shared_words(part) for part in row.shared]}
        for row in candidates(found, FOUND)
    ]


def shared_words(part: dict[str, str]) -> str:
    """One shared key in words."""
    words = {
        "number": _("same official number %(value)s"),
        "domain": _("same website %(value)s"),
        "name": _("same name “%(value)s” in the same country"),
    }
    return words.get(part["kind"], "%(value)s") % {"value": part["value"]}


def searched(request: Request) -> dict:
    """Customers a person looked for by name or website."""
    text = request.GET.get("customer", "").replace("\x00", "").strip()[:200]
    rows = Customer.objects.visible_to(request.user).written(text)[:FOUND] if text else []
    return {"text": text, "rows": list(rows)}


def record_of(partner_id) -> dict:
    """What the partner did in the last twelve months: registered, approved, won."""
    since = timezone.now() - timedelta(days=365)
    return DealRegistration.objects.filter(partner=partner_id, submitted_at__gte=since).aggregate(
        registered=Count("pk"),
        approved=Count("pk", filter=Q(review_status=ReviewStatus.APPROVED)),
        won=Count("pk", filter=Q(sales_stage="won")),
    )


def rules(registration: DealRegistration, file: Approval | None, blocking: list) -> list[dict]:
    """The rules that apply to this decision, each with what it says here."""
    confirmed = bool(file and file.customer_id)
    late = (
        registration.decide_by
        and registration.decide_by < timezone.now()
        and registration.review_status in AWAITING_VENDOR
    )
    return [
        {
            "id": "CUST-1",
            "text": _("The customer is confirmed, by a person or by the matcher where it is certain, before approval."),
            "value": "clear" if confirmed else "possible_match",
            "state": _("Done") if confirmed else _("To do"),
        },
        {
            "id": "PROT-1",
            "text": _(
                "A protected customer and product line cannot be approved for another partner while the protection is in force."
            ),
            "value": "conflict" if blocking else "clear" if confirmed else "none",
            "state": _("Blocks approval") if blocking else _("Free") if confirmed else _("Checked at approval"),
        },
        {
            "id": "TIME-1",
            "text": _("The partner was promised a decision by this date; every registration gets the same promise."),
            "value": "possible_match" if late else "clear",
            "state": _("Late") if late else _("In time"),
        },
    ]


def decision(registration: DealRegistration, file: Approval | None) -> dict | None:
    """Who decided, and when: what the second of two people reads."""
    if not file or not file.decided_by_id:
        return None
    return {
        "by": file.decided_by.name,
        "whose": file.decided_for.name if file.decided_for_id else "",
        "at": registration.decided_at,
    }


# The verbs -------------------------------------------------------------------------------------------------------------------


def settle(request: Request, registration: DealRegistration, verb, said: str, **forms) -> HttpResponse:
    """Call a verb, then go on to the next of the queue. A refusal comes back with the page, what was typed kept."""
    view = chosen_view(request)
    _rows, _more, before, after = around(request, view, registration)
    try:
        with transaction.atomic():
            verb()
    except (RuleViolation, ValidationError) as error:
        return refused(request, registration, view, error, **forms)
    undo_url = undo_address(registration, view)
    if request.POST.get("from") == "home":  # approved in place
        return say(request, redirect("home"), said, undo_url=undo_url)
    target = after or before
    address = (reverse("deals:approval", args=[target.pk]) if target else reverse("deals:approvals")) + f"?view={view}"
    if request.htmx:
        response = (
            page(request, target, view)
            if target
            else page(request, of_view(request.user, view).with_names().first(), view, opened=False)
        )
        return say(request, push_url(response, address), said, undo_url=undo_url)
    return say(request, redirect(address), said, undo_url=undo_url)


def undo_address(registration: DealRegistration, view: str) -> str:
    """What the button beside the message posts to, while the decision just taken can be taken back."""
    if not settings.UNDO_SECONDS:
        return ""
    url = reverse("deals:undo_decision", args=[registration.pk])
    return f"{url}?view={view}&version={registration.version}"


def refused(request: Request, registration: DealRegistration, view: str, error, **forms) -> HttpResponse:
    """Somebody was faster, or a rule says no: say who and why; the reader's own text stays in its form."""
    fresh = get_object_or_404(DealRegistration.objects.with_names(), pk=registration.pk)
    more: dict = dict(forms)
    if isinstance(error, ValidationError):
        more["problem"] = " ".join(error.messages)
    elif isinstance(error, StaleVersion) or error.code == "move_not_allowed":
        kept = [
            form.cleaned_data[name]
            for form in forms.values()
            for name in ("message", "notes")
            if form.cleaned_data.get(name)
        ]
        more |= {"problem": error.message, "overtaken": last_act(fresh), "kept_texts": kept}
    else:
        more["problem"] = error.message
        for form in forms.values():
            if error.field in form.fields:
                form.add_error(error.field, error.message)
    status = 409 if isinstance(error, StaleVersion) or more.get("overtaken") else 422
    return page(request, fresh, view, status=status, **more)


def last_act(registration: DealRegistration) -> dict | None:
    """The newest line of the story: who changed the registration meanwhile."""
    newest = Event.objects.about(registration).exclude(verb__in=["commented", "looked_up"]).first()
    return (
        {"by": newest.actor_name or _("automatic"), "what": story.sentence(newest), "at": newest.at} if newest else None
    )


def version(request: Request) -> str:
    return request.POST.get("version", "")


@require_POST
@vendor_only
@scoped(within_reach)
def take(request: Request, registration: DealRegistration) -> HttpResponse:
    """Begin the review; one stays with the registration."""
    view = chosen_view(request)
    try:
        with transaction.atomic():
            registration.take(by=request.user, version=version(request))
    except RuleViolation as error:
        return refused(request, registration, view, error)
    return stay(request, registration, view, _("Review begun. The partner reads that we are looking at it."))


def stay(request: Request, registration: DealRegistration, view: str, said: str) -> HttpResponse:
    """After a change that does not decide: the same registration, fresh."""
    if request.htmx:
        fresh = get_object_or_404(within_reach(request.user), pk=registration.pk)
        return say(request, page(request, fresh, view), said)
    return say(request, redirect(reverse("deals:approval", args=[registration.pk]) + f"?view={view}"), said)


@require_POST
@vendor_only
@scoped(within_reach)
def approve(request: Request, registration: DealRegistration) -> HttpResponse:
    """Approve: an opportunity and one protection per product line, all or none."""
    form = ApproveForm(request.POST, user=request.user, registration=registration, file=registration.approval)
    if not form.is_valid():
        return page(request, registration, chosen_view(request), status=422, approve_form=form)
    given = form.cleaned_data
    return settle(
        request,
        registration,
        lambda: registration.approve(
            by=request.user,
            version=version(request),
            days=given["days"],
            opportunity=given.get("opportunity"),
            message=given["message"],
        ),
        _("Approved: %(name)s.") % {"name": registration},
        approve_form=form,
    )


@require_http_methods(["GET", "POST"])
@vendor_only
@scoped(within_reach)
def reject(request: Request, registration: DealRegistration) -> HttpResponse:
    """Refuse; a GET shows what the partner will read."""
    if request.method == "GET":
        reason, message = (
            request.GET.get("reject-reason", ""),
            request.GET.get("reject-message", "").replace("\x00", "")[:4000],
        )
        shown = RejectForm.preview(reason, message, registration.created_by.language)
        if request.htmx:
            return render(request, "deals/approvals.html#preview", {"preview": shown})
        form = RejectForm(initial={"reason": reason, "message": message})
        return page(request, registration, chosen_view(request), reject_form=form, preview=shown, ask="reject")
    form = RejectForm(request.POST)
    if not form.is_valid():
        return page(request, registration, chosen_view(request), status=422, reject_form=form, ask="reject")
    given = form.cleaned_data
    return settle(
        request,
        registration,
        lambda: registration.reject(
            by=request.user, reason=given["reason"], message=given["message"], version=version(request)
        ),
        _("Refused: %(name)s.") % {"name": registration},
        reject_form=form,
    )


@require_http_methods(["GET", "POST"])
@vendor_only
@scoped(within_reach)
def send_back(request: Request, registration: DealRegistration) -> HttpResponse:
    """Return for information: only the named fields open."""
    if request.method == "GET":
        return page(request, registration, chosen_view(request), ask="return")
    form = ReturnForm(request.POST)
    if not form.is_valid():
        return page(request, registration, chosen_view(request), status=422, return_form=form, ask="return")
    given = form.cleaned_data
    return settle(
        request,
        registration,
        lambda: registration.send_back(
            by=request.user, fields=given["asked"], message=given["message"], version=version(request)
        ),
        _("Sent back: %(name)s.") % {"name": registration},
        return_form=form,
    )


@require_POST
@vendor_only
@scoped(within_reach)
def notes(request: Request, registration: DealRegistration) -> HttpResponse:
    """Keep private notes; the partner's row does not change."""
    form, view = NotesForm(request.POST), chosen_view(request)
    if not form.is_valid():
        return page(request, registration, view, status=422, notes_form=form)
    try:
        with transaction.atomic():
            registration.approval.note(
                form.cleaned_data["notes"], by=request.user, version=request.POST.get("file_version", "")
            )
    except RuleViolation as error:
        return refused(request, registration, view, error, notes_form=form)
    return stay(request, registration, view, _("Notes kept."))


@require_POST
@vendor_only
@scoped(still_open)
def customer(request: Request, registration: DealRegistration) -> HttpResponse:
    """Confirm which customer this is: one that exists, or a new one of what the partner wrote."""
    view, user, file = chosen_view(request), request.user, registration.approval
    if "create" in request.POST:
        form = CustomerForm(request.POST, registration=registration)
        if not user.may("manage_customers"):
            form.add_error(None, _("Only people who manage customers may create one. Ask a channel manager."))
        if not form.is_valid():
            return page(request, registration, view, status=422, customer_form=form)
        with transaction.atomic():
            found = form.save(by=user)
            file.confirm(found, by=user, evidence={"rule": "created from the registration"})
    else:
        try:
            found = Customer.objects.visible_to(user).get(pk=request.POST.get("customer", ""))
        except (Customer.DoesNotExist, ValidationError):
            return refused(
                request,
                registration,
                view,
                RuleViolation("customer_missing", _("This customer is gone. Choose again.")),
            )
        with transaction.atomic():
            file.confirm(found, by=user, evidence={"rule": "chosen by a person"})
    return stay(request, registration, view, _("Customer confirmed: %(name)s.") % {"name": found.name})
