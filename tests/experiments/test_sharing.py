"""An engine that cells share: each request sent once, on disk before it is answered, the earlier cell served first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.helpers.played import REFUSED, PlayedEngine, completion

from regenesis.engines import Engine, EngineConfig
from regenesis.errors import RequestFailed
from regenesis.experiments.sharing import SharedEngines
from regenesis.ledger import Ledger
from regenesis.scheduling import BudgetConfig, BudgetSpent
from regenesis.types import Completion, Message, Request, Sampling, Thinking


class PlayedConfig(EngineConfig):
    """A config whose engine is the test's."""

    engine: ClassVar[PlayedEngine]

    kind: str = "played"
    model: str = "played"

    def make(self, thinking: Thinking = "off", fetching: Any = None) -> Engine:
        return self.engine

    def identity(self, thinking: Thinking = "off") -> str:
        return "played"


def asking(number: int) -> Request:
    return Request("played", (Message("user", f"{number}?"),), Sampling(0.0, 1.0, 8), number, 0, f"q{number}", "solve")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


def shared_over(ledger: Ledger, engine: PlayedEngine, **budget: int) -> SharedEngines:
    PlayedConfig.engine = engine
    return SharedEngines(ledger, ledger.path.parent / "identities", BudgetConfig(**budget))


async def engine_of(shared: SharedEngines, place: int = 0) -> Engine:
    engine = shared.maker(place)(PlayedConfig(), "off", lambda done, total: None)
    await engine.open()
    return engine


async def test_an_equal_request_of_another_cell_waits_for_the_answer_in_flight(ledger: Ledger) -> None:
    played = PlayedEngine(lambda request: "yes")
    shared = shared_over(ledger, played)
    one, other = await engine_of(shared), await engine_of(shared, 1)
    answers = await asyncio.gather(*(engine.complete(asking(1)) for engine in (one, other, one)))
    assert {answer.text for answer in answers} == {"yes"}
    assert (len(played.asked), shared.traffic.sent, shared.traffic.recalled) == (1, 1, 2)


async def test_an_answer_is_recorded_before_it_is_given(ledger: Ledger) -> None:
    shared = shared_over(ledger, PlayedEngine(lambda request: "yes"))
    await (await engine_of(shared)).complete(asking(1))
    with Ledger.read(ledger.path) as read:
        assert read.get(asking(1).key) is not None


async def test_what_is_recorded_opens_no_engine(ledger: Ledger) -> None:
    await (await engine_of(shared_over(ledger, PlayedEngine(lambda request: "yes")))).complete(asking(1))
    second = PlayedEngine(lambda request: "no")
    answer = await (await engine_of(shared_over(ledger, second))).complete(asking(1))
    assert (answer.text, second.opened, len(second.asked)) == ("yes", 0, 0)


async def test_a_cell_that_is_cancelled_leaves_its_request_to_the_one_that_waits(ledger: Ledger) -> None:
    first_asked = asyncio.Event()

    async def before(request: Request) -> None:
        if not first_asked.is_set():
            first_asked.set()
            await asyncio.Event().wait()

    played = PlayedEngine(lambda request: "yes", before=before)
    shared = shared_over(ledger, played)
    leader = asyncio.ensure_future((await engine_of(shared)).complete(asking(1)))
    await first_asked.wait()
    waiting = asyncio.ensure_future((await engine_of(shared, 1)).complete(asking(1)))
    await asyncio.sleep(0)
    leader.cancel()
    assert (await asyncio.wait_for(waiting, 10)).text == "yes"
    assert len(played.asked) == 2


async def test_a_request_that_fails_fails_for_all_that_wait_and_is_asked_again_later(ledger: Ledger) -> None:
    answers: list[Exception | str] = [RequestFailed("busy"), "yes"]
    shared = shared_over(ledger, PlayedEngine(lambda request: answers.pop(0)))  # type: ignore[arg-type,return-value]
    one, other = await engine_of(shared), await engine_of(shared, 1)
    failed = await asyncio.gather(one.complete(asking(1)), other.complete(asking(1)), return_exceptions=True)
    assert [type(one) for one in failed] == [RequestFailed, RequestFailed]
    assert (await one.complete(asking(1))).text == "yes"


async def test_a_refusal_is_given_and_not_recorded(ledger: Ledger) -> None:
    answers: list[Completion] = [REFUSED, completion("yes")]
    shared = shared_over(ledger, PlayedEngine(lambda request: answers.pop(0)))
    engine = await engine_of(shared)
    assert (await engine.complete(asking(1))).refused
    assert not (await engine.complete(asking(1))).refused


async def test_a_budget_counts_what_is_sent_over_all_cells(ledger: Ledger) -> None:
    shared = shared_over(ledger, PlayedEngine(lambda request: "yes"), requests=2)
    one, other = await engine_of(shared), await engine_of(shared, 1)
    for engine, number in ((one, 1), (other, 1), (other, 2), (one, 2)):
        await engine.complete(asking(number))
    with pytest.raises(BudgetSpent, match="2 requests"):
        await one.complete(asking(3))


async def test_places_in_flight_are_shared_and_the_earlier_cell_goes_first(ledger: Ledger) -> None:
    shared = shared_over(ledger, PlayedEngine(capacity=1))
    one, other = await engine_of(shared), await engine_of(shared, 1)
    order: list[str] = []

    async def chain(engine: Any, name: str) -> None:
        await engine.places.take((0, 0))
        order.append(name)
        await asyncio.sleep(0)
        engine.places.give_back()

    await asyncio.gather(chain(other, "held"), chain(other, "later"), chain(one, "earlier"))
    assert order == ["held", "earlier", "later"]
    assert (one.places.taken, other.places.taken) == (0, 0)  # type: ignore[attr-defined]


async def test_an_engine_is_closed_when_the_last_cell_is_done_and_not_within_a_group(ledger: Ledger) -> None:
    closed: list[bool] = []

    class Closing(PlayedEngine):
        async def close(self) -> None:
            closed.append(True)

    shared = shared_over(ledger, Closing(lambda request: "yes"))
    async with shared.kept_open():
        first = await engine_of(shared)
        await first.complete(asking(1))
        await first.close()
        second = await engine_of(shared, 1)
        await second.complete(asking(2))
        await second.close()
        assert not closed
    assert closed == [True]
    assert PlayedConfig.engine.opened == 1
