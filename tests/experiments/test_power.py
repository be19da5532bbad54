from __future__ import annotations

from dataclasses import replace

import pytest

from regenesis.experiments.power import Expected, smallest_detectable


def test_questions_of_two_single_answers_need_the_difference_of_the_textbook() -> None:
    """2.8 standard errors of a mean over 1,000 questions, of which half are answered differently."""
    answers = Expected(accuracy=0.5, by_question=0.0)
    assert smallest_detectable([1000], 1, 1, expected=answers) == pytest.approx(2.806 * (0.5 / 1000) ** 0.5, rel=0.01)


@pytest.mark.parametrize(("questions", "shift"), [(3, 5.6534893), (5, 3.7610603), (1001, 2.8042793)])
def test_few_questions_need_as_many_standard_errors_as_the_noncentral_t_distribution_says(
    questions: int, shift: float
) -> None:
    answers = Expected(accuracy=0.0005, by_question=0.0)  # so few right answers that no difference is cut at 1
    error = (2 * 0.0005 * 0.9995 * (1 + 2 / questions) / questions) ** 0.5
    assert smallest_detectable([questions], 1, 1, expected=answers) == pytest.approx(shift * error, rel=0.01)


@pytest.mark.parametrize(
    ("fewer", "more"),
    [
        (([200], 1, 1), ([400], 1, 1)),
        (([200], 1, 1), ([200], 4, 1)),
        (([200], 4, 3), ([200], 4, 5)),
        (([200], 4, 3), ([200, 200], 4, 3)),
    ],
    ids=["questions", "samples", "seeds", "tasks"],
)
def test_more_of_anything_detects_a_smaller_difference(fewer: tuple[list[int], int, int], more: object) -> None:
    assert smallest_detectable(*more) < smallest_detectable(*fewer)  # type: ignore[misc]


def test_groups_and_seeds_that_differ_make_it_larger() -> None:
    plain = smallest_detectable([200], 4, 3, expected=replace(Expected(), seed_spread=0.0))
    assert smallest_detectable([200], 4, 3, expected=replace(Expected(), seed_spread=0.02)) > plain
    assert (
        smallest_detectable([200], 4, 3, group_sizes=[[4] * 50], expected=replace(Expected(), seed_spread=0.0)) > plain
    )


def test_another_method_is_harder_to_beat_by_seeds_than_the_base() -> None:
    spread = Expected(seed_spread=0.03)
    assert smallest_detectable([200], 4, 3, against="method", expected=spread) > smallest_detectable(
        [200], 4, 3, expected=spread
    )


@pytest.mark.parametrize(("questions", "sizes"), [([1], None), ([200], [[200]]), ([], None)])
def test_one_group_detects_nothing(questions: list[int], sizes: list[list[int]] | None) -> None:
    assert smallest_detectable(questions, 1, 1, group_sizes=sizes) is None
