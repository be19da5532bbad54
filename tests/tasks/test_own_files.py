"""The user's own questions: columns, kinds, and every way a row can be bad."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regenesis.errors import TaskError

Jsonl = Callable[..., Path]

GOOD = {"question": "What is 1 + 1?", "answer": 2}


def own(file: Path, **options: Any) -> dict[str, Any]:
    return {"name": "mine", "file": str(file), **options}


@pytest.mark.parametrize("text", ["question", "text", "prompt", "problem"])
@pytest.mark.parametrize("gold", ["answer", "gold", "target", "solution"])
def test_usual_column_names_need_no_mapping(text: str, gold: str, jsonl: Jsonl, load: Any) -> None:
    [question] = load(own(jsonl({text: "What is 1 + 1?", gold: "2"}))).questions
    assert (question.text, question.gold, question.kind) == ("What is 1 + 1?", "2", "number")


def test_columns_and_templates_can_be_mapped(jsonl: Jsonl, load: Any) -> None:
    file = jsonl({"Q": "How many?", "Unit": "m", "A": "so it is #### 7", "key": "x1"})
    fields = {"text": "{{ Q }} (in {{ row['Unit'] }})", "gold": "{{ A.split('####')[-1] }}", "id": "key"}
    [question] = load(own(file, fields=fields)).questions
    assert (question.id, question.text, question.gold) == ("mine/own/x1", "How many? (in m)", "7")


def test_the_kind_is_told_row_by_row(jsonl: Jsonl, load: Any) -> None:
    golds: list[Any] = [18, 2.5, True, "no", "Paris", "\\sqrt{2}"]
    file = jsonl(*[{"question": f"q{index}", "answer": gold} for index, gold in enumerate(golds)])
    questions = load(own(file)).questions
    assert [q.kind for q in questions] == ["number", "number", "boolean", "boolean", "text", "math"]
    assert [q.gold for q in questions] == ["18", "2.5", "true", "no", "Paris", "\\sqrt{2}"]


def test_a_stated_kind_is_kept_and_held_to(jsonl: Jsonl, load: Any) -> None:
    file = jsonl({"question": "q", "answer": "2"}, {"question": "r", "answer": "many"})
    loaded = load(own(file, kind="number", on_bad_row="skip"))
    assert [q.kind for q in loaded.questions] == ["number"]
    assert [row.reason for row in loaded.bad_rows] == ["its gold answer 'many' is not a number"]


def test_options_from_a_list_column(jsonl: Jsonl, load: Any) -> None:
    [question] = load(own(jsonl({"question": "Which?", "options": ["red", "blue"], "answer": "blue"}))).questions
    assert (question.kind, question.gold, question.text) == ("choice", "B", "Which?\n(A) red\n(B) blue")


def test_options_from_several_columns_where_empty_ones_do_not_count(tmp_path: Path, load: Any) -> None:
    file = tmp_path / "own.csv"
    file.write_text("question,first,second,third,answer\nWhich?,red,blue,,blue\n")
    [question] = load(own(file, fields={"choices": "first, second, third"})).questions
    assert [(c.label, c.text) for c in question.choices] == [("A", "red"), ("B", "blue")]
    assert question.gold == "B"


def test_columns_named_by_letters_label_the_options(tmp_path: Path, load: Any) -> None:
    file = tmp_path / "own.csv"
    file.write_text("question,C,D,answer\nWhich?,red,blue,D\n")
    [question] = load(own(file, fields={"choices": "C,D"})).questions
    assert question.text.endswith("(C) red\n(D) blue")


@pytest.mark.parametrize("unknown", [None, math.nan, "", "  "])
def test_an_unknown_answer_is_allowed_and_counted(unknown: Any, jsonl: Jsonl, load: Any) -> None:
    loaded = load(own(jsonl({"question": "q", "answer": unknown}, GOOD)))
    assert [q.gold for q in loaded.questions] == [None, "2"]
    assert loaded.counts[0].without_gold == 1


def test_a_file_without_an_answer_column_has_unknown_answers(jsonl: Jsonl, load: Any) -> None:
    assert [q.gold for q in load(own(jsonl({"question": "q"}))).questions] == [None]


BAD_ROWS: list[tuple[str, Any, str]] = [
    ("broken JSON", '{"question": "q", "answer"', "is not valid JSON"),
    ("not an object", "[1, 2]", "not a JSON object"),
    ("half a character", '{"question": "\\ud83d", "answer": 1}', "not UTF-8 text"),
    ("missing field", {"answer": 1}, "has no column `question`; it has answer"),
    ("missing gold", {"question": "q"}, "has no column `answer`"),
    ("empty question", {"question": " \n", "answer": 1}, "its question is empty"),
    ("question no text", {"question": 5, "answer": 1}, "its question is 5, not text"),
    ("gold no text", {"question": "q", "answer": {"a": 1}}, "is an object of a; name the part"),
    ("nested too deep", "[" * 100_000 + "]" * 100_000, "cannot be read as JSON"),
    ("number too long", '{"question": "q", "answer": ' + "9" * 5000 + "}", "cannot be read as JSON"),
]


@pytest.mark.parametrize(("row", "reason"), [case[1:] for case in BAD_ROWS], ids=[case[0] for case in BAD_ROWS])
def test_a_bad_row_is_skipped_with_line_and_reason(row: Any, reason: str, jsonl: Jsonl, load: Any) -> None:
    file = jsonl(GOOD, "", row, {**GOOD, "question": "another"})
    loaded = load(own(file, on_bad_row="skip"))
    assert [q.text for q in loaded.questions] == [GOOD["question"], "another"]
    [bad] = loaded.bad_rows
    assert (bad.task, bad.source, bad.line) == ("mine", str(file), 3)
    assert reason in bad.reason
    assert (loaded.counts[0].read, loaded.counts[0].bad) == (3, 1)


def test_bad_rows_stop_the_run_unless_the_config_says_otherwise(jsonl: Jsonl, load: Any) -> None:
    file = jsonl(GOOD, *["{"] * 5)
    with pytest.raises(TaskError) as error:
        load(own(file))
    said = str(error.value)
    assert "5 of 6 rows" in said
    assert "line 2: " in said
    assert "line 4: " in said
    assert "line 5: " not in said
    assert "and 2 more" in said
    assert "on_bad_row: skip" in said


def test_gold_that_is_no_option_is_a_bad_row(jsonl: Jsonl, load: Any) -> None:
    file = jsonl({"question": "Which?", "choices": ["red", "blue"], "answer": "E"})
    with pytest.raises(TaskError, match="line 1: its gold answer 'E' is not among the choices A, B"):
        load(own(file))


def test_a_row_without_options_is_bad_where_the_kind_is_choice(jsonl: Jsonl, load: Any) -> None:
    with pytest.raises(TaskError, match="has no choices although its kind is `choice`"):
        load(own(jsonl(GOOD), kind="choice"))


def test_a_template_that_misses_a_column_makes_a_bad_row(jsonl: Jsonl, load: Any) -> None:
    with pytest.raises(TaskError, match=r"line 1: .*'nowhere' is undefined"):
        load(own(jsonl(GOOD), fields={"gold": "{{ nowhere }}"}))


@pytest.mark.parametrize("template", ["{{ ''.__class__.__mro__ }}", "{% set x = row.__init__.__globals__ %}{{ x }}"])
def test_a_template_cannot_leave_the_sandbox(template: str, jsonl: Jsonl, load: Any) -> None:
    with pytest.raises(TaskError, match="unsafe"):
        load(own(jsonl(GOOD), fields={"gold": template}))


def test_a_template_that_is_not_valid_is_named(jsonl: Jsonl, load: Any) -> None:
    with pytest.raises(TaskError, match="not a valid Jinja2 template"):
        load(own(jsonl(GOOD), fields={"gold": "{{ a b }}"}))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"gold": "answr"}, "there are question, answer; did you mean `answer`?"),
        ({"choices": "a,b"}, "names the column 'a,b'; there are question, answer"),
        ({"txt": "question"}, "has no key 'txt'; valid keys: text"),
    ],
)
def test_a_wrong_mapping_is_answered_with_the_columns_there_are(
    fields: dict[str, str], said: str, jsonl: Jsonl, load: Any
) -> None:
    with pytest.raises(TaskError) as error:
        load(own(jsonl(GOOD), fields=fields))
    assert said in str(error.value)


def test_a_file_without_a_question_column_is_answered_with_its_columns(jsonl: Jsonl, load: Any) -> None:
    with pytest.raises(TaskError, match=r"it has q, a\. Name the column that holds the question"):
        load(own(jsonl({"q": "x", "a": 1})))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("own.xlsx", b"x", "no reader for .xlsx; use one of .jsonl, .ndjson, .json, .csv, .tsv, .parquet"),
        ("own.jsonl", b"", "contains no rows"),
        ("own.jsonl", b"{\n{\n", "none of its first 2 rows can be read; line 1 is not valid JSON"),
        ("own.csv", b"", "its first row must hold the column names"),
        ("own.csv", b"a,a\n1,2\n", "names 'a' more than once"),
        ("own.parquet", b"PAR2", "cannot be read as Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(name: str, content: bytes, said: str, tmp_path: Path, load: Any) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TaskError) as error:
        load(own(tmp_path / name))
    assert said in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path, load: Any) -> None:
    with pytest.raises(TaskError, match=r"nowhere\.jsonl: does not exist"):
        load(own(tmp_path / "nowhere.jsonl"))


def test_csv_cells_may_hold_quotes_and_newlines(tmp_path: Path, load: Any) -> None:
    file = tmp_path / "own.csv"
    file.write_bytes(b'\xef\xbb\xbfquestion,answer\r\n"Two\nlines, ""quoted""",1\r\nshort\r\nlast,2\r\n')
    loaded = load(own(file, on_bad_row="skip"))
    assert [q.text for q in loaded.questions] == ['Two\nlines, "quoted"', "last"]
    assert [(row.line, row.reason) for row in loaded.bad_rows] == [(4, "has 1 fields where the header has 2")]


def test_a_csv_row_that_is_not_utf8_is_bad_among_others_that_are(tmp_path: Path, load: Any) -> None:
    file = tmp_path / "own.csv"
    file.write_bytes(b"question,answer\ncaf\xc3\xa9,1\ncaf\xe9,1\nok,2\n")
    loaded = load(own(file, on_bad_row="skip"))
    assert [q.text for q in loaded.questions] == ["café", "ok"]
    assert "not UTF-8" in loaded.bad_rows[0].reason


def test_what_was_guessed_of_a_file_is_among_the_notes(tmp_path: Path, load: Any) -> None:
    (tmp_path / "own.csv").write_text("question;answer\nq;1\n")
    assert load(own(tmp_path / "own.csv")).notes == ["own.csv: its columns are assumed to be separated by a semicolon"]


def test_a_csv_cell_beyond_the_readers_limit_is_bad(tmp_path: Path, load: Any) -> None:
    file = tmp_path / "own.csv"
    file.write_text("question,answer\n" + "x" * 200_000 + ",1\nok,2\n")
    loaded = load(own(file, on_bad_row="skip"))
    assert [q.text for q in loaded.questions] == ["ok"]
    assert "field larger than field limit" in loaded.bad_rows[0].reason


def test_parquet_rows_keep_their_types(tmp_path: Path, load: Any) -> None:
    import pyarrow
    from pyarrow import parquet

    file = tmp_path / "own.parquet"
    rows = {"question": ["Which?", "How many?"], "choices": [["red", "blue"], None], "answer": [1, 7], "id": [10, 11]}
    parquet.write_table(pyarrow.table(rows), file)
    questions = load(own(file)).questions
    assert [(q.id, q.kind, q.gold) for q in questions] == [
        ("mine/own/10", "choice", "B"),
        ("mine/own/11", "number", "7"),
    ]


def test_reading_stops_where_the_limit_is_reached(jsonl: Jsonl, load: Any) -> None:
    file = jsonl(*[{"question": f"q{number}", "answer": number} for number in range(500)], "{")
    loaded = load(own(file, offset=2, limit=3))
    assert [q.gold for q in loaded.questions] == ["2", "3", "4"]
    assert loaded.counts[0].read == 5
