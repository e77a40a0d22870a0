from __future__ import annotations

from typing import Any

import pghistory
import pgtrigger
from django.contrib.postgres.fields import DateRangeField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Lower
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries.fields import CountryField

from partners.catalogue.models import ProductLine
from partners.models.partner import PartnerType
from prm.records import Record
from territories.models.customer import Customer
from territories.querysets import TerritoryQuerySet, TerritoryRuleQuerySet

# The tree is written into each node as the codes from its root down, so that a branch is one range of rows. One person at a
# time moves a branch: two moves at once could otherwise close a circle that neither of them sees.
PATH = """
IF NEW.parent_id IS NULL THEN
    NEW.path = NEW.code;
    RETURN NEW;
END IF;
PERFORM pg_advisory_xact_lock(hashtextextended('territory tree', 0));
SELECT path INTO above FROM territories_territory WHERE id = NEW.parent_id;
IF NEW.parent_id = NEW.id OR (TG_OP = 'UPDATE' AND starts_with(above || '/', OLD.path || '/')) THEN
    RAISE EXCEPTION 'a territory cannot be part of itself'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'territory_is_a_tree';
END IF;
NEW.path = above || '/' || NEW.code;
RETURN NEW;
"""
BRANCH = """
UPDATE territories_territory SET path = '' WHERE parent_id = NEW.id;
RETURN NULL;
"""
RENAMED = """
UPDATE territories_territoryassignment SET territory_name = NEW.name, version = version + 1 WHERE territory_id = NEW.id;
RETURN NULL;
"""
FEWER_HOLDERS = """
IF EXISTS (
    SELECT FROM territories_territoryassignment a
    WHERE a.territory_id = NEW.id AND a.kind = 'exclusive' AND NEW.holders < (
        SELECT count(*) FROM territories_territoryassignment b
        WHERE b.territory_id = NEW.id AND b.kind = 'exclusive' AND b.period @> lower(a.period))
) THEN
    RAISE EXCEPTION 'more partners hold this territory exclusively'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'territory_holders';
END IF;
RETURN NEW;
"""


@pghistory.track()
class Territory(Record):
    """A part of the market, a node of a tree; its rules say what belongs to it, its assignments who may sell there.

    ``holders`` is how many may hold it exclusively on one day. Partners never reach the tree: they read their own assignments.
    """

    name = models.CharField(gettext_lazy("name"), max_length=120)
    code = models.CharField(
        gettext_lazy("code"),
        max_length=40,
        validators=[
            RegexValidator(
                r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z",
                gettext_lazy("Use letters without accents, digits, dots and dashes, such as FR-IDF."),
            )
        ],
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=gettext_lazy("part of")
    )
    path = models.TextField(default="", blank=True, editable=False)  # written by the database
    holders = models.PositiveSmallIntegerField(
        gettext_lazy("exclusive holders"), default=1, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    active = models.BooleanField(gettext_lazy("in use"), default=True)

    objects = TerritoryQuerySet.as_manager()

    class Meta:
        ordering = ["path", "id"]
        verbose_name_plural = "territories"
        constraints = [
            models.UniqueConstraint(
                Lower("code"), name="territory_code", violation_error_message=gettext_lazy("This code is in use.")
            ),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="territory_not_its_own_parent"),
            models.CheckConstraint(condition=Q(holders__gte=1), name="territory_has_a_holder"),
        ]
        indexes = [models.Index(fields=["path"], name="territory_path", opclasses=["text_pattern_ops"])]
        triggers = [
            pgtrigger.Trigger(
                name="path",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("code", "parent_id", "path"),
                declare=[("above", "text")],
                func=PATH,
            ),
            pgtrigger.Trigger(
                name="branch",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("code", "parent_id", "path"),
                condition=pgtrigger.Q(old__path__df=pgtrigger.F("new__path")),
                func=BRANCH,
            ),
            pgtrigger.Trigger(
                name="renamed",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("name"),
                condition=pgtrigger.Q(old__name__df=pgtrigger.F("new__name")),
                func=RENAMED,
            ),
            pgtrigger.Trigger(
                name="fewer_holders",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("holders"),
                condition=pgtrigger.Q(new__holders__lt=pgtrigger.F("old__holders")),
                func=FEWER_HOLDERS,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("territories:territory", args=[self.pk])

    @property
    def depth(self) -> int:
        return self.path.count("/")

    def clean(self) -> None:
        super().clean()
        if self._state.adding:
            return
        above, seen = self.parent, {self.pk}
        while above is not None:
            if above.pk in seen:
                raise ValidationError({"parent": _("A territory cannot be part of itself.")}, code="territory_cycle")
            seen.add(above.pk)
            above = above.parent
        if (most := self.assignments.most_at_once()) > self.holders:
            raise ValidationError(
                {"holders": _("%(n)s hold it exclusively at the same time; end an assignment first.") % {"n": most}},
                code="territory_holders",
            )


# How much each criterion narrows a rule: the named customer before a postal code, that before a region, a country, the rest.
WEIGHTS = {
    "customer": 1000,
    "postal_prefix": 400,
    "region": 200,
    "country": 100,
    "industry": 40,
    "segment": 20,
    "product_line": 10,
    "partner_role": 5,
}
PER_POSTAL_CHARACTER = 10


@pghistory.track()
class TerritoryRule(Record):
    """What belongs to a territory, or is taken out of it: every criterion that is given must fit. None given: the whole world.

    Among the rules that fit, ``priority`` decides, then ``specificity``; see ``territories.coverage``.
    """

    territory = models.ForeignKey(
        Territory, models.CASCADE, related_name="rules", verbose_name=gettext_lazy("territory")
    )
    include = models.BooleanField(gettext_lazy("belongs to the territory"), default=True)
    country: Any = CountryField(gettext_lazy("country"), blank=True)
    region = models.CharField(
        gettext_lazy("region"),
        max_length=6,
        blank=True,
        validators=[
            RegexValidator(
                r"^[A-Z]{2}-[A-Z0-9]{1,3}\Z", gettext_lazy("Write the ISO 3166-2 code, such as FR-IDF or DE-BY.")
            )
        ],
    )
    postal_prefix = models.CharField(
        gettext_lazy("postal codes that begin with"),
        max_length=10,
        blank=True,
        validators=[RegexValidator(r"^[A-Z0-9]+\Z", gettext_lazy("Use digits and capital letters, without spaces."))],
    )
    industry = models.CharField(gettext_lazy("industry"), max_length=80, blank=True)
    segment = models.CharField(gettext_lazy("segment"), max_length=40, blank=True)
    product_line = models.ForeignKey(
        ProductLine,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="territory_rules",
        verbose_name=gettext_lazy("product line"),
    )
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="territory_rules",
        verbose_name=gettext_lazy("named customer"),
    )
    partner_role = models.CharField(
        gettext_lazy("for partners of the type"), max_length=20, choices=PartnerType.choices, blank=True
    )
    priority = models.SmallIntegerField(
        gettext_lazy("priority"), default=0, validators=[MinValueValidator(-1000), MaxValueValidator(1000)]
    )
    period = DateRangeField(gettext_lazy("period"))

    objects = TerritoryRuleQuerySet.as_manager()

    class Meta:
        ordering = ["-priority", "country", "region", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(region="") | Q(region__startswith=Concat(F("country"), Value("-"))),
                name="region_of_its_country",
                violation_error_message=gettext_lazy("This region is not in that country."),
            ),
            models.CheckConstraint(
                condition=Q(postal_prefix="") | ~Q(country=""),
                name="postal_code_of_a_country",
                violation_error_message=gettext_lazy("Choose the country of these postal codes."),
            ),
            models.CheckConstraint(
                condition=Q(period__lower_inf=False, period__isempty=False),
                name="territory_rule_begins",
                violation_error_message=gettext_lazy("Give the first day."),
            ),
        ]
        indexes = [models.Index(fields=["country", "region"], name="territory_rule_place")]

    def __str__(self) -> str:
        from territories.wording import rule_words

        return rule_words(self)

    def get_absolute_url(self) -> str:
        return reverse("territories:territory", args=[self.territory_id])

    def clean(self) -> None:
        super().clean()
        if self.region and not self.country:
            self.country = self.region[:2]

    @property
    def basis(self) -> list[str]:
        """The criteria it gives, the narrowest first."""
        return [
            name for name in WEIGHTS if getattr(self, f"{name}_id" if name in ("customer", "product_line") else name)
        ]

    @property
    def specificity(self) -> int:
        """How narrow the rule is."""
        return sum(WEIGHTS[name] for name in self.basis) + PER_POSTAL_CHARACTER * len(self.postal_prefix)
