from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pghistory
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_countries.fields import CountryField

from attribution.models.campaign import Campaign
from attribution.querysets import LeadQuerySet
from deals.axes import ParticipantRole, Route, Stage
from deals.models import DealRegistration, Opportunity, OpportunityLine, OpportunityParticipant, StageChange
from partners.catalogue.models import ProductLine
from partners.models import Partner
from prm import events
from prm.calendar import business_today
from prm.errors import RuleViolation
from prm.money import Money
from prm.money.fields import amount_field, currency_field
from prm.records import Record
from prm.rowpolicy import RowPolicy
from territories.models import Customer

if TYPE_CHECKING:
    from attribution.models.offer import LeadOffer
    from attribution.models.touchpoint import Touchpoint


class LeadStatus(models.TextChoices):
    NEW = "new", pgettext_lazy("lead", "new")
    OFFERED = "offered", pgettext_lazy("lead", "offered")
    ACCEPTED = "accepted", pgettext_lazy("lead", "accepted")
    CONTACTED = "contacted", pgettext_lazy("lead", "contacted")
    CONVERTED = "converted", pgettext_lazy("lead", "converted")
    DISQUALIFIED = "disqualified", pgettext_lazy("lead", "disqualified")


class LegalBasis(models.TextChoices):
    """Why we may keep and pass on this person's data."""

    CONSENT = "consent", pgettext_lazy("legal basis", "Consent")
    CONTRACT = "contract", pgettext_lazy("legal basis", "Steps before a contract, at the person's request")
    INTEREST = "legitimate_interest", pgettext_lazy("legal basis", "Legitimate interest")


class DisqualifyReason(models.TextChoices):
    UNREACHABLE = "unreachable", pgettext_lazy("disqualified", "Cannot be reached")
    NO_NEED = "no_need", pgettext_lazy("disqualified", "No need")
    NO_BUDGET = "no_budget", pgettext_lazy("disqualified", "No budget")
    NOT_A_COMPANY = "not_a_buyer", pgettext_lazy("disqualified", "Not a possible buyer")
    DUPLICATE = "duplicate", pgettext_lazy("disqualified", "Known already")
    OTHER = "other", pgettext_lazy("disqualified", "Other")


OPEN = (LeadStatus.NEW, LeadStatus.OFFERED, LeadStatus.ACCEPTED, LeadStatus.CONTACTED)
EDITABLE = (
    "company_name",
    "contact_name",
    "email",
    "phone",
    "country",
    "region",
    "postcode",
    "city",
    "industry",
    "need",
    "amount",
    "currency",
    "source",
    "campaign",
    "referred_by",
    "received_at",
    "legal_basis",
    "notice_at",
    "customer",
    "owner",
)
# What a partner may know before it accepts: nothing that names the company or a person.
SUMMARY = ("country", "region", "industry", "need", "amount", "currency")


@pghistory.track()
class Lead(Record):
    """A company or person that may be interested, with where it came from and why its data may be kept.

    The row is the vendor's; a partner reaches it only through an offer it has accepted (``LeadOffer``), in the
    database too.
    """

    shown_offers: list[LeadOffer]  # what the reader may see of both, as its page fetches them
    shown_touches: list[Touchpoint]

    company_name = models.CharField(gettext_lazy("company"), max_length=200)
    contact_name = models.CharField(gettext_lazy("contact"), max_length=200, blank=True)
    email = models.EmailField(gettext_lazy("e-mail"), blank=True)
    phone = models.CharField(gettext_lazy("telephone"), max_length=40, blank=True)
    country: Any = CountryField(gettext_lazy("country"), blank=True)
    region = models.CharField(
        gettext_lazy("region"),
        max_length=6,
        blank=True,
        validators=[RegexValidator(r"^[A-Z]{2}-[A-Z0-9]{1,3}\Z", gettext_lazy("Write an ISO region such as FR-ARA."))],
    )
    postcode = models.CharField(gettext_lazy("postcode"), max_length=20, blank=True)
    city = models.CharField(gettext_lazy("city"), max_length=100, blank=True)
    industry = models.CharField(gettext_lazy("industry"), max_length=80, blank=True)
    need = models.TextField(
        gettext_lazy("need"),
        max_length=2000,
        blank=True,
        help_text=gettext_lazy("Partners read this before they accept: name no person and no company."),
    )
    amount = amount_field(null=True, blank=True)
    currency = currency_field(blank=True)
    lines = models.ManyToManyField(
        ProductLine, related_name="leads", blank=True, verbose_name=gettext_lazy("product lines")
    )
    source = models.CharField(
        gettext_lazy("source"),
        max_length=80,
        blank=True,
        help_text=gettext_lazy("Where it came from: web form, trade fair, call…"),
    )
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=gettext_lazy("campaign")
    )
    referred_by = models.ForeignKey(
        Partner,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="referred_leads",
        verbose_name=gettext_lazy("referred by"),
    )
    received_at = models.DateTimeField(gettext_lazy("received"), default=timezone.now)
    legal_basis = models.CharField(
        gettext_lazy("legal basis"), max_length=20, choices=LegalBasis.choices, default=LegalBasis.INTEREST
    )
    notice_at = models.DateField(
        gettext_lazy("informed on"),
        null=True,
        blank=True,
        help_text=gettext_lazy("The day the person was told what happens to their data."),
    )
    status = models.CharField(gettext_lazy("status"), max_length=12, choices=LeadStatus.choices, default=LeadStatus.NEW)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=gettext_lazy("customer")
    )
    partner = models.ForeignKey(
        Partner, models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=gettext_lazy("partner")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="leads",
        verbose_name=gettext_lazy("owner"),
    )
    accepted_at = models.DateTimeField(null=True, editable=False)
    contacted_at = models.DateTimeField(null=True, editable=False)
    converted_at = models.DateTimeField(null=True, editable=False)
    # A partner may delete its draft; the link is then cleared in the background, so the database does not insist on it.
    converted_registration = models.ForeignKey(
        DealRegistration, models.SET_NULL, null=True, blank=True, related_name="leads", db_constraint=False
    )
    converted_opportunity = models.ForeignKey(Opportunity, models.SET_NULL, null=True, blank=True, related_name="leads")
    disqualified_reason = models.CharField(
        gettext_lazy("reason"), max_length=12, choices=DisqualifyReason.choices, blank=True
    )
    disqualified_note = models.CharField(gettext_lazy("note"), max_length=500, blank=True)

    objects = LeadQuerySet.as_manager()
    row_policy = RowPolicy(
        read="id IN (SELECT lead_id FROM attribution_leadoffer WHERE partner_id = {partner} AND status = 'accepted')",
        write="id IN (SELECT lead_id FROM attribution_leadoffer WHERE partner_id = {partner} AND status = 'accepted')",
        insert="",
        columns=(
            "status",
            "partner_id",
            "accepted_at",
            "contacted_at",
            "converted_at",
            "converted_registration_id",
            "disqualified_reason",
            "disqualified_note",
            "version",
            "updated_at",
        ),
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="lead_recent"),
            models.Index(fields=["status", "-created_at", "-id"], name="lead_status"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__isnull=True) | (models.Q(amount__gte=0) & ~models.Q(currency="")),
                name="lead_amount",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=(LeadStatus.ACCEPTED,)) | models.Q(partner__isnull=False),
                name="accepted_lead_has_its_partner",
            ),
        ]

    def __str__(self) -> str:
        return self.company_name

    def get_absolute_url(self) -> str:
        return reverse("attribution:lead", args=[self.pk])

    # Questions ------------------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def money(self) -> Money | None:
        return Money(self.amount, self.currency) if self.amount is not None else None

    @property
    def place(self) -> str:
        return " ".join(part for part in (self.postcode, self.city) if part)

    def holding_offer(self) -> LeadOffer | None:
        """The offer that keeps this lead now: open or accepted."""
        return self.offers.holding().select_related("partner").first()

    # Verbs ----------------------------------------------------------------------------------------------------------------

    @classmethod
    @transaction.atomic
    def create(cls, *, by=None, lines=(), **values) -> Lead:
        """Write down a new lead; its person must be told, so the legal basis is asked for."""
        lead = cls(**values)
        lead.refuse_nonsense()
        lead.save(force_insert=True)
        lead.lines.set(lines)
        events.record(lead, "created", by=by, company=lead.company_name, source=lead.source)
        return lead

    @transaction.atomic
    def edit(self, *, by, version=None, lines=None, **values) -> None:
        """Correct what is known; an offer that waits for its answer shows the new summary."""
        self.lock(version)
        changed = sorted(name for name, value in values.items() if getattr(self, name) != value)
        if lines is not None and {line.pk for line in lines} != set(self.lines.values_list("pk", flat=True)):
            self.lines.set(lines)
            changed.append("lines")
        if not changed:
            return
        for name, value in values.items():
            setattr(self, name, value)
        self.refuse_nonsense()
        self.put(**values)
        if {*SUMMARY, "lines"} & set(changed):
            for offer in self.offers.open().select_for_update(of=("self",)):
                offer.put(**self.summary())
        events.record(self, "changed", by=by, fields=changed)

    def refuse_nonsense(self) -> None:
        if self.received_at > timezone.now() + timedelta(minutes=5):
            raise RuleViolation(
                "in_the_future", _("A lead was received; give a time that is past."), field="received_at"
            )
        if self.region and self.country and not self.region.startswith(f"{self.country}-"):
            raise RuleViolation("region_elsewhere", _("This region is not in that country."), field="region")

    def summary(self) -> dict[str, Any]:
        """What an offer copies."""
        return {**{name: getattr(self, name) for name in SUMMARY}, "line_ids": [line.pk for line in self.lines.all()]}

    @transaction.atomic
    def offer_to(
        self, partner: Partner, *, by, respond_by, explanation: str = "", evidence: dict | None = None, version=None
    ) -> LeadOffer:
        """Propose the lead to a partner, who answers by that time; it reads the summary and nothing that names anybody."""
        from attribution.models.offer import LeadOffer, OfferGrounds

        self.lock(version)
        self._refuse_closed()
        if not Partner.objects.that_can_sell().filter(pk=partner.pk).exists():
            raise RuleViolation("partner_not_active", _("This partner is not active. Choose another."), field="partner")
        if respond_by <= timezone.now():
            raise RuleViolation("date_passed", _("Give a time to answer that is still to come."), field="respond_by")
        if held := self.holding_offer():
            raise RuleViolation(
                "already_offered",
                _("%(partner)s holds this lead. Withdraw its offer first.") % {"partner": held.partner},
                field="partner",
            )
        offer = LeadOffer(lead=self, partner=partner, respond_by=respond_by, **self.summary())
        offer.save(force_insert=True)
        OfferGrounds.objects.create(
            offer=offer,
            explanation=explanation or (_("Chosen by %(name)s.") % {"name": by.name} if by else ""),
            evidence=evidence or {},
        )
        self.put(status=LeadStatus.OFFERED, partner=None)
        events.record(
            offer, "offered", by=by, partner_id=partner.pk, partner=partner.name, respond_by=respond_by.isoformat()
        )
        offer.expire_in_time()
        return offer

    @transaction.atomic
    def contact(self, *, by, version=None) -> None:
        """Somebody of the vendor spoke with them."""
        self.lock(version)
        self._refuse_closed()
        self.put(status=LeadStatus.CONTACTED, contacted_at=self.contacted_at or timezone.now())
        events.record(self, "contacted", by=by)

    @transaction.atomic
    def disqualify(self, *, by, reason: str, note: str = "", version=None) -> None:
        """Nothing will come of it, and why; an offer that waits is withdrawn."""
        if offer := self.holding_offer():
            offer.lock()
        self.lock(version)
        self._refuse_closed()
        self.put_disqualified(reason, note, by=by)
        if offer and offer.is_open:
            offer.put_withdrawn(by=by)
        elif offer and offer.is_accepted:
            offer.put_followed_up("disqualified", by=by)

    @transaction.atomic
    def reopen(self, *, by, version=None) -> None:
        """It was disqualified too early."""
        self.lock(version)
        if self.status != LeadStatus.DISQUALIFIED:
            raise RuleViolation("not_disqualified", _("Only a disqualified lead can be reopened."))
        self.put(status=LeadStatus.NEW, partner=None, disqualified_reason="", disqualified_note="")
        self.offers.filter(status="accepted").take_back()
        events.record(self, "reopened", by=by)

    @transaction.atomic
    def resume(self) -> None:
        """The draft it had become is gone: whoever held the lead works it again."""
        if offer := self.holding_offer():
            offer.lock()
        self.lock()
        if self.status != LeadStatus.CONVERTED or self.converted_opportunity_id:
            return
        self.put(
            status=LeadStatus.CONTACTED if self.contacted_at else LeadStatus.ACCEPTED,
            converted_at=None,
            converted_registration=None,
        )
        if offer and offer.is_accepted:
            offer.put(follow_up="contacted" if self.contacted_at else "", followed_up_at=self.contacted_at)
        events.record(self, "resumed")

    @transaction.atomic
    def register(self, *, by, version=None, **values) -> DealRegistration:
        """Begin a deal registration of the partner that holds the lead, filled with what the lead says."""
        offer = self.holding_offer()
        if offer is None or not offer.is_accepted:
            raise RuleViolation(
                "no_partner", _("A partner accepts the lead first; then it can become a registration."), field="partner"
            )
        return offer.lock().register(by=by, lead_version=version, **values)

    @transaction.atomic
    def convert_to_opportunity(self, *, by, version=None, stage: str = Stage.QUALIFIED, name: str = "") -> Opportunity:
        """Open an opportunity; whoever referred the lead takes part as its source, whoever accepted it as seller."""
        if offer := self.holding_offer():
            offer.lock()
        self.lock(version)
        self._refuse_closed()
        opportunity = Opportunity.objects.create(
            name=name or self.company_name,
            customer=self.customer,
            route=Route.PARTNER if self.partner_id or self.referred_by_id else Route.DIRECT,
            stage=stage,
            amount=self.amount,
            currency=self.currency,
            owner=self.owner,
            opened_on=business_today(),
        )
        OpportunityLine.objects.bulk_create(
            [OpportunityLine(opportunity=opportunity, line=line) for line in self.lines.all()]
        )
        StageChange.objects.create(opportunity=opportunity, old="", new=stage, by=by)
        for partner_id, role in self.parts().items():
            OpportunityParticipant.objects.create(
                opportunity=opportunity,
                partner_id=partner_id,
                role=role,
                share=100 if role == ParticipantRole.SELLING or len(self.parts()) == 1 else 0,
                customer_name=self.company_name if partner_id == self.partner_id else "",
            )
        events.record(opportunity, "created", by=by, lead=str(self.pk))
        self.put_converted(by=by, opportunity=opportunity)
        if offer and offer.is_open:
            offer.put_withdrawn(by=by)
        elif offer and offer.is_accepted:
            offer.put_followed_up("converted", by=by)
        return opportunity

    def parts(self) -> dict[Any, str]:
        """Which partner takes which part in what becomes of this lead."""
        parts: dict[Any, str] = {}
        if self.referred_by_id:
            parts[self.referred_by_id] = ParticipantRole.SOURCING
        if (
            self.partner_id
        ):  # also who referred it itself: it has to say how the sale goes, and its referral stays a touch
            parts[self.partner_id] = ParticipantRole.SELLING
        return parts

    # Shared with the offer's verbs; the caller holds the lock ---------------------------------------------------------------

    def put_converted(self, *, by, registration=None, opportunity=None) -> None:
        self.put(
            status=LeadStatus.CONVERTED,
            converted_at=timezone.now(),
            **({"converted_registration": registration} if registration else {}),
            **({"converted_opportunity": opportunity} if opportunity else {}),
        )
        into = {"registration": str(registration.pk)} if registration else {"opportunity": str(opportunity.pk)}
        events.record(self, "converted", by=by, company=self.company_name, **into)

    def put_disqualified(self, reason: str, note: str, *, by) -> None:
        if reason not in DisqualifyReason.values:
            raise RuleViolation("reason_missing", _("Choose a reason."), field="reason")
        self.put(status=LeadStatus.DISQUALIFIED, disqualified_reason=reason, disqualified_note=note)
        events.record(self, "disqualified", by=by, reason=reason)

    def put_free(self) -> None:
        """Back to those nobody holds; the background asks for this when an offer came to nothing."""
        if self.status in (LeadStatus.OFFERED, LeadStatus.ACCEPTED, LeadStatus.CONTACTED):
            self.put(status=LeadStatus.NEW, partner=None, accepted_at=None)

    def _refuse_closed(self) -> None:
        if not self.is_open:
            raise RuleViolation(
                "lead_closed",
                _("This lead is %(status)s; this is no longer possible. Reload the page.")
                % {"status": self.get_status_display()},
            )
