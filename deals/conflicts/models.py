from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from deals.conflicts.querysets import ConflictQuerySet
from deals.models import DealRegistration, Opportunity
from prm import events
from prm.errors import RuleViolation
from prm.records import Record
from prm.ui.templatetags.ui import day
from territories.models import Customer
from territories.wording import breach_holders, breach_words


class ConflictKind(models.TextChoices):
    DUPLICATE = "duplicate_registration", pgettext_lazy("conflict", "Registered twice")
    OVERLAP = "protection_overlap", pgettext_lazy("conflict", "Protected for another partner")
    DIRECT = "partner_vs_direct", pgettext_lazy("conflict", "Direct sales is engaged")
    HOUSE = "house_account", pgettext_lazy("conflict", "Account reserved for direct sales")
    TERRITORY = "territory_breach", pgettext_lazy("conflict", "Outside the partner's territory")


class ConflictStatus(models.TextChoices):
    OPEN = "open", pgettext_lazy("conflict status", "open")
    DISMISSED = "dismissed", pgettext_lazy("conflict status", "dismissed")
    SETTLED = "settled", pgettext_lazy("conflict status", "settled")
    CLEARED = "cleared", pgettext_lazy("conflict status", "cleared")


class Severity(models.IntegerChoices):
    LOW = 1, pgettext_lazy("severity", "low")
    MEDIUM = 2, pgettext_lazy("severity", "medium")
    HIGH = 3, pgettext_lazy("severity", "high")
    CRITICAL = 4, pgettext_lazy("severity", "critical")


class Ruling(models.TextChoices):
    """How a conflict was decided, where nothing but the decision itself has to be kept."""

    UPHOLD_FIRST = "uphold_first", pgettext_lazy("ruling", "Who was first keeps it")
    CUSTOMER_CHOICE = "customer_choice", pgettext_lazy("ruling", "The customer has chosen")
    NO_CONFLICT = "no_conflict", pgettext_lazy("ruling", "Both go on")


class KeptSide(models.TextChoices):
    """Who goes on: ``first`` is what stood there before, ``later`` the registration that came to it."""

    FIRST = "first", pgettext_lazy("side", "The first")
    LATER = "later", pgettext_lazy("side", "The later one")
    BOTH = "both", pgettext_lazy("side", "Both")


@pghistory.track()
class Conflict(Record):
    """Two channels at work on the same business, as a rule found it, with its evidence. Only the vendor ever sees it.

    ``registration`` came later than ``other`` (by the database's number of submission); for a direct deal or a house
    account ``opportunity`` or ``customer`` is the other side.
    """

    kind = models.CharField(gettext_lazy("kind"), max_length=30, choices=ConflictKind.choices)
    rule = models.CharField(gettext_lazy("rule"), max_length=10)
    rule_version = models.PositiveSmallIntegerField()
    status = models.CharField(
        gettext_lazy("status"), max_length=10, choices=ConflictStatus.choices, default=ConflictStatus.OPEN
    )
    severity = models.PositiveSmallIntegerField(gettext_lazy("severity"), choices=Severity.choices)
    score = models.DecimalField(gettext_lazy("score"), max_digits=5, decimal_places=4)
    registration = models.ForeignKey(DealRegistration, models.CASCADE, related_name="conflicts")
    other = models.ForeignKey(DealRegistration, models.CASCADE, null=True, related_name="conflicts_as_earlier")
    opportunity = models.ForeignKey(Opportunity, models.CASCADE, null=True, related_name="conflicts")
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True, related_name="conflicts")
    evidence = models.JSONField(default=dict)
    dismissed_reason = models.CharField(gettext_lazy("reason"), max_length=500, blank=True)
    ruling = models.CharField(gettext_lazy("decision"), max_length=15, choices=Ruling.choices, blank=True)
    kept_side = models.CharField(gettext_lazy("goes on"), max_length=5, choices=KeptSide.choices, blank=True)
    ruling_reason = models.CharField(gettext_lazy("reason of the decision"), max_length=2000, blank=True)
    closed_at = models.DateTimeField(gettext_lazy("closed"), null=True, editable=False)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = ConflictQuerySet.as_manager()

    class Meta:
        ordering = ["-severity", "-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "registration", "other", "opportunity", "customer"],
                name="conflict_once",
                nulls_distinct=False,
            )
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="conflict_recent"),
            models.Index(fields=["registration"], name="conflict_open", condition=Q(status=ConflictStatus.OPEN)),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.registration}"

    def get_absolute_url(self) -> str:
        return reverse("conflicts:conflict", args=[self.pk])

    @property
    def explanation(self) -> str:
        """The finding as a sentence, in the reader's language, from the stored evidence alone."""
        if self.rule == "TERR-1":
            return breach_words(self.evidence)
        facts = {
            "mine": self.evidence.get("registration", {}).get("partner", ""),
            "theirs": self.evidence.get("other", {}).get("partner", ""),
            "customer": self.evidence.get("customer", ""),
            "why": ", ".join(shared_text(row) for row in self.evidence.get("shared", [])),
            "day": day(parse_date(self.evidence.get("other", {}).get("protected_until", ""))),
        }
        sentences = {
            "DUP-1": _("%(theirs)s asked for the same customer before %(mine)s: %(why)s."),
            "DUP-2": _("%(mine)s has registered this customer before: %(why)s."),
            "PROT-1": _("%(theirs)s is protected for the same customer and product line until %(day)s: %(why)s."),
            "PROT-3": _(
                "%(theirs)s and %(mine)s are both protected for what two rows say is one customer; they could not be merged."
            ),
            "DIR-1": _("Direct sales has an open opportunity with the same customer: %(why)s."),
            "HOUSE-1": _("%(customer)s is reserved for direct sales: %(why)s."),
        }
        return sentences[self.rule] % facts

    @property
    def customer_name(self) -> str:
        """The customer it is about, as we know it or as the partner wrote it."""
        return self.customer.name if self.customer else self.registration.customer_name

    @property
    def side_names(self) -> tuple[str, str]:
        """Who stands against the registration, and who registered."""
        later = self.registration.partner.name
        if self.other:
            return self.other.partner.name, later
        return breach_holders(self.evidence) if self.rule == "TERR-1" else _("Direct sales"), later

    # Verbs ----------------------------------------------------------------------------------------------------------------

    @transaction.atomic
    def dismiss(self, *, by, reason: str, version=None) -> None:
        """Not a conflict, says a person, and why; the detectors leave it alone from now on."""
        self._open_for(version)
        if not reason.strip():
            raise RuleViolation("reason_missing", _("Say why this is no conflict."), field="reason")
        self.put(status=ConflictStatus.DISMISSED, dismissed_reason=reason, closed_by=by, closed_at=timezone.now())
        events.record(self, "dismissed", by=by, reason=reason)

    @transaction.atomic
    def settle(self, *, by, ruling: str, reason: str, kept_side: str = "", version=None) -> None:
        """Decide it, with the reason; the customer's choice names the side, the other decisions say it themselves."""
        self._open_for(version)
        if ruling not in Ruling.values:
            raise RuleViolation("ruling_missing", _("Choose a decision."), field="ruling")
        side = {Ruling.UPHOLD_FIRST: KeptSide.FIRST, Ruling.NO_CONFLICT: KeptSide.BOTH}.get(Ruling(ruling), kept_side)
        if side not in KeptSide.values or (ruling == Ruling.CUSTOMER_CHOICE and side == KeptSide.BOTH):
            raise RuleViolation("side_missing", _("Say which side the customer has chosen."), field="kept_side")
        if not reason.strip():
            raise RuleViolation("reason_missing", _("Give the reason of the decision."), field="reason")
        self.put(
            status=ConflictStatus.SETTLED,
            ruling=ruling,
            kept_side=side,
            ruling_reason=reason,
            closed_by=by,
            closed_at=timezone.now(),
        )
        events.record(self, "settled", by=by, ruling=ruling, kept_side=str(side), reason=reason)

    @transaction.atomic
    def reopen(self, *, by, reason: str, version=None) -> None:
        """Look at it again: what a person closed is open, until it is decided anew or the rules no longer find it."""
        self.lock(version)
        if self.status not in (ConflictStatus.DISMISSED, ConflictStatus.SETTLED):
            raise RuleViolation("not_closed", _("Only a conflict that a person closed is opened again."))
        if not reason.strip():
            raise RuleViolation("reason_missing", _("Say why it is opened again."), field="reason")
        self.put(
            status=ConflictStatus.OPEN,
            dismissed_reason="",
            ruling="",
            kept_side="",
            ruling_reason="",
            closed_by=None,
            closed_at=None,
        )
        events.record(self, "reopened", by=by, reason=reason)

    def _open_for(self, version) -> None:
        self.lock(version)
        if self.status != ConflictStatus.OPEN:
            raise RuleViolation("not_open", _("This conflict is no longer open."))


def shared_text(row: dict[str, str]) -> str:
    """One piece of evidence in words."""
    words = {
        "number": _("same official number %(value)s"),
        "domain": _("same website %(value)s"),
        "name": _("same name “%(value)s” in the same country"),
        "customer": _("both are the customer %(value)s"),
    }
    return words[row["kind"]] % {"value": row["value"]}
