"""A registration as territories see it: its customer, its product lines, the day it was submitted."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from deals.models import DealRegistration
from prm.calendar import business_today, business_zone
from territories.coverage import Resolution, resolve
from territories.models import Customer
from territories.panels import answers, sees


def coverage_of(registration: DealRegistration, customer: Customer | None) -> Resolution:
    """Who may sell what is registered, by the rules in force on the day of submission; ``customer`` where it is confirmed."""
    submitted = registration.submitted_at
    return resolve(
        country=registration.customer_country.code or "",
        lines={row.product.line for row in registration.lines.select_related("product__line")},
        customer=customer,
        on=submitted.astimezone(business_zone()).date() if submitted else business_today(),
        roles=registration.partner.types,
    )


def coverage_panel(registration: DealRegistration, user: Any) -> dict | None:
    """In the evidence of an approval: whose territory it is, by which rules."""
    if not sees(user):
        return None
    file = registration.approval
    resolution = coverage_of(registration, file.customer if file else None)
    outside = any(answer.territory and registration.partner not in answer.holders for answer in resolution.answers)
    return {"title": _("Territory"), "answers": answers(resolution), "outside": outside}
