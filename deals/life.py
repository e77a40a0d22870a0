"""The page about the life of a registration, written from the tables of ``deals.transitions``: ``docs/registration-life.md``."""

from __future__ import annotations

from collections.abc import Iterable

from deals.axes import CLOSED_STAGES, OPEN_STAGES
from deals.transitions import AXES, DEADLINES, DELETED, SECOND_REVIEW, STAGE, TOGETHER, UNLINKED, Axis, Move

INTRODUCTION = """# The life of a registration, as coded

Written from the tables of `deals/transitions.py`, which the verbs themselves read; a test compares. After a change of the tables:
`PRM_UPDATE_LIFE=1 make pytest ARGS="tests/deals/test_transitions.py -n 0"`. What the verbs mean to people stands in the
[guide](guides/deal-registration.md).

A verb that stands in several tables moves all these axes at once; the first table decides whether it is possible. What the vendor's
people do in a partner's name counts as the partner's. What no table allows is refused, whoever asks, and changes nothing.
"""
# Drawn as one box, and as one word in the tables.
GROUPS = {"open": OPEN_STAGES, "closed": CLOSED_STAGES}


def page() -> str:
    """The whole document."""
    return "\n".join([INTRODUCTION, *(section(axis) for axis in AXES), together(), deadlines()])


def section(axis: Axis) -> str:
    rows = [
        (names(move.starts), names(move.ends), f"`{move.verb}`", " or ".join(move.who), move.guard)
        for move in axis.moves
    ]
    return f"## {axis.name.capitalize()}\n\n{diagram(axis)}\n{table(('from', 'to', 'verb', 'who', 'condition'), rows)}"


def diagram(axis: Axis) -> str:
    """The axis as a state diagram, which the forge draws."""
    arrows = [f"[*] --> {word(axis.first)}"]
    if axis is STAGE:
        for name, states in GROUPS.items():
            arrows += [f"state {name} {{", *(f"    {state}" for state in states), "}"]
    for move in axis.moves:
        arrows += [f"{start} --> {end}: {move.verb}" for start, end in edges(move)]
    arrows += [f"{state} --> [*]" for state in axis.final]
    return "\n".join(["```mermaid", "stateDiagram-v2", *(f"    {arrow}" for arrow in arrows), "```", ""])


def edges(move: Move) -> list[tuple[str, str]]:
    starts, ends = points(move.starts), ["[*]"] if move.ends == (DELETED,) else points(move.ends)
    return [(start, end) for start in starts for end in ends]


def points(states: tuple[str, ...]) -> list[str]:
    """Where arrows begin and end: one point for a group."""
    if states == tuple(STAGE.states):
        return list(GROUPS)
    return [group] if (group := group_of(states)) else [word(state) for state in states]


def together() -> str:
    """The combinations the database allows."""
    rows = [
        (
            row.meaning,
            *(names(states) for states in (row.submission, row.review, row.protection)),
            "yes" if row.linked else "no",
        )
        for row in TOGETHER
    ]
    heading = "## Together\n\nThe database refuses any other combination (constraint `axes_hold_together`).\n\n"
    return heading + table(("", "submission", "review", "protection", "has a sales stage"), rows)


def deadlines() -> str:
    """Who must act in each open state, until when, and what happens then."""
    rows = [
        (
            row.axis.name,
            names(row.states),
            row.who,
            f"`{row.field}`" if row is not SECOND_REVIEW else f"`{row.field}` of the appeal",
            row.passes,
            "yes" if row.promised else "no",
        )
        for row in (*DEADLINES, SECOND_REVIEW)
    ]
    heading = "## Whose turn, until when\n\nThe partner reads these lines on its registration.\n\n"
    return heading + table(("axis", "state", "turn", "date", "when it passes", "state refused without it"), rows)


def group_of(states: Iterable[str]) -> str:
    return next((name for name, group in GROUPS.items() if tuple(states) == group), "")


def names(states: tuple[str, ...]) -> str:
    if states == tuple(STAGE.states):
        return "any"
    return group_of(states) or ", ".join(word(state) for state in states)


def word(state: str) -> str:
    return str(state) if state != UNLINKED else "none"


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [heads, *rows]
    text = [f"| {' | '.join(str(cell) for cell in line)} |" for line in lines]
    return "\n".join([text[0], "|" + "---|" * len(list(heads)), *text[1:], ""])
