"""``make soak``: registrations through the API while processes are killed without warning; at the end every one is there, once.

Two partners register the same customers from several connections. Every few seconds one of web, worker, relay and broker is
killed (SIGKILL) and started again. Calls that get no answer are repeated with their Idempotency-Key. Then the background comes
to rest, and what stands in the database is compared with what was answered.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import date, timedelta

from prm.embedded import check_port, data_dir, manage, product, running, web_answers
from prm.supervisor import Refused, Supervisor, say

VICTIMS = ("web", "worker", "relay", "valkey")
REST = 180  # seconds to wait for an answer, and for the background to get on
PATH = "/api/v1/deal-registrations/"


@dataclass
class Seller:
    """A partner's program: registers customers of its share, remembers what was answered."""

    name: str
    run: str
    token: str
    product: str
    port: int
    share: int
    shares: int
    answered: dict[str, str] = field(default_factory=dict)
    repeated: int = 0
    refused: list[str] = field(default_factory=list)

    def work(self, stop: threading.Event) -> None:
        number = self.share
        while not stop.is_set():
            self.register(number)
            number += self.shares

    def register(self, number: int) -> None:
        customer = f"Client {self.run} {number}"
        draft = self.ask(
            PATH,
            f"draft {customer}",
            {
                "customer_name": customer,
                "customer_domain": f"client-{self.run}-{number}.example",
                "customer_country": "FR",
                "products": [self.product],
                "amount": {"amount": "12000.00", "currency": "EUR"},
                "expected_close_date": str(date.today() + timedelta(days=90)),
            },
        )
        if draft:
            sent = self.ask(f"{PATH}{draft['id']}/submission/", f"submit {customer}", {}, f'"{draft["version"]}"')
            if sent:
                self.answered[customer] = sent["id"]

    def ask(self, path: str, key: str, body: dict, version: str = "") -> dict | None:
        """Ask until there is an answer; the key makes that safe."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"{self.name} {key}",
            **({"If-Match": version} if version else {}),
        }
        end = time.monotonic() + REST
        while time.monotonic() < end:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                connection.request("POST", path, json.dumps(body), headers)
                answer = connection.getresponse()
                text = answer.read()
                connection.close()
            except (OSError, http.client.HTTPException):
                status = 0
            else:
                status = answer.status
            if status in (200, 201):
                return json.loads(text)
            if status and status < 500 and not (status == 409 and b'"in_flight"' in text):
                self.refused.append(f"{key}: {status} {text[:300]!r}")
                return None
            self.repeated += 1
            time.sleep(0.2)
        self.refused.append(f"{key}: no answer")
        return None


def prepare(port: int, connections: int) -> list[Seller]:
    """Two competing partners, each with several connections that share the same customers."""
    from partners.catalogue.models import Product, ProductLine
    from partners.models import Membership, User
    from prm.api.models import ApiToken
    from prm.db import acting
    from tests import factories

    with acting("system"):
        word = f"{time.time():.0f}"
        User.objects.create_user(f"manager-{word}@vendor.example", "Manager", role="channel_manager")
        line = ProductLine.objects.create(name=f"Soak {word}")
        offered = Product.objects.create(line=line, name=line.name, sku=line.name)
        sellers = []
        for name in ("Alpine", "Boreal"):
            user = User.objects.create_user(f"{name.lower()}-{word}@partner.example", name)
            partner = factories.partner(f"{name} {word}")
            person = factories.act(Membership.objects.create(user=user, partner=partner, role="partner_sales"))
            _token, secret = ApiToken.objects.issue(person, scopes=("*",), membership=person.membership)
            sellers += [
                Seller(f"{name} {word}", word, secret, str(offered.pk), port, share, connections)
                for share in range(connections)
            ]
    return sellers


def harass(supervisor: Supervisor, port: int, stop: threading.Event, minutes: float, pause: float, seed: int) -> dict:
    """Kill one process after another, and let the supervisor start it again; the next one only when the web answers."""
    chance = random.Random(seed)
    killed = dict.fromkeys(VICTIMS, 0)
    end = time.monotonic() + minutes * 60
    while time.monotonic() < end and not supervisor.asked_to_stop.is_set():
        while not web_answers(port):
            supervisor.check()
            time.sleep(0.2)
        supervisor.asked_to_stop.wait(chance.uniform(pause / 2, pause * 1.5))
        name = chance.choice(VICTIMS)
        victim = next(child for child in supervisor.children if child.name == name)
        if victim.process and victim.process.poll() is None:
            os.killpg(victim.process.pid, signal.SIGKILL)
            victim.process.wait()
            killed[victim.name] += 1
        supervisor.check()
        victim.ends.clear()  # it was us
    stop.set()
    return killed


def outstanding() -> int:
    from prm.db import acting
    from prm.events.models import Errand

    with acting("system"):
        return Errand.objects.filter(dead=False).count()


def come_to_rest(supervisor: Supervisor, threads: list[threading.Thread]) -> None:
    """Wait for the last answers, then for the background, as long as it gets on."""
    least, since = outstanding(), time.monotonic()
    while any(thread.is_alive() for thread in threads) or (least and time.monotonic() - since < REST):
        if supervisor.asked_to_stop.is_set():
            return
        supervisor.check()
        time.sleep(0.5)
        if (left := outstanding()) < least:
            least, since = left, time.monotonic()


def findings(sellers: list[Seller], known: set) -> list[str]:
    """What is lost, doubled or left undone."""
    from collections import Counter

    from deals.conflicts.models import Conflict
    from deals.models import DealRegistration
    from prm.db import acting
    from prm.events.models import Errand, Event

    wrong = [text for seller in sellers for text in seller.refused]
    answered = {pk: (seller.name, customer) for seller in sellers for customer, pk in seller.answered.items()}
    with acting("system"):
        rows = list(
            DealRegistration.objects.exclude(pk__in=known).values_list(
                "pk", "partner__name", "customer_name", "submission_status"
            )
        )
        submitted = {str(pk): (partner, name) for pk, partner, name, status in rows if status == "submitted"}
        for pk in set(answered) - set(submitted):
            wrong.append(f"lost: {answered[pk]}")
        for who, times in Counter((partner, name) for _pk, partner, name, _status in rows).items():
            if times > 1:
                wrong.append(f"made {times} times: {who}")
        told = Event.objects.filter(subject_type="deal_registration", verb="submitted", subject_id__in=list(submitted))
        if told.count() != len(submitted):
            wrong.append(f"{told.count()} events for {len(submitted)} submissions")
        pairs = sum(1 for times in Counter(name for _partner, name in submitted.values()).values() if times == 2)
        found = Conflict.objects.filter(registration__in=list(submitted))
        if found.count() != pairs:
            wrong.append(f"{found.count()} conflicts for {pairs} customers of both")
        detected = Event.objects.filter(subject_type="conflict", verb="detected", subject_id__in=found.values("pk"))
        if detected.count() != pairs:
            wrong.append(f"{detected.count()} events for {pairs} conflicts")
        if dead := Errand.objects.dead().count():
            wrong.append(f"{dead} dead errands: {Errand.objects.dead().first().error[-500:]}")
    say(
        f"{len(submitted)} submissions, {pairs} customers registered by both, {sum(s.repeated for s in sellers)} calls repeated."
    )
    return wrong


def soak(minutes: float, connections: int, pause: float, seed: int) -> int:
    try:
        port = int(os.environ.setdefault("PORT", "8090"))
    except ValueError:
        raise Refused("PORT must be a number, for example PORT=8091 make soak") from None
    os.environ["PRM_VISIBILITY_TIMEOUT"] = "5"  # messages of the dead come back soon
    check_port(port)
    directory = data_dir()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    supervisor = Supervisor(log=directory / "soak.log")
    with running(supervisor, directory):
        (directory / "static").mkdir(exist_ok=True)
        manage(supervisor, "migrate", "--verbosity", "0")
        os.environ["DJANGO_SETTINGS_MODULE"] = "prm.settings"
        import django

        django.setup()
        from deals.models import DealRegistration
        from prm.db import acting

        for child in product(directory, port):
            if child.name != "beat":
                supervisor.add(child)
        while not web_answers(port):
            supervisor.check()
            time.sleep(0.1)
        with acting("system"):
            known = set(DealRegistration.objects.values_list("pk", flat=True))
        sellers, stop = prepare(port, connections), threading.Event()
        threads = [threading.Thread(target=seller.work, args=(stop,), daemon=True) for seller in sellers]
        for thread in threads:
            thread.start()
        killed = harass(supervisor, port, stop, minutes, pause, seed)
        come_to_rest(supervisor, threads)
        say("Killed: " + ", ".join(f"{name} {times}×" for name, times in killed.items()))
        wrong = findings(sellers, known)
        if left := outstanding():
            wrong.append(f"{left} errands were not done")
    for text in wrong:
        say(f"WRONG: {text}")
    say(
        "Nothing lost, nothing twice."
        if not wrong
        else f"{len(wrong)} findings; lines of the processes: {directory}/soak.log"
    )
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--connections", type=int, default=2, help="of each partner")
    parser.add_argument("--pause", type=float, default=8, help="seconds between two kills, on average")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    return soak(options.minutes, options.connections, options.pause, options.seed)


if __name__ == "__main__":
    sys.exit(main())
