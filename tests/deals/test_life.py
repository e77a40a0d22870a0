"""Partners, managers and time play the life of two rival registrations at random; a model in plain Python plays along.

Both must accept and refuse the same verbs for the same reasons and stand in the same states after each; no open state is without
somebody whose turn it is and a next deadline, and no deadline of a partner passes without its consequence.
``PRM_LIFE_EXAMPLES`` plays more lives than a test run does.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from datetime import date, datetime, timedelta
from functools import partial
from random import Random
from typing import NamedTuple

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import Phase, stateful
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from deals.models import Appeal, DealRegistration
from deals.tasks import expire_unanswered, lapse_protections
from deals.transitions import AXES
from prm.errors import RuleViolation
from prm.management.demo.clock import Clock, set_by_hand
from tests import factories
from tests.deals.clock import at
from tests.deals.life_model import Modelled, Refused, day

EXAMPLES = int(os.environ.get("PRM_LIFE_EXAMPLES", "25"))
STEPS = 30
# A failing life is told as it was; with the variable it is also made as short as it can be, which takes minutes.
PHASES = list(Phase) if "PRM_LIFE_EXAMPLES" in os.environ else [Phase.generate]
PLAYED: Counter[str] = Counter()  # verbs that were accepted
WHICH = st.sampled_from([0, 0, 0, 1])  # mostly one of the two, so that lives become long
HOW = st.sampled_from(["go_on"] * 6 + ["try_anything"] * 3 + ["overstep", "wait"])
CHANCE = st.integers(0, 9999)
ASIDE = {
    "comment",
    "discard",
    "recall",
    "withdraw",
    "move_to",
    "win",
    "lose",
    "reopen",
}  # lives full of these see little
CLOSING = {"won": "win", "lost": "lose"}


class Play(NamedTuple):
    """One person's attempt at a verb: on the product, and in the model."""

    verb: str
    real: Callable[[], object]
    modelled: Callable[[Modelled], None]


class Life(stateful.RuleBasedStateMachine):
    """Two partners after one customer's business, two managers, one clock."""

    clock: Clock
    start: datetime
    people: dict
    product: object

    def __init__(self):
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.clock.moment = self.start
        self.customer = factories.customer()
        self.real = [self.draft(which) for which in (0, 1)]
        self.model = [Modelled(close=row.expected_close_date) for row in self.real]

    def teardown(self):
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    def draft(self, which: int) -> DealRegistration:
        close = day(self.clock.moment) + timedelta(days=200)
        return factories.draft(self.partner(which), products=[self.product], expected_close_date=close)

    def partner(self, which: int):
        return self.people["rival" if which else "owner"]

    @property
    def now(self) -> datetime:
        return timezone.now()

    # Verbs ----------------------------------------------------------------------------------------------------------------

    @stateful.rule(which=WHICH, how=HOW, chance=CHANCE)
    def go(self, which, how, chance):
        getattr(self, how)(which, Random(f"{chance} {self.clock.moment}"))

    def try_anything(self, which, chance):
        self.play(which, chance.choice(self.plays(which)))

    def go_on(self, which, chance):
        """What changes something."""
        verbs = defaultdict(list)
        for play in self.plays(which):
            changed = copy(self.model[which])
            with suppress(Refused):
                play.modelled(changed)
            if changed != self.model[which]:
                verbs[play.verb].append(play)
        if set(verbs) <= {"comment"}:  # this life is over
            self.begin(which)
        elif chance.random() < 0.2 and (passes := self.model[which].next_passes()):
            self.wait_until(passes)
        else:
            further = sorted(set(verbs) - ASIDE)
            verb = chance.choice(further if further and chance.random() < 0.6 else sorted(verbs))
            self.play(which, chance.choice(verbs[verb]))

    def play(self, which: int, play: Play) -> None:
        """One verb on both; ``*`` in the model stands for any refusal."""
        self.clock.moment += timedelta(seconds=1)
        answers = []
        for attempt in (lambda: play.modelled(self.model[which]), play.real):
            try:
                with transaction.atomic():
                    attempt()
                answers.append("")
            except (Refused, RuleViolation) as error:
                answers.append(error.code)
        expected, answer = answers
        assert answer == expected or (expected == "*" and answer), (play.verb, self.model[which], expected, answer)
        PLAYED[play.verb] += not answer
        if play.verb == "discard" and not answer:
            self.begin(which)

    def begin(self, which: int) -> None:
        self.real[which] = self.draft(which)
        self.model[which] = Modelled(close=self.real[which].expected_close_date)

    def plays(self, which: int) -> list[Play]:
        return [*self.by_partner(which), *self.by_vendor(which)]

    def by_partner(self, which: int) -> Iterator[Play]:
        real, by, part = self.real[which], self.partner(which), self.real[which].participant
        yield Play("submit", lambda: self.submit(real, by), lambda model: model.submit(self.now))
        yield Play("recall", lambda: real.recall(by=by), Modelled.recall)
        yield Play("withdraw", lambda: real.withdraw(by=by), Modelled.withdraw)
        yield Play("discard", lambda: real.discard(by=by), Modelled.discard)
        yield Play("comment", lambda: real.comment(by=by, text="News"), lambda model: model.comment(self.now))
        yield Play("extend", lambda: real.extend(by=by), lambda model: model.extend(self.now))
        yield Play("lodge", lambda: Appeal.lodge(real, by=by, text="Look again"), lambda model: model.lodge(self.now))
        if real.appeal:
            yield Play("give up", lambda: real.appeal.withdraw(by=by), Modelled.give_up_appeal)
        for stage in ("prospect", "committed", "won", "lost") if part else ():
            yield Play(
                CLOSING.get(stage, "move_to"),
                partial(part.move_to, stage, by=by, cause="price"),
                lambda model, stage=stage: model.report(stage, self.now),
            )

    def submit(self, real: DealRegistration, by) -> None:
        real.submit(by=by)
        real.approval.confirm(self.customer, by=self.people["first"])

    def by_vendor(self, which: int) -> Iterator[Play]:
        real, part, others = self.real[which], self.real[which].participant, [self.model[1 - which]]
        returned = {"fields": ["description"], "message": "What for?"}
        for who in ("first", "second"):
            by = self.people[who]
            yield Play("take", partial(real.take, by=by), Modelled.take)
            for verb, given, known in (
                ("approve", {}, {"others": others}),
                ("reject", {"reason": "other"}, {}),
                ("send_back", returned, {}),
                ("undo_decision", {}, {}),
            ):
                yield Play(
                    verb,
                    partial(getattr(real, verb), by=by, **given),
                    lambda model, verb=verb, who=who, known=known: getattr(model, verb)(who, self.now, **known),
                )
            for verb in ("uphold", "overturn") if real.appeal else ():
                yield Play(
                    verb,
                    partial(getattr(real.appeal, verb), by=by, message="We looked again."),
                    lambda model, verb=verb, who=who: getattr(model, verb)(who),
                )
        first = self.people["first"]
        yield Play(
            "extend", lambda: real.extend(by=first, days=10, reason="Put off"), lambda model: model.lengthen(self.now)
        )
        yield Play("release", lambda: real.release(by=first, reason="Agreed"), lambda model: model.release(self.now))
        for stage in ("qualified", "committed", "won", "lost") if part else ():
            closed = self.model[which].stage in CLOSING
            yield Play(
                CLOSING.get(stage, "reopen" if closed else "move_to"),
                partial(part.opportunity.move_to, stage, by=first, cause="price", reason="News"),
                lambda model, stage=stage: model.move(stage, self.now),
            )

    def overstep(self, which, chance):
        """A partner never does what is the vendor's."""
        verb = chance.choice(["approve", "reject", "send_back", "release"])
        given = {
            "reject": {"reason": "other"},
            "send_back": {"fields": ["description"], "message": "?"},
            "release": {"reason": "?"},
        }
        overstepped = partial(getattr(self.real[which], verb), by=self.partner(which), **given.get(verb, {}))
        self.play(which, Play(f"partner's {verb}", overstepped, Modelled.not_yours))

    # Time -----------------------------------------------------------------------------------------------------------------

    def wait(self, which, chance):
        days = chance.choice([0, 1, 1, 5, 20, 45, 95])
        self.wait_until(self.clock.moment + timedelta(days=days, seconds=30))

    def wait_until(self, moment: datetime):
        before = [model.states for model in self.model]
        self.clock.moment = max(moment, self.clock.moment)
        for task in (expire_unanswered, lapse_protections):
            task()
        for model, old in zip(self.model, before, strict=True):
            model.pass_to(self.now)
            PLAYED["expire"] += model.review != old[1]
            PLAYED["lapse"] += model.protection != old[2]

    # What holds after each ------------------------------------------------------------------------------------------------

    @stateful.invariant()
    def both_stand_alike(self):
        for which, model in enumerate(self.model):
            real = self.real[which] = DealRegistration.objects.get(pk=self.real[which].pk)
            states = (real.submission_status, real.review_status, real.protection_status, real.sales_stage)
            assert states == model.states
            assert real.whose_turn == model.turn(self.now)
            assert real.protections.running().exists() == model.runs

    @stateful.invariant()
    def every_open_state_has_an_owner_and_a_deadline(self):
        for real in self.real:
            assert bool(real.whose_turn) == bool(real.due)
            for due in real.due:
                if due.deadline.who == "partner" and due.deadline.field != "expected_close_date":
                    passed = due.when <= (self.now if isinstance(due.when, datetime) else day(self.now))
                    assert not passed, (due, self.now)


@pytest.mark.timeout(300)
def test_every_life_is_as_modelled(owner, rival, channel_manager, product, settings):
    settings.UNDO_SECONDS = 10
    PLAYED.clear()
    Life.people = {
        "owner": owner,
        "rival": rival,
        "first": channel_manager,
        "second": factories.vendor_user("channel_manager"),
    }
    Life.product = product
    with set_by_hand(at(date(2031, 6, 2))) as clock:
        Life.clock, Life.start = clock, clock.moment
        stateful.run_state_machine_as_test(
            Life,
            settings=hypothesis_settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                derandomize=True,
                database=None,
                phases=PHASES,
            ),
        )
    verbs = {move.verb for axis in AXES for move in axis.moves}
    assert {verb for verb in verbs if not PLAYED[verb]} == set(), PLAYED
