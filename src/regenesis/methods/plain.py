"""Plain samples: the question as the answering prompt puts it, sampled several times.

Methods that draw plain samples draw the same ones: with equal answering prompt and sampling they make equal requests,
so that in one ledger a second method pays for none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import Field

from regenesis.methods.base import MethodSection, Session
from regenesis.methods.estimates import StageEstimate, prompt_tokens, sampled, stage_estimate
from regenesis.methods.faults import fault_of, is_usable
from regenesis.methods.waves import in_waves
from regenesis.prompts import AnsweringPrompt
from regenesis.scheduling import Reply
from regenesis.section import EXTENDS, SamplingConfig
from regenesis.types import GradedPath, Message, Question, ReasoningPath, Sampling

STAGE = "sample"
TITLE = "plain sample"
TYPICAL_TOKENS = 260
"""New tokens of a sample, as models of 0.5B and 1.5B wrote them on GSM8K."""
_LABEL = "plain"


class PlainSamplesConfig(MethodSection):
    """What methods that draw plain samples have in common."""

    samples: int = Field(default=8, ge=1, json_schema_extra=EXTENDS)
    """Most samples per question."""
    sampling: SamplingConfig = SamplingConfig()
    """How tokens are drawn."""


async def plain_samples(
    session: Session,
    answering: AnsweringPrompt,
    sampling: Sampling,
    samples: int,
    *,
    method: str,
    next_wave: Callable[[list[GradedPath]], int] | None = None,
) -> list[GradedPath]:
    """Draws and grades plain samples of one question.

    Args:
        session: The question.
        answering: How it is put to the model.
        sampling: How tokens are drawn.
        samples: Most samples.
        method: Name of the method that the paths are made for.
        next_wave: Given the samples so far, how many are drawn side by side next; all at once if left out.
    """
    messages = answering.messages(session.question)

    async def draw(place: int, index: int) -> list[GradedPath]:
        async with session.chain(_LABEL, place) as chain:
            reply = await chain.ask(STAGE, messages, sampling, index)
        return [await session.judge.judge(path_of(session.question, method, STAGE, reply), session.question)]

    return await in_waves(range(samples), next_wave or (lambda judged: samples), draw)


def path_of(question: Question, method: str, stage: str, reply: Reply, *, hinted: bool = False) -> ReasoningPath:
    """The path that one completion is; broken where it was refused or is empty."""
    completion = reply.completion
    usable = is_usable(completion)
    return ReasoningPath(
        question_id=question.id,
        method=method,
        guideline="",
        hinted=hinted,
        steps=((stage, reply.key, completion.text),),
        text=completion.text if usable else "",
        tokens=completion.reply_tokens if usable else 0,
        truncated=completion.finish_reason == "length",
        defect=None if usable else f"{fault_of(completion)}_{stage}",
    )


def estimate_stage(
    chats: Sequence[Sequence[Message]], most_calls: float, expected_calls: float, sampling: SamplingConfig
) -> StageEstimate:
    """A stage whose prompts are these chats."""
    most, expected = prompt_tokens(chats)
    return stage_estimate(
        most_calls,
        expected_calls,
        limit=sampling.max_tokens,
        typical=TYPICAL_TOKENS,
        most_prompt=most,
        expected_prompt=expected,
    )


def chats_of(answering: AnsweringPrompt, questions: Sequence[Question]) -> list[tuple[Message, ...]]:
    """What is sent for a few of the questions, which stand for all."""
    return [answering.messages(question) for question in sampled(questions)]


def describe_sampling(sampling: SamplingConfig) -> str:
    """How tokens are drawn, as a card says it."""
    temperature, top_p = (
        "left to the server" if value is None else str(value) for value in (sampling.temperature, sampling.top_p)
    )
    return f"temperature {temperature}, top_p {top_p}, at most {sampling.max_tokens} new tokens"
