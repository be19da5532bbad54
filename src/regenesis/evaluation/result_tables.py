"""The answers of a model to the questions of a task, on disk.

write_results(folder / "gsm8k.parquet", task.questions, results)
[row.status for row in read_results(folder / "gsm8k.parquet")]      # ["correct", "incorrect", …]
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from regenesis.errors import RunError
from regenesis.store.tables import TableWriter
from regenesis.types import Question, Result, Status, storable


class ResultRow(NamedTuple):
    """One answer as a table of results holds it.

    Attributes:
        question_id: The question.
        status: What the checker made of the answer.
        question_group: What the question shares with others, `None` if nothing.
        sample: Which of several answers to the question, from 0.
        gold: The right answer, `None` where the task's own scorer decides.
        extracted: The answer as read out of the response, `None` if unparsed.
        response: What the model wrote.
        rule: Short name of the rule that decided.
        finish_reason: Why the model stopped there.
        prompt_tokens: Tokens of the prompt.
        completion_tokens: Tokens of the response.
        kind: How the answer was compared with gold.
        ledger_key: Where the ledger keeps request and completion.
        reason: What the checker says about the answer, in a sentence.
        question: What the question asks; empty in tables that an earlier version wrote.
    """

    question_id: str
    status: Status
    question_group: str | None = None
    sample: int = 0
    gold: str | None = None
    extracted: str | None = None
    response: str = ""
    rule: str = ""
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    kind: str = ""
    ledger_key: str = ""
    reason: str = ""
    question: str = ""

    @property
    def correct(self) -> bool:
        return self.status == "correct"

    @property
    def truncated(self) -> bool:
        """Whether the response was cut at the token limit."""
        return self.finish_reason == "length"


def write_results(path: Path, questions: Sequence[Question], results: Sequence[Result]) -> None:
    """Writes one row per answer, in the questions' order, and the answers to one question by sample.

    Raises:
        RunError: It cannot be written.
    """
    import pyarrow

    text, number, flag = pyarrow.string(), pyarrow.int64(), pyarrow.bool_()
    columns = [
        ("question_id", text),
        ("gold", text),
        ("kind", text),
        ("response", text),
        ("extracted", text),
        ("status", text),
        ("rule", text),
        ("reason", text),
        ("prompt_tokens", number),
        ("completion_tokens", number),
        ("finish_reason", text),
        ("truncated", flag),
        ("ledger_key", text),
        ("sample", number),
        ("question_group", text),
        ("question", text),
    ]
    answers: dict[str, list[Result]] = {}
    for result in sorted(results, key=lambda result: result.sample):
        answers.setdefault(result.question_id, []).append(result)
    writer = TableWriter(path, columns)
    try:
        for question in questions:
            for result in answers.get(question.id, ()):
                writer.add(_row(question, result))
        writer.finish()
    finally:
        writer.abandon()


def _row(question: Question, result: Result) -> dict[str, Any]:
    verdict = result.verdict
    return {
        "question_id": question.id,
        "gold": question.gold,
        "kind": question.kind,
        "response": result.response,
        "extracted": None if verdict.extracted is None else storable(verdict.extracted),
        "status": verdict.status,
        "rule": verdict.rule,
        "reason": storable(verdict.reason),
        "prompt_tokens": result.prompt_tokens,
        "completion_tokens": result.completion_tokens,
        "finish_reason": result.finish_reason,
        "truncated": result.truncated,
        "ledger_key": result.key,
        "sample": result.sample,
        "question_group": question.group,
        "question": storable(question.text),
    }


def read_results(path: Path) -> list[ResultRow]:
    """Reads back what `write_results` wrote, also where an earlier version wrote fewer columns.

    Raises:
        RunError: There is no such file, or it holds something else.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            table = file.read(columns=[name for name in ResultRow._fields if name in file.schema_arrow.names])
        # column by column: an evaluation may have tens of thousands of rows
        columns = (
            table[name].to_pylist()
            if name in table.column_names
            else [ResultRow._field_defaults.get(name)] * table.num_rows
            for name in ResultRow._fields
        )
        rows = list(map(ResultRow, *columns))
        _check(rows)
        return rows
    except (pyarrow.ArrowException, OSError, TypeError, ValueError) as error:
        raise RunError(
            f"{path}: cannot be read as answers of an evaluation ({error}). Run `regenesis evaluate` on its run "
            "again: it is written anew from the recorded completions."
        ) from error


def _check(rows: Sequence[ResultRow]) -> None:
    for status in {row.status for row in rows}.difference(get_args(Status)):
        raise ValueError(f"{status!r} is no status of an answer")
    if not {type(row.question_id) for row in rows} <= {str} or not {type(row.sample) for row in rows} <= {int}:
        raise TypeError("a row without question or sample")
    seen = set[tuple[str, int]]()
    for row in rows:
        if (row.question_id, row.sample) in seen:
            raise ValueError(f"two rows for sample {row.sample} of {row.question_id}")
        seen.add((row.question_id, row.sample))
