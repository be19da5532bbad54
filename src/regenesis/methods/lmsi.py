"""LMSI: the majority answer of many samples is the pseudo-label, and all paths that agree with it are kept.

Huang et al., "Large Language Models Can Self-Improve" (arXiv 2210.11610): 32 samples a question at temperature 0.7, no
gold answers. The share of the samples that agree is in the dataset as `confidence`.

The paper trains on mixed formats: each kept path as the reply to a prompt that asks for reasoning and as an answer
alone, each with and without worked examples before the question. `mixed_formats` does that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from regenesis.errors import ConfigError
from regenesis.methods.base import Method, Outcome, Session, TrainingRow
from regenesis.methods.estimates import Estimate
from regenesis.methods.plain import (
    STAGE,
    TITLE,
    PlainSamplesConfig,
    chats_of,
    describe_sampling,
    estimate_stage,
    plain_samples,
)
from regenesis.prompts import AnsweringPrompt
from regenesis.section import A_PATH, EXTENDS, SamplingConfig
from regenesis.types import GradedPath, Message, Question


class LMSIConfig(PlainSamplesConfig):
    """Samples, the majority answer as the pseudo-label, and all paths that agree with it."""

    name: str = "lmsi"
    """`lmsi`."""
    keep: int = Field(default=32, ge=1, json_schema_extra=EXTENDS)
    """Maximum paths kept per question; published: all that agree."""
    samples: int = Field(default=32, ge=2, json_schema_extra=EXTENDS)
    """Samples per question."""
    sampling: SamplingConfig = SamplingConfig(temperature=0.7)
    """Sampling parameters."""
    gold: bool = Field(default=False, json_schema_extra=EXTENDS)
    """Use the gold answer, if there is one, instead of the majority. If false, no gold answer is read anywhere."""
    min_votes: int = Field(default=2, ge=1, json_schema_extra=EXTENDS)
    """Minimum number of agreeing samples for a majority."""
    mixed_formats: bool = Field(default=False, json_schema_extra=EXTENDS)
    """Train on each path in the published formats: with reasoning and as the answer alone, and with `examples` also
    behind worked examples."""
    examples: FilePath | None = Field(default=None, json_schema_extra=A_PATH | EXTENDS)
    """Worked examples for `mixed_formats`: JSONL rows of `question`, `solution` and `answer`."""


class LMSI(Method[LMSIConfig]):
    """See the module's text."""

    name = "lmsi"
    title = "LMSI"
    Config = LMSIConfig
    source = "arXiv 2210.11610"
    stages: ClassVar[Mapping[str, str]] = {STAGE: TITLE}

    def __init__(self, config: LMSIConfig, answering: AnsweringPrompt) -> None:
        super().__init__(config, answering)
        self._direct = answering.with_prompt("direct")
        self._examples = _read_examples(config.examples) if config.examples is not None else []

    @property
    def reads_gold(self) -> bool:
        return self.config.gold

    @property
    def votes(self) -> Literal["no_gold", "always"]:
        return "no_gold" if self.config.gold else "always"

    async def solve(self, session: Session) -> Outcome:
        config, question = self.config, session.question
        judged = await plain_samples(session, self.answering, config.sampling.draw(), config.samples, method=self.name)
        if not config.gold or question.gold is None:
            judged = await session.judge.vote(judged, question, config.min_votes)
        agreeing = [one for one in judged if one.keepable]
        return Outcome(question, tuple(judged), tuple(agreeing[: config.keep]))

    def rows(self, outcome: Outcome) -> Iterator[TrainingRow]:
        if not self.config.mixed_formats:
            yield from super().rows(outcome)
            return
        question = outcome.question
        reasoning, direct = self.answering.messages(question), self._direct.messages(question)
        for judged in outcome.kept:
            answer = self._stated(judged)
            yield TrainingRow(judged, reasoning, judged.training_text, "reasoning")
            yield TrainingRow(judged, direct, answer, "answer")
            if self._examples:
                yield TrainingRow(
                    judged, self._behind(reasoning, "solution"), judged.training_text, "examples_reasoning"
                )
                yield TrainingRow(judged, self._behind(direct, "answer"), answer, "examples_answer")

    def _stated(self, judged: GradedPath) -> str:
        answer = judged.verdict.extracted or ""
        return f"\\boxed{{{answer}}}" if self.answering.asks_for_a_box else f"The answer is {answer}."

    def _behind(self, prompt: tuple[Message, ...], column: str) -> tuple[Message, ...]:
        """The chat with worked examples as earlier turns."""
        *before, turn = prompt
        form = self.answering if column == "solution" else self._direct
        turns = [
            message
            for number, example in enumerate(self._examples)
            for message in (
                form.messages(Question(f"example/{number}", "", example["question"], None, "text"))[-1],
                Message("assistant", example[column]),
            )
        ]
        return (*before, *turns, turn)

    def one_chain(self) -> Self:
        return type(self)(self.config.model_copy(update={"samples": 1}), self.answering)

    def estimate(self, questions: Sequence[Question], chain_yield: float) -> Estimate:
        calls = len(questions) * self.config.samples
        stage = estimate_stage(chats_of(self.answering, questions), calls, calls, self.config.sampling)
        kept = len(questions) * min(self.config.keep, self.config.samples * chain_yield)
        return Estimate(calls, calls, kept, {STAGE: stage})

    def describe(self) -> dict[str, str]:
        config = self.config
        return {
            "samples": f"{config.samples} a question",
            "sampling": describe_sampling(config.sampling),
            "label": "the gold answer where there is one, else the majority" if config.gold else "the majority answer",
            "formats": "mixed, as published" if config.mixed_formats else "reasoning alone",
            "kept a question": f"all that agree, at most {config.keep}",
        }

    def inputs(self) -> dict[str, Any]:
        return super().inputs() | ({"examples": self._examples} if self._examples else {})


def _read_examples(file: FilePath) -> list[dict[str, str]]:
    try:
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise ConfigError(f"method.examples: {file} cannot be read as JSONL ({error}).") from error
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in _EXAMPLE):
            raise ConfigError(f"method.examples: {file}, row {number}, must hold the texts {', '.join(_EXAMPLE)}.")
    return rows


_EXAMPLE = ("question", "solution", "answer")
