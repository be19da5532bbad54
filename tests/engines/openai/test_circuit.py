from __future__ import annotations

from regenesis.engines.openai.circuit import REFUSALS_IN_A_ROW, SUSTAINED_WAITS, Circuit
from regenesis.engines.openai.config import RetryConfig


def circuit(after: int = 3) -> Circuit:
    return Circuit(RetryConfig(circuit_after=after, longest_wait=10))


def fail(broken: Circuit, moment: float) -> str | None:
    return broken.failed(sent_at=moment, now=moment + 0.5, timed_out=False)


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    broken = circuit()
    assert [fail(broken, 1), fail(broken, 2)] == [None, None]
    assert "3 consecutive failures" in (fail(broken, 3) or "")


def test_an_answer_closes_it() -> None:
    broken = circuit()
    fail(broken, 1), fail(broken, 2)
    broken.answered("solve")
    assert [fail(broken, 3), fail(broken, 4)] == [None, None]


def test_a_refusal_is_an_answer() -> None:
    broken = circuit()
    fail(broken, 1), fail(broken, 2)
    broken.refused("solve", "question")
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
    broken.answered("solve")
    assert broken.too_much(now=1e6) is None


def refuse(broken: Circuit, count: int, *, stage: str = "solve", for_length: bool = False) -> list[str | None]:
    """Verdicts on refusals, each of another question."""
    return [broken.refused(stage, f"question {number}", for_length=for_length) for number in range(count)]


def test_a_session_that_starts_with_refusals_alone_is_misconfigured() -> None:
    verdicts = refuse(circuit(), REFUSALS_IN_A_ROW)
    assert verdicts[:-1] == [None] * (REFUSALS_IN_A_ROW - 1)
    assert "completed none" in (verdicts[-1] or "")


def test_refusals_in_a_row_stop_it_at_any_time() -> None:
    broken = circuit()
    broken.answered("solve")
    verdicts = refuse(broken, REFUSALS_IN_A_ROW)
    assert verdicts[:-1] == [None] * (REFUSALS_IN_A_ROW - 1)
    assert "refused the last 20 requests" in (verdicts[-1] or "")


def test_completions_in_between_keep_it_closed() -> None:
    broken = circuit()
    for _ in range(5):
        assert refuse(broken, REFUSALS_IN_A_ROW - 1) == [None] * (REFUSALS_IN_A_ROW - 1)
        broken.answered("solve")


def test_a_stage_that_is_always_refused_is_noticed_among_completions_of_others() -> None:
    broken = circuit()
    verdicts = []
    for number in range(REFUSALS_IN_A_ROW):
        broken.answered("adapt")
        verdicts.append(broken.refused("solve", f"question {number}"))
    assert verdicts[:-1] == [None] * (REFUSALS_IN_A_ROW - 1)
    assert "of the stage solve" in (verdicts[-1] or "")


def test_one_question_alone_does_not_stop_a_run() -> None:
    broken = circuit()
    assert [broken.refused("adapt", "a very long question") for _ in range(100)] == [None] * 100
    assert broken.refused("adapt", "another") is None


def test_refusals_for_length_count_only_until_the_stage_has_been_answered() -> None:
    never = refuse(circuit(), REFUSALS_IN_A_ROW, for_length=True)
    assert never[-1] is not None
    broken = circuit()
    broken.answered("solve")
    assert refuse(broken, 5 * REFUSALS_IN_A_ROW, for_length=True) == [None] * (5 * REFUSALS_IN_A_ROW)
