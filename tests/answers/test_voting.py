from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from regenesis.answers import Rules, vote
from regenesis.answers.pool import shared_pool
from regenesis.answers.voting import wilson_lower


def test_answers_are_grouped_by_value() -> None:
    outcome = vote(["5", "5.0", "10/2", "6", None], "number")
    assert outcome.winner == "5"
    assert (outcome.count, outcome.voters, outcome.share) == (3, 4, 0.75)
    assert outcome.agreeing == (0, 1, 2)
    assert not outcome.tied


def test_formulas_are_grouped_by_meaning() -> None:
    assert vote(["x^2-1", "(x-1)(x+1)", "x^2+1"], "math", rules=Rules(symbolic=False)).agreeing == (0, 1)


SUMS = [rf"\sum_{{i=1}}^{{10^9}} \sin(i+{number})" for number in range(12)]
"""Formulas that no computer algebra system compares in any time."""


def jobs_done() -> int:
    return sum(worker.jobs for worker in shared_pool()._started)


def test_a_vote_that_only_computer_algebra_could_settle_has_one_budget_for_all_its_pairs() -> None:
    before = jobs_done()
    outcome = vote(SUMS, "math", rules=Rules(symbolic_seconds=0.5))
    assert jobs_done() - before <= 2  # of 66 pairs
    assert (outcome.winner, outcome.count, outcome.voters) == (None, 1, 12)


def test_equal_texts_are_counted_before_anything_is_compared() -> None:
    outcome = vote([*SUMS, SUMS[5]], "math", rules=Rules(symbolic_seconds=0.2))
    assert (outcome.winner, outcome.agreeing) == (SUMS[5], (5, 12))


def test_what_computer_algebra_can_settle_is_settled() -> None:
    outcome = vote([r"\int_0^1 2x\,dx", "7", r"\int_0^1 3x^2\,dx", "7", r"\int_0^1 2x\,dx"], "math")
    assert outcome.agreeing == (0, 2, 4)


def test_options_are_grouped_by_label() -> None:
    assert vote(["B", "(b)", "banana", "A"], "choice", ["apple", "banana"]).agreeing == (0, 1, 2)


def test_a_tie_has_no_winner() -> None:
    outcome = vote(["5", "6", "5", "6", "7"], "number")
    assert outcome.winner is None
    assert outcome.tied
    assert outcome.count == 2
    assert outcome.agreeing == ()


def test_nobody_voted() -> None:
    outcome = vote([None, "no number", None], "number")
    assert (outcome.winner, outcome.voters, outcome.share, outcome.confidence, outcome.tied) == (
        None,
        0,
        0.0,
        0.0,
        False,
    )


def test_a_lone_answer_needs_company() -> None:
    assert vote(["5"], "number").winner is None
    assert vote(["5"], "number", min_votes=1).winner == "5"


def test_more_votes_for_the_same_share_are_surer() -> None:
    assert vote(["5"] * 3, "number").confidence < vote(["5"] * 30, "number").confidence < 1


@given(st.integers(1, 200).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_the_lower_bound_lies_below_the_share(counts: tuple[int, int]) -> None:
    successes, trials = counts
    assert 0.0 <= wilson_lower(successes, trials) <= successes / trials


@given(st.lists(st.sampled_from(["1", "1.0", "2", "4/2", "3", None, "x"]), max_size=12))
def test_an_outcome_is_consistent(answers: list[str | None]) -> None:
    outcome = vote(answers, "number")
    assert outcome.voters == sum(answer not in (None, "x") for answer in answers)
    assert len(outcome.agreeing) == (outcome.count if outcome.winner is not None else 0)
    assert outcome.winner is None or (outcome.count >= 2 and not outcome.tied)
