from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, IntegerRangeField, RangeOperators
from django.db import connection, models
from django.utils.translation import gettext_lazy as _
from psycopg2.extras import NumericRange

from deals.axes import RUNNING, ProtectionStatus
from deals.querysets import ProtectionQuerySet
from partners.catalogue.models import ProductLine
from partners.models import Partner
from prm.records import Record
from prm.rowpolicy import RowPolicy
from territories.models import Customer

WHOLE = NumericRange(None, None)


def place(number: int | None) -> NumericRange:
    """``None`` is the whole customer and overlaps every site and project; a numbered place overlaps only itself."""
    return WHOLE if number is None else NumericRange(number, number + 1)


def lock_customer(pk: Any) -> None:
    """Whoever changes what is protected at one customer does so one after the other, until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"customer:{pk}"])


@pghistory.track()
class Protection(Record):
    """The advantages kept for one partner on one product line of one customer, over a period (last day exclusive).

    The database itself refuses a second running protection on the same customer, place, line and days.
    """

    registration = models.ForeignKey("deals.DealRegistration", models.PROTECT, related_name="protections")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="protections", verbose_name=_("partner"))
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="protections", verbose_name=_("customer"))
    line = models.ForeignKey(ProductLine, models.PROTECT, related_name="protections", verbose_name=_("product line"))
    place = IntegerRangeField(_("place"), default=WHOLE)
    period = DateRangeField(_("period"))
    status = models.CharField(
        _("status"), max_length=8, choices=ProtectionStatus.choices, default=ProtectionStatus.ACTIVE
    )

    objects = ProtectionQuerySet.as_manager()
    row_policy = RowPolicy(read="partner_id = {readable}", write="partner_id = {partner}", insert="")

    class Meta:
        ordering = ["line__name", "id"]
        constraints = [
            ExclusionConstraint(
                name="protected_once",
                expressions=[
                    ("customer", RangeOperators.EQUAL),
                    ("line", RangeOperators.EQUAL),
                    ("place", RangeOperators.OVERLAPS),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=models.Q(status__in=RUNNING, shared=False),
            )
        ]
        indexes = [models.Index(fields=["partner", "status"], name="protection_partner")]

    # Bidders of one tender are protected side by side, on one price basis; nobody else ever is.
    shared = models.BooleanField(_("one of several bidders"), default=False)

    def __str__(self) -> str:
        return f"{self.line} {self.period}"

    @property
    def last_day(self) -> date:
        return self.period.upper - timedelta(days=1)

    @property
    def is_running(self) -> bool:
        return self.status in RUNNING
