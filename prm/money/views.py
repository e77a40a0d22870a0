from __future__ import annotations

import django_filters
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from prm import events
from prm.access import may, scoped
from prm.money.forms import RateForm
from prm.money.models import ExchangeRate
from prm.ui.forms import handle, posted
from prm.ui.lists import Action, Column, CurrencyFilter, DateFilter, Filters, ListPage
from prm.ui.toasts import say


class RateFilters(Filters):
    currency = CurrencyFilter(empty_label=gettext_lazy("all"))
    day_from = DateFilter(field_name="day", lookup_expr="gte", label=gettext_lazy("From"))
    source = django_filters.CharFilter(lookup_expr="icontains", max_length=60, label=gettext_lazy("Source"))

    class Meta:
        model = ExchangeRate
        fields: list[str] = []


class RateList(ListPage):
    title = gettext_lazy("Exchange rates")
    lead = gettext_lazy(
        "Amounts in other currencies are converted at the latest rate on or before their day. A missing rate is an error, never 1."
    )
    icon = "arrows-exchange"
    filterset_class = RateFilters
    default_sort = "-day"
    export_name = "exchange-rates"
    empty_title = gettext_lazy("No exchange rate yet")
    empty_text = gettext_lazy("Add a rate for each currency in which you sell beside your reporting currency.")
    columns = [
        Column(
            "day",
            gettext_lazy("From"),
            kind="date",
            sort="day",
            link=lambda row: reverse("money:rate", args=[row.pk]),
            phone="title",
        ),
        Column("currency", gettext_lazy("Currency"), sort="currency", phone="detail"),
        Column("base", gettext_lazy("Into"), sort="base", phone="detail"),
        Column("rate", gettext_lazy("Rate"), kind="number", value=lambda row: row.rate.normalize(), phone="value"),
        Column("source", gettext_lazy("Source"), sort="source"),
    ]

    def rows(self):
        return ExchangeRate.objects.all()

    def actions(self):
        return [Action(_("New rate"), reverse("money:rate_create"), "plus", primary=True)]


def editable_by(user):
    return ExchangeRate.objects.all() if user.may("manage_rates") else ExchangeRate.objects.none()


rate_list = may("manage_rates")(RateList.as_view())


@may("manage_rates")
def rate_create(request: HttpRequest) -> HttpResponse:
    form = RateForm(posted(request))
    return page(request, form, title=_("New exchange rate"))


@scoped(editable_by)
def rate(request: HttpRequest, rate: ExchangeRate) -> HttpResponse:
    form = RateForm(posted(request), instance=rate)
    return page(
        request,
        form,
        template="money/rate.html",
        title=_("Exchange rate of %(currency)s") % {"currency": rate.currency},
    )


@require_POST
@scoped(editable_by)
def removal(request: HttpRequest, rate: ExchangeRate) -> HttpResponse:
    """Remove a rate typed by mistake; amounts already converted keep theirs."""
    events.record(rate, "removed", by=request.user, rate=str(rate))
    rate.delete()
    return say(request, redirect("money:rates"), _("Rate removed."))


def page(request: HttpRequest, form: RateForm, **context) -> HttpResponse:
    back = reverse("money:rates")
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        to=back,
        back_url=back,
        back_label=_("Exchange rates"),
        **context,
    )
