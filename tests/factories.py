"""Rows for tests beyond the named cast; each returns a saved object with sensible values."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import count

from psycopg2.extras import DateRange

from deals.models import DealRegistration, Opportunity, OpportunityParticipant, Stage
from partners.catalogue.models import Product, ProductLine
from partners.models import Membership, Partner, User
from partners.programs.models import Enrolment, Program, Tier
from prm.calendar import business_today
from prm.middleware import MEMBERSHIP
from territories.models import Customer, CustomerDomain

PASSWORD = "correct horse battery"
number = count(1)


def program(name: str = "Resale", **values) -> Program:
    found, _created = Program.objects.get_or_create(name=name, defaults=values)
    return found


def tier(name: str = "Silver", rank: int = 1, of: Program | None = None) -> Tier:
    found, _created = Tier.objects.get_or_create(program=of or program(), name=name, defaults={"rank": rank})
    return found


def partner(name: str = "", *, enrolled: bool = True, **values) -> Partner:
    n = next(number)
    values = {"status": "active", "country": "FR", "types": ["reseller"], **values}
    made = Partner.objects.create(name=name or f"Partner {n}", **values)
    if enrolled:
        Enrolment.objects.create(
            partner=made, program=program(), tier=tier(), period=DateRange(business_today() - timedelta(days=400), None)
        )
    return made


def vendor_user(role: str, name: str = "", **values) -> User:
    n = next(number)
    return User.objects.create_user(
        f"{role}{n}@vendor.example", name or f"{role.replace('_', ' ').title()} {n}", role=role, **values
    )


def member(of: Partner, role: str = "partner_sales", name: str = "", **values) -> User:
    """A person of that partner, acting for it."""
    n = next(number)
    user = User.objects.create_user(f"person{n}@partner.example", name or f"Person {n}", **values)
    return act(Membership.objects.create(user=user, partner=of, role=role))


def act(membership: Membership) -> User:
    """The person as a request would see them: acting through this membership."""
    found = Membership.objects.with_headed_companies().get(pk=membership.pk)
    return found.user.act_for(found)


def product(line: str = "Backup", name: str = "", **values) -> Product:
    n = next(number)
    family, _created = ProductLine.objects.get_or_create(name=line)
    return Product.objects.create(line=family, name=name or f"{line} {n}", sku=f"SKU-{n}", **values)


def customer(name: str = "", domain: str = "", **values) -> Customer:
    made = Customer.objects.create(name=name or f"Customer {next(number)}", **{"country": "FR", **values})
    if domain:
        CustomerDomain.objects.create(customer=made, domain=domain)
    return made


def draft(by: User, *, products=None, **values) -> DealRegistration:
    """A complete draft of the person's own partner."""
    n = next(number)
    values = {
        "customer_name": f"Prospect {n}",
        "customer_domain": f"prospect-{n}.example",
        "customer_country": "FR",
        "amount": Decimal("12000.0000"),
        "currency": "EUR",
        "expected_close_date": date.today() + timedelta(days=60),
        **values,
    }
    return DealRegistration.draft(partner=by.acting_for, by=by, products=products or [product()], **values)


def submitted(by: User, **values) -> DealRegistration:
    return draft(by, **values).submit(by=by)


def approved(by: User, *, decided_by: User, known_as: Customer | None = None, **values) -> DealRegistration:
    registration = submitted(by, **values)
    registration.approval.confirm(known_as or customer(registration.customer_name), by=decided_by)
    registration.approve(by=decided_by)
    return registration


def opportunity(name: str = "", *, of: Partner | None = None, **values) -> Opportunity:
    values = {"stage": Stage.QUALIFIED, "amount": Decimal("5000"), "currency": "EUR", **values}
    if "customer" not in values:
        values["customer"] = customer()
    made = Opportunity.objects.create(name=name or f"Opportunity {next(number)}", **values)
    if of:
        OpportunityParticipant.objects.create(opportunity=made, partner=of, customer_name=made.name)
    return made


def sign_in(client, user: User):
    """The test client, signed in as this person and acting as they do."""
    client.force_login(user)
    if user.membership:
        session = client.session
        session[MEMBERSHIP] = str(user.membership.pk)
        session.save()
    return client
