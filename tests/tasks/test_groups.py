"""What questions share with each other: read where catalogue or config say so, and part of no id."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regenesis.config import config_from_mapping
from regenesis.errors import TaskError
from regenesis.evaluation.tasks import load_tasks
from regenesis.store.tables import read_questions, write_questions
from regenesis.tasks import load_questions, reasoning_gym_missing
from regenesis.tasks.library import find_entry
from regenesis.types import Question

PASSAGE = "Dora grows apples on three terraces above the river, and her brother grows pears below them."


def questions(tmp_path: Path, *rows: dict[str, Any], **task: Any) -> list[Question]:
    file = tmp_path / "mine.jsonl"
    file.write_text("".join(json.dumps({"answer": "1"} | row) + "\n" for row in rows))
    config = config_from_mapping({"tasks": [{"name": "mine", "file": str(file), **task}]})
    return load_questions(config.tasks).questions


@pytest.mark.parametrize(
    ("cell", "group"),
    [("river", "river"), (" two \n words ", "two words"), (7, "7"), (0, "0"), ("", None), ("  ", None), (None, None)],
)
def test_a_group_is_what_the_named_column_holds(cell: Any, group: str | None, tmp_path: Path) -> None:
    [one] = questions(tmp_path, {"question": "How many?", "story": cell}, fields={"group": "story"})
    assert one.group == group


def test_a_long_passage_is_known_by_how_it_begins_and_told_apart_by_its_end(tmp_path: Path) -> None:
    rows = [{"question": f"{number}?", "passage": PASSAGE + end} for number, end in enumerate(["", "", "!"])]
    first, same, other = (one.group for one in questions(tmp_path, *rows, fields={"group": "passage"}))
    assert first == same != other
    assert first is not None
    assert other is not None
    assert first.startswith(PASSAGE[:40])
    assert max(len(first), len(other)) < 60


def test_a_template_and_a_nested_column_can_give_a_group(tmp_path: Path) -> None:
    row = {"question": "How many?", "meta": {"book": 3}, "chapter": "iv"}
    assert questions(tmp_path, row, fields={"group": "meta.book"})[0].group == "3"
    assert questions(tmp_path, row, fields={"group": "{{ meta.book }}-{{ chapter }}"})[0].group == "3-iv"


def test_a_column_called_group_is_not_taken_for_one_unless_it_is_named(tmp_path: Path) -> None:
    assert questions(tmp_path, {"question": "How many?", "group": "train"})[0].group is None


def test_a_row_without_the_column_has_no_group(tmp_path: Path) -> None:
    rows = [{"question": "One?", "story": "river"}, {"question": "Two?"}]
    assert [one.group for one in questions(tmp_path, *rows, fields={"group": "story"})] == ["river", None]


def test_a_column_that_is_not_there_or_holds_lists_is_an_error(tmp_path: Path) -> None:
    row = {"question": "How many?", "story": ["a", "b"]}
    with pytest.raises(TaskError, match=r"`fields\.group` names the column 'stories'.*did you mean `story`"):
        questions(tmp_path, row, fields={"group": "stories"})
    with pytest.raises(TaskError, match=r"its group is .*, not text or a number"):
        questions(tmp_path, row, fields={"group": "story"})


def test_a_group_changes_no_id_and_no_digest(tmp_path: Path) -> None:
    rows = [{"question": "One?", "story": "river"}, {"question": "Two?", "story": "river"}]
    with_groups = questions(tmp_path, *rows, fields={"group": "story"})
    without = questions(tmp_path, *rows)
    assert [one.to_json() for one in with_groups] == [one.to_json() for one in without]
    config = config_from_mapping(
        {"tasks": ["gsm8k"], "evaluation": {"tasks": [{"name": "mine", "file": str(tmp_path / "mine.jsonl")}]}}
    )
    [plain] = load_tasks(config.evaluation.tasks, config.evaluation)
    [task] = config.evaluation.tasks
    [grouped] = load_tasks([task.model_copy(update={"fields": {"group": "story"}})], config.evaluation)
    assert grouped.digest == plain.digest
    assert (grouped.clustered, plain.clustered) == (True, False)


def test_groups_are_kept_in_the_table_of_questions(tmp_path: Path) -> None:
    found = questions(tmp_path, {"question": "One?", "story": "river"}, {"question": "Two?"}, fields={"group": "story"})
    write_questions(tmp_path / "questions.parquet", found)
    assert [one.group for one in read_questions(tmp_path / "questions.parquet")] == ["river", None]


STORY = "Dora has 3 apples."
ABOUT = f"This question refers to the following information.\n{PASSAGE}"
CATALOGUED: dict[str, tuple[str, dict[str, Any], str | None]] = {
    "anli": ("plain_text", {"premise": PASSAGE, "hypothesis": "She grows apples.", "label": 0, "uid": "1"}, PASSAGE),
    "asdiv": ("asdiv", {"body": STORY, "question": "How many?", "answer": "3 (apples)"}, STORY),
    "gsm_plus": ("default", {"question": "6 * 7?", "answer": "42", "solution": "", "seed_question": STORY}, STORY),
    "reclor": ("default", {"context": PASSAGE, "question": "So?", "answers": ["a", "b"], "label": 0}, PASSAGE),
    "numglue": (
        "default",
        {"type": "Type_5", "passage": PASSAGE, "question": "How many terraces?", "answer": {"number": "3"}},
        PASSAGE,
    ),
    "numglue, a type without a passage": ("default", {"type": "Type_1", "question": "How many?", "answer": 3}, None),
    "mmlu, about a passage": (
        "high_school_us_history",
        {"question": f"{ABOUT}\nWhat does she grow?", "choices": ["apples", "pears"], "answer": 0},
        " ".join(ABOUT.split()),
    ),
    "mmlu": ("anatomy", {"question": "Which bone?", "choices": ["femur", "tibia"], "answer": 0}, None),
    "gsm8k": ("main", {"question": "6 * 7?", "answer": "42\n#### 42"}, None),
}


@pytest.mark.parametrize("case", CATALOGUED)
def test_catalogued_tasks_say_what_their_questions_share(case: str) -> None:
    config, row, shared = CATALOGUED[case]
    entry, _ = find_entry(case.partition(",")[0])
    draft = entry.recipe(config).draft(row)
    assert draft is not None
    assert draft.group == shared or (draft.group is not None and shared is not None and draft.group[:40] == shared[:40])


def test_catalogued_rows_without_the_column_of_the_group_are_questions_all_the_same() -> None:
    draft = find_entry("gsm_plus")[0].recipe("default").draft({"question": "6 * 7?", "answer": "42", "solution": "42"})
    assert draft is not None
    assert draft.group is None


@pytest.mark.skipif(reasoning_gym_missing() is not None, reason=str(reasoning_gym_missing()))
def test_generated_questions_of_one_template_share_it() -> None:
    config = config_from_mapping(
        {"tasks": [{"name": "rg:gsm_symbolic", "limit": 150}, {"name": "rg:chain_sum", "limit": 3}]}
    )
    found = load_questions(config.tasks).questions
    groups = [one.group for one in found if one.task == "rg:gsm_symbolic"]
    assert None not in groups
    assert 30 < len(set(groups)) < 100
    assert {one.group for one in found if one.task == "rg:chain_sum"} == {None}
