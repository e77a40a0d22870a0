"""The life of a lead: proposed, answered, worked, converted; and who may know whose it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from attribution.models import Lead, LeadOffer, LeadStatus, OfferStatus, Touchpoint
from deals.models import DealRegistration
from prm.db import acting
from prm.errors import RuleViolation
from prm.events.models import Event
from prm.notify.models import Notification
from tests import factories
from tests.attribution import leads
from tests.errands import run_errands


def at_portal(user):
    return acting("partner", user.acting_for_id, user.pk)


@pytest.fixture
def offer(alpine, channel_manager):
    return leads.offered(alpine, channel_manager)


def test_an_offer_copies_the_summary_and_nothing_personal(offer):
    assert (offer.country.code, offer.region, offer.industry, offer.need) == (
        "FR",
        "FR-ARA",
        "Health",
        "Backup for three sites",
    )
    assert offer.lead.status == LeadStatus.OFFERED
    told = Event.objects.filter(subject_id=offer.pk, verb="offered").get()
    assert told.partner_id == offer.partner_id
    assert leads.leaks(str(told.payload)) == []
    row = {field.name: str(getattr(offer, field.attname)) for field in offer._meta.concrete_fields}
    assert leads.leaks(str(row)) == []


def test_the_partner_reaches_the_lead_only_through_its_accepted_offer(offer, owner, rival):
    with at_portal(owner):
        assert LeadOffer.objects.count() == 1
        assert Lead.objects.count() == 0
    with at_portal(owner):
        offer.accept(by=owner, version=offer.version)
        assert Lead.objects.get().contact_name == "Zqjeanne Martin"
    with at_portal(rival):
        assert (LeadOffer.objects.count(), Lead.objects.count()) == (0, 0)
    lead = Lead.objects.get(pk=offer.lead_id)
    assert (lead.status, lead.partner_id) == (LeadStatus.ACCEPTED, owner.acting_for_id)
    offer.withdraw(by=None)
    with at_portal(owner):
        assert Lead.objects.count() == 0


def test_the_portal_writes_only_the_columns_of_its_answer(offer, owner):
    with at_portal(owner):
        offer.accept(by=owner)
        for model, values in ((Lead, {"email": "x@x.example"}), (LeadOffer, {"respond_by": timezone.now()})):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                model.objects.update(**values)
        for table in ("attribution_offergrounds", "attribution_campaign", "attribution_leadevent"):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                connection.cursor().execute(f"SELECT 1 FROM {table}")


def test_declined_goes_back_and_can_be_proposed_to_another(offer, owner, boreal, channel_manager, rival):
    with at_portal(owner):
        offer.decline(by=owner, reason="no_capacity")
    run_errands()
    lead = Lead.objects.get(pk=offer.lead_id)
    assert (lead.status, lead.partner_id) == (LeadStatus.NEW, None)
    other = lead.offer_to(boreal, by=channel_manager, respond_by=leads.soon())
    with at_portal(rival):
        other.accept(by=rival)
    with at_portal(owner):
        assert Lead.objects.count() == 0
        assert list(LeadOffer.objects.values_list("status", flat=True)) == [OfferStatus.DECLINED]


def test_an_unanswered_offer_expires_and_both_sides_are_told(offer, owner, channel_manager):
    LeadOffer.objects.filter(pk=offer.pk).update(respond_by=timezone.now() - timedelta(minutes=1))
    from attribution.tasks import expire_offer

    expire_offer(str(offer.pk))
    expire_offer(str(offer.pk))
    offer.refresh_from_db()
    assert (offer.status, offer.lead.status) == (OfferStatus.EXPIRED, LeadStatus.NEW)
    assert Event.objects.filter(subject_id=offer.pk, verb="expired").count() == 1
    run_errands()
    told = dict(Notification.objects.values_list("user", "kind").filter(kind__in=["lead_answered", "lead_offer_ended"]))
    assert told == {owner.pk: "lead_offer_ended", channel_manager.pk: "lead_answered"}
    with at_portal(owner), pytest.raises(RuleViolation, match="can no longer be answered"):
        offer.accept(by=owner)


def test_an_offer_is_ended_in_time_by_its_errand(offer):
    from prm.events.models import Errand

    errand = Errand.objects.get(task="attribution.expire_offer")
    assert errand.due_at == offer.respond_by
    run_errands()  # not due yet
    offer.refresh_from_db()
    assert offer.is_open


def test_too_late_is_refused_even_before_the_background_ran(offer, owner):
    LeadOffer.objects.filter(pk=offer.pk).update(respond_by=timezone.now())
    with at_portal(owner), pytest.raises(RuleViolation, match="time to answer is over"):
        offer.accept(by=owner)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_mails_before_acceptance_name_nobody(alpine, owner, channel_manager, language):
    type(owner).objects.filter(pk=owner.pk).update(language=language)
    leads.offered(alpine, channel_manager)
    run_errands()
    letters = [message for message in mail.outbox if message.to == [owner.email]]
    assert len(letters) == 1
    assert leads.leaks(letters[0].subject + letters[0].body + str(letters[0].alternatives)) == []
    kept = Notification.objects.get(user=owner)
    assert leads.leaks(f"{kept.data} {kept.url}") == []
    assert str(kept.url).find(str(Lead.objects.get().pk)) == -1


def test_a_lead_is_held_by_one_partner_at_a_time(offer, boreal, channel_manager):
    with pytest.raises(RuleViolation, match="Alpine holds this lead"):
        offer.lead.offer_to(boreal, by=channel_manager, respond_by=leads.soon())


def test_a_suspended_partner_is_not_asked(channel_manager):
    halted = factories.partner("Halted", status="suspended")
    with pytest.raises(RuleViolation, match="not active"):
        leads.lead().offer_to(halted, by=channel_manager, respond_by=leads.soon())


def test_from_lead_to_submitted_registration(offer, owner, product):
    with at_portal(owner):
        offer.accept(by=owner)
        offer.contact(by=owner)
        draft = offer.register(by=owner)
    assert (draft.customer_name, draft.amount, draft.description) == ("Zqclinic", 20000, "Backup for three sites")
    lead = Lead.objects.get(pk=offer.lead_id)
    assert (lead.status, lead.converted_registration_id) == (LeadStatus.CONVERTED, draft.pk)
    offer.refresh_from_db()
    assert offer.follow_up == "converted"
    with at_portal(owner):
        draft = DealRegistration.objects.get(pk=draft.pk)
        draft.edit(by=owner, products=[product], expected_close_date=timezone.localdate() + timedelta(days=30))
        draft.submit(by=owner)
    run_errands()
    assert set(Touchpoint.objects.values_list("kind", "partner")) == {
        ("registration", owner.acting_for_id),
        ("lead_source", owner.acting_for_id),
    }


def test_a_deleted_draft_gives_the_lead_back_to_its_partner(offer, owner):
    with at_portal(owner):
        offer.accept(by=owner)
        draft = offer.register(by=owner)
    with at_portal(owner):
        DealRegistration.objects.get(pk=draft.pk).discard(by=owner)
    run_errands()
    lead = Lead.objects.get(pk=offer.lead_id)
    assert (lead.status, lead.converted_registration_id) == (LeadStatus.ACCEPTED, None)
    offer.refresh_from_db()
    assert offer.is_worked


def test_the_partner_reports_that_nothing_comes_of_it(offer, owner, channel_manager):
    with at_portal(owner):
        offer.accept(by=owner)
        offer.disqualify(by=owner, reason="no_budget", note="next year")
    lead = Lead.objects.get(pk=offer.lead_id)
    assert (lead.status, lead.disqualified_reason) == (LeadStatus.DISQUALIFIED, "no_budget")
    run_errands()
    assert Notification.objects.filter(user=channel_manager, kind="lead_followed_up").count() == 1
    lead.reopen(by=channel_manager)
    assert lead.status == LeadStatus.NEW
    with at_portal(owner):
        assert Lead.objects.count() == 0


def test_convert_to_an_opportunity_with_its_parts(boreal, alpine, owner, channel_manager, product):
    lead = leads.lead(channel_manager, referred_by=boreal, lines=[product.line])
    offer = leads.offered(alpine, channel_manager, of=lead)
    with at_portal(owner):
        offer.accept(by=owner)
    lead.refresh_from_db()
    opportunity = lead.convert_to_opportunity(by=channel_manager, version=lead.version)
    parts = {part.partner_id: (part.role, part.customer_name) for part in opportunity.participants.all()}
    assert parts == {alpine.pk: ("selling", "Zqclinic"), boreal.pk: ("sourcing", "")}
    assert [line.line for line in opportunity.lines.all()] == [product.line]
    assert (lead.status, lead.converted_opportunity_id) == (LeadStatus.CONVERTED, opportunity.pk)
    run_errands()
    touches = Touchpoint.objects.towards(opportunity)
    assert set(touches.values_list("kind", "partner")) == {("referral", boreal.pk), ("lead_source", alpine.pk)}
    assert {touch.deal for touch in Touchpoint.objects.with_deal()} == {opportunity.pk}


def test_who_referred_it_and_took_it_sells(alpine, owner, channel_manager):
    lead = leads.lead(channel_manager, referred_by=alpine)
    offer = leads.offered(alpine, channel_manager, of=lead)
    with at_portal(owner):
        offer.accept(by=owner)
    lead.refresh_from_db()
    opportunity = lead.convert_to_opportunity(by=channel_manager)
    assert [(part.partner, part.role, part.share) for part in opportunity.participants.all()] == [
        (alpine, "selling", 100)
    ]
    run_errands()
    opportunity.win(by=channel_manager)
    run_errands()
    assert opportunity.credits.get(model="sourced").partner == alpine


def test_closed_leads_take_no_more_verbs(channel_manager, alpine):
    lead = leads.lead(channel_manager)
    lead.disqualify(by=channel_manager, reason="duplicate")
    for verb in (
        lambda: lead.offer_to(alpine, by=channel_manager, respond_by=leads.soon()),
        lambda: lead.contact(by=channel_manager),
        lambda: lead.convert_to_opportunity(by=channel_manager),
        lambda: lead.disqualify(by=channel_manager, reason="other"),
    ):
        with pytest.raises(RuleViolation, match="disqualified"):
            verb()


def test_an_edit_reaches_the_offer_that_waits_and_no_other(offer, channel_manager):
    offer.lead.edit(by=channel_manager, need="Backup for four sites", email="new@clinic.example")
    offer.refresh_from_db()
    assert (offer.need, offer.version) == ("Backup for four sites", 2)
    offer.lead.edit(by=channel_manager, email="newer@clinic.example")
    offer.refresh_from_db()
    assert offer.version == 2


@pytest.mark.parametrize(
    ("who", "sees"), [("channel_manager", 1), ("viewer", 1), ("deal_desk", 0), ("direct_seller", 0), ("owner", 0)]
)
def test_visible_to(who, sees, offer, request):
    assert Lead.objects.visible_to(request.getfixturevalue(who)).count() == sees


@pytest.mark.parametrize(("who", "sees"), [("owner", 1), ("teammate", 1), ("rival", 0), ("channel_manager", 1)])
def test_offers_visible_to(who, sees, offer, request):
    assert LeadOffer.objects.visible_to(request.getfixturevalue(who)).count() == sees
