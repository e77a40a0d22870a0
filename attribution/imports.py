"""Leads and touchpoints from files."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attribution.models import (
    Campaign,
    DisqualifyReason,
    FollowUp,
    Lead,
    LeadOffer,
    LeadStatus,
    LegalBasis,
    OfferStatus,
    Touchpoint,
    TouchpointKind,
    TouchpointOrigin,
)
from attribution.models.lead import SUMMARY
from deals.models import DealRegistration, Opportunity
from partners.catalogue.models import ProductLine
from partners.models import Partner, Team, User
from prm.events.models import Event
from prm.events.record import record_all, request_id
from prm.imports import values
from prm.imports.kinds import Column, ImportKind, Reference, Row, register
from prm.imports.values import choice, text
from prm.money import Money
from territories.models import Customer


def refuse_future(row: Row, column: str) -> None:
    if column in row.values and row.values[column] > timezone.now():
        row.refuse(column, "in_the_future", _("This is still to come; give a time that is past."))


def told(row: Row, verb: str, run: Any, subject: str, /, **payload: Any) -> Event:
    return Event(
        verb=verb,
        subject_type=subject,
        subject_id=row.record.pk,
        actor_id=run.user.pk if run.user else None,
        actor_name=run.user.name if run.user else "",
        actor_side="vendor" if run.user else "system",
        payload=payload,
        request_id=request_id(),
    )


@register
class Leads(ImportKind):
    """Status and partner are read for new leads only: what exists moves by its own verbs."""

    name, label, model, capability, list_url, order = (
        "leads",
        gettext_lazy("Leads"),
        Lead,
        "manage_leads",
        "attribution:leads",
        50,
    )
    keys = [("external_id",), ("email",), ("company_name", "contact_name"), ("company_name",)]
    columns = [
        Column(
            "company_name",
            gettext_lazy("Company"),
            text(200),
            required=True,
            aliases=("company", "company name", "account", "account name", "organization", "société", "entreprise"),
        ),
        Column(
            "contact_name", gettext_lazy("Contact"), text(200), aliases=("contact", "contact name", "full name", "name")
        ),
        Column("first_name", gettext_lazy("First name"), text(100), attr="", aliases=("prénom",)),
        Column("last_name", gettext_lazy("Last name"), text(100), attr="", aliases=("surname", "nom")),
        Column("email", gettext_lazy("E-mail"), values.email, aliases=("e-mail", "email address", "courriel")),
        Column("phone", gettext_lazy("telephone"), text(40), aliases=("phone number", "mobile", "téléphone")),
        Column("country", gettext_lazy("country"), values.country, aliases=("country/region", "pays")),
        Column("region", gettext_lazy("region"), text(6), aliases=("région",)),
        Column("postcode", gettext_lazy("postcode"), text(20), aliases=("zip", "postal code", "zip code")),
        Column("city", gettext_lazy("city"), text(100), aliases=("ville",)),
        Column("industry", gettext_lazy("industry"), text(80), aliases=("secteur",)),
        Column("need", gettext_lazy("need"), text(2000), aliases=("description", "besoin")),
        Column("amount", gettext_lazy("amount"), values.amount, aliases=("montant", "estimated value")),
        Column("currency", gettext_lazy("currency"), values.currency, aliases=("devise",)),
        Column(
            "line",
            gettext_lazy("product line"),
            text(200),
            attr="",
            reference=Reference(ProductLine),
            aliases=("product family",),
        ),
        Column("source", gettext_lazy("source"), text(80), aliases=("lead source", "origin")),
        Column(
            "campaign",
            gettext_lazy("Campaign"),
            text(200),
            reference=Reference(Campaign, by=("code", "name")),
            aliases=("campaign code", "campagne"),
        ),
        Column("referred_by", gettext_lazy("Referred by"), text(200), reference=Reference(Partner)),
        Column(
            "received_at",
            gettext_lazy("Received"),
            values.moment,
            aliases=("created date", "create date", "created at"),
        ),
        Column("legal_basis", gettext_lazy("Legal basis"), choice(LegalBasis), required=True, aliases=("base légale",)),
        Column("notice_at", gettext_lazy("Informed on"), values.day, aliases=("notice", "privacy notice date")),
        Column("status", gettext_lazy("status"), choice(LeadStatus), only_new=True, aliases=("lead status", "statut")),
        Column(
            "partner",
            gettext_lazy("Partner"),
            text(200),
            reference=Reference(Partner),
            only_new=True,
            aliases=("assigned partner", "partenaire"),
        ),
        Column("contacted_at", gettext_lazy("contacted"), values.moment, only_new=True),
        Column("converted_at", gettext_lazy("converted"), values.moment, only_new=True, aliases=("converted date",)),
        Column(
            "opportunity",
            gettext_lazy("Opportunity"),
            text(200),
            attr="converted_opportunity",
            reference=Reference(Opportunity),
            only_new=True,
            aliases=("converted opportunity",),
        ),
        Column("disqualified_reason", gettext_lazy("reason"), choice(DisqualifyReason), only_new=True),
        Column(
            "customer",
            gettext_lazy("Customer"),
            text(200),
            reference=Reference(Customer),
            aliases=("converted account", "client"),
        ),
        Column(
            "owner",
            gettext_lazy("owner"),
            values.email,
            reference=Reference(User, by=("email",)),
            aliases=("owner email", "lead owner"),
        ),
    ]

    def check(self, row: Row) -> None:
        names = [row.values.get(name) for name in ("first_name", "last_name")]
        if any(names):
            row.values.setdefault("contact_name", " ".join(name for name in names if name))
        if "amount" in row.values:
            if "currency" not in row.values:
                row.refuse("currency", "required", _("An amount needs its currency."))
            else:
                try:
                    Money(row.values["amount"], row.values["currency"])
                except ValidationError as error:
                    row.refuse("amount", "too_precise", error.messages[0])
        if region := row.values.get("region"):
            row.values["region"] = region = region.upper()
            if "country" in row.values and not region.startswith(f"{row.values['country']}-"):
                row.refuse("region", "region_elsewhere", _("This region is not in that country."))
        for column in ("received_at", "contacted_at", "converted_at"):
            refuse_future(row, column)
        self.check_status(row)

    @staticmethod
    def check_status(row: Row) -> None:
        status = row.values.get("status", LeadStatus.NEW)
        if status == LeadStatus.OFFERED:
            row.refuse("status", "not_importable", _("Import it as new, then propose it to a partner."))
        if status == LeadStatus.ACCEPTED and "partner" not in row.values:
            row.refuse("partner", "required", _("An accepted lead needs the partner that holds it."))
        if status in (LeadStatus.NEW, LeadStatus.OFFERED) and "partner" in row.values:
            row.refuse(
                "status", "required", _("A lead with a partner is accepted, contacted, converted or disqualified.")
            )
        if status == LeadStatus.DISQUALIFIED:
            row.values.setdefault("disqualified_reason", DisqualifyReason.OTHER)
        if status == LeadStatus.CONVERTED and "opportunity" not in row.values:
            row.refuse("opportunity", "required", _("A converted lead needs its opportunity."))

    def compare(self, rows: list[Row], run: Any) -> None:
        """What follows from several columns; on existing leads the contact's name alone."""
        for row in rows:
            if "contact_name" in row.values and getattr(row.record, "contact_name", None) != row.values["contact_name"]:
                row.changes["contact_name"] = row.values["contact_name"]
            if "region" in row.changes:
                row.changes["region"] = row.values["region"]
            if row.record is None:
                received = row.values.get("received_at") or timezone.now()
                status = row.values.get("status")
                if "partner" in row.values:
                    row.changes["accepted_at"] = received
                if status in (LeadStatus.CONTACTED, LeadStatus.CONVERTED):
                    row.changes.setdefault("contacted_at", received)
                if status == LeadStatus.CONVERTED:
                    row.changes.setdefault("converted_at", received)
                if status == LeadStatus.DISQUALIFIED:
                    row.changes["disqualified_reason"] = row.values["disqualified_reason"]

    def created(self, rows: list[Row], run: Any) -> None:
        """The product line, and the offer through which a partner reaches a lead it holds."""
        through = Lead.lines.through
        through.objects.bulk_create(
            [through(lead=row.record, productline=row.values["line"]) for row in rows if "line" in row.values],
            batch_size=1000,
        )
        LeadOffer.objects.bulk_create([self.offer(row) for row in rows if "partner" in row.values], batch_size=1000)

    @staticmethod
    def offer(row: Row) -> LeadOffer:
        lead = row.record
        follow_up = {
            LeadStatus.CONTACTED: FollowUp.CONTACTED,
            LeadStatus.CONVERTED: FollowUp.CONVERTED,
            LeadStatus.DISQUALIFIED: FollowUp.DISQUALIFIED,
        }.get(LeadStatus(lead.status), FollowUp.NONE)
        return LeadOffer(
            lead=lead,
            partner=row.values["partner"],
            status=OfferStatus.ACCEPTED,
            respond_by=lead.received_at,
            decided_at=lead.accepted_at,
            follow_up=follow_up,
            followed_up_at=lead.converted_at or lead.contacted_at,
            line_ids=[row.values["line"].pk] if "line" in row.values else [],
            **{name: getattr(lead, name) for name in SUMMARY},
        )

    def saved(self, rows: list[Row], run: Any) -> None:
        """Tell of new and changed leads: the touches of where they came from follow."""
        events = [told(row, "created", run, "lead", origin="import") for row in rows if row.action == "created"]
        events += [
            told(row, "changed", run, "lead", fields=sorted(row.changes), origin="import")
            for row in rows
            if row.action == "updated"
        ]
        record_all(events)

    def name_of(self, row: Row) -> str:
        return str(row.get("company_name") or row.record or "")


@register
class Touchpoints(ImportKind):
    name, label, model, capability, list_url, order = (
        "touchpoints",
        gettext_lazy("Touchpoints"),
        Touchpoint,
        "manage_leads",
        "attribution:leads",
        60,
    )
    keys = [("external_id",)]
    columns = [
        Column(
            "kind",
            gettext_lazy("Kind"),
            choice(TouchpointKind),
            required=True,
            aliases=("type", "touchpoint type", "channel"),
        ),
        Column(
            "at", gettext_lazy("When"), values.moment, required=True, aliases=("date", "timestamp", "ts", "occurred at")
        ),
        Column("partner", gettext_lazy("Partner"), text(200), reference=Reference(Partner), aliases=("partenaire",)),
        Column("team", gettext_lazy("team"), text(200), reference=Reference(Team)),
        Column(
            "campaign",
            gettext_lazy("Campaign"),
            text(200),
            reference=Reference(Campaign, by=("code", "name")),
            aliases=("campaign code",),
        ),
        Column(
            "lead",
            gettext_lazy("Lead"),
            text(200),
            reference=Reference(Lead, by=("email", "company_name")),
            aliases=("lead id",),
        ),
        Column(
            "opportunity",
            gettext_lazy("Opportunity"),
            text(200),
            reference=Reference(Opportunity),
            aliases=("deal", "opportunity id", "deal id", "affaire"),
        ),
        Column(
            "registration",
            gettext_lazy("Deal registration"),
            text(200),
            reference=Reference(DealRegistration, by=("customer_name",)),
            aliases=("registration id",),
        ),
        Column(
            "customer",
            gettext_lazy("Customer"),
            text(200),
            reference=Reference(Customer),
            aliases=("account", "account name", "client"),
        ),
        Column("weight", gettext_lazy("weight"), values.number(0, 1000)),
        Column("note", gettext_lazy("note"), text(500), aliases=("description", "comment")),
    ]

    def check(self, row: Row) -> None:
        refuse_future(row, "at")
        given = row.values
        if "partner" in given and "team" in given:
            row.refuse("team", "two_actors", _("Name a partner or a team, not both."))
        if not {"partner", "team", "campaign"} & set(given):
            row.refuse("partner", "required", _("Say who acted: a partner, a team or a campaign."))
        if not {"lead", "opportunity", "registration", "customer"} & set(given):
            row.refuse(
                "opportunity",
                "required",
                _("Say what it was about: a lead, an opportunity, a registration or a customer."),
            )

    def compare(self, rows: list[Row], run: Any) -> None:
        for row in rows:
            if row.record is None:
                row.changes["origin"] = TouchpointOrigin.IMPORT

    def saved(self, rows: list[Row], run: Any) -> None:
        record_all(
            [
                told(
                    row,
                    "recorded" if row.action == "created" else "changed",
                    run,
                    "touchpoint",
                    **row.record.told(),
                )
                for row in rows
                if row.action in ("created", "updated")
            ]
        )

    def name_of(self, row: Row) -> str:
        kind = dict(TouchpointKind.choices).get(row.get("kind"), "")
        return str(kind or row.record or "")
