from __future__ import annotations

from pathlib import Path

import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.played import question
from tests.store.test_outcomes import outcome

from regenesis.errors import RunError
from regenesis.store.tables import (
    ROWS_A_GROUP,
    OutcomeRows,
    OutcomeTables,
    RowGroups,
    count_questions,
    read_left_out,
    read_questions,
    write_questions,
)
from regenesis.types import Choice


def test_questions_read_back_the_same(tmp_path: Path) -> None:
    written = [
        question(0),
        question(1, gold=None),
        question(2, kind="choice", choices=(Choice("A", "30"), Choice("B", "42"))),
        question(3, kind="scorer", scoring={"task": "chain_sum", "entry": {"answer": "4", "metadata": {"n": [1, 2]}}}),
    ] * 700
    write_questions(tmp_path / "questions.parquet", written)
    assert list(read_questions(tmp_path / "questions.parquet")) == written


def test_a_question_that_is_left_out_stands_there_with_its_reason(tmp_path: Path) -> None:
    path, written = tmp_path / "questions.parquet", [question(number) for number in range(3)]
    write_questions(path, written, {written[1].id: "why"})
    assert read_left_out(path) == {written[1].id: "why"}
    assert list(read_questions(path)) == written


def test_questions_written_before_any_could_be_left_out_are_all_in(tmp_path: Path) -> None:
    path = tmp_path / "questions.parquet"
    write_questions(path, [question(0)])
    pyarrow.parquet.write_table(pyarrow.parquet.read_table(path).drop_columns(["left_out"]), path)
    assert read_left_out(path) == {}
    assert list(read_questions(path)) == [question(0)]


def test_paths_and_verdicts_are_joined_by_question_and_chain(tmp_path: Path) -> None:
    with OutcomeTables(tmp_path / "paths.parquet", tmp_path / "verdicts.parquet") as tables:
        for number in range(3):
            tables.add(OutcomeRows.of([outcome(number)]))
    paths, verdicts = (
        pyarrow.parquet.read_table(tmp_path / f"{name}.parquet").to_pylist() for name in ("paths", "verdicts")
    )
    assert [(one["question_id"], one["chain"]) for one in paths] == [
        (one["question_id"], one["chain"]) for one in verdicts
    ]
    assert len(paths) == 9
    assert [one["kept"] for one in verdicts[:3]] == [True, False, False]
    assert [one["status"] for one in verdicts[:3]] == ["correct", "incorrect", "unparsed"]
    assert [one["defect"] for one in verdicts[:3]] == [None, "leak", "broken_solve"]
    assert paths[1]["retries"] == ["solve"]
    assert paths[0]["steps"] == [{"stage": "adapt", "key": "k1"}, {"stage": "solve", "key": "k2"}]


def test_tables_that_could_not_be_filled_leave_the_old_ones(tmp_path: Path) -> None:
    files = tmp_path / "paths.parquet", tmp_path / "verdicts.parquet"
    with OutcomeTables(*files) as tables:
        tables.add(OutcomeRows.of([outcome(0)]))
    before = [file.read_bytes() for file in files]
    with pytest.raises(AttributeError), OutcomeTables(*files) as tables:
        tables.add(None)  # type: ignore[arg-type]
    assert [file.read_bytes() for file in files] == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["paths.parquet", "verdicts.parquet"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no device without room")
def test_a_disk_without_room_is_an_error_that_names_the_table(tmp_path: Path) -> None:
    (tmp_path / ".paths.parquet.partial").symlink_to("/dev/full")
    with (
        pytest.raises(RunError, match=r"paths\.parquet: cannot be written .*No space left"),
        OutcomeTables(tmp_path / "paths.parquet", tmp_path / "verdicts.parquet") as tables,
    ):
        tables.add(OutcomeRows.of([outcome(0)]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"x", b"PAR1" * 40])
def test_damaged_questions_are_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "questions.parquet"
    file.write_bytes(content)
    with pytest.raises(RunError, match=r"questions\.parquet: cannot be read"):
        list(read_questions(file))
    with pytest.raises(RunError, match=r"questions\.parquet: cannot be read"):
        count_questions(file)


@given(st.lists(st.integers(0, 2 * ROWS_A_GROUP + 1), max_size=6))
@settings(max_examples=30)
def test_rows_come_in_the_same_groups_however_they_were_added(sizes: list[int]) -> None:
    groups, added, found = RowGroups(), 0, []
    for size in sizes:
        found += groups.add(pyarrow.table({"row": pyarrow.array(range(added, added + size), pyarrow.int64())}))
        added += size
    found += groups.rest()
    assert [row for group in found for row in group["row"].to_pylist()] == list(range(added))
    assert all(group.num_rows == ROWS_A_GROUP for group in found[:-1])
    assert all(0 < group.num_rows <= ROWS_A_GROUP for group in found)
