"""The databases that are measured: the product's at two sizes, and the floor's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import psycopg2
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from psycopg2.extras import DateRange, execute_values

from prm import embedded
from prm.db import acting

PARTNERS, SMALL, FACTOR, MEASURED = 500, 20_000, 10, 400
EMAIL = "sales@partner-1.example"
SENTENCE = "Backup and recovery for three sites, with training of their team and support in the first year."


@contextmanager
def database(name: str) -> Iterator[None]:
    """Work on another database of the server meanwhile."""
    connection.close()
    before = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def as_owner_of(name: str) -> Any:
    """A plain connection of the tables' owner; each statement by itself."""
    at = settings.DATABASES["default"]
    owner = settings.DATABASE_OWNER
    made = psycopg2.connect(
        host=at["HOST"],
        port=at["PORT"],
        dbname=name,
        user=owner["USER"],
        password=owner["PASSWORD"],
        options="-c prm.kind=system",
    )
    made.autocommit = True
    return made


def run(name: str, *statements: str) -> None:
    with closing(as_owner_of(name)) as made, made.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def marked(name: str) -> str | None:
    """What the database says it was made from; None when there is none."""
    with closing(as_owner_of("postgres")) as made, made.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = %s", [name]
        )
        found = cursor.fetchone()
        return found and found[0]


def drop(name: str) -> None:
    run("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def copy(source: str, name: str) -> None:
    drop(name)
    run("postgres", f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY file_copy")


# The product ------------------------------------------------------------------------------------------------------------------


def product(small: int = SMALL, factor: int = FACTOR, kept_as_is: bool = False) -> tuple[str, str]:
    """Names of the product's database with ``small`` registrations, fresh, and of one ``factor`` times as large.

    Filling takes a while, so what is filled is kept for the next run on the same tables; ``kept_as_is`` asks for no such proof.
    """
    kept, fresh, large = f"bench_kept_{small}", f"bench_{small}", f"bench_{small * factor}"
    made_from = (kept_as_is and marked(large)) or embedded.schema_fingerprint()[:16]
    if marked(kept) != made_from:
        drop(kept)
        run("postgres", f"CREATE DATABASE {kept}")
        with database(kept):
            call_command("migrate", verbosity=0)
            with acting("system"):
                fill(small)
        run(kept, "VACUUM ANALYZE")
        run("postgres", f"COMMENT ON DATABASE {kept} IS '{made_from}'")
    copy(kept, fresh)
    run(fresh, "VACUUM ANALYZE")
    if marked(large) != made_from:
        copy(kept, large)
        multiply(large, factor)
        run("postgres", f"COMMENT ON DATABASE {large} IS '{made_from}'")
    return fresh, large


def fill(registrations: int) -> None:
    """Partners with one salesperson each, and their registrations; the first partner has up to ``MEASURED`` of them."""
    from deals.models import DealRegistration, RegistrationLine
    from partners.catalogue.models import Product, ProductLine
    from partners.models import Membership, Partner, User
    from partners.programs.models import Enrolment, Program, Tier

    chance, now = random.Random(1), timezone.now()
    program = Program.objects.create(name="Resale")
    tier = Tier.objects.create(program=program, name="Silver", rank=1)
    line = ProductLine.objects.create(name="Backup")
    products = [Product.objects.create(line=line, name=f"Backup {n}", sku=f"B-{n}") for n in range(1, 9)]
    partners = Partner.objects.bulk_create(
        Partner(name=f"Partner {n:04d}", status="active", country="FR", types=["reseller"])
        for n in range(1, PARTNERS + 1)
    )
    people = User.objects.bulk_create(
        User(email=f"sales@partner-{n}.example", name=f"Person {n:04d}", password="!") for n in range(1, PARTNERS + 1)
    )
    Membership.objects.bulk_create(
        Membership(user=user, partner=partner, role="partner_admin", joined_at=now)
        for user, partner in zip(people, partners, strict=True)
    )
    since = DateRange((now - timedelta(days=900)).date(), None)
    Enrolment.objects.bulk_create(
        Enrolment(partner=partner, program=program, tier=tier, period=since) for partner in partners
    )
    rows = []
    for n in range(registrations):
        at = 0 if n < min(MEASURED, registrations // 2) else chance.randrange(1, PARTNERS)
        submitted, protected = chance.random() < 0.8, chance.random() < 0.4
        created = now - timedelta(days=600 * (1 - n / registrations), seconds=chance.randrange(86400))
        rows.append(
            DealRegistration(
                partner=partners[at],
                created_by=people[at],
                program=program if submitted else None,
                customer_name=f"Company {chance.randrange(6000):05d} Ltd",
                customer_domain=f"company-{chance.randrange(6000):05d}.example",
                customer_country=chance.choice(["FR", "BE", "DE", "ES"]),
                amount=chance.randrange(1_000, 250_000),
                currency="EUR",
                expected_close_date=(created + timedelta(days=90)).date(),
                description=SENTENCE,
                created_at=created,
                **submitted_values(created, protected) if submitted else {},
            )
        )
    created_at = DealRegistration._meta.get_field("created_at")
    created_at.auto_now_add = False  # spread over the months, as real ones are
    try:
        DealRegistration.objects.bulk_create(rows, batch_size=1000)
    finally:
        created_at.auto_now_add = True
    RegistrationLine.objects.bulk_create(
        (
            RegistrationLine(registration=row, partner_id=row.partner_id, product=chance.choice(products))
            for row in rows
        ),
        batch_size=1000,
    )


def submitted_values(created: Any, protected: bool) -> dict[str, Any]:
    dates = {
        "submitted_at": created,
        "respond_by": created + timedelta(days=1),
        "decide_by": created + timedelta(days=2),
        "submission": 1,
    }
    if not protected:
        return {"submission_status": "submitted", "review_status": "pending", **dates}
    return {
        "submission_status": "submitted",
        "review_status": "approved",
        "protection_status": "active",
        "sales_stage": "qualified",
        "protected_until": (created + timedelta(days=92)).date(),
        "decided_at": created + timedelta(days=2),
        **dates,
    }


def multiply(name: str, factor: int) -> None:
    """Give every partner but the measured one ``factor`` times its registrations, each copy a little older."""
    from deals.models import DealRegistration, RegistrationLine

    others = f"partner_id <> (SELECT partner_id FROM partners_membership m JOIN partners_user u ON u.id = m.user_id WHERE email = '{EMAIL}')"
    registration, line = DealRegistration._meta.db_table, RegistrationLine._meta.db_table
    changed = {"id": "uuidv7()", "created_at": "created_at - n * interval '7 minutes'"}
    columns = [field.column for field in DealRegistration._meta.concrete_fields]
    wanted = ", ".join(changed.get(column, column) for column in columns)
    run(
        name,
        f"ALTER TABLE {registration} DISABLE TRIGGER USER",  # the history of the copies is read by nobody
        f"CREATE TEMPORARY TABLE copied AS SELECT {', '.join(columns)} FROM {registration} WHERE {others}",
        *(
            f"INSERT INTO {registration} ({', '.join(columns)}) SELECT {wanted.replace(' n ', f' {n} ')} FROM copied"
            for n in range(1, factor)
        ),
        f"INSERT INTO {line} (id, registration_id, partner_id, product_id)"
        f" SELECT uuidv7(), r.id, r.partner_id, (SELECT id FROM catalogue_product LIMIT 1)"
        f" FROM {registration} r LEFT JOIN {line} l ON l.registration_id = r.id WHERE l.id IS NULL",
        f"ALTER TABLE {registration} ENABLE TRIGGER USER",
        "VACUUM ANALYZE",
    )


def token(name: str) -> str:
    """A fresh token of the measured partner's salesperson."""
    from partners.models import User
    from prm.api.models import ApiToken

    with database(name), acting("system"):
        user = User.objects.get(email=EMAIL)
        _token, secret = ApiToken.objects.issue(user, name="Benchmark", membership=user.memberships.get())
    return secret


# The floor --------------------------------------------------------------------------------------------------------------------

TABLES = """
CREATE TABLE partner (id bigserial PRIMARY KEY, name varchar(200) NOT NULL);
CREATE TABLE deal (
    id bigserial PRIMARY KEY, title varchar(200) NOT NULL, customer varchar(200) NOT NULL, contact varchar(200) NOT NULL,
    email varchar(254) NOT NULL, phone varchar(40) NOT NULL, country varchar(2) NOT NULL, amount numeric(12, 2) NOT NULL,
    stage varchar(20) NOT NULL, closes_on date NOT NULL, note text NOT NULL, created_at timestamptz NOT NULL,
    partner_id bigint NOT NULL REFERENCES partner);
CREATE INDEX deal_recent ON deal (created_at DESC, id DESC);
CREATE INDEX deal_partner ON deal (partner_id)
"""


def floor(deals: int = SMALL) -> str:
    """The floor's database, fresh."""
    name, chance, now = "bench_floor", random.Random(1), timezone.now()
    drop(name)
    run("postgres", f"CREATE DATABASE {name}")
    rows = []
    for n in range(1, deals + 1):
        company = chance.randrange(6000)
        rows.append(
            (
                *(
                    f"Deal {n:06d} rollout",
                    f"Company {company:05d} Ltd",
                    f"Contact {n:06d}",
                    f"contact{n:06d}@company-{company:05d}.example",
                ),
                *(f"+3247{n:07d}", chance.choice(["FR", "BE", "DE", "ES"]), chance.randrange(1_000, 250_000)),
                *(chance.choice(["new", "qualified", "won"]), now.date(), SENTENCE, now - timedelta(minutes=deals - n)),
                chance.randrange(1, PARTNERS + 1),
            )
        )
    with closing(as_owner_of(name)) as made, made.cursor() as cursor:
        cursor.execute(TABLES)
        execute_values(
            cursor, "INSERT INTO partner (name) VALUES %s", [(f"Partner {n:04d}",) for n in range(1, PARTNERS + 1)]
        )
        columns = (
            "title, customer, contact, email, phone, country, amount, stage, closes_on, note, created_at, partner_id"
        )
        execute_values(cursor, f"INSERT INTO deal ({columns}) VALUES %s", rows, page_size=1000)
        cursor.execute("VACUUM ANALYZE")
    return name
