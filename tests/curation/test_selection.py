"""Laws of the choice among a question's paths."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from regenesis.curation.duplicates import Shingles
from regenesis.curation.selection import left_out, select
from regenesis.types import GradedPath, ReasoningPath, Verdict

THRESHOLD = 0.85
WORDS = [f"word{number}" for number in range(40)]


def text_of(seed: int) -> str:
    """Sixty words; neighbours within a block of ten differ in a single word, blocks share hardly a phrase."""
    base = random.Random(seed // 10).choices(WORDS, k=60)
    base[-1] = f"end{seed}"
    return " ".join(base)


def judged(number: int, guideline: int, hinted: bool, correct: bool = True, defect: str | None = None) -> GradedPath:
    text = text_of(number)
    steps = (("solve", f"key{number}-{guideline}-{hinted}", text),)
    path = ReasoningPath("q", "regenesis", f"g{guideline}", hinted, steps, text, 60)
    return GradedPath(path, Verdict("correct" if correct else "incorrect", "1", "", "exact"), defect, text)


ONE = st.builds(
    judged,
    st.integers(0, 60),
    st.integers(0, 5),
    st.booleans(),
    st.sampled_from([True, True, True, False]),
    st.sampled_from([None, None, None, "leak"]),
)
MANY = st.lists(ONE, max_size=25)
KEEP = st.integers(0, 8)


@given(MANY, KEEP, st.randoms(use_true_random=False))
def test_the_order_of_the_paths_changes_nothing(paths: list[GradedPath], keep: int, chance: random.Random) -> None:
    shuffled = list(paths)
    chance.shuffle(shuffled)
    assert select(shuffled, keep, THRESHOLD) == select(paths, keep, THRESHOLD)


@given(MANY, KEEP)
def test_at_most_so_many_are_kept_and_only_right_and_fit_ones(paths: list[GradedPath], keep: int) -> None:
    kept = select(paths, keep, THRESHOLD)
    assert len(kept) <= keep
    assert all(one in paths and one.keepable for one in kept)


@given(MANY, KEEP)
def test_no_two_kept_paths_are_near_duplicates(paths: list[GradedPath], keep: int) -> None:
    shingles = [Shingles(one.training_text) for one in select(paths, keep, THRESHOLD)]
    assert not any(a.near(b, THRESHOLD) for index, a in enumerate(shingles) for b in shingles[:index])


@given(MANY, KEEP)
def test_what_was_kept_is_kept_again(paths: list[GradedPath], keep: int) -> None:
    kept = select(paths, keep, THRESHOLD)
    assert select(kept, keep, THRESHOLD) == kept


@given(MANY, KEEP)
def test_to_keep_one_more_adds_to_the_same_choice(paths: list[GradedPath], keep: int) -> None:
    fewer, more = select(paths, keep, THRESHOLD), select(paths, keep + 1, THRESHOLD)
    assert more[: len(fewer)] == fewer


@given(MANY, KEEP)
def test_a_hinted_path_is_taken_only_after_all_others(paths: list[GradedPath], keep: int) -> None:
    hinted = [one.path.hinted for one in select(paths, keep, THRESHOLD)]
    assert hinted == sorted(hinted)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5)), max_size=20), KEEP)
def test_all_come_from_different_guidelines_while_there_are_enough(wanted: list[tuple[int, int]], keep: int) -> None:
    # one number a block of ten, so that no two are alike
    paths = [judged(number * 10, guideline, hinted=False) for number, guideline in dict(wanted).items()]
    kept = select(paths, keep, THRESHOLD)
    assert len(kept) == min(keep, len(paths))
    guidelines = {one.path.guideline for one in paths}
    assert len({one.path.guideline for one in kept}) == min(len(kept), len(guidelines))


@given(MANY, KEEP)
def test_a_near_duplicate_is_left_out_of_a_choice_only_for_one_that_is_in_it(
    paths: list[GradedPath], keep: int
) -> None:
    kept = select(paths, keep, THRESHOLD)
    fit = sum(one.keepable for one in paths)
    alike = left_out(paths, kept, THRESHOLD)["near_duplicate"]
    assert 0 <= alike <= fit - len(kept)
    if len(kept) < keep:
        assert alike == fit - len(kept)


@given(MANY, KEEP, st.floats(0, 1))
def test_paths_are_kept_only_where_enough_of_those_without_the_hint_are_right(
    paths: list[GradedPath], keep: int, rate: float
) -> None:
    own = [one.verdict.correct for one in paths if not one.path.hinted]
    enough = not own or sum(own) / len(own) >= rate
    assert select(paths, keep, THRESHOLD, rate) == (select(paths, keep, THRESHOLD) if enough else [])


@given(MANY, KEEP)
def test_where_all_paths_are_right_a_pass_rate_changes_nothing(paths: list[GradedPath], keep: int) -> None:
    right = [one for one in paths if one.verdict.correct]
    assert select(right, keep, THRESHOLD, 1) == select(right, keep, THRESHOLD)


@given(MANY, KEEP, st.floats(0, 1))
def test_every_right_and_fit_path_is_kept_left_out_or_surplus(paths: list[GradedPath], keep: int, rate: float) -> None:
    kept = select(paths, keep, THRESHOLD, rate)
    reasons = left_out(paths, kept, THRESHOLD, rate)
    surplus = sum(one.keepable for one in paths) - len(kept) - reasons.total()
    assert surplus >= 0
    assert surplus == 0 or len(kept) == keep


def test_the_choice_does_not_favour_short_or_long_texts() -> None:
    won = 0
    for number in range(200):
        short, long = (judged(number, 0, hinted=False), judged(number + 1000, 1, hinted=False))
        long = replace(long, training_text=long.training_text * 3)
        won += select([short, long], 1, THRESHOLD) == [short]
    assert 70 < won < 130


def test_the_same_phrases_with_other_figures_are_not_alike() -> None:
    one = Shingles("Take 16 and subtract 7 to get 9 then times 2 to get 18")
    other = Shingles("Take 20 and subtract 5 to get 15 then times 3 to get 45")
    assert not one.near(other, 0.5)


def test_white_space_case_and_punctuation_make_no_difference() -> None:
    assert Shingles("Take 16, subtract 7.").near(Shingles("take 16\n subtract 7"), 0.99)


def test_with_a_threshold_of_one_only_copies_are_alike() -> None:
    assert not Shingles("5 + 3 is eight").near(Shingles("5 - 3 is eight"), 1)
    assert Shingles("5 + 3 is eight").near(Shingles("5 + 3\nis eight"), 1)


def test_very_short_texts_are_compared_as_a_whole(judged_of: Callable[..., GradedPath]) -> None:
    kept = select([judged_of("yes", key="a"), judged_of("no", key="b"), judged_of("Yes.", key="c")], 5, THRESHOLD)
    assert sorted(one.training_text.lower().rstrip(".") for one in kept) == ["no", "yes"]
