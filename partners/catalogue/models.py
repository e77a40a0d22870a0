from __future__ import annotations

import pghistory
from django.contrib.postgres.fields import DateRangeField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from partners.catalogue.querysets import (
    DiscountRuleQuerySet,
    PriceListQuerySet,
    PriceQuerySet,
    ProductLineQuerySet,
    ProductQuerySet,
)
from partners.programs.models import Tier
from prm.money.fields import amount_field, currency_field
from prm.records import Record
from prm.rowpolicy import EVERYONE_READS, RowPolicy


@pghistory.track()
class ProductLine(Record):
    """What registrations, protections and territories are about: a family of products."""

    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    objects = ProductLineQuerySet.as_manager()
    row_policy = EVERYONE_READS

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), name="product_line_name", violation_error_message=_("This product line exists.")
            )
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Product(Record):
    """Something the vendor sells, under its SKU."""

    line = models.ForeignKey(ProductLine, models.PROTECT, related_name="products", verbose_name=_("product line"))
    sku = models.CharField(_("SKU"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=200)
    is_active = models.BooleanField(_("active"), default=True)

    objects = ProductQuerySet.as_manager()
    row_policy = EVERYONE_READS

    class Meta:
        ordering = ["name", "id"]
        indexes = [models.Index(fields=["-created_at", "-id"], name="product_recent")]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class PriceList(Record):
    """List prices in one currency over a period."""

    name = models.CharField(_("name"), max_length=200)
    currency = currency_field()
    period = DateRangeField(_("period"))

    objects = PriceListQuerySet.as_manager()
    row_policy = EVERYONE_READS

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class Price(Record):
    """The list price of a product in a price list."""

    price_list = models.ForeignKey(PriceList, models.CASCADE, related_name="prices", verbose_name=_("price list"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="prices", verbose_name=_("product"))
    amount = amount_field(_("list price"), validators=[MinValueValidator(0)])

    objects = PriceQuerySet.as_manager()
    row_policy = EVERYONE_READS

    class Meta:
        constraints = [models.UniqueConstraint(fields=["price_list", "product"], name="one_price_a_list")]

    def __str__(self) -> str:
        return f"{self.product} {self.amount} {self.price_list.currency}"


@pghistory.track()
class DiscountRule(Record):
    """What a tier pays less than list, and how much less again on a registered deal, for a product line or for all."""

    tier = models.ForeignKey(Tier, models.CASCADE, related_name="discounts", verbose_name=_("tier"))
    line = models.ForeignKey(
        ProductLine, models.CASCADE, null=True, blank=True, related_name="discounts", verbose_name=_("product line")
    )
    percent = models.DecimalField(
        _("tier discount, %"), max_digits=5, decimal_places=2, validators=[MinValueValidator(0), MaxValueValidator(100)]
    )
    registration_percent = models.DecimalField(
        _("registration discount, %"),
        max_digits=5,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    period = DateRangeField(_("period"))

    objects = DiscountRuleQuerySet.as_manager()
    # A partner learns the discount of its own tiers, and no other.
    row_policy = RowPolicy(read="tier_id IN (SELECT tier_id FROM programs_enrolment WHERE partner_id = {partner})")

    class Meta:
        ordering = ["tier", "line", "id"]

    def __str__(self) -> str:
        return f"{self.tier} {self.line or ''} −{self.percent} %"
