from __future__ import annotations

from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from regenesis.errors import RunError
from regenesis.evaluation.result_tables import ResultRow, read_results, write_results
from regenesis.types import Question, Result, Status, Verdict

QUESTIONS = [
    Question("toy/test/b", "toy", "What is 1 + 1?", "2", "number", group="sums"),
    Question("toy/test/a", "toy", "What is 3 − 1?", "2", "number"),
]


def result(question_id: str, status: Status, sample: int = 0) -> Result:
    return Result("m", "toy", question_id, "k", "It is 2.", "stop", 10, 20, Verdict(status, "2", "", "r"), sample)


def test_answers_are_written_in_the_order_of_questions_and_samples(tmp_path: Path) -> None:
    path = tmp_path / "toy.parquet"
    answers = [result("toy/test/a", "correct"), result("toy/test/b", "unparsed", 1), result("toy/test/b", "incorrect")]
    write_results(path, QUESTIONS, answers)
    found = [(row.question_id, row.sample, row.status, row.question_group) for row in read_results(path)]
    assert found == [
        ("toy/test/b", 0, "incorrect", "sums"),
        ("toy/test/b", 1, "unparsed", "sums"),
        ("toy/test/a", 0, "correct", None),
    ]


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "toy.parquet"
    write_results(path, QUESTIONS, [result("toy/test/b", "correct")])
    assert read_results(path) == [
        ResultRow(
            *("toy/test/b", "correct", "sums", 0, "2", "2", "It is 2.", "r", "stop", 10, 20, "number", "k"),
            question="What is 1 + 1?",
        )
    ]


def test_a_table_without_samples_and_groups_is_read_as_one_sample_each(tmp_path: Path) -> None:
    path = tmp_path / "toy.parquet"
    columns = {"question_id": ["a", "b"], "status": ["correct", "unparsed"], "ledger_key": ["k", "l"]}
    parquet.write_table(pyarrow.table(columns), path)
    assert read_results(path) == [ResultRow("a", "correct", ledger_key="k"), ResultRow("b", "unparsed", ledger_key="l")]


@pytest.mark.parametrize(
    "columns",
    [
        {"status": ["correct"]},
        {"question_id": ["a"]},
        {"question_id": ["a"], "status": ["good"]},
        {"question_id": ["a"], "status": [None]},
        {"question_id": [None], "status": ["correct"]},
        {"question_id": [3], "status": ["correct"]},
        {"question_id": ["a", "a"], "status": ["correct", "correct"]},
        {"question_id": ["a"], "status": ["correct"], "sample": ["first"]},
        {"question_id": ["a"], "status": ["correct"], "sample": [None]},
    ],
)
def test_a_table_of_something_else_is_an_error_that_names_the_file(
    columns: dict[str, list[object]], tmp_path: Path
) -> None:
    path = tmp_path / "toy.parquet"
    parquet.write_table(pyarrow.table(columns), path)
    with pytest.raises(RunError, match=r"toy\.parquet: cannot be read as answers"):
        read_results(path)


@pytest.mark.parametrize("body", [None, b"", b"PAR1 no table PAR1"])
def test_a_file_that_is_missing_or_damaged_is_an_error(body: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "toy.parquet"
    if body is not None:
        path.write_bytes(body)
    with pytest.raises(RunError, match="cannot be read as answers"):
        read_results(path)
