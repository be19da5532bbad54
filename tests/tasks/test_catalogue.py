"""Every adapter of the catalogue, on hand-made rows in the hub's columns and, where they lie near, on the real ones."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from regenesis.answers import Rules, grade
from regenesis.answers.gold.columns import is_plain_boolean
from regenesis.config import TaskConfig
from regenesis.errors import TaskError
from regenesis.tasks import catalogue, measuring
from regenesis.tasks.kinds import is_number
from regenesis.tasks.library import find_entry
from regenesis.types import Question

REAL_ROWS = Path(os.environ.get("REGENESIS_DATA_ROOT") or Path(__file__).parents[3] / "shared" / "data" / "hub")

GOLD_OF_HAND_MADE_ROWS = {
    "anli": ("choice", ["A", "B", "C"]),
    "aqua_rat": ("choice", ["C", "B"]),
    "arc_challenge": ("choice", ["B", "3"]),
    "asdiv": ("number", ["9", "-3"]),
    "commonsense_qa": ("choice", ["B"]),
    "gsm8k": ("number", ["16", "2300"]),
    "gsm_plus": ("number", ["48"]),
    "math500": ("math", ["\\frac{3}{4}", "(1,2)"]),
    "mbpp": (
        "code",
        ["assert double(2)==4\nassert double(0)==0", "import math\nassert math.isclose(area(1), math.pi)"],
    ),
    "mmlu": ("choice", ["C", "A"]),
    "numglue": ("number", ["24", "60.5", "7", "6"]),
    "openbookqa": ("choice", ["B"]),
    "reclor": ("choice", ["B", "A"]),
    "strategyqa": ("boolean", ["no", "yes"]),
    "strategyqa_facts": ("boolean", ["no", "yes"]),
    "svamp": ("number", ["5", "5"]),
}

BBH_GOLD = {
    "boolean_expressions": ("boolean", "False"),
    "causal_judgement": ("boolean", "Yes"),
    "dyck_languages": ("text", "} ]"),
    "formal_fallacies": ("choice", "A"),
    "geometric_shapes": ("choice", "C"),
    "movie_recommendation": ("choice", "A"),
    "multistep_arithmetic_two": ("number", "-6"),
    "navigate": ("boolean", "Yes"),
    "object_counting": ("number", "3"),
    "ruin_names": ("choice", "B"),
    "snarks": ("choice", "A"),
    "sports_understanding": ("boolean", "no"),
    "web_of_lies": ("boolean", "Yes"),
    "word_sorting": ("text", "apple pear"),
}


def check_whole(question: Question) -> None:
    assert question.text.strip() == question.text != ""
    assert question.id.isprintable()
    assert question.gold is not None
    if question.kind == "choice":
        assert question.gold in [choice.label for choice in question.choices]
        assert all(f"({choice.label}) {choice.text}" in question.text for choice in question.choices)
        assert len(question.choices) > 1
    else:
        assert question.choices == ()
    if question.kind == "number":
        assert is_number(question.gold)
    if question.kind == "boolean":
        assert is_plain_boolean(question.gold)


def check_gold_is_right(question: Question) -> None:
    """An answer that gives gold, in the form that is asked for, must be marked as right."""
    if question.kind == "code" or question.gold is None:
        return  # gold is the tests there, not an answer
    # LaTeX's own braces; MATH's answers are LaTeX already
    gold = question.gold if question.kind == "math" else question.gold.replace("{", r"\{").replace("}", r"\}")
    for response in (f"\\boxed{{{gold}}}", f"So it is settled.\n\nAnswer: {question.gold}"):
        verdict = grade(response, question.gold, kind=question.kind, choices=question.choices)
        assert verdict.correct, (question.id, response, verdict)


def test_every_task_of_the_hub_but_bbh_is_in_the_table() -> None:
    assert {entry.name for entry in catalogue() if entry.hub is not None} == {*GOLD_OF_HAND_MADE_ROWS, "bbh"}


@pytest.mark.parametrize("name", GOLD_OF_HAND_MADE_ROWS)
def test_rows_in_the_hubs_columns_become_questions(name: str, load: Any) -> None:
    kind, gold = GOLD_OF_HAND_MADE_ROWS[name]
    split = {"split": "test_r1"} if name == "anli" else {}
    questions = load({"name": name, **split}).questions
    assert [question.gold for question in questions] == gold
    assert {question.kind for question in questions} == {kind}
    for question in questions:
        check_whole(question)
        check_gold_is_right(question)


@pytest.mark.parametrize(
    ("name", "split", "gold"), [("reclor", "validation", ["C"]), ("gsm_plus", "testmini", ["1.75"])]
)
def test_rows_of_other_splits_than_the_first(name: str, split: str, gold: list[str], load: Any) -> None:
    questions = load({"name": name, "split": split}).questions
    assert [question.gold for question in questions] == gold
    for question in questions:
        check_whole(question)
        check_gold_is_right(question)


def test_rows_of_another_kind_are_counted_not_bad(load: Any) -> None:
    loaded = load({"name": "numglue"}, {"name": "asdiv"})
    assert [(count.read, count.other_kind, count.bad) for count in loaded.counts] == [(9, 5, 0), (5, 3, 0)]


def test_a_passage_stands_before_its_question(load: Any) -> None:
    texts = [question.text for question in load({"name": "numglue"}).questions]
    assert "The hosts scored 10 points, the visitors 7.\n\nHow many points did the visitors score?" in texts


def test_facts_stand_before_their_question(load: Any) -> None:
    question = load({"name": "strategyqa_facts"}).questions[0]
    assert question.text == "Snails are slow.\n\nCould a snail outrun a cheetah?"


def test_splits_that_were_published_as_one_are_read_as_one(load: Any, tmp_path: Path) -> None:
    folder = tmp_path / "ChilleD" / "SVAMP" / "default"
    folder.mkdir(parents=True)
    for split in ("train", "test"):
        row = {"ID": split, "question_concat": f"How many, {split}?", "Answer": "5"}
        (folder / f"{split}.jsonl").write_text(json.dumps(row))
    questions = load({"name": "svamp", "split": "train+test"}, data_root=tmp_path).questions
    assert [question.id for question in questions] == ["svamp/train+test/train", "svamp/train+test/test"]


def test_options_are_shown_with_their_own_labels(load: Any) -> None:
    question = load({"name": "arc_challenge"}).questions[1]
    assert question.text.endswith("\n(1) Mars\n(2) Venus\n(3) Mercury\n(4) Earth")


def test_letters_in_front_of_options_are_taken_off(load: Any) -> None:
    question = load({"name": "aqua_rat"}).questions[1]
    assert [choice.text for choice in question.choices] == ["2 m", "3 m", "4 m", "6 m", "none of these"]


def test_bbh_reads_all_its_parts_in_turn(load: Any) -> None:
    loaded = load({"name": "bbh"})
    parts = [question.id.split("/")[2] for question in loaded.questions]
    assert parts == list(find_entry("bbh")[1])
    for question in loaded.questions:
        check_whole(question)
        check_gold_is_right(question)


def test_bbh_rows_whose_target_is_no_option_are_left_out(load: Any) -> None:
    assert load({"name": "bbh"}).counts[0].other_kind == 3


@pytest.mark.parametrize("part", BBH_GOLD)
def test_a_part_of_bbh_by_name(part: str, load: Any) -> None:
    [question] = load({"name": f"bbh/{part}"}).questions
    assert (question.kind, question.gold) == BBH_GOLD[part]
    assert question.id.startswith(f"bbh/{part}/test/")


def test_fallacies_get_lettered_options_in_place_of_dashes(load: Any) -> None:
    [question] = load({"name": "bbh/formal_fallacies"}).questions
    assert question.text.endswith("deductively valid or invalid?\n(A) valid\n(B) invalid")


def test_options_already_shown_are_not_shown_twice(load: Any) -> None:
    [question] = load({"name": "bbh/snarks"}).questions
    assert question.text.count("(A) Lovely rain") == 1


def test_absent_parts_are_named_in_a_note(load: Any) -> None:
    loaded = load({"name": "mmlu"})
    assert loaded.notes[0].startswith("mmlu: 55 of 57 parts are not in ")


def test_a_limit_cuts_all_parts_alike(load: Any) -> None:
    ids = [question.id for question in load({"name": "bbh", "limit": 3}).questions]
    assert [identifier.split("/")[2] for identifier in ids] == list(find_entry("bbh")[1][:3])


def test_rounds_are_read_in_turn_and_absent_ones_named(load: Any, tmp_path: Path) -> None:
    folder = tmp_path / "facebook" / "anli" / "plain_text"
    folder.mkdir(parents=True)
    row = {"premise": "It rains.", "hypothesis": "It is wet.", "label": 0}
    for part in ("test_r1", "test_r3"):
        lines = [
            json.dumps(row | {"uid": f"{part}-{number}", "premise": f"It rains, {part}, {number}."})
            for number in range(2)
        ]
        (folder / f"{part}.jsonl").write_text("\n".join(lines))
    loaded = load({"name": "anli", "split": "test"}, data_root=tmp_path)
    assert [question.id for question in loaded.questions] == [
        f"anli/test/{part}-{number}" for number in range(2) for part in ("test_r1", "test_r3")
    ]
    assert loaded.notes == [f"anli: 1 of 3 parts are not in {tmp_path}: test_r2"]


def test_the_catalogue_is_whole() -> None:
    for entry in catalogue():
        assert entry.title
        assert entry.licence
        assert entry.hub is None or entry.hub.count("/") == 1
    assert len(find_entry("mmlu")[1]) == 57
    assert len(find_entry("bbh")[1]) == 27


@pytest.mark.parametrize(
    ("task", "split"),
    [
        ({"name": "gsm8k"}, "test"),
        ({"name": "gsm8k", "split": "train"}, "train"),
        ({"name": "bbh/navigate"}, "test"),
        ({"name": "anli"}, "test"),
        ({"name": "commonsense_qa"}, "validation"),
        ({"name": "asdiv"}, "validation"),
        ({"name": "reclor"}, "validation"),
        ({"name": "rg:chain_sum"}, "evaluation"),
        ({"name": "mine", "file": "questions.jsonl"}, None),
    ],
)
def test_a_task_is_measured_on_its_test_questions_unless_a_split_is_stated(
    task: dict[str, str], split: str | None
) -> None:
    assert measuring(TaskConfig.model_validate(task)) == TaskConfig.model_validate(task | {"split": split})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gsm8", "nearest: gsm8k"),
        ("openai/gsm8k", "the catalogue calls it 'gsm8k'"),
        ("ChilleD/StrategyQA", "the catalogue calls it 'strategyqa'"),
        ("bbh/navigat", "nearest: navigate"),
        ("zzzz", "there are: anli, aqua_rat"),
        ("gsm8k/main", "nearest: gsm8k"),
    ],
)
def test_an_unknown_task_is_answered_with_known_ones(name: str, said: str, load: Any) -> None:
    with pytest.raises(TaskError, match=r"has no part|There is no task") as error:
        load({"name": name})
    assert said in str(error.value)


def test_an_unknown_split_is_answered_with_the_known_ones(load: Any) -> None:
    with pytest.raises(TaskError, match=r"gsm8k: has no split 'dev'; there are train, test\."):
        load({"name": "gsm8k", "split": "dev"})


def real_files() -> list[tuple[str, str]]:
    return [
        (entry.name, split)
        for entry in catalogue()
        for split in entry.splits
        if any((REAL_ROWS / (entry.hub or "") / config / f"{split}.jsonl").is_file() for config in entry.configs)
    ]


@pytest.mark.skipif(not REAL_ROWS.is_dir(), reason=f"no benchmark rows at {REAL_ROWS}; set REGENESIS_DATA_ROOT")
@pytest.mark.parametrize(("name", "split"), real_files())
def test_every_real_row_becomes_a_question(name: str, split: str, load: Any) -> None:
    loaded = load({"name": name, "split": split}, data_root=REAL_ROWS)
    for question in loaded.questions:
        check_whole(question)
        check_gold_is_right(question)
    count = loaded.counts[0]
    assert count.questions + count.repeated + count.other_kind == count.read
    assert count.other_kind == 0 or name in ("asdiv", "bbh", "gsm_plus", "numglue")


@pytest.mark.skipif(not REAL_ROWS.is_dir(), reason=f"no benchmark rows at {REAL_ROWS}; set REGENESIS_DATA_ROOT")
def test_the_published_programs_pass_the_tests_that_are_gold(load: Any) -> None:
    questions = load({"name": "mbpp", "split": "test", "limit": 5}, data_root=REAL_ROWS).questions
    file = REAL_ROWS / "google-research-datasets" / "mbpp" / "sanitized" / "test.jsonl"
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()[: len(questions)]]
    for row, question in zip(rows, questions, strict=True):
        response = f"```python\n{row['code']}\n```"
        assert grade(response, question.gold, kind="code", rules=Rules(run_programs=True)).correct
        wrong = response.replace("return", "return None #")
        assert not grade(wrong, question.gold, kind="code", rules=Rules(run_programs=True)).correct
