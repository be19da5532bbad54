from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.engines.simulated.arithmetic import Arithmetic, find, work_out
from regenesis.engines.simulated.questions import main, write_questions


@pytest.mark.parametrize(
    ("expression", "steps", "answer"),
    [
        ("3 + 4", ("3 + 4 = 7",), 7),
        ("(30 - 70) * 2 - 5", ("30 - 70 = -40", "(-40) * 2 = -80", "(-80) - 5 = -85"), -85),
        ("2 + 3 * 4", ("3 * 4 = 12", "2 + 12 = 14"), 14),
        ("17", (), 17),
    ],
)
def test_an_expression_is_worked_out_operation_by_operation(
    expression: str, steps: tuple[str, ...], answer: int
) -> None:
    worked = work_out(expression)
    assert worked is not None
    assert (worked.steps, worked.answer) == (steps, answer)


@pytest.mark.parametrize("text", ["3 +", "3 ** 9", "(((", "9" * 30 + " * 2", "1 / 0", "", "(" * 150 + "1" + ")" * 150])
def test_what_is_no_expression_of_whole_numbers_is_not_worked_out(text: str) -> None:
    assert work_out(text) is None or text.startswith("(" * 150)


@given(st.integers(0, 10), st.integers(1, 9))
def test_a_slip_is_carried_through_to_the_answer(step: int, slip: int) -> None:
    worked = work_out("(2 + 3) * 4 + 1", slip_at=step, slip=slip)
    assert worked is not None
    assert worked.answer == 21 + slip * (4 if step % 3 == 0 else 1)


def test_the_question_and_what_stands_before_it_are_found_in_a_chat() -> None:
    text = "An example: What is 1 + 1?\n\nAda keeps the books. What is (3 + 4) * 5?\n\nReason step by step."
    assert find(text) == Arithmetic("Ada keeps the books.", "(3 + 4) * 5")
    assert find("What is the matter? What is (?") is None


def questions(file: Path) -> list[tuple[dict[str, str], Arithmetic]]:
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [(row, found) for row in rows if (found := find(row["question"])) is not None]


def test_a_table_of_questions_has_their_answers_and_groups_of_equal_size(tmp_path: Path) -> None:
    written = questions(write_questions(tmp_path / "sums.jsonl", 60, groups=20, operations="+-", seed=3))
    results = [work_out(found.expression) for _, found in written]
    assert [str(result.answer) for result in results if result] == [row["answer"] for row, _ in written]
    assert set(Counter(row["group"] for row, _ in written).values()) == {3}
    assert len({(row["group"], found.premise) for row, found in written}) == 20
    assert frozenset[str]().union(*(found.operations for _, found in written)) == {"+", "-"}


def test_the_same_arguments_write_the_same_table_and_another_seed_shares_no_group(tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        main([str(tmp_path / name), "--count", "30", "--groups", "10", "--seed", seed])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    first, other = ({found.premise for _, found in questions(tmp_path / name)} for name in ("a", "c"))
    assert not first & other


@pytest.mark.parametrize("arguments", [["--count", "0"], ["--groups", "300"], ["--operations", "/"]])
def test_a_table_that_cannot_be_written_says_why(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([str(tmp_path / "a.jsonl"), *arguments])
    assert arguments[0] in capsys.readouterr().err.splitlines()[-1]
