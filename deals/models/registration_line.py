from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy

from partners.catalogue.models import Product
from partners.models import Partner
from prm.money.fields import amount_field
from prm.records import Part
from prm.rowpolicy import RowPolicy


class RegistrationLine(Part):
    """One product of a registration."""

    registration = models.ForeignKey("deals.DealRegistration", models.CASCADE, related_name="lines")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", verbose_name=gettext_lazy("product"))
    amount = amount_field(null=True, blank=True)

    row_policy = RowPolicy(
        read="partner_id = {readable} OR registration_id IN"
        " (SELECT id FROM deals_dealregistration WHERE distributor_id = {partner} AND submission_status = 'submitted')",
        write="partner_id = {partner}",
        delete="partner_id = {partner}",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["registration", "product"], name="product_once")]

    def __str__(self) -> str:
        return str(self.product)
