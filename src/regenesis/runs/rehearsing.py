"""What a run will send for a question, without a model: a chain whose replies stand for themselves.

for one in rehearse(config, questions):
    print(one.question.text, one.prompts[0].stage, one.prompts[0].messages)
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from regenesis.config import RunConfig
from regenesis.doctor.one_chain import one_chain
from regenesis.errors import RegenesisError
from regenesis.runs.waiting import run_to_its_end
from regenesis.types import Completion, Message, Question, Request


@dataclass(frozen=True, slots=True)
class Prompt:
    """A chat as it will be sent.

    Attributes:
        stage: What the completion is for.
        messages: The chat, oldest first; what depends on replies stands in angle quotes.
    """

    stage: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A question as it was read, with what will be sent for it.

    Attributes:
        question: The question.
        prompts: One chat a stage, in the order asked.
        measured: Whether it is a question of the evaluation.
    """

    question: Question
    prompts: tuple[Prompt, ...]
    measured: bool = False


def rehearse(config: RunConfig, questions: Sequence[Question]) -> list[Rehearsed]:
    """What a run will send for each of some questions: the first chain, as far as it can be known without replies.

    Args:
        config: The run's config.
        questions: As the tasks hold them.
    """
    return [run_to_its_end(_rehearse(config, question)) for question in questions]


async def _rehearse(config: RunConfig, question: Question) -> Rehearsed:
    engine = _Echo()
    # a method may need more of a reply than that it is there
    with suppress(RegenesisError):
        await one_chain(config, question, engine)
    return Rehearsed(question, tuple(Prompt(stage, messages) for stage, messages in engine.sent.items()))


class _Echo:
    """An engine whose replies say which stage they stand for; it remembers the first chat of each."""

    kind = "none"
    model = "none"
    capacity = 1

    def __init__(self) -> None:
        self.sent: dict[str, tuple[Message, ...]] = {}

    async def open(self) -> None:
        pass

    async def complete(self, request: Request) -> Completion:
        self.sent.setdefault(request.stage, request.messages)
        # numbered, as several stages ask for it
        said = f"1. ‹reply at the stage {request.stage}›\n2. ‹…›"
        return Completion(said, "stop", 0, 0, self.kind, 0.0)

    async def close(self) -> None:
        pass
