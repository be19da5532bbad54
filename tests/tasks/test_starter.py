"""The questions that come with the package: right, apart, and at hand without a hub or a data root."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from regenesis.answers import grade
from regenesis.config import load_config
from regenesis.curation import find_overlaps
from regenesis.tasks import load_questions, measuring
from regenesis.types import Question

EXAMPLE = Path(__file__).parents[2] / "examples" / "quickstart-offline.yaml"

# worked out once more, apart from the rows
WORKED = {
    "train": [
        6 * 8 - 31,
        120 - (5 * 14 + 25),
        23 - 9 + 5 - 4 + 12,
        2 * 12 + 3 * 7,
        (96 - 12) / 6,
        15 * 8 - 89,
        2 * (14 + 9) - 2,
        28 - 28 / 4 - 2 * 28 / 4,
        (12 * 60 + 15) - (9 * 60 + 40) - 20,
        300 / 4 * 10,
        80 - 80 / 4 - 5,
        52 / (3 + 1) * 3,
    ],
    "test": [
        37 + 45 + 2 * 37,
        10 * 100 - 7 * 120,
        (18 + 11 + 7) / 4,
        15 * 22 - 64,
        5 * (18 + 18),
        (240 - 240 / 2) / 15,
        10 * 6 + (24 - 10) * 5,
        next(packs for packs in range(100) if 30 + 12 * packs >= 100),
    ],
}

ANSWERED = {
    ("science", "train"): ["dissolved", "hanging", "more grass and fewer foxes", "less dense"],
    ("science", "test"): ["chemical", "faster than sound", "light", "conducts", "axis", "without the fertiliser"],
    ("logic", "train"): ["Anna", "No box", "Thursday", "the blue cup"],
    ("logic", "test"): ["did not rain", "Kim", "CAT", "8", "47", "not a member"],
}


@pytest.fixture
def starter(load: Any) -> Any:
    def questions(part: str, split: str) -> list[Question]:
        name = f"starter/{part}" if part else "starter"
        return load({"name": name, "split": split}, data_root=None).questions

    return questions


@pytest.mark.parametrize("split", WORKED)
def test_the_numbers_are_those_worked_out_anew(starter: Any, split: str) -> None:
    found = starter("mathematics", split)
    assert [question.gold for question in found] == [str(int(value)) for value in WORKED[split]]
    assert all(float(value).is_integer() for value in WORKED[split])


@pytest.mark.parametrize(("part", "split"), ANSWERED)
def test_the_right_options_are_those_meant(starter: Any, part: str, split: str) -> None:
    questions = starter(part, split)
    right = [next(one.text for one in each.choices if one.label == each.gold) for each in questions]
    for words, option in zip(ANSWERED[part, split], right, strict=True):
        assert words in option


def test_forty_questions_whose_right_options_are_spread_evenly(starter: Any) -> None:
    every = starter("", "train") + starter("", "test")
    assert len({question.id for question in every}) == 40
    labels = Counter(question.gold for question in every if question.choices)
    assert set(labels) == {"A", "B", "C", "D"}
    assert max(labels.values()) - min(labels.values()) <= 1
    for question in every:
        assert grade(f"\\boxed{{{question.gold}}}", question.gold, kind=question.kind, choices=question.choices).correct


def test_no_question_asked_overlaps_one_measured_on(starter: Any) -> None:
    assert find_overlaps(starter("", "train"), starter("", "test")) == []


def test_a_data_root_does_not_hide_them(load: Any, tmp_path: Path) -> None:
    assert load({"name": "starter"}, data_root=tmp_path).counts[0].read == 20


def test_they_are_at_hand_offline_in_the_config_made_for_it() -> None:
    config = load_config(EXAMPLE)
    asked = load_questions(config.tasks)
    measured = load_questions([measuring(task) for task in config.evaluation.tasks])
    assert [count.questions for count in (*asked.counts, *measured.counts)] == [12, 8, 6]


def test_rows_are_plain_lines_in_the_package() -> None:
    import regenesis.tasks

    files = sorted((Path(regenesis.tasks.__file__).parent / "catalogue" / "starter").rglob("*.jsonl"))
    assert [f"{file.parent.name}/{file.stem}" for file in files] == [
        f"{part}/{split}" for part in ("logic", "mathematics", "science") for split in ("test", "train")
    ]
    for file in files:
        for line in file.read_text("utf-8").splitlines():
            assert set(json.loads(line)) <= {"id", "question", "choices", "answer"}
