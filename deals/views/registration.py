"""Deal registrations as the vendor reads them: the list, the record, and what direct sales may ask."""

from __future__ import annotations

from datetime import timedelta

import django_filters
from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from deals import decision_times, reservations, story
from deals.appeals import missed_of, review_of, with_reviews
from deals.axes import OPEN_REVIEW, ProtectionStatus, RegistrationType, ReviewStatus, SubmissionStatus
from deals.forms.registration import LookUpForm
from deals.models import Approval, DealRegistration
from deals.standing import standing
from prm import registries
from prm.access import may, scoped, vendor_only
from prm.errors import RuleViolation
from prm.events.models import Event
from prm.fields import shown
from prm.fields.filters import CustomFilters
from prm.ui.forms import Form, posted
from prm.ui.lists import Action, Column, CountryFilter, DateFilter, Filters, ListPage
from prm.ui.story import told_by
from prm.ui.toasts import say

READ = 50  # entries of a timeline


class RegistrationFilters(CustomFilters, Filters):
    """Filters of the vendor's list."""

    custom_kind = "registration"
    search_fields = ("customer_name", "customer_domain", "partner__name")
    search_hint = gettext_lazy("Customer, website or partner")
    review = django_filters.ChoiceFilter(
        field_name="review_status", choices=ReviewStatus.choices, label=gettext_lazy("Review")
    )
    protection = django_filters.MultipleChoiceFilter(
        field_name="protection_status",
        choices=ProtectionStatus.choices,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Protection"),
    )
    last_day_from = DateFilter(
        field_name="protected_until", lookup_expr="gt", label=gettext_lazy("Last protected day from")
    )
    last_day_to = DateFilter(method="protected_to", label=gettext_lazy("Last protected day until"))
    type = django_filters.ChoiceFilter(choices=RegistrationType.choices, label=gettext_lazy("Type of deal"))
    country = CountryFilter(field_name="customer_country")
    submitted_from = DateFilter(
        field_name="submitted_at", lookup_expr="date__gte", label=gettext_lazy("Submitted from")
    )
    submitted_to = DateFilter(field_name="submitted_at", lookup_expr="date__lte", label=gettext_lazy("Submitted until"))

    class Meta:
        model = DealRegistration
        fields: list[str] = []

    def protected_to(self, rows, name, value):
        return rows.filter(protected_until__lte=value + timedelta(days=1))


class RegistrationList(ListPage):
    """Every registration the vendor's person may see."""

    title = gettext_lazy("Deal registrations")
    icon = "file-certificate"
    filterset_class = RegistrationFilters
    export_name = "deal-registrations"
    record = DealRegistration
    default_sort = "-submitted_at"
    empty_title = gettext_lazy("No registration yet")
    empty_text = gettext_lazy(
        "Here you see each deal a partner registers, from its submission to the end of its protection."
    )
    columns = [
        Column(
            "customer_name",
            gettext_lazy("Customer"),
            sort="customer_name",
            link=True,
            phone="title",
            detail=lambda row: row.customer_country.name,
        ),
        Column("partner", gettext_lazy("Partner"), kind="company", sort="partner__name", phone="detail"),
        Column("amount", gettext_lazy("Amount"), kind="money", sort=("currency", "amount"), phone="value"),
        Column("review_status", gettext_lazy("Review"), kind="status", sort="review_status", phone="status"),
        Column("protection_status", gettext_lazy("Protection"), kind="status", sort="protection_status"),
        Column("protected_until", gettext_lazy("Protected until"), kind="last_day", sort="protected_until"),
        Column("submitted_at", gettext_lazy("Submitted"), kind="date", sort="submitted_at"),
    ]

    @property
    def lead(self) -> str:
        return (
            f"{_('What partners have registered, and how long it is protected.')} {decision_times.sentence()}".strip()
        )

    def actions(self):
        if not self.request.user.may("decide_registrations"):
            return []
        return [Action(_("Register for a partner"), reverse("deals:register_for"), "plus", primary=True)]

    def rows(self):
        return DealRegistration.objects.visible_to(self.request.user).select_related("partner")


@scoped(lambda user: DealRegistration.objects.visible_to(user).with_names())
def registration(request: HttpRequest, registration: DealRegistration) -> HttpResponse:
    """One registration; a partner's person is sent to the portal's page of it."""
    if request.user.is_partner:
        return redirect("deals:portal_registration", registration.pk)
    return render(request, "deals/registration.html", record_context(request, registration))


def record_context(request: HttpRequest, registration: DealRegistration, **more) -> dict:
    """What the vendor's page of a registration shows."""
    user = request.user
    panels = registries.panels_of("registration", registration, user)
    return {
        "registration": registration,
        "standing": standing(registration),
        "lines": lines_with_protection(registration),
        "file": (file := (files := files_of(registration)).get(registration.submission)),
        "second_review": review_of(registration, file, user),
        "missed": missed_of(file),
        "events": vendor_story(user, registration, [*files.values(), *told_by(panels)]),
        "comments": registration.comments.all(),
        "may_comment": user.may("decide_registrations") and registration.submission_status != SubmissionStatus.DRAFT,
        "may_decide": user.may("decide_registrations") and registration.review_status in OPEN_REVIEW,
        "may_protect": user.may("decide_registrations") and registration.is_protected,
        "panels": panels,
        "custom": shown("registration", registration, user),
        **more,
    }


def lines_with_protection(registration: DealRegistration) -> list[dict]:
    """The products by line, each line with its own protection."""
    protections = {row.line_id: row for row in registration.protections.select_related("line")}
    lines: dict = {}
    for row in registration.lines.select_related("product__line").order_by("product__line__name", "product__name"):
        line = row.product.line
        lines.setdefault(line.pk, {"line": line, "products": [], "protection": protections.get(line.pk)})[
            "products"
        ].append(row.product)
    return list(lines.values())


def files_of(registration: DealRegistration) -> dict[int, Approval]:
    """The vendor's files on its submissions, by number of submission."""
    files = Approval.objects.filter(registration=registration).select_related(
        "customer", "confirmed_by", "decided_by", "decided_for"
    )
    return {file.submission: file for file in with_reviews(files)}


def vendor_story(user, registration: DealRegistration, others) -> list[dict]:
    """The vendor's timeline: what the partner reads, and what only the vendor knows, of its files and activities."""
    return story.lines(Event.objects.visible_to(user).about(registration, *others)[:READ])


@require_POST
@vendor_only
@scoped(DealRegistration.objects.commentable_by)
def comment(request: HttpRequest, registration: DealRegistration) -> HttpResponse:
    """Write to the partner on a registration."""
    return post_comment(request, registration, reverse("deals:registration", args=[registration.pk]), registration_page)


def registration_page(request: HttpRequest, registration: DealRegistration, **more) -> HttpResponse:
    return render(request, "deals/registration.html", record_context(request, registration, **more), status=422)


class CommentForm(Form):
    text = forms.CharField(label=gettext_lazy("Message"), max_length=4000, widget=forms.Textarea(attrs={"rows": 2}))


def post_comment(request: HttpRequest, registration: DealRegistration, back: str, page) -> HttpResponse:
    """Both sides write comments alike."""
    form = CommentForm(request.POST)
    if form.is_valid():
        try:
            with transaction.atomic():
                registration.comment(by=request.user, text=form.cleaned_data["text"])
        except RuleViolation as error:
            form.add_error("text", error.message)
        else:
            return say(request, redirect(back + "#conversation"), _("Comment sent."))
    return page(request, registration, comment_form=form)


@require_http_methods(["GET", "POST"])
@vendor_only
@may("look_up_reservations")
def look_up(request: HttpRequest) -> HttpResponse:
    """Direct sales reads one of two answers and nothing else; the look-up is told to the channel managers concerned."""
    form, answer = LookUpForm(posted(request)), None
    if request.method == "POST" and form.is_valid():
        answer = reservations.look_up(form.cleaned_data["text"], by=request.user)
    return render(
        request,
        "deals/registration_look_up.html",
        {"form": form, "answer": answer, "asked": form.cleaned_data.get("text") if answer is not None else ""},
        status=422 if form.is_bound and form.errors else 200,
    )
