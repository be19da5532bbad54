from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from regenesis.engines.openai.limiter import Limiter


def full(ceiling: int) -> Limiter:
    limiter = Limiter(ceiling)
    while limiter.free:
        limiter.take()
    return limiter


def test_it_lets_as_many_through_as_the_ceiling() -> None:
    assert full(7).in_flight == 7


def test_being_told_too_much_halves_the_limit() -> None:
    limiter = full(64)
    limiter.lower(sent_at=1, now=2)
    assert limiter.limit == 32
    assert not limiter.free


def test_a_crowd_that_is_turned_away_together_lowers_once() -> None:
    limiter = full(64)
    for _ in range(64):
        limiter.lower(sent_at=1, now=2)
        limiter.give_back()
    assert limiter.limit == 32


def test_a_request_sent_after_the_lowering_lowers_again() -> None:
    limiter = full(64)
    limiter.lower(sent_at=1, now=2)
    limiter.lower(sent_at=3, now=4)
    assert limiter.limit == 16


def test_the_limit_is_lowered_from_what_was_in_flight() -> None:
    limiter = Limiter(64)
    for _ in range(10):
        limiter.take()
    limiter.lower(sent_at=1, now=2)
    assert limiter.limit == 5


def test_a_window_of_answers_raises_the_limit_by_about_one() -> None:
    limiter = full(64)
    limiter.lower(sent_at=1, now=2)
    for _ in range(33):
        limiter.raise_slowly()
    assert limiter.limit == 33


@given(st.integers(1, 100), st.lists(st.sampled_from(["take", "give", "raise", "lower"]), max_size=300))
def test_the_limit_stays_between_one_and_the_ceiling(ceiling: int, steps: list[str]) -> None:
    limiter = Limiter(ceiling)
    for moment, step in enumerate(steps):
        if step == "take" and limiter.free:
            limiter.take()
        elif step == "give" and limiter.in_flight:
            limiter.give_back()
        elif step == "raise":
            limiter.raise_slowly()
        elif step == "lower":
            limiter.lower(moment, moment)
        assert 1 <= limiter.limit <= ceiling
        assert 0 <= limiter.in_flight <= ceiling
