"""The contract between a method and the rest: how one question becomes graded paths.

    class Once(Method[OnceConfig]):
        name, title, Config = "once", "One plain sample", OnceConfig

        async def solve(self, session: Session) -> Outcome:
            graded = await sample(session, self.answering, self.config.sampling.draw(), index=0)
            return Outcome(session.question, (graded,), tuple(session.judge.select([graded], keep=1)))

A method asks for completions through a session's chains and knows nothing of engines, ledgers, budgets, resuming or
what else is in flight. It must ask the same requests whatever order replies come in: what is asked next may depend on
this question's own results, looked at only when everything asked so far has come back, and on nothing else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, Protocol, Self, TypeVar

from pydantic import Field

from regenesis.methods.estimates import Estimate
from regenesis.prompts.answering import AnsweringPrompt
from regenesis.scheduling import Chain, Sampler
from regenesis.section import EXTENDS, Section
from regenesis.types import GradedPath, Message, Question, ReasoningPath


class MethodSection(Section):
    """What every method's config has."""

    name: str
    """Method: a built-in one, one registered by another package, or `module:Class`."""
    keep: int = Field(default=5, ge=1, json_schema_extra=EXTENDS)
    """Maximum paths kept per question."""


ConfigT = TypeVar("ConfigT", bound=MethodSection)

Author = Literal["model", "people"]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the model itself said of a path, and how much that counts.

    Attributes:
        reply: Its reply to whether the path comes to the right answer.
        mode: `and`: the checker and the model must both say so; `tie-break`: its word counts where the checker could
            not read an answer.
    """

    reply: str
    mode: Literal["and", "tie-break"]


class Judge(Protocol):
    """Says what a path is worth; implemented over the answer checker and the curator."""

    async def judge(
        self, path: ReasoningPath, question: Question, *, stand_ins: Sequence[str] = (), opinion: Opinion | None = None
    ) -> GradedPath:
        """The path with its verdict, its defect and its training text.

        Args:
            path: The path.
            question: The question it answers.
            stand_ins: Other texts to look for the final answer in, one after another, where the path's own text states
                none that can be read.
            opinion: What the model said of the path, where it was asked.
        """

    async def vote(self, judged: Sequence[GradedPath], question: Question, min_votes: int) -> list[GradedPath]:
        """The same paths, with the majority of their answers in the place of gold."""

    def select(self, judged: Sequence[GradedPath], keep: int) -> list[GradedPath]:
        """The paths that are kept, at most `keep`, whatever order they are given in."""

    def seldom_right(self, judged: Sequence[GradedPath]) -> bool:
        """Whether a question is right too seldom for any of its paths to be kept, so that a hint is of no use."""


@dataclass(frozen=True, slots=True)
class Session:
    """One question and what a method may do about it.

    Attributes:
        question: The question; its gold answer is left out for a method that does not read it.
        judge: Grades paths and chooses among them.
        sampler: Where completions come from; methods use `chain`.
        ordinal: The question's place in the run, for the order of service only.
    """

    question: Question
    judge: Judge
    sampler: Sampler
    ordinal: int

    @property
    def run_seed(self) -> int:
        """The run's seed; draw random choices from it and from names, never from a generator that questions share."""
        return self.sampler.run_seed

    def chain(self, label: str, index: int = 0) -> AbstractAsyncContextManager[Chain]:
        """Requests that follow one another and share a place in the pool.

        Args:
            label: Names the chain among those of its question; enters its seeds. Chains of equal label, stage, sample
                index, messages and sampling are the same requests, whichever method makes them.
            index: Place of the chain within its question, for the order of service only.
        """
        return self.sampler.chain(self.question, self.ordinal, label, index)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question brought to its end.

    Attributes:
        question: The question.
        judged: All of its paths in the order of their chains, broken ones too.
        kept: Those kept, a subset of `judged`.
    """

    question: Question
    judged: tuple[GradedPath, ...]
    kept: tuple[GradedPath, ...]

    def __repr__(self) -> str:
        correct = sum(one.verdict.correct for one in self.judged)
        return f"Outcome({self.question.id}: {len(self.judged)} chains, {correct} correct, {len(self.kept)} kept)"


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One row of the dataset: a kept path as the reply to a prompt.

    Attributes:
        judged: The path it comes from.
        prompt: The chat, ending with a user's message.
        completion: The reply that is trained on.
        form: Which of several forms of one path this is; empty where there is one only.
    """

    judged: GradedPath
    prompt: tuple[Message, ...]
    completion: str
    form: str = ""


class Method(ABC, Generic[ConfigT]):
    """How questions become paths, set up once for a run.

    Attributes:
        name: What a config calls it.
        title: What cards and tables call it.
        Config: Its section of the config.
        stages: Titles of the stages it asks for, by name, for people who read its chains; empty for a method that asks
            the model nothing, for which no engine is opened.
        reads_gold: Whether it is shown gold answers. One that is not is handed questions without any, so that it
            cannot, and its dataset names none.
        source: The paper that describes it.
        reads_solutions: Whether it is handed the worked solutions that datasets come with.
        written_by: Who wrote the texts of its rows, as the cards say it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    Config: ClassVar[type[MethodSection]]
    stages: ClassVar[Mapping[str, str]]
    source: ClassVar[str] = ""
    reads_solutions: ClassVar[bool] = False
    written_by: ClassVar[Author] = "model"

    def __init__(self, config: ConfigT, answering: AnsweringPrompt) -> None:
        """Reads what the config names; asks nothing.

        Raises:
            ConfigError: A file that the config names cannot be used.
        """
        self.config = config
        self.answering = answering

    @property
    def reads_gold(self) -> bool:
        return True

    @property
    def asks(self) -> bool:
        """Whether it asks the model anything."""
        return bool(self.stages)

    @property
    def votes(self) -> Literal["no_gold", "always", "never"]:
        """Of which questions a majority of their own paths' answers takes the place of gold."""
        return "never"

    @abstractmethod
    async def solve(self, session: Session) -> Outcome:
        """Brings one question to its end.

        Raises:
            BudgetSpent: The budget of this start is used up.
            RequestFailed: A request kept failing; the question is to be asked again.
            EngineError: The engine cannot go on.
        """

    async def prepare(self, sampler: Sampler) -> None:
        """Asks what is asked once per run, before any question; most methods ask nothing.

        Raises:
            BudgetSpent, RequestFailed, EngineError: As for `solve`.
            ConfigError: What came back cannot be used.
        """

    def one_chain(self) -> Self:
        """The same method asking as little as it can of a question, one request a stage, for a check before a run."""
        return self

    @abstractmethod
    def estimate(self, questions: Sequence[Question], chain_yield: float) -> Estimate:
        """What it will ask of these questions, at most and as expected.

        Args:
            questions: The questions of the run.
            chain_yield: Supposed probability that a chain gives a path worth keeping.
        """

    @abstractmethod
    def describe(self) -> dict[str, str]:
        """How paths are made, as rows of a card: a name and what it is set to."""

    def inputs(self) -> dict[str, Any]:
        """What else, besides its config, shapes what it asks, by name: a resume with other inputs is refused."""
        return {"answering prompt": self.answering.digest}

    def growing_inputs(self) -> Mapping[str, Mapping[str, Any]]:
        """Those of its inputs that may gain and lose parts when a run is resumed, with their parts by id."""
        return {}

    def legend(self) -> Mapping[str, str]:
        """What the names in a path's `guideline` stand for."""
        return {}

    def remarks(self) -> list[str]:
        """What a user should know of how it is set up before it asks anything; a dataset's card has no word of it."""
        return []

    def warnings(self, questions: Sequence[Question]) -> list[str]:
        """What a user should know before these questions are asked by this method."""
        return []

    @property
    def scaffold(self) -> tuple[str, ...]:
        """Phrases of its prompts that no path may repeat."""
        return ()

    @property
    def unspeakable(self) -> tuple[str, ...]:
        """All phrases that no path may repeat: the method's own, and those that ask for the form of an answer."""
        return tuple(dict.fromkeys((*self.scaffold, *self.answering.scaffold)))

    def rows(self, outcome: Outcome) -> Iterator[TrainingRow]:
        """The rows of the dataset that a question's kept paths become."""
        prompt = self.answering.messages(outcome.question)
        for judged in outcome.kept:
            yield TrainingRow(judged, prompt, judged.training_text)
