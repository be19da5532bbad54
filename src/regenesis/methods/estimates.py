"""What a method will ask, by stage, at most and as expected.

"At most" is what the config allows; how many tokens the prompts' own text comes to depends on the tokenizer, and is set
high. "Expected" supposes that each chain gives a path worth keeping with the same probability, and that texts are as
long as a small instruct model's on school mathematics; both are guesses to plan by, and a plan says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from regenesis.types import Message, Question

BYTES_A_TOKEN = 4
"""As expected."""
FEWEST_BYTES_A_TOKEN = 3
"""For what is stated as "at most": English prose with many numbers, by tokenizers that split these into digits."""
_MESSAGE_TOKENS = 8
"""What a chat template puts around one message."""
_SAMPLED_QUESTIONS = 200
_TYPICAL_THOUGHT = 600
"""Tokens of a thought before a reply, where a model thinks."""


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """Calls and tokens of one stage over the whole run."""

    most_calls: int
    most_new_tokens: int
    most_prompt_tokens: int
    expected_calls: float
    expected_new_tokens: float
    expected_prompt_tokens: float

    def with_thoughts(self, room: int) -> StageEstimate:
        """The same where each reply comes after a thought of at most `room` tokens."""
        thought = min(_TYPICAL_THOUGHT, room)
        return replace(
            self,
            most_new_tokens=self.most_new_tokens + self.most_calls * room,
            expected_new_tokens=round(self.expected_new_tokens + self.expected_calls * thought),
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a method will ask.

    Attributes:
        most_chains: Chains over the whole run at most.
        expected_chains: Chains expected.
        expected_kept: Kept paths expected.
        stages: The stages in the order asked; those that ask nothing are left out.
    """

    most_chains: int
    expected_chains: float
    expected_kept: float
    stages: Mapping[str, StageEstimate]


def stage_estimate(
    most_calls: float,
    expected_calls: float,
    *,
    limit: int,
    typical: int,
    most_prompt: float,
    expected_prompt: float,
) -> StageEstimate:
    """One stage, from calls over the whole run and tokens a call.

    Args:
        most_calls: Calls at most.
        expected_calls: Calls expected.
        limit: Most new tokens a call.
        typical: New tokens of a usual reply.
        most_prompt: Prompt tokens a call, with everything before it as long as it may be.
        expected_prompt: Prompt tokens a call, as expected.
    """
    return StageEstimate(
        most_calls=round(most_calls),
        most_new_tokens=round(most_calls * limit),
        most_prompt_tokens=round(most_calls * most_prompt),
        expected_calls=round(expected_calls, 1),
        expected_new_tokens=round(expected_calls * min(typical, limit)),
        expected_prompt_tokens=round(expected_calls * expected_prompt),
    )


def expected_share(chains: int, wave: int, keep: int, chain_yield: float, *, give_up: int | None = None) -> float:
    """Share of its chains that a question is expected to start where it stops once it has kept enough.

    It looks only between waves. With `give_up`, a question that has kept nothing by then starts no more.
    """
    if not chains:
        return 1.0
    expected = sum(
        (_probability_below(keep, begun, chain_yield) - _given_up(begun, give_up, chain_yield))
        * min(wave, chains - begun)
        for begun in range(0, chains, wave)
    )
    return expected / chains


def _given_up(begun: int, give_up: int | None, chain_yield: float) -> float:
    return (1 - chain_yield) ** begun if give_up is not None and begun >= give_up else 0.0


def _probability_below(wanted: int, chains: int, chain_yield: float) -> float:
    """Probability that fewer than `wanted` of `chains` chains give a path worth keeping."""
    return sum(
        math.comb(chains, hits) * chain_yield**hits * (1 - chain_yield) ** (chains - hits)
        for hits in range(min(wanted, chains + 1))
    )


def sampled(questions: Sequence[Question]) -> Sequence[Question]:
    """A few of many questions, evenly spread, whose prompts stand for all."""
    return questions[:: max(1, len(questions) // _SAMPLED_QUESTIONS)]


def message_tokens(messages: Iterable[Message], bytes_a_token: int) -> float:
    """About how many tokens a chat comes to."""
    return sum(len(message.content.encode()) / bytes_a_token + _MESSAGE_TOKENS for message in messages)


def prompt_tokens(chats: Iterable[Sequence[Message]]) -> tuple[float, float]:
    """Tokens a chat on average: at most, and as expected."""
    listed = list(chats)
    if not listed:
        return 0.0, 0.0
    most, expected = (
        fmean(message_tokens(chat, size) for chat in listed) for size in (FEWEST_BYTES_A_TOKEN, BYTES_A_TOKEN)
    )
    return most, expected
