"""Opportunities from files, with their participant, product and stage history."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deals import registration_imports  # noqa: F401  (declares a kind of its own)
from deals.axes import CLOSED_STAGES, ParticipantRole, Route, Stage, SubmissionStatus
from deals.models import DealRegistration, Opportunity, OpportunityLine, OpportunityParticipant, StageChange
from deals.models.opportunity import told
from partners.catalogue.models import Product, ProductLine
from partners.models import Partner, Team, User
from prm.calendar import business_zone
from prm.events.models import Event
from prm.events.record import record_all, request_id
from prm.imports import values
from prm.imports.kinds import Column, ImportKind, Reference, Row, register
from prm.imports.values import choice, text
from prm.money import Money
from territories.models import Customer


@register
class Opportunities(ImportKind):
    name, label, model, capability, list_url, order = (
        "opportunities",
        gettext_lazy("Opportunities"),
        Opportunity,
        "manage_opportunities",
        "deals:opportunities",
        40,
    )
    keys = [("external_id",), ("name", "customer"), ("name",)]
    columns = [
        Column(
            "name",
            gettext_lazy("Opportunity"),
            text(200),
            aliases=("deal name", "opportunity name", "dealname", "affaire"),
        ),
        Column(
            "customer",
            gettext_lazy("Customer"),
            text(200),
            reference=Reference(Customer),
            aliases=("account", "account name", "associated company", "company", "client"),
        ),
        Column("route", gettext_lazy("route"), choice(Route)),
        Column(
            "stage", gettext_lazy("stage"), choice(Stage), required=True, aliases=("deal stage", "stagename", "étape")
        ),
        Column("amount", gettext_lazy("amount"), values.amount, aliases=("close value", "deal amount", "montant")),
        Column(
            "currency",
            gettext_lazy("currency"),
            values.currency,
            aliases=("currencyisocode", "deal currency code", "devise"),
        ),
        Column("recurring", gettext_lazy("recurring"), values.flag),
        Column("expected_close_date", gettext_lazy("expected close"), values.day),
        Column(
            "opened_on", gettext_lazy("opened on"), values.day, aliases=("create date", "created date", "created on")
        ),
        Column("qualified_on", gettext_lazy("qualified on"), values.day, attr=""),
        Column("closed_on", gettext_lazy("closed on"), values.day),
        # Most systems keep one column for both: the day it closed, or is expected to.
        Column("close_date", gettext_lazy("close date"), values.day, attr="", aliases=("closedate", "date de clôture")),
        Column("lost_reason", gettext_lazy("reason lost"), text(200), aliases=("closed lost reason", "loss reason")),
        Column(
            "owner",
            gettext_lazy("owner"),
            values.email,
            reference=Reference(User, by=("email",)),
            aliases=("owner email", "deal owner email"),
        ),
        Column("team", gettext_lazy("team"), text(200), reference=Reference(Team)),
        Column(
            "partner",
            gettext_lazy("Partner"),
            text(200),
            attr="",
            reference=Reference(Partner),
            aliases=("partner account", "sales agent", "partenaire", "reseller"),
        ),
        Column(
            "registration",
            gettext_lazy("deal registration"),
            text(200),
            attr="",
            reference=Reference(DealRegistration, by=()),
            aliases=("registration id", "deal registration id"),
        ),
        Column("role", gettext_lazy("partner's role"), choice(ParticipantRole), attr="", aliases=("partner role",)),
        Column("customer_name", gettext_lazy("customer, as the partner writes it"), text(200), attr=""),
        Column(
            "product",
            gettext_lazy("product"),
            text(200),
            attr="",
            reference=Reference(Product, by=("sku", "name")),
            aliases=("product name", "produit"),
        ),
        Column(
            "line",
            gettext_lazy("product line"),
            text(200),
            attr="",
            reference=Reference(ProductLine),
            aliases=("product family",),
        ),
    ]

    def find(self, key: tuple[str, ...], rows: list[Row], user: Any) -> dict[tuple, list[Any]]:
        """By name and customer (``customer`` is a record), or by name alone."""
        found = super().find(("name",), rows, user)
        if key == ("name",):
            return found
        return {
            (name, customer): [record for record in records if record.customer_id == customer.pk]
            for (name,), records in found.items()
            for customer in {row.values["customer"] for row in rows}
        }

    def check(self, row: Row) -> None:
        stage = row.values["stage"]
        closes = row.values.get("close_date")
        if stage in CLOSED_STAGES:
            day = row.values.get("closed_on") or closes
            if day is None:
                row.refuse("closed_on", "required", _("A closed opportunity needs the day it closed."))
            row.values["closed_on"] = day
        else:
            row.values.pop("closed_on", None)
            if closes is not None:
                row.values.setdefault("expected_close_date", closes)
        if "amount" in row.values:
            if "currency" not in row.values:
                row.refuse("currency", "required", _("An amount needs its currency."))
            else:
                try:
                    Money(row.values["amount"], row.values["currency"])
                except ValidationError as error:
                    row.refuse("amount", "too_precise", error.messages[0])
        opened, closed = row.values.get("opened_on"), row.values.get("closed_on")
        if opened and closed and closed < opened:
            row.refuse("closed_on", "dates_reversed", _("It closed before it opened."))
        row.values.setdefault("name", self.title(row))
        if registration := row.values.get("registration"):
            self.tie(row, registration)

    @staticmethod
    def tie(row: Row, registration: DealRegistration) -> None:
        """The row is the deal of that registration: the opportunity it led to is the record, where there is one."""
        if registration.submission_status != SubmissionStatus.SUBMITTED:
            row.refuse("registration", "not_submitted", _("Only a submitted registration can be linked."))
        elif registration.participant:
            row.record = registration.participant.opportunity

    @staticmethod
    def title(row: Row) -> str:
        """A name for deals whose source gives none: customer and product."""
        parts = [
            row.values.get("customer"),
            row.values.get("product") or row.values.get("line"),
            row.values.get("external_id"),
        ]
        return " · ".join(str(part) for part in parts[:2] if part) or str(parts[2] or _("Opportunity"))

    def derived(self, row: Row) -> dict[str, Any]:
        """The record's columns that follow from several of the file's."""
        derived: dict[str, Any] = {
            name: row.values[name] for name in ("name", "expected_close_date") if name in row.values
        }
        derived["closed_on"] = row.values.get("closed_on")
        if "route" not in row.values:
            derived["route"] = Route.PARTNER if "partner" in row.values else Route.DIRECT
        return derived

    def compare(self, rows: list[Row], run: Any) -> None:
        mapped = {column.name for column in run.columns}
        existing = [row for row in rows if row.record is not None]
        for row in rows:
            if row.record is None:
                row.changes.update(self.derived(row))
            elif run.mapping.existing != "skip":
                self.compare_derived(row, mapped)
        participants, lines = self.parts_of(existing)
        for row in existing:
            if run.mapping.existing != "skip":
                row.touched = self.lacks_participant(row, participants) or self.lacks_line(row, lines)

    def compare_derived(self, row: Row, mapped: set[str]) -> None:
        derived = self.derived(row)
        if "name" not in mapped:
            del derived["name"]  # a name made up once may have been bettered since
        if "partner" not in mapped or "partner" not in row.values:
            derived.pop("route", None)
        if "stage" in row.changes and row.changes["stage"] not in CLOSED_STAGES:
            row.changes["closed_on"] = None
        elif row.record.stage == row.values["stage"] or "stage" in row.changes:
            for name, value in derived.items():
                if getattr(row.record, name) != value:
                    row.changes[name] = value
        if "stage" not in row.changes and row.record.stage not in CLOSED_STAGES:
            row.changes.pop("closed_on", None)

    @staticmethod
    def parts_of(rows: list[Row]) -> tuple[dict, dict]:
        ids = [row.record.pk for row in rows]
        participants: dict[Any, set] = defaultdict(set)
        lines: dict[Any, list] = defaultdict(list)
        if ids:
            for pk, partner, role in OpportunityParticipant.objects.filter(opportunity__in=ids).values_list(
                "opportunity_id", "partner_id", "role"
            ):
                participants[pk].add((partner, role))
            for line in OpportunityLine.objects.filter(opportunity__in=ids):
                lines[line.opportunity_id].append(line)
        return participants, lines

    @staticmethod
    def lacks_participant(row: Row, participants: dict) -> bool:
        role = row.get("role", ParticipantRole.SELLING)
        return "partner" in row.values and (row.values["partner"].pk, role) not in participants[row.record.pk]

    @staticmethod
    def line_of(row: Row) -> tuple[Any, Any] | None:
        """Line and product of the row."""
        product = row.values.get("product")
        line = product.line_id if product else getattr(row.values.get("line"), "pk", None)
        return (line, product.pk if product else None) if line else None

    def lacks_line(self, row: Row, lines: dict) -> bool:
        wanted = self.line_of(row)
        if wanted is None:
            return False
        amount = row.values.get("amount")
        return not any(
            (line.line_id, line.product_id) == wanted and (amount is None or line.amount == amount)
            for line in lines[row.record.pk]
        )

    def created(self, rows: list[Row], run: Any) -> None:
        OpportunityParticipant.objects.bulk_create(
            [self.participant(row) for row in rows if "partner" in row.values], batch_size=1000
        )
        OpportunityLine.objects.bulk_create([self.line(row) for row in rows if self.line_of(row)], batch_size=1000)
        StageChange.objects.bulk_create([change for row in rows for change in self.history(row)], batch_size=2000)

    @staticmethod
    def participant(row: Row) -> OpportunityParticipant:
        customer = row.values.get("customer")
        return OpportunityParticipant(
            opportunity=row.record,
            partner=row.values["partner"],
            role=row.get("role", ParticipantRole.SELLING),
            customer_name=row.get("customer_name", str(customer) if customer else ""),
        )

    def line(self, row: Row) -> OpportunityLine:
        line, product = self.line_of(row) or (None, None)
        return OpportunityLine(
            opportunity=row.record, line_id=line, product_id=product, amount=row.values.get("amount")
        )

    @staticmethod
    def history(row: Row) -> list[StageChange]:
        """The steps the file tells: opened, qualified, closed; each with its day."""
        stage, steps = row.values["stage"], []
        qualified = row.values.get("qualified_on")
        if qualified and stage != Stage.PROSPECT:
            steps.append((Stage.QUALIFIED, qualified))
        if not steps or stage != Stage.QUALIFIED:
            steps.append((stage, row.values.get("closed_on") or row.values.get("opened_on")))
        changes, old = [], ""
        for new, day in steps:
            changes.append(StageChange(opportunity=row.record, old=old, new=new, at=moment(day)))
            old = new
        return changes

    def updated(self, rows: list[Row], run: Any) -> None:
        """Stages of existing deals move with their history, and the registrations that led to them follow."""
        moved = [row for row in rows if "stage" in row.changes]
        history = [
            StageChange(
                opportunity=row.record,
                old=row.before["stage"],
                new=row.record.stage,
                at=moment(row.record.closed_on),
                by=run.user,
            )
            for row in moved
        ]
        StageChange.objects.bulk_create(history)
        for row, change in zip(moved, history, strict=True):
            row.made.append((StageChange._meta.label, str(change.pk)))
        for stage in {row.record.stage for row in moved}:
            ids = [row.record.pk for row in moved if row.record.stage == stage]
            DealRegistration.objects.filter(participant__opportunity__in=ids).follow_stage(stage, by=run.user)
        touched = [row for row in rows if row.touched]
        participants, lines = self.parts_of(touched)
        for row in touched:
            if self.lacks_participant(row, participants):
                made = self.participant(row)
                made.save(force_insert=True)
                row.made.append((OpportunityParticipant._meta.label, str(made.pk)))
            if self.lacks_line(row, lines):
                self.set_line(row, lines[row.record.pk])

    def set_line(self, row: Row, lines: list[OpportunityLine]) -> None:
        same = next((line for line in lines if (line.line_id, line.product_id) == self.line_of(row)), None)
        if same is not None:
            old, new = (None if amount is None else str(amount) for amount in (same.amount, row.values.get("amount")))
            row.parts.append((OpportunityLine._meta.label, str(same.pk), {"amount": (old, new)}))
            same.amount = row.values.get("amount")
            same.save(update_fields=["amount"])
        else:
            made = self.line(row)
            made.save(force_insert=True)
            row.made.append((OpportunityLine._meta.label, str(made.pk)))

    def restored(self, rows: list[tuple[Any, dict[str, Any]]], record: Any) -> None:
        """Deals that went back to their stage take the registrations that led to them along."""
        for opportunity, before in rows:
            if "stage" in before:
                linked = DealRegistration.objects.filter(participant__opportunity=opportunity)
                linked.follow_stage(opportunity.stage, by=record.user)

    def saved(self, rows: list[Row], run: Any) -> None:
        """Each opportunity made or changed is told, with old and new values; rows that name a registration are linked to it."""
        happened = []
        for row in rows:
            if row.action == "created":
                happened.append(self.event(row, "created", run, route=row.record.route, stage=row.record.stage))
            elif row.action == "updated":
                happened += self.events_of_change(row, run)
        record_all(happened)
        for row in rows:
            registration = row.values.get("registration")
            if registration is not None and not registration.participant:
                registration.link(row.record, by=run.user)

    def events_of_change(self, row: Row, run: Any) -> list[Event]:
        new = {name: as_told(getattr(row.record, name)) for name in row.changes}
        old = {name: row.before.get(name) for name in row.changes}
        closing = {"old_closed_on": old.get("closed_on"), "closed_on": as_told(row.record.closed_on)}
        facts = {name for name in row.changes if name not in ("stage", "lost_reason", "lost_cause")}
        events = []
        if "stage" in row.changes:
            facts -= {"closed_on"}
            events.append(self.event(row, "stage_changed", run, old=old["stage"], new=row.record.stage, **closing))
        if facts or row.touched:
            events.append(
                self.event(
                    row,
                    "changed",
                    run,
                    fields=sorted(facts | ({"lines", "participants"} if row.touched else set())),
                    old={name: old[name] for name in facts},
                    new={name: new[name] for name in facts},
                    stage=row.record.stage,
                    closed_on=as_told(row.record.closed_on),
                )
            )
        return events

    @staticmethod
    def event(row: Row, verb: str, run: Any, **payload: Any) -> Event:
        return Event(
            verb=verb,
            subject_type="opportunity",
            subject_id=row.record.pk,
            actor_id=run.user.pk if run.user else None,
            actor_name=run.user.name if run.user else "",
            actor_side="vendor" if run.user else "system",
            payload=payload,
            request_id=request_id(),
        )


def as_told(value: Any) -> Any:
    """A value as an event carries it; a record by its id."""
    return str(value.pk) if isinstance(value, Model) else told(value)


def moment(day: Any) -> datetime:
    """Noon of that day where the vendor works; now, when the file does not say."""
    return datetime.combine(day, time(12), business_zone()) if day else timezone.now()
