"""The nouns, in the order data meets them.

A `Question` is led through `Request` and `Completion` pairs to a `ReasoningPath`; a `Verdict` says whether the
path's answer is right; a kept path becomes an `Example`; a `Result` is one answer at evaluation. All are immutable
values that serialise to plain JSON types, so that any room may hold, hash or store them without knowing another room.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from regenesis.quoting import encoder, quoted, quoted_chat

AnswerKind = Literal["number", "choice", "boolean", "text", "math", "code", "scorer"]
"""How a final answer is compared with gold. `scorer` means the question's task brings its own scorer."""

ANSWER_KINDS: tuple[str, ...] = get_args(AnswerKind)

Status = Literal["correct", "incorrect", "unparsed"]

Thinking = Literal["off", "on", "keep"]
"""Whether a model thinks before it replies, and what becomes of its thoughts."""


class _Pickled:
    """A noun that is sent to other processes by its values alone, in a third of the time that `dataclasses` takes."""

    __slots__ = ()
    __match_args__: tuple[str, ...]

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return type(self), tuple([getattr(self, name) for name in self.__match_args__])


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a multiple-choice question."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Question(_Pickled):
    """One question as every later stage sees it.

    Attributes:
        id: Unique within a run, stable between runs: `<task>/<split>/<row id>`.
        task: Name of the task it came from, as written in the config.
        text: The whole question as shown to the model, options included.
        gold: The right answer as it was read, or `None` where none is known. It is what hints show.
        kind: How answers to it are compared.
        choices: The options in order, empty unless `kind` is `choice`; then too where the text itself holds them.
        scoring: JSON-serialisable data the task's own scorer needs, for `kind="scorer"`.
        accepted: Further answers that count as right.
        solution: A worked solution that the dataset comes with, `None` if it has none. No prompt ever shows it.
        group: What it shares with other questions, `None` if nothing: a premise, passage, template or story. Answers
            within a group are not independent, so confidence intervals are clustered by it.
    """

    id: str
    task: str
    text: str
    gold: str | None
    kind: AnswerKind
    choices: tuple[Choice, ...] = ()
    scoring: Mapping[str, Any] = field(default_factory=dict)
    accepted: tuple[str, ...] = ()
    solution: str | None = None
    group: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; the same as ever for a question with one gold answer, since runs are known by it."""
        values = asdict(self)
        del values["solution"], values["group"]  # nothing that is asked depends on them
        if not self.accepted:
            del values["accepted"]
        return values


@dataclass(frozen=True, slots=True)
class SourceRow:
    """The row that a question was made of.

    Attributes:
        dataset: Its dataset's id on the Hub, empty for a file.
        subset: The dataset's config that it belongs to.
        values: Its columns.
    """

    dataset: str
    subset: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn. `max_tokens` counts new tokens only; `None` leaves a field to the engine."""

    temperature: float | None
    top_p: float | None
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Request:
    """One call to a model.

    Everything in it but `question_id` and `stage` shapes the completion and so enters the key; those two do so
    through the seed, and label the row in the ledger.

    Attributes:
        model: Identity of the model, as the engine gives it.
        messages: The chat, oldest first.
        sampling: How tokens are drawn.
        seed: Non-negative, below 2**31.
        sample: Index among several completions wanted of the same prompt.
        question_id: The question it is asked for.
        stage: What the completion is for: `select`, `adapt`, `structure`, `solve`, …
    """

    model: str
    messages: tuple[Message, ...]
    sampling: Sampling
    seed: int
    sample: int
    question_id: str
    stage: str
    _key: str = field(default="", init=False, repr=False, compare=False)
    _chat: str = field(default="", init=False, repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        messages = [{"role": message.role, "content": message.content} for message in self.messages]
        return {"model": self.model, "messages": messages, **self.settings_to_json()}

    def settings_to_json(self) -> dict[str, Any]:
        """All but the model and the messages, as plain JSON types."""
        # `dataclasses.asdict` takes longer than all else that is done to record a completion
        sampling = self.sampling
        return {
            "sampling": {
                "temperature": sampling.temperature,
                "top_p": sampling.top_p,
                "max_tokens": sampling.max_tokens,
            },
            "seed": self.seed,
            "sample": self.sample,
            "question_id": self.question_id,
            "stage": self.stage,
        }

    @property
    def key(self) -> str:
        """32 hex digits that name this request in the ledger."""
        if not self._key:
            object.__setattr__(self, "_key", self._hashed())
        return self._key

    @property
    def chat(self) -> str:
        """The messages as JSON in ASCII, without spaces: as they are sent, and mostly as they are recorded."""
        if not self._chat:
            object.__setattr__(self, "_chat", quoted_chat(self.messages, quoted))
        return self._chat

    def _hashed(self) -> str:
        # the JSON of [model, [[role, content], …], [temperature, top_p, max_tokens], seed, sample], without spaces
        sampling = self.sampling
        drawn = [_as_float(sampling.temperature), _as_float(sampling.top_p), sampling.max_tokens]
        messages = ",".join([f"[{quoted(message.role)},{quoted(message.content)}]" for message in self.messages])
        body = f"[{quoted(self.model)},[{messages}],{_keyed([drawn, self.seed, self.sample])[1:]}"
        return hashlib.blake2b(body.encode(), digest_size=16).hexdigest()


_keyed = encoder(",", ":")
_seeded = encoder(", ", ": ")


def _as_float(value: float | None) -> float | None:
    """1 and 1.0 are equal, so that requests that are equal have one key."""
    return None if value is None else float(value)


FinishReason = Literal["stop", "length", "refused", "filtered"]


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back for a request.

    A thinking model's thought is kept apart from its reply: `text` is what every later stage works with.

    Attributes:
        text: What the model replied; empty if the request was refused, or if the model only thought.
        finish_reason: `stop`, `length` (cut at `max_tokens` or at the context's end), `filtered` (a content filter
            withheld it, for good) or `refused` (the engine does not take the request as things stand, for its length
            or a field say; it is never recorded, so that a later start asks again). `error` says why.
        prompt_tokens: Tokens of the prompt as the engine counted them, 0 if it did not say.
        completion_tokens: New tokens as the engine counted them, thought and reply: what is paid for.
        engine: Which kind of engine produced it.
        seconds: Wall-clock time from sending to receiving.
        error: The server's message for a request that was refused or filtered.
        thought: What the model thought before it replied; empty if it did not, or if the server keeps it to itself.
        thought_tokens: How many of `completion_tokens` were thought.
    """

    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int
    engine: str
    seconds: float
    error: str | None = None
    thought: str = ""
    thought_tokens: int = 0

    @property
    def refused(self) -> bool:
        """Whether the engine gave no answer, for whatever reason."""
        return self.finish_reason in ("refused", "filtered")

    @property
    def reply_tokens(self) -> int:
        """Tokens of `text`."""
        return self.completion_tokens - self.thought_tokens

    @property
    def only_thought(self) -> bool:
        """Whether the model thought and then replied nothing; `finish_reason` says whether it was cut."""
        return not self.text.strip() and (self.thought_tokens > 0 or self.thought != "")


@dataclass(frozen=True, slots=True)
class Verdict(_Pickled):
    """What the checker made of a final answer.

    Attributes:
        status: `correct`, `incorrect`, or `unparsed` where no answer could be read.
        extracted: The answer as read out of the text, `None` if unparsed.
        reason: One sentence a person can check.
        rule: Short name of the rule that decided, for counting.
        confidence: Where a vote decided, the share of the readable answers that agree with the majority.
    """

    status: Status
    extracted: str | None
    reason: str
    rule: str
    confidence: float | None = None

    @property
    def correct(self) -> bool:
        return self.status == "correct"


@dataclass(frozen=True, slots=True)
class ReasoningPath(_Pickled):
    """One attempt at a question: the chain of completions that led to it.

    Attributes:
        question_id: The question it answers.
        method: The method that made it.
        guideline: Id of the guideline the chain started from (several joined by `+`).
        hinted: Whether the gold answer was shown.
        steps: `(stage, ledger key, text)` in the order asked, the last one kept of each stage.
        text: The reasoning path as the model wrote it; empty if the chain broke off.
        tokens: Tokens of `text` as the engine counted them.
        truncated: Whether `text` was cut at the token limit.
        defect: Why the chain is unfit whatever its answer, `None` if it is sound.
        retries: Stages asked a second time because the first completion was unusable.
    """

    question_id: str
    method: str
    guideline: str
    hinted: bool
    steps: tuple[tuple[str, str, str], ...]
    text: str
    tokens: int
    truncated: bool = False
    defect: str | None = None
    retries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GradedPath:
    """A path with what the checker and the fitness filters made of it.

    Attributes:
        path: The path.
        verdict: Whether its answer is right.
        defect: Short name of the first reason why it is unfit to train on, `None` if it is fit.
        training_text: What the model would be trained on: `path.text`, cleaned.
    """

    path: ReasoningPath
    verdict: Verdict
    defect: str | None
    training_text: str

    @property
    def keepable(self) -> bool:
        return self.verdict.correct and self.defect is None


@dataclass(frozen=True, slots=True)
class Example:
    """A kept path in the form that is trained on (TRL's conversational prompt-completion).

    Attributes:
        prompt: The chat up to the reply.
        completion: The reply.
        provenance: Where it comes from, as flat columns.
        thought: What the model thought before the reply, `None` where thoughts are not trained on.
    """

    prompt: tuple[Message, ...]
    completion: tuple[Message, ...]
    provenance: Mapping[str, Any]
    thought: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One model's answer to one question at evaluation.

    Attributes:
        model: Name of the model in the evaluation: `base`, `tuned`, …
        task: Name of the task in the evaluation.
        question_id: The question.
        key: Where the ledger keeps the completion.
        response: What the model wrote; empty if it refused.
        finish_reason: Why it stopped there.
        prompt_tokens: Tokens of the prompt as the engine counted them.
        completion_tokens: Tokens of the response as the engine counted them.
        verdict: What the checker made of it.
        sample: Which of several answers to the same question, from 0.
    """

    model: str
    task: str
    question_id: str
    key: str
    response: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int
    verdict: Verdict
    sample: int = 0

    @property
    def truncated(self) -> bool:
        """Whether the response was cut at the token limit."""
        return self.finish_reason == "length"


def seed_from(*parts: str | int) -> int:
    """A seed that depends on nothing but `parts`: non-negative, below 2**31.

    Arrival order never enters it, so a run asks the same requests however its replies come in.
    """
    digest = hashlib.blake2b(_seeded(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % (2**31)


def storable(text: str) -> str:
    """The text as any UTF-8 file can hold it: surrogate pairs joined, lone surrogates replaced by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
