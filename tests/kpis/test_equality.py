"""Whatever is edited, in whatever order, and whoever dies at it: the ledger ends as a full rebuild would write it."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone
from psycopg2.extras import DateRange

from attribution import credit
from attribution.kpis.models import Dirty
from attribution.kpis.rollups import rebuild, refresh
from attribution.models import Touchpoint
from deals.conflicts.models import Conflict, ConflictKind
from deals.models import (
    DealRegistration,
    Opportunity,
    OpportunityLine,
    OpportunityParticipant,
    RegistrationLine,
    Stage,
    StageChange,
)
from partners.catalogue.models import ProductLine
from prm.calendar import business_today
from prm.errors import RuleViolation
from prm.money.models import ExchangeRate
from territories.models import CustomerMerge, Territory, TerritoryRule
from tests import factories
from tests.kpis.conftest import ledger, rollups

TODAY = business_today()


class Killed(Exception):
    """The worker died before its transaction ended."""


@transaction.atomic
def killed():
    refresh()
    raise Killed


class Edits:
    """Random edits by verbs, by hand and in bulk."""

    def __init__(self, seed: int, partners, customers, lines, admin, owner):
        self.random = random.Random(seed)
        self.partners, self.customers, self.lines = partners, customers, lines
        self.admin, self.owner = admin, owner
        self.products = [factories.product(line.name) for line in lines]

    def day(self):
        return TODAY - timedelta(days=self.random.randint(0, 400))

    def deal(self):
        found = list(Opportunity.objects.order_by("id"))
        return self.random.choice(found) if found else self.add()

    def add(self):
        opened = self.day()
        return factories.opportunity(
            of=self.random.choice(self.partners),
            customer=self.random.choice(self.customers),
            opened_on=opened,
            amount=self.random.choice([None, Decimal(self.random.randint(0, 10**6)) / 100]),
            currency=self.random.choice(["EUR", "USD", "JPY"]) if self.random.random() < 0.5 else "EUR",
            stage=self.random.choice([Stage.PROSPECT, Stage.QUALIFIED]),
        )

    def move(self):
        deal = self.deal()
        stage = self.random.choice(list(Stage))
        on = max(deal.opened_on or TODAY, self.day()) if stage in (Stage.WON, Stage.LOST) else None
        with suppress(RuleViolation):  # some lack what the stage needs
            deal.move_to(stage, by=self.admin, on=on, reason="edited")

    def close_date(self):
        deal = self.deal()
        if deal.closed_on:
            Opportunity.objects.filter(pk=deal.pk).update(closed_on=self.day())

    def amount(self):
        deal = self.deal()
        Opportunity.objects.filter(pk=deal.pk).update(
            amount=Decimal(self.random.randint(0, 10**7)) / 100, currency="EUR"
        )

    def line(self):
        OpportunityLine.objects.create(
            opportunity=self.deal(), line=self.random.choice(self.lines), amount=self.random.choice([None, 1, 2, 7])
        )

    def part(self):
        OpportunityParticipant.objects.get_or_create(
            opportunity=self.deal(),
            partner=self.random.choice(self.partners),
            role=self.random.choice(["selling", "influencing"]),
            defaults={"share": self.random.randint(0, 100)},
        )

    def leave(self):
        OpportunityParticipant.objects.filter(
            pk__in=OpportunityParticipant.objects.order_by("id").values("pk")[:1]
        ).delete()

    def merge(self):
        one, other = self.random.sample(range(len(self.customers)), 2)
        CustomerMerge.merge(self.customers[one], self.customers[other], by=self.admin)
        self.customers[one] = factories.customer(country="FR")

    def touch(self):
        """What a partner did for a deal, told late more often than not."""
        Touchpoint.objects.create(
            kind=self.random.choice(["demo", "meeting", "referral"]),
            at=timezone.now() - timedelta(days=self.random.randint(0, 400)),
            partner=self.random.choice(self.partners),
            opportunity=self.deal(),
        )

    def other_touch(self):
        touch = Touchpoint.objects.order_by("id").first()
        if touch is not None:
            Touchpoint.objects.filter(pk=touch.pk).update(partner=self.random.choice(self.partners))

    def credit(self):
        credit.refresh_noted()

    def move_customer(self):
        customer = self.random.choice(self.customers)
        customer.country = self.random.choice(["FR", "DE", "ES"])
        customer.save()

    def rate(self):
        ExchangeRate.objects.update_or_create(
            currency=self.random.choice(["USD", "JPY"]),
            base="EUR",
            day=self.day(),
            defaults={"rate": Decimal(self.random.randint(1, 10**6)) / 10**5},
        )

    def history(self):
        StageChange.objects.create(opportunity=self.deal(), old="prospect", new=self.random.choice(list(Stage)))

    def rule(self):
        code = f"T{self.random.randint(0, 3)}"
        territory, _made = Territory.objects.get_or_create(code=code, defaults={"name": code})
        TerritoryRule.objects.create(
            territory=territory,
            country=self.random.choice(["FR", "DE", ""]),
            product_line=self.random.choice([None, *self.lines]),
            period=DateRange(self.day(), None),
        )

    def retire(self):
        for territory in Territory.objects.all()[:1]:
            territory.active = not territory.active
            territory.save()

    def remove(self):
        self.deal().delete()

    def route(self):
        Opportunity.objects.filter(pk=self.deal().pk).update(
            route=self.random.choice(["direct", "partner", "marketplace"])
        )

    def registration(self):
        return DealRegistration.objects.order_by("?").first() or self.register()

    def register(self):
        products = self.random.sample(self.products, self.random.randint(1, 3))
        country = self.random.choice(["FR", "DE", "ES"])
        return factories.submitted(self.owner, products=products, customer_country=country)

    def confirm(self):
        file = self.registration().approval
        file.confirm(self.random.choice(self.customers), by=self.admin)

    def decide(self):
        row = self.registration()
        with suppress(RuleViolation):  # it may be decided already, or lack its customer
            if self.random.random() < 0.5:
                row.approve(by=self.admin)
            else:
                row.reject(by=self.admin, reason="other", message="No")

    def correct(self):
        """By hand: another country, another day."""
        DealRegistration.objects.filter(pk=self.registration().pk).update(
            customer_country=self.random.choice(["FR", "DE", "ES"]),
            submitted_at=timezone.now() - timedelta(days=self.random.randint(0, 400)),
        )

    def conflict(self):
        Conflict.objects.get_or_create(
            registration=self.registration(),
            rule="DIR-1",
            defaults={"kind": ConflictKind.DIRECT, "rule_version": 1, "severity": 1, "score": 1},
        )

    def reline(self):
        product = self.random.choice(self.products)
        product.put(line=self.random.choice(self.lines))

    def drop_line(self):
        RegistrationLine.objects.filter(pk__in=RegistrationLine.objects.order_by("id").values("pk")[:1]).delete()

    def reserve(self):
        customer = self.random.choice(self.customers)
        type(customer).objects.filter(pk=customer.pk).update(house_account=self.random.random() < 0.5)

    def any(self):
        self.random.choice(
            [
                self.add, self.add, self.move, self.move, self.move, self.close_date, self.amount, self.line, self.part, self.leave,
                self.merge, self.move_customer, self.rate, self.history, self.rule, self.retire, self.remove, self.route,
                self.touch, self.touch, self.other_touch, self.credit,
                self.register, self.confirm, self.confirm, self.decide, self.correct, self.conflict, self.conflict, self.reline,
                self.drop_line, self.reserve,
            ]
        )()  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_incremental_equals_full(seed, admin, owner, up_to_date):
    partners = [factories.partner(f"Partner {n}") for n in range(3)]
    customers = [factories.customer(country=country) for country in ("FR", "DE", "ES")]
    lines = [ProductLine.objects.create(name=f"Line {n}") for n in range(3)]
    edits = Edits(seed, partners, customers, lines, admin, owner)
    for _step in range(15):
        for _n in range(edits.random.randint(1, 6)):
            edits.any()
        chance = edits.random.random()
        if chance < 0.2:  # killed in the middle: nothing is lost, nothing is done twice
            with pytest.raises(Killed):
                killed()
        elif chance < 0.7:
            refresh()
            refresh()
    while credit.refresh_noted():
        pass
    up_to_date()
    assert credit.rebuild().changed == 0
    incremental = ledger(), rollups()
    assert incremental[0]
    assert not Dirty.objects.exists()
    rebuild()
    assert (ledger(), rollups()) == incremental


def test_registrations_conflicts_and_removals(owner, channel_manager, hospital, product, up_to_date):
    for n in range(4):
        row = factories.submitted(owner, products=[product, factories.product(f"Line {n}")])
        if n % 2:
            row.approval.confirm(hospital if n == 1 else factories.customer(), by=channel_manager)
            row.approve(by=channel_manager)
        elif n:
            row.reject(by=channel_manager, reason="other", message="No")
        conflict = Conflict.objects.create(
            kind=ConflictKind.DIRECT, rule=f"DIR-{n}", rule_version=1, severity=1, score=1, registration=row
        )
        up_to_date()
        if n == 2:
            conflict.dismiss(by=channel_manager, reason="No conflict")
    up_to_date()
    before = ledger(), rollups()
    rebuild()
    assert (ledger(), rollups()) == before
