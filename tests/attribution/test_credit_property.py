"""Whatever is edited, in whatever order: the ledger kept by the worker equals the full computation, and the reference."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import transaction

from attribution import credit
from attribution.models import Campaign, Credit, CreditDirty, Lead, Touchpoint, TouchpointKind
from deals.models import DealRegistration, Opportunity, OpportunityParticipant
from partners.models import Team, User
from prm.money.models import ExchangeRate
from territories.models import CustomerMerge
from tests import factories
from tests.attribution import reference
from tests.errands import run_errands

EDITS, LOOKS = 60, 15
FIRST = date(2025, 1, 10)


class Killed(Exception):
    """The worker ends in the middle of its work."""


class Editor:
    """Edits rows at random, by verbs, by bulk writes and row by row."""

    def __init__(self, seed: int, registrations: list[DealRegistration], manager: User):
        self.random, self.manager = Random(seed), manager
        self.partners = [factories.partner() for _ in range(4)]
        self.teams = [Team.objects.create(name=f"Team {n}") for n in range(2)]
        self.campaigns = [Campaign.objects.create(name=f"Campaign {n}", code=f"c{n}") for n in range(2)]
        self.customers = [factories.customer() for _ in range(3)]
        self.registrations = registrations
        self.deals = [factories.opportunity(customer=self.any(self.customers)) for _ in range(6)]
        self.deals += [row.participant.opportunity for row in registrations]
        self.leads = [Lead.objects.create(company_name=f"Lead {n}") for n in range(3)]
        ExchangeRate.objects.create(day=FIRST, currency="USD", base="EUR", rate=Decimal("0.9137"))
        for _ in range(25):
            self.add_touch()
        for deal in self.deals[::2]:
            self.close(deal)

    def any(self, values):
        return self.random.choice(list(values))

    def moment(self):
        return datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=self.random.randrange(24 * 500))

    def act(self):
        self.any(
            [
                self.add_touch,
                self.add_touch,
                self.edit_touch,
                self.delete_touch,
                self.bulk_edit,
                self.close,
                self.close,
                self.reopen,
                self.other_amount,
                self.other_customer,
                self.merge,
                self.take_part,
                self.leave,
                self.convert_lead,
                self.unlink_registration,
                self.other_rate,
                self.repeat,
                self.kill,
            ]
        )()

    def about(self):
        return self.any(
            [
                {"opportunity": self.any(self.deals)},
                {"lead": self.any(self.leads)},
                {"registration": self.any(self.registrations)},
                {"customer": self.any(self.customers)},
                {"customer": self.any(self.customers)},
            ]
        )

    def who(self):
        return self.any(
            [{"partner": self.any(self.partners)}] * 3
            + [{"team": self.any(self.teams)}, {"campaign": self.any(self.campaigns)}]
        )

    def add_touch(self):
        Touchpoint.objects.create(
            kind=self.any(TouchpointKind.values),
            at=self.moment(),
            weight=self.any([1, 1, 1, 2, Decimal("0.3"), 0]),
            **self.who(),
            **self.about(),
        )

    def touch(self):
        return self.any(Touchpoint.objects.order_by("pk"))

    def edit_touch(self):
        touch = self.touch()
        blank = dict.fromkeys(("partner", "team", "campaign", "lead", "opportunity", "registration", "customer"))
        for name, value in self.any(
            [{"at": self.moment()}, {"weight": 3}, {**blank, **self.who(), **self.about()}]
        ).items():
            setattr(touch, name, value)
        touch.save()

    def delete_touch(self):
        if Touchpoint.objects.count() > 5:
            self.touch().delete()

    def bulk_edit(self):
        rows = Touchpoint.objects.filter(pk__in=[self.touch().pk for _ in range(4)])
        rows.update(at=self.moment())

    def close(self, deal=None):
        deal = deal or self.any(self.deals)
        Opportunity.objects.filter(pk=deal.pk).update(
            stage="won", closed_on=FIRST + timedelta(days=self.random.randrange(450))
        )

    def reopen(self):
        Opportunity.objects.filter(pk=self.any(self.deals).pk).update(stage="committed", closed_on=None)

    def other_amount(self):
        amount = Decimal(self.random.randrange(10_000_000)) / 100
        Opportunity.objects.filter(pk=self.any(self.deals).pk).update(
            amount=amount, currency=self.any(["EUR", "USD", "CHF"])
        )

    def other_customer(self):
        deal = Opportunity.objects.filter(pk=self.any(self.deals).pk)
        deal.update(customer=self.any([None, *self.customers]))

    def merge(self):
        one, other = self.random.sample(range(len(self.customers)), 2)
        CustomerMerge.merge(self.customers[one], self.customers[other], by=self.manager)
        self.customers[one] = factories.customer()

    def take_part(self):
        values = {"opportunity": self.any(self.deals), "partner": self.any(self.partners)}
        role = self.any(["sourcing", "influencing", "selling"])
        OpportunityParticipant.objects.get_or_create(**values, role=role)

    def leave(self):
        rows = OpportunityParticipant.objects.exclude(pk__in=[row.participant_id for row in self.registrations])
        if rows.exists():
            self.any(rows.order_by("pk")).delete()

    def convert_lead(self):
        lead = self.any(self.leads)
        lead.converted_opportunity = self.any([None, self.any(self.deals)])
        lead.converted_registration = self.any([None, self.any(self.registrations)])
        lead.save()

    def unlink_registration(self):
        row = self.any(self.registrations)
        part = self.any([None, row.participant_id])
        DealRegistration.objects.filter(pk=row.pk).update(participant=part)

    def other_rate(self):
        values = {"day": FIRST + timedelta(days=self.random.randrange(400)), "currency": self.any(["USD", "CHF"])}
        rate = Decimal(self.random.randrange(5000, 20000)) / 10_000
        ExchangeRate.objects.update_or_create(**values, base="EUR", defaults={"rate": rate})
        if self.random.random() < 0.3:
            self.any(ExchangeRate.objects.order_by("pk")).delete()

    def repeat(self):
        credit.refresh([self.any(self.deals).pk for _ in range(3)])

    def kill(self):
        try:
            with transaction.atomic():
                credit.refresh_noted()
                raise Killed
        except Killed:
            pass


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_random_edits_the_ledger_is_right(seed, owner, channel_manager, product):
    registrations = [
        factories.approved(owner, decided_by=channel_manager, products=[factories.product(f"Line {n}")])
        for n in range(2)
    ]
    editor = Editor(seed, registrations, channel_manager)
    for number in range(EDITS):
        editor.act()
        if number % LOOKS == LOOKS - 1:
            run_errands()
            assert not CreditDirty.objects.exists()
            assert reference.stored(Credit.objects.all()) == reference.ledger()
    kept = {row["id"]: row for row in Credit.objects.values()}
    assert credit.rebuild().changed == 0
    Credit.objects.all().delete()
    credit.rebuild()
    assert {row["id"]: row for row in Credit.objects.values()} == kept


def test_each_model_gives_each_deal_exactly_once(owner, channel_manager, product):
    registrations = [factories.approved(owner, decided_by=channel_manager, products=[product])]
    Editor(7, registrations, channel_manager)
    run_errands()
    for deal in Opportunity.objects.won():
        for model in ("first_touch", "last_touch", "linear", "sourced"):
            rows = Credit.objects.filter(opportunity=deal, model=model)
            assert sum(row.amount for row in rows) == deal.amount
            assert abs(sum(row.weight for row in rows) - 1) < Decimal("1e-9")
