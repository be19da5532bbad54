from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from regenesis.engines.openai.config import RetryConfig
from regenesis.engines.openai.endpoints import Endpoint, Pool
from regenesis.errors import EngineError

RETRY = RetryConfig(first_wait=0.01, longest_wait=0.05)
URLS = ("http://one/v1", "http://two/v1")


def pool(max_in_flight: int = 8, urls: tuple[str, ...] = URLS) -> Pool:
    return Pool(urls, max_in_flight, RETRY)


async def fill(of: Pool, questions: int, question: str = "{}") -> Counter[str]:
    taken = [await of.acquire(question.format(index)) for index in range(questions)]
    return Counter(endpoint.url for endpoint in taken)


async def waiting(of: Pool, question: str = "late") -> asyncio.Task[Endpoint]:
    task = asyncio.create_task(of.acquire(question))
    await asyncio.sleep(0)
    assert not task.done()
    return task


@pytest.mark.parametrize(("places", "shares"), [(8, [4, 4]), (7, [4, 3]), (1, [1, 1])])
def test_places_are_split_evenly(places: int, shares: list[int]) -> None:
    assert [endpoint.limiter.ceiling for endpoint in pool(places).endpoints] == shares


async def test_no_more_are_let_through_than_configured_even_with_more_urls_than_places() -> None:
    crowded = pool(max_in_flight=1)
    endpoint = await crowded.acquire("first")
    second = await waiting(crowded)
    crowded.release(endpoint)
    await second
    assert crowded.in_flight == 1


async def test_load_is_spread_over_urls() -> None:
    assert await fill(pool(8), 8) == {URLS[0]: 4, URLS[1]: 4}


async def test_one_question_stays_near_its_url_but_does_not_flood_it() -> None:
    spread = await fill(pool(80), 40, question="same")
    assert max(spread.values()) - min(spread.values()) in range(1, 8)


async def test_an_idle_pool_sends_a_question_where_it_went_before() -> None:
    calm = pool(80)
    for question in ("a", "b", "c", "d", "e", "f", "g"):
        visits = []
        for _ in range(3):
            endpoint = await calm.acquire(question)
            visits.append(endpoint.url)
            calm.release(endpoint)
        assert len(set(visits)) == 1


async def test_questions_have_different_urls_to_go_to() -> None:
    calm = pool(80)
    visited = set()
    for index in range(40):
        endpoint = await calm.acquire(f"question {index}")
        visited.add(endpoint.url)
        calm.release(endpoint)
    assert visited == set(URLS)


async def test_the_line_is_served_first_come_first_served() -> None:
    narrow = pool(1, URLS[:1])
    endpoint = await narrow.acquire("first")
    order: list[int] = []

    async def visit(number: int) -> None:
        mine = await narrow.acquire("any")
        order.append(number)
        narrow.release(mine)

    visits = [asyncio.create_task(visit(number)) for number in range(5)]
    await asyncio.sleep(0)
    narrow.release(endpoint)
    await asyncio.gather(*visits)
    assert order == list(range(5))


async def test_who_gives_up_waiting_leaves_no_place_taken() -> None:
    narrow = pool(1, URLS[:1])
    endpoint = await narrow.acquire("first")
    gone, stays = await waiting(narrow), await waiting(narrow)
    gone.cancel()
    narrow.release(endpoint)
    narrow.release(await stays)
    assert narrow.in_flight == 0


async def test_a_place_given_at_the_moment_of_cancellation_is_given_back() -> None:
    narrow = pool(1, URLS[:1])
    endpoint = await narrow.acquire("first")
    task = await waiting(narrow)
    narrow.release(endpoint)  # the place is the task's now, which has not run yet
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert narrow.in_flight == 0


async def test_a_resting_url_is_passed_over() -> None:
    rested = pool(8)
    rested.endpoints[0].failed(10, 1e12, "refused", unreachable=True)
    assert await fill(rested, 4) == {URLS[1]: 4}


async def test_who_waits_is_served_when_the_rest_ends() -> None:
    alone = pool(8, URLS[:1])
    alone.endpoints[0].too_much(sent_at=1, now=asyncio.get_running_loop().time(), asked=0.05)
    task = await waiting(alone)
    assert (await task).url == URLS[0]


def test_single_failures_do_not_rest_a_url() -> None:
    endpoint = Endpoint("http://one/v1", 8, RETRY)
    for moment in range(4):
        endpoint.failed(moment, moment, "500", unreachable=False)
    assert endpoint.free(now=4)
    endpoint.failed(5, 1e9, "500", unreachable=False)
    assert endpoint.rests_until >= 1e9


def test_a_rested_url_is_probed_by_one_request_at_a_time_until_it_answers() -> None:
    endpoint = Endpoint("http://one/v1", 8, RETRY)
    endpoint.failed(1, 1, "refused", unreachable=True)
    assert endpoint.free(now=100)
    endpoint.take()
    assert not endpoint.free(now=100)
    endpoint.give_back()
    endpoint.take()
    endpoint.answered()
    assert endpoint.free(now=100)


def test_a_url_that_stays_down_is_looked_at_again_every_quarter_of_a_minute_and_the_user_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    endpoint, now, waits = Endpoint("http://one/v1", 8, RetryConfig()), 0.0, []
    for _ in range(100):
        endpoint.failed(now, now, "refused", unreachable=True)
        waits.append(endpoint.rests_until - now)
        now = endpoint.rests_until
    assert max(waits) <= 15
    assert len(caplog.records) == sum(wait > 5 for wait in waits[1:]) + 1


def test_requests_cut_off_together_bring_one_rest() -> None:
    endpoint = Endpoint("http://one/v1", 64, RETRY)
    for _ in range(64):
        endpoint.failed(sent_at=1, now=2, reason="cut", unreachable=True)
    assert endpoint.rests_until <= 2 + RETRY.first_wait


@pytest.mark.parametrize(("asked", "rest", "given_up"), [(0.3, 0.3, False), (0.0, 0.005, False), (1e8, 0.5, True)])
def test_retry_after_is_obeyed_within_bounds(asked: float, rest: float, given_up: bool) -> None:
    endpoint = Endpoint("http://one/v1", 8, RETRY)
    endpoint.too_much(sent_at=1000, now=1000, asked=asked)
    assert endpoint.rests_until == pytest.approx(1000 + rest)
    assert endpoint.given_up is given_up


async def test_stopping_turns_away_those_who_wait_and_those_who_come() -> None:
    narrow = pool(1, URLS[:1])
    await narrow.acquire("first")
    task = await waiting(narrow)
    narrow.stop("the end")
    narrow.stop("another reason")
    for late in (task, narrow.acquire("later")):
        with pytest.raises(EngineError, match="the end"):
            await late
