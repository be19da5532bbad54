"""The majority answer of many responses, for questions without a gold answer.

    vote(["5", "5.0", None, "6"], "number").winner  # "5"

Answers are grouped by equivalence: equal texts first, then what this process can tell to be equal, and last, while a
budget of seconds lasts, what only computer algebra can settle. How sure a vote is: the lower end of the 95 % Wilson
interval of the winner's share among those who voted, so that 3 of 3 says less than 30 of 30.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from regenesis.answers.grading import equivalent
from regenesis.answers.options import ChoicesLike
from regenesis.answers.pool import Budget
from regenesis.answers.reading import Answer, read_alone
from regenesis.answers.rules import DEFAULT_RULES, Rules
from regenesis.types import AnswerKind

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Vote:
    """The outcome of a vote.

    Attributes:
        winner: The majority answer as one of its voters wrote it out; `None` on a tie, if fewer than `min_votes` agree,
            or if nobody voted.
        count: How many agree on the leading answer (each of the leaders, on a tie).
        voters: How many answers could be read.
        share: `count` / `voters`, 0 if nobody voted.
        confidence: Lower end of the 95 % Wilson interval of `share`.
        tied: Whether several answers lead with the same count.
        agreeing: Positions of the answers that are the winner; empty without one.
        leaders: How many different answers lead: several on a tie, none if nobody voted.
    """

    winner: str | None
    count: int
    voters: int
    share: float
    confidence: float
    tied: bool
    agreeing: tuple[int, ...]
    leaders: int = 0


def vote(
    answers: Sequence[str | None],
    kind: AnswerKind,
    choices: ChoicesLike = (),
    min_votes: int = 2,
    rules: Rules = DEFAULT_RULES,
) -> Vote:
    """Counts equivalent answers.

    Args:
        answers: Extracted answers, as `extract` gives them; `None` or an unreadable one abstains.
        kind: How answers compare.
        choices: The options, for `choice`.
        min_votes: A winner needs at least so many equivalent answers.
        rules: Choices of the user.
    """
    by_text: dict[str, _Group] = {}
    for position, written in enumerate(answers):
        answer = None if written is None else read_alone(written, kind, choices)
        if answer is not None:
            by_text.setdefault(answer.text, _Group(answer, [])).members.append(position)
    groups = _joined(by_text.values(), replace(rules, symbolic=False))
    if kind == "math" and rules.symbolic:
        # the larger groups first: where the budget runs out, less hangs on what is left open
        groups.sort(key=lambda group: len(group.members), reverse=True)
        groups = _joined(groups, rules, Budget(rules.symbolic_seconds))
    return _outcome(groups, min_votes)


class _Group(NamedTuple):
    """Equal answers: the first of them as read, and the positions of all."""

    answer: Answer
    members: list[int]


def _joined(groups: Iterable[_Group], rules: Rules, budget: Budget | None = None) -> list[_Group]:
    joined: list[_Group] = []
    for group in groups:
        like = next((other for other in joined if equivalent(group.answer, other.answer, rules, budget)), None)
        if like is None:
            joined.append(group)
        else:
            like.members.extend(group.members)
    return joined


def _outcome(groups: list[_Group], min_votes: int) -> Vote:
    voters = sum(len(group.members) for group in groups)
    if not voters:
        return Vote(None, 0, 0, 0.0, 0.0, False, ())
    count = max(len(group.members) for group in groups)
    leaders = [group for group in groups if len(group.members) == count]
    share, confidence = count / voters, wilson_lower(count, voters)
    if len(leaders) > 1 or count < min_votes:
        return Vote(None, count, voters, share, confidence, len(leaders) > 1, (), len(leaders))
    winner = leaders[0]
    return Vote(winner.answer.text, count, voters, share, confidence, False, tuple(sorted(winner.members)), 1)


def wilson_lower(successes: int, trials: int) -> float:
    """Lower end of the 95 % Wilson score interval of a proportion."""
    share, square = successes / trials, _Z * _Z
    centre = share + square / (2 * trials)
    spread = _Z * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    return min(share, max(0.0, (centre - spread) / (1 + square / trials)))
