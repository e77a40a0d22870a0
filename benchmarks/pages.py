# ruff: noqa: E402  (Django is set up before anything of it is imported)
"""The channel loop at size: the manager's home, a partner's page, a won deal, the recomputation of all figures, an import.

    PRM_DATA_DIR=/tmp/scale python -m prm.embedded run -- python -m benchmarks.pages --fill

``--fill`` makes the database first where it is empty. What is measured stays in it: each run adds won deals and opportunities.
CPU is that of this process and of PostgreSQL (``/proc``); a machine busy with other work shows in the wall clock alone.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from statistics import median, quantiles
from types import SimpleNamespace

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prm.settings")

import django

django.setup()

from django.core.management import call_command
from django.db import connection
from django.db.models import Count
from django.test import Client

from attribution import credit, kpis
from attribution.kpis import rollups
from attribution.models import Touchpoint
from benchmarks.load import cpu_of
from deals.models import Opportunity
from partners.models import Partner, User
from prm.db import acting
from prm.events.models import Errand
from prm.events.tasks import run_errand
from prm.periods import Period
from territories.models import Customer
from tests.statements import statements

SIZE = {"partners": 10_000, "customers": 50_000, "deals": 200_000, "touchpoints": 500_000}
LINES = 20_000  # of the import


@contextmanager
def clocked() -> Iterator[SimpleNamespace]:
    """Seconds of wall, of this process's CPU and of PostgreSQL's, of what happens in the block."""
    found = SimpleNamespace(wall=0.0, app=0.0, database=0.0)
    server = postmaster()
    start = time.perf_counter(), time.process_time(), cpu_of(server)
    try:
        yield found
    finally:
        found.wall = time.perf_counter() - start[0]
        found.app = time.process_time() - start[1]
        found.database = cpu_of(server) - start[2]


def postmaster() -> int:
    """The parent of the process that serves this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def page(name: str, client: Client, urls: list[str], most: int) -> list[str]:
    """A line of the report: statements, and server time over these requests."""
    for url in urls[:3]:
        client.get(url)
    counted = max(len(statements(client, url)) for url in urls[:3])
    times = []
    with clocked() as all_of_it:
        for url in urls:
            start = time.perf_counter()
            answer = client.get(url)
            times.append((time.perf_counter() - start) * 1000)
            assert answer.status_code == 200, url
    each = 1000 / len(urls)
    return [
        name,
        f"{counted} (at most {most})",
        f"p50 {median(times):.0f} ms, p95 {quantiles(times, n=20)[-1]:.0f} ms",
        f"{all_of_it.app * each:.0f} + {all_of_it.database * each:.0f} ms a request",
    ]


def won(count: int, by: User) -> list[str]:
    """Deals are won one after the other; what follows runs in this process, as the workers do it: figures, then all else."""
    deals = Opportunity.objects.filter(route="partner", stage__in=["qualified", "committed"], amount__gt=0)
    period, tile, rest = Period.named("quarter"), [], []
    work_off()
    with acting("system"):
        chosen = list(deals.order_by("pk")[:count])
    for deal in chosen:
        before = bookings(period)
        with acting("staff"):
            deal.move_to("won", by=by)
        with clocked() as figures:
            work_off(task="kpis.refresh")
        assert bookings(period) > before, "The tile did not move."
        with clocked() as others:
            work_off()
        tile.append(figures)
        rest.append(others)

    def cpu(parts: list[SimpleNamespace]) -> str:
        return (
            f"{median(part.app for part in parts) * 1000:.0f} + {median(part.database for part in parts) * 1000:.0f} ms"
        )

    return [
        f"one won deal until its tile changes (median of {count})",
        "",
        f"{median(part.wall for part in tile):.2f} s",
        f"{cpu(tile)}; then its touches, credits, conflicts and what partners read: {cpu(rest)}",
    ]


def bookings(period: Period):
    with acting("system"):
        return kpis.value("bookings", period).value


def work_off(task: str = "") -> None:
    """Run what is due, or what is due of one task, as the worker does."""
    while True:
        with acting("system"):
            waiting = Errand.objects.due()
            due = list((waiting.filter(task=task) if task else waiting).values_list("pk", flat=True)[:500])
        if not due:
            return
        for pk in due:
            run_errand(str(pk))
        with acting("system"):
            failed = Errand.objects.filter(tries__gt=0).first()
            assert failed is None, failed.error


def recomputed(name: str, rebuild: Callable) -> list[str]:
    with clocked() as found, acting("system"):
        rebuild()
    return [name, "", f"{found.wall:.0f} s", f"{found.app:.0f} + {found.database:.0f} s"]


def imported() -> list[str]:
    """Opportunities from a file, of customers that are known by name."""
    with acting("system"):
        known = list(Customer.objects.order_by("pk").values_list("name", flat=True)[:5000])
    stamp, day = f"{time.time():.0f}", date.today()
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["external_id", "name", "customer", "stage", "amount", "currency", "expected_close_date"])
        for n in range(LINES):
            customer = known[n % len(known)]
            rows.writerow(
                [
                    f"{stamp}-{n}",
                    f"Deal {stamp} {n}",
                    customer,
                    "qualified",
                    1000 + n,
                    "EUR",
                    day + timedelta(days=n % 200),
                ]
            )
        file.flush()
        out = StringIO()
        with clocked() as found:
            call_command("import_data", "opportunities", file.name, stdout=out)
    report = json.loads(out.getvalue())
    assert not report["failed"], report
    busy = found.app + found.database
    return [
        f"import of {LINES:,} opportunities",
        "",
        f"{LINES / found.wall:.0f} rows/s",
        f"{found.app:.0f} + {found.database:.0f} s ({LINES / busy:.0f} rows each second of CPU)",
    ]


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--fill", action="store_true", help="fill an empty database first")
    parser.add_argument("--requests", type=int, default=100, help="requests of each page (default 100)")
    parser.add_argument("--only", nargs="+", help="home, partner, won, figures, credits, import")
    for name, count in SIZE.items():
        parser.add_argument(f"--{name}", type=int, default=count, help=f"of the filled database (default {count:,})")
    options = parser.parse_args()
    if options.fill:
        call_command("migrate", verbosity=0)
        with acting("system"):
            empty = not Partner.objects.exists()
        if empty:
            call_command("seed_scale", **{name: getattr(options, name) for name in SIZE})
    with acting("system"):
        manager = User.objects.get(email="manager@vendor.example")
        busiest = Partner.objects.filter(channel_manager=manager).annotate(n=Count("registrations")).order_by("-n")
        partners = [f"/partners/{pk}/" for pk in busiest.values_list("pk", flat=True)[: options.requests]]
        counts = [
            f"{model.objects.count():,} {words}"
            for model, words in (
                (Partner, "partners"),
                (Opportunity, "opportunities"),
                (Touchpoint, "touchpoints"),
            )
        ]
    logging.disable(logging.INFO)
    client = Client()
    with acting("system"):
        client.force_login(manager)
    print(f"{date.today()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {', '.join(counts)}\n", flush=True)
    print("| Work | Statements | Time | CPU of the application + of PostgreSQL |\n|---|---|---|---|", flush=True)
    measures = {
        "home": lambda: page("manager home", client, ["/home/"] * options.requests, 20),
        "partner": lambda: page("partner page", client, partners, 12),
        "won": lambda: won(11, manager),
        "figures": lambda: recomputed("all figures recomputed", rollups.rebuild),
        "credits": lambda: recomputed("all credits recomputed", credit.rebuild),
        "import": imported,
    }
    for name, measure in measures.items():
        if name in (options.only or measures):
            print(f"| {' | '.join(measure())} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
