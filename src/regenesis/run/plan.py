"""What a run will ask, before it asks anything: chains, calls and tokens by stage, at most and as expected.

    plan(config).stages["solve"].expected_calls

"At most" is what the config allows; how many tokens the prompts' own text comes to depends on the tokenizer, and is set
high. "Expected" supposes that each chain gives a path worth keeping with the same
probability (`chain_yield`) and that texts are as long as a small instruct model's on school mathematics; both are
guesses to plan by, and the plan says so.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from regenesis.config import MethodConfig, RunConfig
from regenesis.evaluation.tasks import load_tasks
from regenesis.guidelines import Guideline, load_guidelines
from regenesis.methods.regenesis import MOST_SELECTED
from regenesis.nouns import Message, Question
from regenesis.prompts import STAGES, PromptSet, load_prompts
from regenesis.run.decontaminating import decontaminate
from regenesis.tasks import SetAside, TaskCount, load_questions

DEFAULT_YIELD = 0.4
"""Right and fit paths a chain, as a 1.5B model gave on GSM8K."""
TYPICAL_TOKENS = {"select": 10, "adapt": 66, "structure": 236, "solve": 220, "summarise": 24, "judge": 4}
"""New tokens a call, as a 1.5B model wrote them on GSM8K."""
_TYPICAL_THOUGHT = 600
"""Tokens of a thought before any of them, where a model thinks."""
_BYTES_A_TOKEN = 4
_FEWEST_BYTES_A_TOKEN = 3
"""For what is stated as "at most": English prose with many numbers, by tokenizers that split these into digits."""
_SAMPLED_QUESTIONS = 200
_MESSAGE_TOKENS = 8
_RETRY_SHARE = 0.25
"""Structures asked a second time because they hold results, as a share of all; paths are asked again far less often."""


@dataclass(frozen=True, slots=True)
class StagePlan:
    """Calls and tokens of one stage over the whole run."""

    most_calls: int
    most_new_tokens: int
    most_prompt_tokens: int
    expected_calls: float
    expected_new_tokens: float
    expected_prompt_tokens: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will ask.

    Attributes:
        questions: Questions, by task, without those left out.
        overlapping: Questions that overlap a question of the evaluation.
        left_out: Those of them that are left out.
        without_gold: Questions with no gold answer, which are voted on.
        bad_rows: Rows that could not become questions.
        tasks: What was read for each task: kinds, gold answers, columns that nothing is read from.
        set_aside: Questions that are not asked because their gold answers contradict each other.
        notes: What else loading the questions had to say.
        vote: Where majority votes decide: the config's `method.vote`.
        most_chains: Chains over the whole run at most.
        expected_chains: Chains expected.
        expected_kept: Kept paths expected.
        chain_yield: The probability the expectation rests on.
        stages: The stages in the order asked; those that ask nothing are left out.
        measured: Questions that every model is measured on, by task; asked once of the base and once of each tuned
            model.
        measured_prompt_tokens: What their prompts come to, a model.
        measured_new_tokens: New tokens at most, a model.
    """

    questions: dict[str, int]
    overlapping: int
    left_out: int
    without_gold: int
    bad_rows: int
    tasks: tuple[TaskCount, ...]
    set_aside: tuple[SetAside, ...]
    notes: tuple[str, ...]
    vote: str
    most_chains: int
    expected_chains: float
    expected_kept: float
    chain_yield: float
    stages: dict[str, StagePlan]
    measured: dict[str, int]
    measured_prompt_tokens: int
    measured_new_tokens: int

    @property
    def most_calls(self) -> int:
        return sum(stage.most_calls for stage in self.stages.values())

    @property
    def expected_calls(self) -> float:
        return sum(stage.expected_calls for stage in self.stages.values())

    def to_json(self) -> dict[str, Any]:
        """The plan as plain JSON types."""
        return asdict(self) | {"most_calls": self.most_calls, "expected_calls": self.expected_calls}


@dataclass(frozen=True, slots=True)
class _Chains:
    """Chains of one question in one pass: those from single guidelines and those from selections."""

    single: float
    selected: float

    @property
    def all(self) -> float:
        return self.single + self.selected


def plan(config: RunConfig, *, chain_yield: float = DEFAULT_YIELD) -> Plan:
    """Works out what a run will ask; loads its questions, asks no model.

    Args:
        config: The run's config.
        chain_yield: Probability that a chain gives a path worth keeping.

    Raises:
        RegenesisError: The tasks, guidelines or prompts of the config cannot be loaded.
    """
    loaded = load_questions(config)
    decontamination = decontaminate(config, loaded.questions)
    decontamination.require_some_left(loaded.questions)
    questions = decontamination.asked(loaded.questions)
    guidelines = load_guidelines(config.method.guidelines_file)
    prompts = load_prompts(config.method.prompts)
    method = config.method
    voted = [question for question in questions if _is_voted(question, method)]
    graded_count = len(questions) - len(voted)
    hinted = graded_count if method.hint.enabled else 0
    first, hint = _chains(method, guidelines, hint=False), _chains(method, guidelines, hint=True)
    expected_first = _expected_chains(first, method, chain_yield)
    miss = (1 - chain_yield) ** first.all
    expected_hint = _expected_chains(hint, method, chain_yield)
    most = _add(_times(first, len(questions)), _times(hint, hinted))
    expected = _add(
        _times(first, len(voted)), _times(expected_first, graded_count), _times(expected_hint, hinted * miss)
    )
    kept = min(method.keep, first.all * chain_yield)
    tasks = load_tasks(config.evaluation.tasks, config) if config.evaluation.tasks else []
    exam = [prompts.training_prompt(question) for task in tasks for question in task.questions]
    return Plan(
        questions=dict(Counter(question.task for question in questions)),
        overlapping=len(decontamination.overlapping),
        left_out=len(decontamination.left_out),
        without_gold=sum(question.gold is None for question in questions),
        bad_rows=len(loaded.bad_rows),
        tasks=tuple(loaded.counts),
        set_aside=tuple(loaded.set_aside),
        notes=tuple(loaded.notes),
        vote=method.vote,
        most_chains=round(most.all),
        expected_chains=expected.all,
        expected_kept=len(questions) * kept,
        chain_yield=chain_yield,
        stages=_stages(config, prompts, guidelines, questions, most, expected, judged=graded_count / len(questions)),
        measured={task.name: len(task.questions) for task in tasks},
        measured_prompt_tokens=round(sum(_message_tokens(messages, _FEWEST_BYTES_A_TOKEN) for messages in exam)),
        measured_new_tokens=len(exam) * (config.evaluation.sampling.max_tokens + config.room_for_thought),
    )


def _is_voted(question: Question, method: MethodConfig) -> bool:
    return method.vote == "always" or (method.vote == "no_gold" and question.gold is None)


def _chains(method: MethodConfig, guidelines: Sequence[Guideline], *, hint: bool) -> _Chains:
    offered = [guideline for guideline in guidelines if not hint or not guideline.revises]
    most, selections = (
        (method.hint.guidelines, method.hint.selections) if hint else (method.guidelines, method.selections)
    )
    return _Chains(min(len(offered), most or len(offered)), selections)


def _expected_chains(chains: _Chains, method: MethodConfig, chain_yield: float) -> _Chains:
    """Chains expected of a question that stops once it has kept enough, looking only between waves."""
    if not method.stop_early or not chains.all:
        return chains
    total, expected = round(chains.all), 0.0
    for begun in range(0, total, method.wave):
        expected += _probability_below(method.keep, begun, chain_yield) * min(method.wave, total - begun)
    return _times(chains, expected / total)


def _probability_below(wanted: int, chains: int, chain_yield: float) -> float:
    """Probability that fewer than `wanted` of `chains` chains give a path worth keeping."""
    return sum(
        math.comb(chains, hits) * chain_yield**hits * (1 - chain_yield) ** (chains - hits)
        for hits in range(min(wanted, chains + 1))
    )


def _times(chains: _Chains, factor: float) -> _Chains:
    return _Chains(chains.single * factor, chains.selected * factor)


def _add(*parts: _Chains) -> _Chains:
    return _Chains(sum(part.single for part in parts), sum(part.selected for part in parts))


def _stages(
    config: RunConfig,
    prompts: PromptSet,
    guidelines: Sequence[Guideline],
    questions: Sequence[Question],
    most: _Chains,
    expected: _Chains,
    *,
    judged: float,
) -> dict[str, StagePlan]:
    method = config.method
    limits = dict.fromkeys(STAGES, method.sampling.max_tokens)
    limits["select"] = min(64, method.sampling.max_tokens)
    limits["adapt"] = min(method.adapt_tokens or method.sampling.max_tokens, method.sampling.max_tokens)
    limits["structure"] = min(method.structure_tokens or method.sampling.max_tokens, method.sampling.max_tokens)
    once, twice = (1.0, 2) if method.retry_unusable else (1.0, 1)
    solves = twice
    calls: dict[str, tuple[float, float]] = {
        "select": (most.selected, expected.selected),
        "adapt": (most.all, expected.all),
        "structure": (most.all * twice, expected.all * (once + (_RETRY_SHARE if method.retry_unusable else 0))),
        "solve": (most.all * solves, expected.all),
        "summarise": (most.all * solves, expected.all) if method.summarise else (0, 0),
        "judge": (most.all * solves * judged, expected.all * judged) if method.self_judge != "off" else (0, 0),
    }
    lengths = _prompt_lengths(prompts, guidelines, questions, limits, method)
    thought = min(_TYPICAL_THOUGHT, config.room_for_thought)
    return {
        stage: StagePlan(
            most_calls=round(at_most),
            most_new_tokens=round(at_most * (limits[stage] + config.room_for_thought)),
            most_prompt_tokens=round(at_most * lengths[stage][0]),
            expected_calls=round(likely, 1),
            expected_new_tokens=round(likely * (min(TYPICAL_TOKENS[stage], limits[stage]) + thought)),
            expected_prompt_tokens=round(likely * lengths[stage][1]),
        )
        for stage, (at_most, likely) in calls.items()
        if at_most
    }


def _prompt_lengths(
    prompts: PromptSet,
    guidelines: Sequence[Guideline],
    questions: Sequence[Question],
    limits: dict[str, int],
    method: MethodConfig,
) -> dict[str, tuple[float, float]]:
    """Tokens of a stage's prompt, with earlier stages as long as they may be and as they are expected to be."""
    step = max(1, len(questions) // _SAMPLED_QUESTIONS)
    sampled = questions[::step]
    longest = sorted((guideline.text for guideline in guidelines), key=len, reverse=True)
    joined = " ".join(longest[: MOST_SELECTED if method.selections or method.hint.selections else 1])
    listed = [guideline.text for guideline in guidelines]
    lengths: dict[str, tuple[float, float]] = {}
    for stage in STAGES:
        most, likely = [], []
        for question in sampled:
            values = {"guidelines": listed, "gold": question.gold or ""}
            hint = question.gold if method.hint.enabled and not _is_voted(question, method) else None
            worst = values | {"guideline": joined, "hint": hint}
            most.append(_prompt_tokens(prompts, question, stage, limits, worst, _FEWEST_BYTES_A_TOKEN))
            usual = values | {"guideline": longest[0], "hint": None}
            likely.append(_prompt_tokens(prompts, question, stage, TYPICAL_TOKENS, usual, _BYTES_A_TOKEN))
        lengths[stage] = (sum(most) / len(most), sum(likely) / len(likely))
    return lengths


def _prompt_tokens(
    prompts: PromptSet,
    question: Question,
    stage: str,
    lengths: dict[str, int],
    given: dict[str, Any],
    bytes_a_token: int,
) -> float:
    def filler(of_stage: str) -> str:
        return "x" * (bytes_a_token * lengths[of_stage])

    values = given | {"adapted": filler("adapt"), "structure": filler("structure"), "path": filler("solve")}
    history: tuple[Message, ...] = ()
    if stage in ("structure", "solve"):
        for earlier in ("adapt", "structure")[: 1 if stage == "structure" else 2]:
            history = (*prompts.messages(earlier, question, history, **values), Message("assistant", filler(earlier)))
    messages = prompts.messages(stage, question, history, **values)
    return _message_tokens(messages, bytes_a_token)


def _message_tokens(messages: Sequence[Message], bytes_a_token: int) -> float:
    return sum(len(message.content.encode()) / bytes_a_token + _MESSAGE_TOKENS for message in messages)
