from __future__ import annotations

import asyncio
import gc
import random
import warnings
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.played import PlayedEngine, completion, question

from regenesis.config import BudgetConfig
from regenesis.engines.openai import OpenAIEngine
from regenesis.errors import EngineError, RequestFailed
from regenesis.ledger import Ledger
from regenesis.scheduling import (
    Budget,
    BudgetSpent,
    Pool,
    Sampler,
    WindowReport,
    side_by_side,
    window_size,
    work_through,
)
from regenesis.types import Completion, FinishReason, Message, Question, Request, Sampling

DRAW = Sampling(0.8, 0.95, 64)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


def sampler_of(engine: PlayedEngine | OpenAIEngine, ledger: Ledger, seed: int = 0, **budget: float) -> Sampler:
    return Sampler(engine, ledger, Budget(BudgetConfig(**budget)), seed)  # type: ignore[arg-type]


def questions(count: int) -> list[tuple[int, Question]]:
    return [(number, question(number)) for number in range(count)]


async def ask_all(
    sampler: Sampler, one: Question, ordinal: int = 0, chains: int = 1, stages: tuple[str, ...] = ("solve",)
) -> None:
    """Chains of one question side by side, each asking its stages one after the other."""

    async def follow(index: int) -> None:
        async with sampler.chain(one, ordinal, f"chain-{index}", index) as chain:
            for stage in stages:
                await chain.ask(stage, [Message("user", f"{one.text} {stage}")], DRAW)

    await side_by_side([follow(index) for index in range(chains)])


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


# the pool


async def test_places_go_to_the_smallest_priority_first() -> None:
    pool, order = Pool(1), []

    async def work(priority: tuple[int, ...]) -> None:
        await pool.take(priority)
        order.append(priority)
        await asyncio.sleep(0)
        pool.give_back()

    await pool.take((9, 9))
    wanted = [(2, 0), (0, 1), (1, 0), (0, 0), (1, 5), (0, 0)]
    tasks = [asyncio.create_task(work(priority)) for priority in wanted]
    await settled()
    assert pool.waiting == len(wanted)
    pool.give_back()
    await asyncio.gather(*tasks)
    assert order == sorted(wanted)
    assert (pool.taken, pool.waiting) == (0, 0)


async def order_of_service(pool: Pool, size: int, waiting: Sequence[tuple[tuple[int, int], int]]) -> list[object]:
    """Whoever waits for a pool that was full, in the order that they are served in."""
    order: list[object] = []

    async def work(priority: tuple[int, int], served: int) -> None:
        await pool.take(priority, served)
        order.append((priority, served))
        await asyncio.sleep(0)
        pool.give_back()

    for _ in range(size):
        await pool.take((99, 0))
    tasks = [asyncio.create_task(work(*one)) for one in waiting]
    await settled()
    pool.give_back()
    await asyncio.gather(*tasks)
    return order


async def test_where_few_wait_the_least_served_question_goes_first() -> None:
    waiting = [((0, 6), 6), ((3, 1), 0), ((1, 6), 6), ((3, 0), 0)]
    order = await order_of_service(Pool(1), 1, waiting)
    assert order == [((3, 0), 0), ((3, 1), 0), ((0, 6), 6), ((1, 6), 6)]


async def test_where_many_wait_the_oldest_question_goes_first_however_much_it_was_served() -> None:
    many = [((number, 0), 0) for number in range(1, 8)]
    order = await order_of_service(Pool(1), 1, [*many, ((0, 6), 6)])
    assert order[0] == ((0, 6), 6)


async def test_a_run_that_comes_first_is_served_first_whoever_was_served_least() -> None:
    pool, order = Pool(1), []

    async def work(place: int, served: int) -> None:
        share = pool.behind(place)
        await share.take((0, 0), served)
        order.append(place)
        share.give_back()

    await pool.take((9, 9))
    tasks = [asyncio.create_task(work(*one)) for one in [(1, 0), (0, 6)]]
    await settled()
    pool.give_back()
    await asyncio.gather(*tasks)
    assert order == [0, 1]


@given(size=st.integers(1, 5), steps=st.lists(st.integers(0, 5), max_size=60), seed=st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_no_place_is_lost_or_given_twice_whoever_is_cancelled(size: int, steps: list[int], seed: int) -> None:
    async def go() -> None:
        pool, drawn, holding = Pool(size), random.Random(seed), [0]
        tasks: list[asyncio.Task[None]] = []

        async def work() -> None:
            await pool.take((drawn.randrange(4),))
            holding[0] += 1
            assert holding[0] <= size
            try:
                await asyncio.sleep(drawn.choice((0, 0, 0.001)))
            finally:
                holding[0] -= 1
                pool.give_back()

        for step in steps:
            if step < 3:
                tasks.append(asyncio.create_task(work()))
            elif tasks:
                drawn.choice(tasks).cancel()
            if step % 2:
                await asyncio.sleep(0)
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(outcome is None or isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
        assert (pool.taken, pool.waiting, holding[0]) == (0, 0, 0)

    asyncio.run(go())


async def test_a_place_handed_over_to_one_cancelled_in_the_same_moment_is_passed_on() -> None:
    pool = Pool(1)
    await pool.take((0,))
    first, second = (asyncio.create_task(pool.take((number,))) for number in (1, 2))
    await settled()
    pool.give_back()  # hands the place to the first, which has not woken yet
    first.cancel()
    await settled()
    assert first.cancelled()
    assert second.done()
    assert pool.taken == 1


# the sampler


async def test_what_is_recorded_is_not_sent_again(ledger: Ledger) -> None:
    first, second = PlayedEngine(), PlayedEngine(lambda request: AssertionError("asked again"))
    await ask_all(sampler_of(first, ledger), question(), stages=("adapt", "solve"))
    again = sampler_of(second, ledger)
    await ask_all(again, question(), stages=("adapt", "solve"))
    assert first.stages() == ["adapt", "solve"]
    assert (again.traffic.sent, again.traffic.recalled, again.traffic.asked) == (0, 2, 2)
    assert again.pool.taken == 0


async def test_a_completion_is_on_disk_before_anything_depends_on_it(ledger: Ledger) -> None:
    sampler = sampler_of(PlayedEngine(), ledger)
    async with sampler.chain(question(), 0, "chain") as chain:
        reply = await chain.ask("solve", [Message("user", "?")], DRAW)
        with Ledger.read(ledger.path) as other:
            assert other.get(reply.key) == reply.completion


async def test_seeds_come_from_names_and_not_from_order(tmp_path: Path) -> None:
    asked: list[dict[tuple[str, str], int]] = []
    for number, order in enumerate(([0, 1, 2], [2, 0, 1])):
        engine = PlayedEngine(capacity=1 + 7 * number)
        with Ledger.open(tmp_path / f"{number}.sqlite") as ledger:
            sampler = sampler_of(engine, ledger, seed=5)
            await asyncio.gather(*(ask_all(sampler, question(index), chains=3) for index in order))
        asked.append({(one.question_id, one.key): one.seed for one in engine.asked})
    assert asked[0] == asked[1]
    assert len(set(asked[0].values())) == 9


async def test_another_run_seed_asks_with_other_seeds(tmp_path: Path) -> None:
    seeds = []
    for run_seed in (0, 1):
        engine = PlayedEngine()
        with Ledger.open(tmp_path / f"{run_seed}.sqlite") as ledger:
            await ask_all(sampler_of(engine, ledger, seed=run_seed), question())
        seeds.append(engine.asked[0].seed)
    assert seeds[0] != seeds[1]


async def test_samples_of_one_prompt_are_asked_apart(ledger: Ledger) -> None:
    engine = PlayedEngine()
    sampler = sampler_of(engine, ledger)
    async with sampler.chain(question(), 0, "chain") as chain:
        replies = [await chain.ask("solve", [Message("user", "?")], DRAW, sample) for sample in (0, 1, 0)]
    assert [one.sample for one in engine.asked] == [0, 1]
    assert engine.asked[0].seed != engine.asked[1].seed
    assert replies[0] == replies[2] != replies[1]


def refused(reason: FinishReason = "refused") -> Completion:
    return Completion("", reason, 0, 0, "played", 0.01, error="no")


async def test_a_refusal_is_counted_by_stage_and_never_written_down(ledger: Ledger) -> None:
    sampler = sampler_of(PlayedEngine(lambda request: refused()), ledger)
    await ask_all(sampler, question(0), stages=("adapt", "solve", "solve"))
    assert {stage: (one.count, one.words) for stage, one in sampler.traffic.refusals.items()} == {
        "adapt": (1, "no"),
        "solve": (2, "no"),
    }
    assert sampler.unanswered == {question(0).id}
    await sampler.settle()
    assert list(ledger.keys()) == []


async def test_what_a_filter_withheld_is_written_down_once_its_stage_is_answered(ledger: Ledger) -> None:
    replies = iter([refused("filtered"), completion("fine"), completion("fine")])
    sampler = sampler_of(PlayedEngine(lambda request: next(replies)), ledger)
    await ask_all(sampler, question(0), stages=("solve",))
    await ask_all(sampler, question(1), stages=("adapt",))
    assert len(list(ledger.keys())) == 1
    await ask_all(sampler, question(2), stages=("solve",))
    assert len(list(ledger.keys())) == 3


async def test_what_a_filter_withheld_last_is_written_down_at_the_end(ledger: Ledger) -> None:
    sampler = sampler_of(PlayedEngine(lambda request: refused("filtered")), ledger)
    await ask_all(sampler, question(0))
    assert list(ledger.keys()) == []
    await sampler.settle()
    assert len(list(ledger.keys())) == 1


@pytest.mark.parametrize(
    ("counts", "stalled"), [((40, 90, 140), 0), ((40, 60, 60), 1), ((40, 30, 60), 1), ((9, 9, 9), 0), ((0, 0, 0), 0)]
)
async def test_a_prompt_that_stops_growing_with_its_chat_is_counted(
    counts: tuple[int, ...], stalled: int, ledger: Ledger
) -> None:
    left = iter(counts)
    engine = PlayedEngine(lambda request: Completion("ok", "stop", next(left), 1, "played", 0.01))
    sampler = sampler_of(engine, ledger)
    messages: list[Message] = []
    async with sampler.chain(question(0), 0, "chain") as chain:
        for stage in ("adapt", "structure", "solve"):
            messages.append(Message("user", stage * 30))
            await chain.ask(stage, messages, DRAW)
    assert sampler.traffic.stalled == stalled


async def test_a_chain_holds_one_place_from_its_first_miss_to_its_end(ledger: Ledger) -> None:
    sampler = sampler_of(PlayedEngine(capacity=4), ledger)
    async with sampler.chain(question(), 0, "chain") as chain:
        assert sampler.pool.taken == 0
        for stage in ("adapt", "structure", "solve"):
            await chain.ask(stage, [Message("user", "?")], DRAW)
            assert sampler.pool.taken == 1
    assert sampler.pool.taken == 0


async def test_a_chain_that_fails_gives_its_place_back(ledger: Ledger) -> None:
    sampler = sampler_of(PlayedEngine(lambda request: RequestFailed("no")), ledger)
    with pytest.raises(RequestFailed):
        await ask_all(sampler, question())
    assert (sampler.pool.taken, sampler.traffic.in_flight) == (0, 0)


async def test_the_engine_never_has_more_in_flight_than_the_pool_holds(ledger: Ledger) -> None:
    engine = PlayedEngine(capacity=6, before=lambda request: asyncio.sleep(0.001))
    sampler = sampler_of(engine, ledger)
    await asyncio.gather(*(ask_all(sampler, question(number), number, chains=3) for number in range(20)))
    assert engine.peak == sampler.pool.size == 6
    assert len(engine.asked) == 60


async def test_the_oldest_questions_are_served_first(ledger: Ledger) -> None:
    engine = PlayedEngine(capacity=2)
    sampler = sampler_of(engine, ledger)
    await asyncio.gather(*(ask_all(sampler, question(number), number, chains=2) for number in reversed(range(8))))
    served = [int(one.question_id.rsplit("/", 1)[1]) for one in engine.asked]
    assert served[:2] == [7, 7]  # the first to come find the pool empty
    assert served[2:] == sorted(served[2:])


# budgets


async def run_through(sampler: Sampler, count: int = 30, window: int = 8) -> WindowReport:
    async def work(ordinal: int, one: Question) -> None:
        await ask_all(sampler, one, ordinal, chains=3, stages=("adapt", "solve"))

    return await work_through(questions(count), work, window)


@pytest.mark.parametrize("most", [0, 1, 2, 25, 179, 180, 500])
@pytest.mark.parametrize("capacity", [1, 16])
async def test_a_budget_of_requests_is_never_exceeded_and_is_used_up(ledger: Ledger, most: int, capacity: int) -> None:
    engine = PlayedEngine(capacity=capacity)
    report = await run_through(sampler_of(engine, ledger, requests=most))
    assert len(engine.asked) == min(most, 180)
    assert ledger.totals().get("adapt") is not None or most == 0
    if most < 180:
        assert report.stopped == f"{most} requests"
    else:
        assert (report.stopped, report.finished) == (None, 30)


async def test_starts_of_small_budgets_add_up_to_the_whole_with_nothing_sent_twice(ledger: Ledger) -> None:
    keys: list[str] = []
    for _ in range(100):
        engine = PlayedEngine(capacity=4)
        report = await run_through(sampler_of(engine, ledger, requests=17), count=10)
        keys += [one.key for one in engine.asked]
        if report.stopped is None:
            break
    assert len(keys) == len(set(keys)) == 60
    assert set(keys) == set(ledger.keys())


async def test_a_budget_of_tokens_stops_once_it_is_reached(ledger: Ledger) -> None:
    engine = PlayedEngine(lambda request: completion("x" * 40, prompt_tokens=90), capacity=5)
    sampler = sampler_of(engine, ledger, tokens=1000)
    report = await run_through(sampler)
    assert report.stopped == "1,000 tokens"
    assert 10 <= len(engine.asked) <= 10 + sampler.pool.size  # what was in flight is let come back
    assert sum(totals.prompt_tokens + totals.completion_tokens for totals in ledger.totals().values()) == 100 * len(
        engine.asked
    )


async def test_recalled_completions_cost_no_budget(ledger: Ledger) -> None:
    await run_through(sampler_of(PlayedEngine(), ledger), count=5)
    report = await run_through(sampler_of(PlayedEngine(), ledger, requests=0, tokens=0, minutes=0), count=5)
    assert (report.finished, report.stopped) == (5, None)


async def test_a_budget_of_minutes_goes_by_the_clock(ledger: Ledger) -> None:
    now = [100.0]

    async def pass_time(request: Request) -> None:
        now[0] += 10

    engine = PlayedEngine(before=pass_time, capacity=1)
    sampler = Sampler(engine, ledger, Budget(BudgetConfig(minutes=2), clock=lambda: now[0]), 0)
    report = await run_through(sampler)
    assert report.stopped == "2 minutes"
    assert len(engine.asked) == 12


# side by side


async def test_results_come_in_the_order_given() -> None:
    async def after(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return turns

    assert await side_by_side([after(5), after(0), after(3)]) == [5, 0, 3]
    assert await side_by_side([]) == []


@pytest.mark.parametrize("reason", [BudgetSpent("5 requests"), RequestFailed("kept failing")])
async def test_a_soft_end_of_one_lets_the_others_finish_first(reason: Exception) -> None:
    finished = []

    async def fail() -> None:
        raise reason

    async def work() -> None:
        for _ in range(10):
            await asyncio.sleep(0)
        finished.append(True)

    with pytest.raises(type(reason)):
        await side_by_side([work(), fail(), work()])
    assert finished == [True, True]


@pytest.mark.parametrize("error", [EngineError("down"), ValueError("a bug")])
async def test_any_other_error_of_one_ends_the_others_before_it_is_raised(error: Exception) -> None:
    ended = []

    async def fail() -> None:
        await asyncio.sleep(0)
        raise error

    async def work() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    with pytest.raises(type(error)):
        await side_by_side([work(), fail(), work()])
    assert ended == [True, True]


async def test_cancelled_before_it_began_it_leaves_no_coroutine_behind() -> None:
    async def work() -> None: ...

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        task = asyncio.create_task(side_by_side([work(), work()]))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task
        await settled()
        gc.collect()
    assert [str(one.message) for one in caught] == []


# the window


async def collect(count: int, work: Callable[[int, Question], Awaitable[None]], window: int) -> WindowReport:
    return await work_through(questions(count), work, window)


@pytest.mark.parametrize("window", [1, 3, 50])
async def test_at_most_a_window_of_questions_is_active_and_they_are_taken_lazily(window: int) -> None:
    active, peak, taken, ended = 0, 0, 0, 0

    def lazily() -> Iterator[tuple[int, Question]]:
        nonlocal taken
        for one in questions(40):
            taken += 1
            assert taken - ended <= window
            yield one

    async def work(ordinal: int, one: Question) -> None:
        nonlocal active, peak, ended
        active += 1
        peak = max(peak, active)
        for _ in range(1 + ordinal % 4):
            await asyncio.sleep(0)
        active -= 1
        ended += 1

    report = await work_through(lazily(), work, window)
    assert report.finished == 40
    assert peak == min(window, 40)


async def test_a_question_whose_request_keeps_failing_is_owed_and_the_rest_go_on() -> None:
    async def work(ordinal: int, one: Question) -> None:
        await asyncio.sleep(0)
        if ordinal in (2, 5):
            raise RequestFailed(f"no answer to {ordinal}")

    report = await collect(10, work, 3)
    assert report.finished == 8
    assert report.owed == {"toy/train/2": "no answer to 2", "toy/train/5": "no answer to 5"}


async def test_once_the_budget_is_spent_no_question_is_begun_and_those_begun_may_end() -> None:
    begun = []

    async def work(ordinal: int, one: Question) -> None:
        begun.append(ordinal)
        await asyncio.sleep(0)
        if ordinal == 1:
            raise BudgetSpent("2 requests")
        for _ in range(10):
            await asyncio.sleep(0)

    report = await collect(20, work, 4)
    assert report.stopped == "2 requests"
    assert report.finished == 3
    assert begun == [0, 1, 2, 3]


async def test_an_engine_that_cannot_go_on_stops_all_at_once() -> None:
    ended = []

    async def work(ordinal: int, one: Question) -> None:
        try:
            await asyncio.sleep(0)
            if ordinal == 2:
                raise EngineError("down")
            await asyncio.sleep(3600)
        finally:
            ended.append(ordinal)

    with pytest.raises(EngineError, match="down"):
        await collect(20, work, 5)
    assert sorted(ended) == [0, 1, 2, 3, 4]


async def test_of_several_errors_at_once_one_is_raised_and_none_is_left_unheard() -> None:
    unheard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))

    async def work(ordinal: int, one: Question) -> None:
        await asyncio.sleep(0)
        raise EngineError("down")

    with pytest.raises(EngineError):
        await collect(20, work, 5)
    gc.collect()
    await asyncio.sleep(0)
    assert unheard == []


async def test_cancelled_it_ends_what_is_active() -> None:
    ended = []

    async def work(ordinal: int, one: Question) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(ordinal)

    task = asyncio.create_task(collect(20, work, 3))
    await settled()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(ended) == [0, 1, 2]


@pytest.mark.parametrize("capacity", [1, 2, 16, 64, 1000])
def test_the_window_is_larger_than_the_engine_unless_it_is_configured(capacity: int) -> None:
    assert window_size(capacity, None) > capacity
    assert window_size(capacity, 3) == 3


# no barriers


async def test_while_any_reply_is_late_every_other_place_is_in_use(ledger: Ledger) -> None:
    """Nothing is answered until all places are taken, and then one request drawn at random: were there a barrier
    anywhere, this would wait for ever, however fast the machine is.
    """
    capacity, asked, chains, stages = 16, 60, 3, ("adapt", "solve")
    waiting: list[asyncio.Event] = []
    unfinished = asked * chains
    drawn = random.Random(7)

    async def until_all_places_are_taken(request: Request) -> None:
        nonlocal unfinished
        waiting.append(released := asyncio.Event())
        release_one()
        await released.wait()
        if request.stage == stages[-1]:
            unfinished -= 1
            release_one()

    def release_one() -> None:
        # the last chains are fewer than the places
        if waiting and len(waiting) >= min(capacity, unfinished):
            waiting.pop(drawn.randrange(len(waiting))).set()

    engine = PlayedEngine(capacity=capacity, before=until_all_places_are_taken)
    sampler = sampler_of(engine, ledger)

    async def work(ordinal: int, one: Question) -> None:
        await ask_all(sampler, one, ordinal, chains=chains, stages=stages)

    async with asyncio.timeout(120):
        await work_through(questions(asked), work, window_size(capacity, None))
    assert len(engine.asked) == asked * chains * len(stages)
    assert engine.peak == capacity


async def test_places_that_come_later_go_to_those_who_wait() -> None:
    pool = Pool.of(2)
    served: list[int] = []

    async def chain(number: int) -> None:
        await pool.take((number, 0))
        served.append(number)

    tasks = [asyncio.create_task(chain(number)) for number in range(6)]
    await asyncio.sleep(0)
    assert (served, pool.waiting) == ([0, 1], 4)
    pool.widen(4)
    await asyncio.sleep(0)
    assert (served, pool.size, pool.taken, pool.waiting) == ([0, 1, 2, 3], 4, 4, 2)
    pool.widen(9)
    await asyncio.gather(*tasks)
    assert (pool.size, pool.taken, pool.waiting) == (9, 6, 0)


async def test_places_never_become_fewer() -> None:
    pool = Pool.of(64)
    pool.widen(4)
    assert pool.size == 66
