"""What is counted of a chain, apart from its texts: small enough to be read for all chains of a large run at once.

chains = counted(outcome.judged, outcome.kept)
counted_from_json(counted_to_json(chains)) == chains
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import NoneType
from typing import Any, NamedTuple, get_args

from regenesis.types import GradedPath, Status

_STATUSES = frozenset(get_args(Status))
_KINDS = frozenset((str, bool, str, str, defect, bool, int, list) for defect in (str, NoneType))
"""What the values of a chain are in JSON, in their order."""


class Chain(NamedTuple):
    """A chain as it is counted.

    Attributes:
        guideline: Its guideline, several joined by `+`.
        hinted: Whether the answer was shown.
        status: What the checker made of its answer.
        rule: By which rule.
        defect: The first reason why its path is unfit to train on, `None` if it is fit.
        kept: Whether its path was kept.
        tokens: Length of its path, as the engine counted it.
        retries: Stages that were asked a second time.
    """

    guideline: str
    hinted: bool
    status: str
    rule: str
    defect: str | None
    kept: bool
    tokens: int
    retries: tuple[str, ...] = ()

    @property
    def fit(self) -> bool:
        """Whether its path is correct and without a defect."""
        return self.status == "correct" and self.defect is None


def counted(judged: Sequence[GradedPath], kept: Sequence[GradedPath]) -> list[Chain]:
    """The chains of a question as they are counted.

    Args:
        judged: All of its paths.
        kept: Those chosen among them, the same objects.
    """
    chosen = {id(one) for one in kept}
    return [
        Chain(
            one.path.guideline,
            one.path.hinted,
            one.verdict.status,
            one.verdict.rule,
            one.defect,
            id(one) in chosen,
            one.path.tokens,
            one.path.retries,
        )
        for one in judged
    ]


def counted_to_json(chains: Sequence[Chain]) -> str:
    """The chains of a question as a text."""
    return json.dumps(chains, separators=(",", ":"))


def counted_from_json(text: str) -> list[Chain]:
    """Reads back what `counted_to_json` gave.

    Raises:
        ValueError: The text holds something else.
    """
    try:
        return [_chain(one) for one in json.loads(text)]
    except (TypeError, RecursionError) as error:
        raise ValueError(f"these are no counted chains ({error})") from error


def _chain(values: Any) -> Chain:
    if tuple(map(type, values)) not in _KINDS:
        raise ValueError("a text, a mark or a count is something else")
    guideline, hinted, status, rule, defect, kept, tokens, retries = values
    if status not in _STATUSES or not all(type(stage) is str for stage in retries):
        raise ValueError("a status or a stage is something else")
    return Chain(guideline, hinted, status, rule, defect, kept, tokens, tuple(retries))
