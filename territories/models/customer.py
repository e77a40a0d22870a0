from __future__ import annotations

from typing import Any

import pghistory
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_countries.fields import CountryField

from partners.models import Team
from prm import events
from prm.fields.columns import CustomValues
from prm.records import Part, Record
from territories import official_ids
from territories.querysets import CustomerQuerySet


class CustomerLevel(models.TextChoices):
    GROUP = "group", pgettext_lazy("customer level", "group")
    ENTITY = "entity", pgettext_lazy("customer level", "legal entity")
    SITE = "site", pgettext_lazy("customer level", "site")


@pghistory.track()
class Customer(CustomValues, Record):
    """The end customer, a row of the vendor alone: partners never reach it, they keep their own spelling.

    Written five ways it is still one row, with five names. ``parents`` is many to many: a joint venture has several.
    """

    name = models.CharField(gettext_lazy("name"), max_length=200)
    level = models.CharField(
        gettext_lazy("level"), max_length=6, choices=CustomerLevel.choices, default=CustomerLevel.ENTITY
    )
    country: Any = CountryField(gettext_lazy("country"), blank=True)
    industry = models.CharField(gettext_lazy("industry"), max_length=80, blank=True)
    segment = models.CharField(gettext_lazy("segment"), max_length=40, blank=True)
    employees = models.PositiveIntegerField(gettext_lazy("employees"), null=True, blank=True)
    annual_revenue = models.DecimalField(
        gettext_lazy("annual revenue"), max_digits=19, decimal_places=4, null=True, blank=True
    )
    founded = models.PositiveSmallIntegerField(gettext_lazy("founded"), null=True, blank=True)
    website = models.URLField(gettext_lazy("website"), blank=True)
    phone = models.CharField(gettext_lazy("telephone"), max_length=40, blank=True)
    parents = models.ManyToManyField(
        "self", symmetrical=False, related_name="children", blank=True, verbose_name=gettext_lazy("part of")
    )
    house_account = models.BooleanField(gettext_lazy("reserved for direct sales"), default=False)
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="customers", verbose_name=gettext_lazy("team")
    )

    objects = CustomerQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        indexes = [
            models.Index(fields=["name", "id"], name="customer_by_name"),
            models.Index(fields=["-created_at", "-id"], name="customer_recent"),
            GinIndex(OpClass(Lower("name"), name="gin_trgm_ops"), name="customer_name_trgm"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("territories:customer", args=[self.pk])

    @transaction.atomic
    def learn(self, *, by=None, name: str = "", domain: str = "", identifiers: dict[str, str] | None = None) -> None:
        """Keep another spelling, domain or official id of this customer, so that it is recognised next time."""
        learnt = {}
        if name and name.casefold() != self.name.casefold():
            CustomerName.objects.get_or_create(customer=self, name=name)
            learnt["name"] = name
        if domain:
            CustomerDomain.objects.get_or_create(customer=self, domain=domain)
            learnt["domain"] = domain
        for scheme, value in (identifiers or {}).items():
            CustomerIdentifier.objects.get_or_create(customer=self, scheme=scheme, value=value)
            learnt[scheme] = value
        if learnt:
            events.record(self, "learnt", by=by, **learnt)

    def merge(self, other: Customer, *, by, version=None) -> Any:
        """Take in another row of the same customer, with all that points at it; returns the trail that ``unmerge`` needs."""
        from territories.models.merging import CustomerMerge

        return CustomerMerge.merge(other, self, by=by, version=version)


class CustomerName(Part):
    """Another way the customer is written."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="names")
    name = models.CharField(gettext_lazy("name"), max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "name"], name="one_spelling")]

    def __str__(self) -> str:
        return self.name


def plain_domain(text: str) -> str:
    """A domain as it is kept; an address pasted from the browser is taken as its domain."""
    host = text.strip().lower().removeprefix("https://").removeprefix("http://").removeprefix("www.").strip("/ ")
    if "." not in host or "/" in host or " " in host:
        raise ValidationError(_("Write the domain alone, such as example.com."), code="invalid_domain")
    return host


class CustomerDomain(Part):
    """An internet domain the customer uses; several customers may share one (a group's site)."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="domains")
    domain = models.CharField(gettext_lazy("domain"), max_length=253)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "domain"], name="one_domain")]
        indexes = [models.Index(fields=["domain"], name="customer_domain")]

    def __str__(self) -> str:
        return self.domain

    def clean(self) -> None:
        try:
            self.domain = plain_domain(self.domain)
        except ValidationError as error:
            raise ValidationError({"domain": error}) from None


class CustomerIdentifier(Part):
    """An official number: VAT, SIREN, SIRET, LEI; stored compact, with its check digits verified."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="identifiers")
    scheme = models.CharField(gettext_lazy("kind"), max_length=10, choices=official_ids.SCHEMES)
    value = models.CharField(gettext_lazy("number"), max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "value"],
                name="one_owner_of_number",
                violation_error_message=gettext_lazy("Another customer has this number."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_scheme_display()} {self.value}"

    def clean(self) -> None:
        try:
            self.value = official_ids.compact(self.scheme, self.value)
        except ValueError:
            raise ValidationError(
                {"value": _("This is not a valid number of this kind; check its digits.")}, code="invalid_identifier"
            ) from None


class CustomerAddress(Part):
    """A place of the customer."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="addresses")
    street = models.CharField(gettext_lazy("street"), max_length=300, blank=True)
    postcode = models.CharField(gettext_lazy("postcode"), max_length=20, blank=True)
    city = models.CharField(gettext_lazy("city"), max_length=100, blank=True)
    region = models.CharField(gettext_lazy("region"), max_length=10, blank=True)
    country: Any = CountryField(gettext_lazy("country"), blank=True)

    def __str__(self) -> str:
        return ", ".join(
            part for part in (self.street, f"{self.postcode} {self.city}".strip(), str(self.country.name)) if part
        )
