"""What the method will ask: see `regenesis.methods.estimates` for what "at most" and "expected" mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regenesis.methods.estimates import (
    BYTES_A_TOKEN,
    FEWEST_BYTES_A_TOKEN,
    Estimate,
    StageEstimate,
    message_tokens,
    sampled,
    stage_estimate,
)
from regenesis.methods.regenesis.chain import MOST_SELECTED, SELECT_TOKENS
from regenesis.types import Message, Question

if TYPE_CHECKING:
    from regenesis.methods.regenesis.method import ReGenesis

TYPICAL_TOKENS = {
    "guidelines": 300,
    "select": 10,
    "adapt": 66,
    "structure": 236,
    "solve": 220,
    "fused": 420,
    "repair": 60,
    "summarise": 24,
    "judge": 4,
}
"""New tokens a call, as a 1.5B model wrote them on GSM8K."""
_TYPICAL_GUIDELINE = "x" * 120
_RETRY_SHARE = 0.25
"""Structures asked a second time because they hold results, as a share of all; paths are asked again far less often."""
_CUT_SHARE = 0.1
"""Adapted guidelines asked a second time because they were cut."""
_UNFINISHED_SHARE = 0.12
"""Paths that are truncated or lack their box, of models of 0.5B and 1.5B."""


@dataclass(frozen=True, slots=True)
class _Chains:
    """Chains by what they start from: a guideline, a selection of several, or none; `hinted` of them with a hint."""

    single: float
    selected: float
    unguided: float = 0.0
    hinted: float = 0.0

    @property
    def all(self) -> float:
        return self.single + self.selected + self.unguided

    @property
    def guided(self) -> float:
        return self.single + self.selected

    def times(self, factor: float) -> _Chains:
        return _Chains(self.single * factor, self.selected * factor, self.unguided * factor, self.hinted * factor)

    def __add__(self, other: _Chains) -> _Chains:
        return _Chains(
            self.single + other.single,
            self.selected + other.selected,
            self.unguided + other.unguided,
            self.hinted + other.hinted,
        )


def estimate(method: ReGenesis, questions: Sequence[Question], chain_yield: float) -> Estimate:
    """Chains, calls and tokens over these questions."""
    config = method.config
    voted = [question for question in questions if method.votes_on(question)]
    graded = len(questions) - len(voted)
    hinted = graded if config.hint.enabled else 0
    first, hint = _chains(method, hint=False), _chains(method, hint=True)
    miss = (1 - chain_yield) ** (first.all * config.solves)
    most = first.times(len(questions)) + hint.times(hinted)
    expected = (
        first.times(len(voted))
        + first.times(graded * _share(first, method, chain_yield))
        + hint.times(hinted * miss * _share(hint, method, chain_yield))
    )
    return Estimate(
        most_chains=round(most.all) * config.solves,
        expected_chains=expected.all * config.solves,
        expected_kept=len(questions) * min(config.keep, first.all * config.solves * chain_yield),
        stages=_stages(method, questions, most, expected, judged=graded / len(questions) if questions else 0.0),
    )


def _chains(method: ReGenesis, *, hint: bool) -> _Chains:
    config = method.config
    generated = config.generated_guidelines if config.guidelines == "generate" else 0
    offered = generated or len(method.suitable(hinted=hint))
    most = config.hint.guidelines if hint else method.tried
    selections = config.hint.selections if hint else config.selections
    unguided = config.unguided
    if hint:
        unguided = (config.hint.guidelines or 0) if config.unguided and not offered else 0
    single = offered if most is None else min(offered, most)
    return _Chains(single, selections, unguided, hinted=single + selections + unguided if hint else 0)


def _share(chains: _Chains, method: ReGenesis, chain_yield: float) -> float:
    return method.config.expected_share(round(chains.all), chain_yield, method.config.solves)


def _stages(
    method: ReGenesis, questions: Sequence[Question], most: _Chains, expected: _Chains, *, judged: float
) -> dict[str, StageEstimate]:
    config = method.config
    twice = 2 if config.retry_unusable and not config.fused else 1
    retried = 1 + (_RETRY_SHARE if config.retry_unusable else 0)
    cut = 1 + (_CUT_SHARE if config.retry_unusable else 0)
    solve = "fused" if config.fused else "solve"
    solved, paths = most.times(config.solves), expected.times(config.solves)
    adapts = "adapt" in config.stages and not config.fused
    structures = "structure" in config.stages and not config.fused
    calls: dict[str, tuple[float, float]] = {
        "guidelines": (3, 1) if config.guidelines == "generate" else (0, 0),
        "select": (most.selected, expected.selected),
        "adapt": (most.guided * twice, expected.guided * cut) if adapts else (0, 0),
        "structure": (most.all * twice, expected.all * retried) if structures else (0, 0),
        solve: (solved.all * twice, paths.all),
        "repair": (solved.all, paths.all * _UNFINISHED_SHARE) if method.prompts.repairs else (0, 0),
        "summarise": ((solved.all - solved.hinted) * twice, paths.all - paths.hinted) if config.summarise else (0, 0),
        "judge": (solved.all * twice * judged, paths.all * judged) if config.self_judge != "off" else (0, 0),
    }
    limits = _limits(method)
    asked = {stage: called for stage, called in calls.items() if called[0]}
    lengths = _prompt_lengths(method, asked, questions, limits)
    return {
        stage: stage_estimate(
            at_most,
            likely,
            limit=limits[stage],
            typical=TYPICAL_TOKENS[stage],
            most_prompt=lengths[stage][0],
            expected_prompt=lengths[stage][1],
        )
        for stage, (at_most, likely) in asked.items()
    }


def _limits(method: ReGenesis) -> dict[str, int]:
    most = method.config.sampling.max_tokens
    limits = dict.fromkeys(TYPICAL_TOKENS, most)
    limits["select"] = min(SELECT_TOKENS, most)
    limits["adapt"] = min(method.config.adapt_tokens or most, most)
    limits["repair"] = min(method.config.repair_tokens or most, most)
    limits["structure"] = min(method.config.structure_tokens or most, most)
    return limits


def _prompt_lengths(
    method: ReGenesis, stages: Mapping[str, object], questions: Sequence[Question], limits: Mapping[str, int]
) -> dict[str, tuple[float, float]]:
    """Tokens of a stage's prompt, with earlier stages as long as they may be and as they are expected to be."""
    config = method.config
    texts = [guideline.text for guideline in method.guidelines] or [_TYPICAL_GUIDELINE] * config.generated_guidelines
    longest = sorted(texts, key=len, reverse=True)
    joined = " ".join(longest[: MOST_SELECTED if config.selections or config.hint.selections else 1])
    lengths: dict[str, tuple[float, float]] = {}
    for stage in stages:
        most, likely = [], []
        for question in sampled(questions):
            values = {"guidelines": texts, "gold": question.gold or "", "count": config.generated_guidelines}
            hint = question.gold if config.hint.enabled and not method.votes_on(question) else None
            worst = values | {"guideline": joined, "hint": hint}
            most.append(_prompt_tokens(method, question, stage, limits, worst, FEWEST_BYTES_A_TOKEN))
            usual = values | {"guideline": longest[0], "hint": None}
            likely.append(_prompt_tokens(method, question, stage, TYPICAL_TOKENS, usual, BYTES_A_TOKEN))
        lengths[stage] = (sum(most) / len(most), sum(likely) / len(likely))
    return lengths


def _prompt_tokens(
    method: ReGenesis,
    question: Question,
    stage: str,
    lengths: Mapping[str, int],
    given: Mapping[str, Any],
    bytes_a_token: int,
) -> float:
    def filler(of_stage: str) -> str:
        return "x" * (bytes_a_token * lengths[of_stage])

    config, prompts = method.config, method.prompts
    values = dict(given) | {"adapted": filler("adapt"), "structure": filler("structure"), "path": filler("solve")}
    adapted = "adapt" in config.stages
    # without its usual predecessor a stage has a template and a chat of its own
    templates = {
        "guidelines": "generate",
        "structure": "structure" if adapted else "structure_alone",
        "solve": "solve" if "structure" in config.stages else "solve_alone",
    }
    if adapted:
        values["guideline"] = values["guideline"] if stage in ("adapt", "fused") else filler("adapt")
    before: list[str] = [name for name in ("adapt", "structure") if name in config.stages]
    before = before[: before.index(stage)] if stage in before else before if stage in ("solve", "repair") else []
    if stage == "repair":
        before.append("solve")
        values["truncated"] = True
    history: tuple[Message, ...] = ()
    for earlier in before:
        history = () if templates.get(earlier) == "solve_alone" else history
        chat = prompts.messages(templates.get(earlier, earlier), question, history, **values)
        history = (*chat, Message("assistant", filler(earlier)))
    history = () if templates.get(stage) == "solve_alone" else history
    messages = prompts.messages(templates.get(stage, stage), question, history, same_chat=stage == "repair", **values)
    return message_tokens(messages, bytes_a_token)
