# ruff: noqa: E402  (Django is set up before anything of it is imported)
"""``make bench``: the product and the floor side by side on one PostgreSQL, in interleaved rounds.

Ratios within one run are what counts: machines differ, and CPU each call is steadier than calls each second.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import NamedTuple

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prm.settings")

import django

django.setup()

import orjson
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks import data
from benchmarks.load import Answer, Caller, Work, measured, memory_of, message
from prm.embedded import data_dir, product, web_answers
from prm.supervisor import Child, Refused, Supervisor, say, spawn

RESULTS = Path(__file__).parent / "results"
REGISTRATIONS = "/api/v1/deal-registrations/"
# Transaction control, the scope of the transaction, and the history's context, which goes ahead of each write in one text.
CONTROL = re.compile(r"(SELECT set_config\([^;]*;? *)?((BEGIN|COMMIT|SAVEPOINT|RELEASE|ROLLBACK)\b.*)?", re.DOTALL)


class Bar(NamedTuple):
    """What must hold: ``figure`` of the medians is at most ``most``."""

    name: str
    most: float
    figure: Callable[[dict], float]
    unit: str = "×"


def ratio(work: str, to: str) -> Callable[[dict], float]:
    return lambda found: found[work]["cpu"] / found[to]["cpu"]


BARS = [
    Bar("list of 50 own registrations, to the floor's list", 2, ratio("list", "floor list")),
    Bar("statements of that list", 6, lambda found: found["statements"]["list"], ""),
    Bar("the same list among ten times as many rows", 1.3, ratio("list, 10 times the rows", "list")),
    Bar("read one, to the floor's read", 3, ratio("read one", "floor read one")),
    Bar("draft, to the floor's create", 4, ratio("draft", "floor create")),
    Bar("submission, to the floor's create", 4, ratio("submission", "floor create")),
    Bar("memory of two web workers", 250, lambda found: found["memory"]["product"], " MiB"),
]


# Servers --------------------------------------------------------------------------------------------------------------------


def web_of(port: int, database: str) -> Child:
    """The web as `make demo` starts it, on that database."""

    def start():
        os.environ["PRM_DATABASE_NAME"] = database
        try:
            return next(child for child in product(data_dir(), port) if child.name == "web").start()
        finally:
            del os.environ["PRM_DATABASE_NAME"]

    return Child(f"web {database}", start)


def floor_of(port: int, database: str) -> Child:
    at = settings.DATABASES["default"]
    owner = settings.DATABASE_OWNER
    known = {
        "DATABASE": database,
        "HOST": at["HOST"],
        "PORT": at["PORT"],
        "USER": owner["USER"],
        "PASSWORD": owner["PASSWORD"],
    }
    told = {
        **os.environ,
        **{f"FLOOR_{name}": value for name, value in known.items()},
        "FLOOR_SECRET": settings.SECRET_KEY,
    }
    options = f"--bind 127.0.0.1:{port} --workers 2 --worker-class gthread --threads 4 --preload --no-control-socket"
    command = [sys.executable, "-m", "gunicorn", "benchmarks.floor.app", *options.split(), "--log-level", "warning"]
    return Child("floor", lambda: spawn(command, env=told))


@contextmanager
def serving(*children: Child) -> Iterator[None]:
    """Both applications, until the end of the block."""
    (data_dir() / "static").mkdir(exist_ok=True)
    supervisor = Supervisor(log=data_dir() / "web.log")
    try:
        for child in children:
            supervisor.add(child)
        yield
    finally:
        supervisor.stop()


def wait_for(port: int) -> None:
    for _ in range(600):
        if web_answers(port):
            return
        time.sleep(0.1)
    raise Refused(f"Nothing answers on port {port}; see {data_dir() / 'web.log'}.")


def free_ports(count: int) -> list[int]:
    import socket

    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


# The work -------------------------------------------------------------------------------------------------------------------


def registration(n: int, product_id: str) -> bytes:
    """A complete draft."""
    values = {
        "customer_name": f"Hospital {n} Ltd",
        "customer_domain": f"hospital-{n}.example",
        "customer_country": "BE",
        "products": [product_id],
        "amount": {"amount": "12345.00", "currency": "EUR"},
        "expected_close_date": str(date.today() + timedelta(days=120)),
        "description": data.SENTENCE,
    }
    return orjson.dumps(values)


def deal(n: int) -> bytes:
    values = {
        "title": f"Deal {n} rollout",
        "customer": f"Hospital {n} Ltd",
        "contact": f"Contact {n}",
        "email": f"contact@hospital-{n}.example",
        "phone": f"+3247{n:07d}",
        "country": "BE",
        "amount": "12345.00",
        "stage": "new",
        "closes_on": str(date.today() + timedelta(days=120)),
        "note": data.SENTENCE,
        "partner": 7,
    }
    return orjson.dumps(values)


def submission(draft: Answer, token: str) -> bytes:
    body = json.loads(draft.body)
    return message("POST", f"{REGISTRATIONS}{body['id']}/submission/", token, If_Match=f'"{body["version"]}"')


def statements(database: str, token: str, pk: str, product_id: str) -> dict[str, int]:
    """How many statements each call sends, transaction control and the telling of the scope left out."""
    found = {}
    with data.database(database):
        logging.disable(logging.INFO)  # the servers keep their log
        client = Client(headers={"Authorization": f"Bearer {token}"})

        def count(name: str, method: str, *args, **kwargs):
            with CaptureQueriesContext(connection) as captured:
                response = getattr(client, method)(*args, **kwargs)
            assert response.status_code < 300, response.content
            found[name] = sum(not CONTROL.fullmatch(query["sql"]) for query in captured)
            return response.json()

        for _ in range(2):  # the second time everything remembered is warm
            count("list", "get", REGISTRATIONS)
            count("read one", "get", f"{REGISTRATIONS}{pk}/")
            draft = count("draft", "post", REGISTRATIONS, registration(0, product_id), content_type="application/json")
            count(
                "submission",
                "post",
                f"{REGISTRATIONS}{draft['id']}/submission/",
                b"",
                "application/json",
                headers={"If-Match": f'"{draft["version"]}"'},
            )
    return found


class Bench:
    """The servers as they run, and the calls of one round."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.numbers = iter(range(1, 10**9))
        self.rounds: dict[str, list[Work]] = {}

    def run(self) -> dict:
        small, large = data.product(self.options.rows, kept_as_is=self.options.keep)
        floor = data.floor(self.options.rows)
        self.token, self.large_token = data.token(small), data.token(large)
        ours, many, theirs = free_ports(3)
        children = web_of(ours, small), web_of(many, large), floor_of(theirs, floor)
        with serving(*children):
            wait_for(ours)
            wait_for(many)
            wait_for(theirs)
            self.ours, self.many, self.theirs = zip(
                (ours, many, theirs), (c.process.pid for c in children), strict=True
            )
            self.postgres = int((data_dir() / "pg" / "postmaster.pid").read_text().split()[0])
            self.page = json.loads(Caller(ours).call(message("GET", REGISTRATIONS, self.token)).body)["results"]
            assert len(self.page) == 50, len(self.page)
            self.product_id = self.page[0]["products"][0]
            counted = statements(small, self.token, self.page[0]["id"], self.product_id)
            self.round(calls=50)  # warm
            self.rounds.clear()
            for at in range(self.options.rounds):
                say(f"Round {at + 1} of {self.options.rounds} …")
                self.round(self.options.calls)
            memory = {"product": memory_of(self.ours[1]), "floor": memory_of(self.theirs[1])}
        figures = ("cpu", "app", "database", "p50", "p95")
        found: dict = {
            name: {figure: median(getattr(work, figure) for work in works) for figure in figures}
            for name, works in self.rounds.items()
        }
        return {**found, "statements": counted, "memory": memory}

    def round(self, calls: int) -> None:
        """Every kind of work once, product and floor in turn."""
        few, token = max(calls // 2, 1), self.token
        listed = message("GET", REGISTRATIONS, token)
        self.work("floor list", self.theirs, [message("GET", "/deals/")] * calls)
        self.work("list", self.ours, [listed] * calls)
        self.work("list, 10 times the rows", self.many, [message("GET", REGISTRATIONS, self.large_token)] * calls)
        self.work("floor read one", self.theirs, [message("GET", f"/deals/{1 + n % 100}/") for n in range(calls)])
        self.work(
            "read one",
            self.ours,
            [message("GET", f"{REGISTRATIONS}{self.page[n % 50]['id']}/", token) for n in range(calls)],
        )
        self.work(
            "floor create",
            self.theirs,
            [message("POST", "/deals/", body=deal(next(self.numbers))) for _ in range(few)],
            201,
        )
        drafts = [
            message("POST", REGISTRATIONS, token, registration(next(self.numbers), self.product_id)) for _ in range(few)
        ]
        drafted = self.work("draft", self.ours, drafts, 201)
        self.work("submission", self.ours, [submission(answer, token) for answer in drafted.answers])

    def work(self, name: str, server: tuple[int, int], requests: list[bytes], expect: int = 200) -> Work:
        port, pid = server
        done = measured(port, requests, pid, self.postgres, self.options.connections, expect)
        self.rounds.setdefault(name, []).append(done)
        return done


# The report -----------------------------------------------------------------------------------------------------------------


def report(found: dict, options: argparse.Namespace) -> str:
    """Markdown: every figure, then the bars."""
    lines = [
        f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores; {options.rows} registrations of {data.PARTNERS} partners;"
        f" {options.rounds} rounds of {options.calls} reads and {max(options.calls // 2, 1)} writes over {options.connections} connections;"
        " medians, milliseconds a call.",
        "",
        "| Work | CPU of the web | CPU of PostgreSQL | Both | p50 | p95 | Statements |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, work in found.items():
        if "cpu" in work:
            counted = found["statements"].get(name, "")
            lines.append(
                f"| {name} | {work['app']:.2f} | {work['database']:.2f} | {work['cpu']:.2f} | {work['p50']:.1f} | {work['p95']:.1f} | {counted} |"
            )
    lines += [
        "",
        f"Memory of two workers and their parent: product {found['memory']['product']:.0f} MiB, floor {found['memory']['floor']:.0f} MiB.",
    ]
    lines += ["", "| Bar | At most | Measured | |", "|---|--:|--:|---|"]
    for bar in BARS:
        figure = bar.figure(found)
        shown = f"{figure:.2f}" if bar.unit == "×" else f"{figure:.0f}"
        lines.append(
            f"| {bar.name} | {bar.most:g}{bar.unit} | {shown}{bar.unit} | {'PASS' if figure <= bar.most else 'FAIL'} |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, print, and keep the report in benchmarks/results/latest.md; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds; medians are shown (default 3)")
    parser.add_argument(
        "--calls", type=int, default=800, help="reads of each kind in a round, half as many writes (default 800)"
    )
    parser.add_argument("--connections", type=int, default=4, help="connections at once (default 4)")
    parser.add_argument(
        "--rows", type=int, default=data.SMALL, help="registrations of the smaller database (default 20000)"
    )
    parser.add_argument(
        "--keep", action="store_true", help="use the databases of the last run, whatever became of the tables"
    )
    options = parser.parse_args()
    if not settings.EMBEDDED:
        raise Refused("The benchmark measures on the embedded services: unset DATABASE_URL.")
    if min(options.rounds, options.calls, options.connections) < 1 or options.rows < 100:
        parser.error("rounds, calls and connections are 1 or more, rows 100 or more.")
    found = Bench(options).run()
    text = report(found, options)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latest.md").write_text(text)
    print(text)
    return int(any(bar.figure(found) > bar.most for bar in BARS))


if __name__ == "__main__":
    sys.exit(main())
