"""What a sampler does with a model that thinks: room for the thought, and a stop where nothing but thoughts comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.helpers.played import PlayedEngine, completion, question

from regenesis.config import BudgetConfig
from regenesis.errors import NothingButThoughts
from regenesis.ledger import Ledger
from regenesis.scheduling import Budget, Sampler
from regenesis.types import Completion, Message, Request, Sampling

CUT = Completion("", "length", 10, 160, "played", 0.1, thought="per week?", thought_tokens=160)
ENDED = Completion("", "stop", 10, 160, "played", 0.1, thought="per week? It is 7.", thought_tokens=160)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


async def ask(sampler: Sampler, number: int, *stages: str) -> Completion:
    async with sampler.chain(question(number), number, "chain") as chain:
        for stage in stages or ("adapt",):
            reply = await chain.ask(stage, [Message("user", "Why?")], Sampling(0.8, 0.95, 160))
        return reply.completion


@pytest.mark.parametrize(
    ("answer", "room", "advice"),
    [
        (CUT, 0, "despite `thinking: off`: set `thinking: on`"),
        (CUT, 2048, "Raise `thinking_tokens`, which is 2,048, or set `thinking: off`"),
        (ENDED, 0, "reasoning parser"),
    ],
)
async def test_a_start_with_nothing_but_thoughts_stops_after_twenty(
    ledger: Ledger, answer: Completion, room: int, advice: str
) -> None:
    engine = PlayedEngine(lambda request: answer)
    sampler = Sampler(engine, ledger, Budget(BudgetConfig()), 0, room_for_thought=room)
    for number in range(19):
        await ask(sampler, number)
    with pytest.raises(NothingButThoughts, match=rf"{advice}.*new run folder"):
        await ask(sampler, 19)
    assert len(list(ledger.keys())) == 20, "what was paid for is recorded"


async def test_texts_that_were_cut_are_thoughts_too_where_the_model_thinks_later_in_their_chains(
    ledger: Ledger,
) -> None:
    def primed(request: Request) -> Completion:
        if request.stage == "adapt":
            return completion("Okay, let me see whether", finish_reason="length")
        return replace(completion("1. Add."), thought="per week?", thought_tokens=1)

    sampler = Sampler(PlayedEngine(primed), ledger, Budget(BudgetConfig()), 0)
    for number in range(19):
        await ask(sampler, number, "adapt", "solve")
    with pytest.raises(NothingButThoughts, match="inside its thinking 20 times"):
        await ask(sampler, 19, "adapt", "solve")
    assert sampler.traffic.sent == 40


async def test_a_model_that_is_cut_and_never_thinks_goes_on(ledger: Ledger) -> None:
    engine = PlayedEngine(lambda request: completion("1. Add the", finish_reason="length"))
    sampler = Sampler(engine, ledger, Budget(BudgetConfig()), 0)
    for number in range(40):
        await ask(sampler, number, "adapt", "solve")
    assert len(engine.asked) == 80


async def test_one_reply_shows_that_the_model_can(ledger: Ledger) -> None:
    engine = PlayedEngine(lambda request: completion("so") if request.question_id.endswith("/7") else CUT)
    sampler = Sampler(engine, ledger, Budget(BudgetConfig()), 0)
    for number in range(40):
        await ask(sampler, number)
    assert len(engine.asked) == 40


async def test_a_thought_has_room_on_top_of_every_limit(ledger: Ledger) -> None:
    engine = PlayedEngine()
    await ask(Sampler(engine, ledger, Budget(BudgetConfig()), 0, room_for_thought=500), 0)
    await ask(Sampler(engine, ledger, Budget(BudgetConfig()), 0), 0)
    assert [request.sampling.max_tokens for request in engine.asked] == [660, 160]


async def test_thought_and_reply_are_read_back_as_they_came(ledger: Ledger) -> None:
    came = Completion("7", "stop", 10, 50, "played", 0.1, thought="per week?", thought_tokens=40)
    engine = PlayedEngine(lambda request: came)
    sampler = Sampler(engine, ledger, Budget(BudgetConfig()), 0)
    await ask(sampler, 0)
    recalled = await ask(sampler, 0)
    assert len(engine.asked) == 1
    assert (recalled.text, recalled.thought, recalled.thought_tokens) == ("7", "per week?", 40)
    assert (recalled.reply_tokens, recalled.only_thought) == (10, False)


async def test_tokens_of_thoughts_count_against_the_budget(ledger: Ledger) -> None:
    engine = PlayedEngine(lambda request: CUT)
    budget = Budget(BudgetConfig(tokens=300))
    sampler = Sampler(engine, ledger, budget, 0)
    await ask(sampler, 0)
    await ask(sampler, 1)
    assert (budget.tokens, budget.exhausted()) == (340, "300 tokens")
