from __future__ import annotations

from dataclasses import replace

import pytest

from regenesis.experiments.power import Expected, smallest_detectable


def test_questions_of_two_single_answers_need_the_difference_of_the_textbook() -> None:
    """2.8 standard errors of a mean over 1,000 questions, of which half are answered differently."""
    answers = Expected(accuracy=0.5, by_question=0.0)
    assert smallest_detectable([1000], 1, 1, expected=answers) == pytest.approx(2.806 * (0.5 / 1000) ** 0.5, rel=0.01)


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
    assert smallest_detectable([200], 4, 3, groups=[50], expected=replace(Expected(), seed_spread=0.0)) > plain


def test_another_method_is_harder_to_beat_by_seeds_than_the_base() -> None:
    spread = Expected(seed_spread=0.03)
    assert smallest_detectable([200], 4, 3, against="method", expected=spread) > smallest_detectable(
        [200], 4, 3, expected=spread
    )


@pytest.mark.parametrize(("questions", "groups"), [([1], None), ([200], [1]), ([], None)])
def test_one_group_detects_nothing(questions: list[int], groups: list[int] | None) -> None:
    assert smallest_detectable(questions, 1, 1, groups=groups) is None
