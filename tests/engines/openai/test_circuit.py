from __future__ import annotations

from regenesis.config import RetryConfig
from regenesis.engines.openai.circuit import REFUSALS_AT_START, SUSTAINED_WAITS, Circuit


def circuit(after: int = 3) -> Circuit:
    return Circuit(RetryConfig(circuit_after=after, longest_wait=10))


def fail(broken: Circuit, moment: float) -> str | None:
    return broken.failed(sent_at=moment, now=moment + 0.5, timed_out=False)


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    broken = circuit()
    assert [fail(broken, 1), fail(broken, 2)] == [None, None]
    assert "3 failures in a row" in (fail(broken, 3) or "")


def test_an_answer_closes_it() -> None:
    broken = circuit()
    fail(broken, 1), fail(broken, 2)
    broken.answered()
    assert [fail(broken, 3), fail(broken, 4)] == [None, None]


def test_a_refusal_is_an_answer() -> None:
    broken = circuit()
    fail(broken, 1), fail(broken, 2)
    broken.refused()
    assert fail(broken, 3) is None


def test_requests_cut_off_together_count_once() -> None:
    broken = circuit()
    assert [broken.failed(sent_at=1, now=2 + index / 100, timed_out=False) for index in range(64)] == [None] * 64
    assert fail(broken, 5) is None


def test_a_time_out_weighs_a_quarter() -> None:
    broken = circuit(after=20)
    verdicts = [broken.failed(sent_at=moment, now=moment + 0.5, timed_out=True) for moment in range(4)]
    assert [verdict is None for verdict in verdicts] == [True, True, True, False]


def test_too_many_requests_for_very_long_opens_it() -> None:
    broken = circuit()
    limit = SUSTAINED_WAITS * 10
    assert broken.too_much(now=100) is None
    assert broken.too_much(now=100 + limit) is None
    assert "too many requests" in (broken.too_much(now=101 + limit) or "")


def test_an_answer_in_between_starts_the_long_wait_anew() -> None:
    broken = circuit()
    broken.too_much(now=100)
    broken.answered()
    assert broken.too_much(now=1e6) is None


def test_a_session_that_starts_with_refusals_alone_is_misconfigured() -> None:
    broken = circuit()
    verdicts = [broken.refused() for _ in range(REFUSALS_AT_START)]
    assert verdicts[:-1] == [None] * (REFUSALS_AT_START - 1)
    assert "the config" in (verdicts[-1] or "")


def test_refusals_after_a_completion_are_no_reason_to_stop() -> None:
    broken = circuit()
    broken.answered()
    assert [broken.refused() for _ in range(2 * REFUSALS_AT_START)] == [None] * (2 * REFUSALS_AT_START)
