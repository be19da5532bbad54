"""Which questions overlap: cases by eye, laws against a plain search, and the real rows where they lie near."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.config import config_from_mapping
from regenesis.curation import decontamination, find_overlaps
from regenesis.curation.decontamination import FEWEST_WORDS, MOST_NAMED, MOST_QUESTIONS, comparable_words
from regenesis.tasks import load_questions
from regenesis.types import Choice, Question

REAL_ROWS = Path(os.environ.get("REGENESIS_DATA_ROOT") or Path(__file__).parents[3] / "shared" / "data" / "hub")

FARM = "A farmer in the northern hills keeps 12 brown hens and 3 grey geese behind the old barn."


def question(text: str, number: int = 0, *, of: str = "t/train", options: tuple[str, ...] = ()) -> Question:
    choices = tuple(Choice("ABCDE"[place], option) for place, option in enumerate(options))
    whole = "\n".join([text, *(f"({choice.label}) {choice.text}" for choice in choices)])
    return Question(f"{of}/{number}", "t", whole, None, "choice" if choices else "text", choices)


def overlap(training: Question, *evaluation: Question, ngram: int = 8) -> bool:
    return bool(find_overlaps([training], evaluation, ngram))


OVERLAPPING = [
    ("the same", FARM, FARM),
    (
        "case, punctuation and layout",
        FARM,
        "“A FARMER, in the\nnorthern hills — keeps 12 brown hens; and 3 grey geese?”",
    ),
    ("full-width and ligatures", FARM, "In the northern hills keeps １２ brown hens and 3 grey geese, some \ufb01ve."),
    (
        "thousands set apart",
        "The mill ground 1,250 sacks of wheat in March.",
        "mill ground 1250 sacks of wheat in March",
    ),
    ("one run inside another story", FARM, f"Long ago there was a hill. {FARM} How many legs have they?"),
    (
        "a short question inside a long one",
        "Do brown hens lay blue eggs?",
        "Ann asks: do brown hens lay blue eggs? Or so.",
    ),
    (
        "a long question around a short one",
        "Ann asks: do brown hens lay blue eggs? Or so.",
        "Do brown hens lay blue eggs?",
    ),
    ("the same, however short", "Why?", "why"),
    ("the same, without any word", "?!", "?!"),
    ("a script without spaces", "北の丘の農夫は茶色の鶏を十二羽飼う", "昔々、北の丘の農夫は茶色の鶏を飼う"),
]

APART = [
    ("other words", FARM, "A shopkeeper in the southern plain sells 12 brown loaves and 3 grey hats in front of it."),
    ("seven words in a row", FARM, "northern hills keeps 12 brown hens and 4 grey geese"),
    ("other numbers", "What is 12 + 30 * 4 - 7 + 1?", "What is 12 + 30 * 5 - 7 + 1?"),
    ("another operator", "Work out 12 + 30 - 4 * 7 = ?", "Work out 12 - 30 + 4 * 7 = ?"),
    ("two words inside another question", "brown hens", FARM),
    ("four words inside another question", "brown hens and 3", FARM),
    (
        "the set words of an examination",
        "Which of the following is the most likely reason for rust on a nail?",
        "A cloud forms. Which of the following is the most likely outcome of it?",
    ),
]


@pytest.mark.parametrize(("one", "other"), [case[1:] for case in OVERLAPPING], ids=[case[0] for case in OVERLAPPING])
def test_these_overlap(one: str, other: str) -> None:
    assert overlap(question(one), question(other, of="e/test"))


@pytest.mark.parametrize(("one", "other"), [case[1:] for case in APART], ids=[case[0] for case in APART])
def test_these_do_not(one: str, other: str) -> None:
    assert not overlap(question(one), question(other, of="e/test"))
    assert not overlap(question(other), question(one, of="e/test"))


def test_what_is_shared_is_the_longest_run() -> None:
    one = question(f"{FARM} Then she sells two of them to a neighbour. {FARM}")
    [found] = find_overlaps([one], [question(f"See here: {FARM}", of="e/test")])
    assert found.shared == ("a farmer in the northern hills keeps 12 brown hens and 3 grey geese behind the old barn")
    assert (found.training, found.evaluation, found.same) == ("t/train/0", "e/test/0", False)


def test_a_question_that_is_the_same_is_called_so() -> None:
    [found] = find_overlaps([question(FARM)], [question("other", 1, of="e/test"), question(FARM, 2, of="e/test")])
    assert (found.evaluation, found.same) == ("e/test/2", True)


def test_overlaps_come_in_the_order_of_the_training_questions_and_are_few_for_each() -> None:
    evaluation = [question(f"{FARM} {number}.", number, of="e/test") for number in range(6)]
    evaluation += [
        question(f"Something else, told in its own words {number}.", number, of="e/test") for number in range(6, 15)
    ]
    training = [question(f"{FARM} And {number} more.", number) for number in range(3)]
    found = find_overlaps([training[2], question("unlike"), training[0]], evaluation)
    assert [one.training for one in found] == ["t/train/2"] * MOST_NAMED + ["t/train/0"] * MOST_NAMED


def test_options_are_not_compared_where_the_stem_tells_enough() -> None:
    options = ("it would rise by ten percent", "it would fall by ten percent", "it would stay as it was before")
    one = question("What happens to the price of bread in a dry year in the valley?", options=options)
    other = question("What happens to the weight of a stone on top of a mountain?", options=options, of="e/test")
    assert not overlap(one, other)
    assert overlap(one, question("What happens to the price of bread in a dry year in the valley?", of="e/test"))


def test_a_stem_that_tells_little_is_compared_with_its_options_in_whatever_order() -> None:
    stem, options = "Which is a chemical change?", ("a candle burns down", "ice melts away", "glass breaks")
    one = question(stem, options=options)
    assert overlap(one, question(stem, options=options[::-1], of="e/test"))
    assert not overlap(one, question(stem, options=("rust forms", "wood splits", "salt dissolves"), of="e/test"))


def test_a_scaffold_that_a_task_adds_to_its_questions_does_not_count() -> None:
    scaffold = "Read the weather report of the small island below, then name the wettest month:"
    evaluation = [question(f"{scaffold} {word}", number, of="e/test") for number, word in enumerate(("a", "b", "c"))]
    assert not overlap(question(f"{scaffold} d"), *evaluation)
    assert overlap(question(f"{scaffold} c"), *evaluation)
    # with two questions nobody can tell a scaffold from a theme
    assert overlap(question(f"{scaffold} d"), *evaluation[:2])


def test_a_phrase_of_many_questions_does_not_count_and_of_some_it_does() -> None:
    def evaluation(times: int) -> list[Question]:
        said = [f"Story {number}. Round your answer to the nearest whole metre squared." for number in range(times)]
        said += [f"Story {number}, told by itself in quite other words." for number in range(times, 5 * times)]
        return [question(text, number, of="e/test") for number, text in enumerate(said)]

    asked = question("A tale of its own. Round your answer to the nearest whole metre squared.")
    assert overlap(asked, *evaluation(MOST_QUESTIONS))
    assert not overlap(asked, *evaluation(MOST_QUESTIONS + 1))


def test_a_scaffold_is_one_of_its_own_data_set() -> None:
    evaluation = [question(f"{FARM} Part {number}.", number, of=f"e{number}/test") for number in range(3)]
    assert overlap(question(FARM), *evaluation)


WORDS = st.lists(st.sampled_from(["hen", "barn", "goose", "hill", "3", "12", "+", "the"]), max_size=14)


@given(st.lists(WORDS, max_size=4), st.lists(WORDS, max_size=2), st.integers(2, 9))
def test_a_plain_search_finds_the_same(training: list[list[str]], evaluation: list[list[str]], ngram: int) -> None:
    """Two questions of the evaluation at most, so that nothing counts as a phrase of theirs."""
    asked = [question(" ".join(words), number) for number, words in enumerate(training)]
    measured = [question(" ".join(words), number, of="e/test") for number, words in enumerate(evaluation)]
    found = {(one.training, one.evaluation) for one in find_overlaps(asked, measured, ngram) if not one.same}
    same = {one.training for one in find_overlaps(asked, measured, ngram) if one.same}
    for one in asked:
        ones = comparable_words(one, ngram)
        assert (one.id in same) == any(ones == comparable_words(other, ngram) for other in measured)
        for other in measured:
            if one.id not in same:
                assert ((one.id, other.id) in found) == plainly(ones, comparable_words(other, ngram), ngram)


def plainly(one: list[str], other: list[str], ngram: int) -> bool:
    size = min(ngram, len(one), len(other))
    if size < min(ngram, FEWEST_WORDS):
        return False
    runs = [[words[start : start + size] for start in range(len(words) - size + 1)] for words in (one, other)]
    return any(run in runs[1] and 2 * sum(word != "the" for word in run) >= size for run in runs[0])


def test_hashes_that_collide_make_no_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    # all words get one hash, whole questions keep theirs
    monkeypatch.setattr(
        decontamination, "_digest", lambda text: bytes(16) if " " not in text else text.encode()[-16:].rjust(16)
    )
    one = question("one hen two barns three hills four geese five ponds")
    assert not overlap(one, question("six carts seven roads eight towns nine bridges ten rivers", of="e/test"))


def test_nothing_to_compare_with_is_no_overlap() -> None:
    assert find_overlaps([question(FARM)], []) == []
    assert find_overlaps([], [question(FARM)]) == []


def test_portions_of_the_training_questions_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluation = [question(FARM, of="e/test")]
    training = [question(f"{FARM} {number}" if number % 3 else "unlike", number) for number in range(10)]
    whole = find_overlaps(training, evaluation)
    monkeypatch.setattr(decontamination, "_BATCH", 3)
    assert find_overlaps(iter(training), evaluation) == whole
    assert all(earlier.training != later.training for earlier, later in pairwise(whole))


def test_the_package_answers_without_loading_numpy() -> None:
    command = [sys.executable, "-c", "import sys, regenesis.curation; sys.exit('numpy' in sys.modules)"]
    assert subprocess.run(command, check=False).returncode == 0


REAL = [
    # task and split, measured task and split, fewest and most of the training questions that may overlap
    ("svamp:train", "svamp:test", 300, 400),
    ("svamp:train", "asdiv:validation", 15, 40),
    ("numglue:train", "numglue:test", 40, 60),
    ("openbookqa:train", "openbookqa:test", 3, 6),
    ("arc_challenge:train", "arc_challenge:test", 3, 10),
    ("gsm8k:train", "gsm8k:test", 0, 8),
    ("gsm8k:train", "svamp:test", 0, 0),
    ("commonsense_qa:train", "commonsense_qa:validation", 0, 1),
    ("strategyqa:train", "strategyqa:test", 0, 1),
    ("anli:test_r1", "anli:test_r2", 10, 30),
]


@pytest.mark.skipif(not REAL_ROWS.is_dir(), reason=f"no benchmark rows at {REAL_ROWS}; set REGENESIS_DATA_ROOT")
@pytest.mark.parametrize(("trained", "measured", "fewest", "most"), REAL)
def test_real_sets_overlap_as_much_as_is_known_of_them(trained: str, measured: str, fewest: int, most: int) -> None:
    def load(task: str) -> list[Question]:
        return load_questions(config_from_mapping({"tasks": [task]}).tasks, data_root=REAL_ROWS).questions

    overlaps = find_overlaps(load(trained), load(measured))
    assert fewest <= len({one.training for one in overlaps}) <= most
