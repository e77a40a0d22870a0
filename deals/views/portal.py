"""The partner's side of deal registration: home, deals, the form, and what may be done with a registration."""

from __future__ import annotations

from uuid import UUID

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import BooleanField, Case, Exists, ExpressionWrapper, F, OuterRef, Q, When
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect, replace_url

from deals import decision_times, story
from deals.axes import OPEN_REVIEW, RUNNING, ReviewStatus, SubmissionStatus
from deals.forms.registration import RegistrationForm
from deals.models import DealRegistration
from deals.standing import next_steps, standing
from deals.transitions import allows
from deals.views.registration import READ, lines_with_protection, post_comment
from partners.programs.models import Enrolment
from prm import registries
from prm.access import may, portal_only, scoped
from prm.errors import RuleViolation
from prm.events.models import Event
from prm.fields import shown
from prm.http import Request
from prm.ids import uuid7
from prm.money.amount import quantum
from prm.ui.lists import Action, Column, ListPage, Tab
from prm.ui.story import told_by
from prm.ui.templatetags.ui import day
from prm.ui.toasts import say

DRAFT_KEY = "registration form"


# Lists and record ---------------------------------------------------------------------------------------------------------------


class StateColumn(Column):
    """The state in the words of the partner."""

    def words(self, row: DealRegistration) -> str:
        return standing(row).label


def portal_url(row: DealRegistration) -> str:
    return reverse("deals:portal_registration", args=[row.pk])


class PortalRegistrations(ListPage):
    """The company's registrations, and those that name it as distributor."""

    title = gettext_lazy("Deals")
    icon = "briefcase"
    export_name = "deals"
    default_sort = "-created_at"
    empty_title = gettext_lazy("No deal registered yet")
    empty_text = gettext_lazy(
        "Register a deal and we protect your work on it: your price, our support, no competing offer of our own."
    )
    columns = [
        Column(
            "customer_name",
            gettext_lazy("Customer"),
            value=str,
            sort="customer_name",
            phone="title",
            link=lambda row: portal_url(row),
        ),
        Column("own_amount", gettext_lazy("Amount"), kind="money", sort=("currency", "own_amount"), phone="value"),
        StateColumn(
            "state", gettext_lazy("State"), kind="status", value=lambda row: standing(row).value, phone="status"
        ),
        Column(
            "next",
            gettext_lazy("Next date"),
            value=lambda row: standing(row).next if row.is_whole else "",
            phone="detail",
        ),
        Column("expected_close_date", gettext_lazy("Expected close"), kind="date", sort="expected_close_date"),
        Column("created_at", gettext_lazy("Started"), kind="date", sort="created_at"),
    ]

    @property
    def lead(self) -> str:
        """What the vendor promises, and how it keeps its promises."""
        said = [_("What your company registered, with its next date.")]
        if enrolment := Enrolment.objects.current_of(self.request.user.acting_for_id):
            said.append(decision_times.promise(enrolment.program))
        return " ".join([*said, decision_times.sentence()]).strip()

    def rows(self):
        """A distributor that is only named on a deal reads neither its amount nor its dates."""
        user = self.request.user
        whole = Q(partner__in=user.readable_partner_ids)
        rows = DealRegistration.objects.visible_to(user).annotate(
            is_whole=ExpressionWrapper(whole, output_field=BooleanField()),
            own_amount=Case(When(whole, then=F("amount"))),
        )
        condition = self.views().get(self.request.GET.get("view"))
        return rows.filter(condition) if condition else rows

    @staticmethod
    def views() -> dict[str, Q]:
        return {
            "drafts": Q(submission_status__in=[SubmissionStatus.DRAFT, SubmissionStatus.RECALLED]),
            "waiting": Q(review_status__in=OPEN_REVIEW),
            "protected": Q(protection_status__in=RUNNING),
        }

    def tabs(self):
        return [
            Tab(_("All"), {}),
            Tab(_("Drafts"), {"view": "drafts"}),
            Tab(_("Waiting"), {"view": "waiting"}),
            Tab(_("Protected"), {"view": "protected"}),
        ]

    def actions(self):
        user, shown = self.request.user, []
        if user.may("see_opportunities"):
            shown.append(Action(_("Sales in progress"), reverse("deals:portal_opportunities"), "progress"))
        if user.may("register_deals"):
            shown.append(Action(_("Register a deal"), reverse("deals:new_registration"), "plus", primary=True))
        return shown


def to_show(user):
    """The row with what its page asks first: its program and distributor, and whether this person may work on it."""
    own = DealRegistration.objects.editable_by(user).filter(pk=OuterRef("pk"))
    rows = DealRegistration.objects.visible_to(user).select_related("program", "distributor")
    return rows.annotate(may_work=Exists(own))


@require_GET
@portal_only
@scoped(to_show)
def registration(request: Request, registration: DealRegistration) -> HttpResponse:
    """One registration of the company, or one that names it as distributor."""
    return portal_page(request, registration)


def portal_page(request: Request, registration: DealRegistration, status: int = 200, **more) -> HttpResponse:
    user = request.user
    is_own = registration.partner_id == user.acting_for_id
    if is_own:
        registration.partner = user.acting_for
    may_work = getattr(registration, "may_work", None)
    if may_work is None:
        may_work = DealRegistration.objects.editable_by(user).filter(pk=registration.pk).exists()
    lines = lines_with_protection(registration)
    context = {
        "registration": registration,
        "is_own": is_own,
        "lines": lines,
        "standing": standing(registration),
        "may_edit": may_work and registration.is_editable,
        "may_recall": may_work and allows(registration, "recall"),
        "may_withdraw": may_work and allows(registration, "withdraw"),
        "may_comment": may_work and registration.submission_status == SubmissionStatus.SUBMITTED,
        **more,
    }
    if is_own or registration.partner_id in user.readable_partner_ids:
        panels = registries.panels_of("portal_registration", registration, user) if is_own else []
        context |= {
            "steps": next_steps(registration),
            "extension": registration.extension_offer() if may_work and registration.is_protected else None,
            "comments": registration.comments.all(),
            "events": story.lines(Event.objects.visible_to(user).about(registration, *told_by(panels))[:READ]),
            "contact": user.acting_for.channel_manager,
            "discounts": registration.discounts([part["line"] for part in lines])
            if is_own and registration.review_status != ReviewStatus.REJECTED
            else [],
            "custom": shown("registration", registration, user),
            "comment_url": reverse("deals:portal_comment", args=[registration.pk]),
            "panels": panels,
            "whole": True,
        }
    return render(request, "portal/registration.html", context, status=422 if more else status)


# The form ---------------------------------------------------------------------------------------------------------------------


def new_key(user) -> str:
    """The id of the draft this form will make, signed: sending the form twice makes one draft, and nobody can name another's."""
    return signing.dumps(str(uuid7()), salt=f"{DRAFT_KEY} {user.acting_for_id}")


def draft_id(request: Request) -> UUID | None:
    try:
        return UUID(signing.loads(request.POST.get("key", ""), salt=f"{DRAFT_KEY} {request.user.acting_for_id}"))
    except (signing.BadSignature, ValueError):
        return None


@require_http_methods(["GET", "POST"])
@portal_only
@may("register_deals")
def new_registration(request: Request) -> HttpResponse:
    """Begin a registration. The draft is made with the first words typed."""
    user = request.user
    if request.method == "GET":
        unsent = (
            DealRegistration.objects.editable_by(user)
            .filter(submission_status=SubmissionStatus.DRAFT)
            .order_by("-updated_at")
            .first()
        )
        return form_page(request, RegistrationForm(user=user), None, key=new_key(user), unsent=unsent)
    pk = draft_id(request)
    known = DealRegistration.objects.editable_by(user).filter(pk=pk).first() if pk else None
    return take_form(request, known, pk or uuid7())


@require_http_methods(["GET", "POST"])
@portal_only
@scoped(DealRegistration.objects.editable_by)
def edit_registration(request: Request, registration: DealRegistration) -> HttpResponse:
    """Go on with a draft, correct what was taken back, or answer a return."""
    if request.method == "POST":
        return take_form(request, registration, registration.pk)
    if not registration.is_editable:
        return redirect("deals:portal_registration", registration.pk)
    return form_page(request, RegistrationForm(user=request.user, registration=registration), registration)


def take_form(request: Request, registration: DealRegistration | None, pk: UUID) -> HttpResponse:
    """Keep what was typed as a draft; submit it when asked to."""
    user = request.user
    only_kept = "submit" not in request.POST
    if (
        registration and not registration.is_editable and only_kept and request.htmx
    ):  # what was typed last comes after the submission
        return HttpResponse(status=204)
    if registration and not registration.is_editable:  # sent a second time, or decided meanwhile: nothing happens twice
        return go_on(request, registration, _("This registration has already been submitted."), tone="neutral")
    form = RegistrationForm(request.POST, user=user, registration=registration)
    form.is_valid()
    try:
        registration = keep(form, registration, pk)
        if only_kept:
            return kept(request, form, registration)
        if form.errors:
            return form_page(request, form, registration, key=request.POST.get("key") or new_key(user))
        with transaction.atomic():
            registration.submit(by=user)
    except (RuleViolation, ValidationError) as error:
        form.refuse(error)
        if only_kept:
            return kept(request, form, registration)
        return form_page(request, form, registration, key=request.POST.get("key") or new_key(user))
    return go_on(
        request, registration, _("Submitted. You have our decision by %(day)s.") % {"day": day(registration.decide_by)}
    )


def keep(form: RegistrationForm, registration: DealRegistration | None, pk: UUID) -> DealRegistration | None:
    """Write the valid values into the draft; make it when there is none yet."""
    user, values = form.user, form.values()
    if registration is None:
        if not form.is_worth_keeping:
            return None
        try:
            with transaction.atomic():
                return DealRegistration.draft(id=pk, partner=form.partner, by=user, **values)
        except IntegrityError:  # the same form, sent twice at once
            registration = DealRegistration.objects.editable_by(user).get(pk=pk)
    with transaction.atomic():
        return registration.edit(by=user, **values)


def go_on(request: Request, registration: DealRegistration, text: str, tone: str = "good") -> HttpResponse:
    target = reverse("deals:portal_registration", args=[registration.pk])
    return say(request, HttpResponseClientRedirect(target) if request.htmx else redirect(target), text, tone=tone)


def form_context(user, form: RegistrationForm, registration: DealRegistration | None) -> dict:
    """What the form shows beside its fields; nothing of it depends on anybody else's registrations."""
    enrolment = Enrolment.objects.current_of(user.acting_for_id)
    discounts = registration.discounts(enrolment=enrolment) if registration and enrolment else []
    return {
        "form": form,
        "registration": registration,
        "enrolment": enrolment,
        "decide_by": enrolment.program.answer_dates(timezone.now())[1] if enrolment else None,
        "discounts": discounts,
        "price": price(registration, [rule for _line, rule in discounts]),
        "same": own_same_customer(user, registration),
    }


def price(registration: DealRegistration | None, rules: list) -> dict | None:
    """List price, discounts and what the partner pays, where one pair of discounts holds for all its lines."""
    if not registration or not registration.amount or not registration.currency:
        return None
    if not rules or not all(rules) or len({(rule.percent, rule.registration_percent) for rule in rules}) != 1:
        return None
    rule, amount = rules[0], registration.amount
    tier_part = amount * rule.percent / 100
    own_part = (amount - tier_part) * rule.registration_percent / 100
    unit = quantum(registration.currency)
    tier_part, own_part = tier_part.quantize(unit), own_part.quantize(unit)
    return {
        "list": amount,
        "tier_percent": rule.percent / 100,
        "tier": -tier_part,
        "percent": rule.registration_percent / 100,
        "registration": -own_part,
        "pays": amount - tier_part - own_part,
        "currency": registration.currency,
    }


def own_same_customer(user, registration: DealRegistration | None) -> DealRegistration | None:
    """Another registration of one's own company for the same customer; nobody else's is ever looked at."""
    if not registration or not (registration.customer_name or registration.customer_domain):
        return None
    same = Q(customer_name__iexact=registration.customer_name) if registration.customer_name else Q(pk=None)
    if registration.customer_domain:
        same |= Q(customer_domain__iexact=registration.customer_domain)
    own = DealRegistration.objects.visible_to(user).filter(partner=user.acting_for_id)
    return own.filter(same).exclude(pk=registration.pk).order_by("-created_at").first()


def form_page(request: Request, form: RegistrationForm, registration: DealRegistration | None, **more) -> HttpResponse:
    context = {**form_context(request.user, form, registration), **more}
    template = "portal/registration_form.html#form" if request.htmx else "portal/registration_form.html"
    return render(request, template, context, status=422 if form.is_bound and form.errors else 200)


def kept(request: Request, form: RegistrationForm, registration: DealRegistration | None) -> HttpResponse:
    """The answer to what is saved while one types: when, what is not, the price and the hint."""
    if not request.htmx:
        if registration is None:
            return redirect("deals:new_registration")
        return say(request, redirect("deals:edit_registration", registration.pk), _("Draft saved."))
    unsaved = [str(form.fields[name].label) for name in form.errors if name in form.fields and form.data.get(name)]
    context = {**form_context(request.user, form, registration), "saved_at": timezone.now(), "unsaved": unsaved}
    response = render(request, "portal/registration_form.html#kept", context)
    if registration:
        replace_url(response, reverse("deals:edit_registration", args=[registration.pk]))
    return response


# What may be done with it -------------------------------------------------------------------------------------------------------


def act(request: Request, registration: DealRegistration, verb, said: str, target: str = "") -> HttpResponse:
    """Call a verb; what a rule refuses is said on the registration's page."""
    try:
        with transaction.atomic():
            verb()
    except RuleViolation as error:
        registration.refresh_from_db()
        return portal_page(request, registration, problem=error.message)
    return say(request, redirect(target or reverse("deals:portal_registration", args=[registration.pk])), said)


@require_POST
@portal_only
@scoped(DealRegistration.objects.editable_by)
def recall(request: Request, registration: DealRegistration) -> HttpResponse:
    """Take a submission back, to correct it."""
    target = reverse("deals:edit_registration", args=[registration.pk])
    version = request.POST.get("version")
    return act(
        request,
        registration,
        lambda: registration.recall(by=request.user, version=version),
        _("Taken back. You can correct it now."),
        target,
    )


@require_POST
@portal_only
@scoped(DealRegistration.objects.editable_by)
def withdrawal(request: Request, registration: DealRegistration) -> HttpResponse:
    """End the registration and give its protections up."""
    reason, version = request.POST.get("reason", "").replace("\x00", "")[:500], request.POST.get("version")
    return act(
        request,
        registration,
        lambda: registration.withdraw(by=request.user, version=version, reason=reason),
        _("Withdrawn."),
    )


@require_POST
@portal_only
@scoped(DealRegistration.objects.editable_by)
def discard(request: Request, registration: DealRegistration) -> HttpResponse:
    """Delete a draft."""
    return act(
        request,
        registration,
        lambda: registration.discard(by=request.user),
        _("Draft deleted."),
        reverse("deals:portal_registrations"),
    )


@require_POST
@portal_only
@scoped(DealRegistration.objects.commentable_by)
def comment(request: Request, registration: DealRegistration) -> HttpResponse:
    """Write to the vendor on a registration."""
    return post_comment(
        request, registration, reverse("deals:portal_registration", args=[registration.pk]), portal_page
    )
