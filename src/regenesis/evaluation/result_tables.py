"""The answers of a model to the questions of a task, on disk.

write_results(folder / "gsm8k.parquet", task.questions, results)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from regenesis.store.tables import TableWriter
from regenesis.types import Question, Result, storable


def write_results(path: Path, questions: Sequence[Question], results: Sequence[Result]) -> None:
    """Writes one row an answered question, in the questions' order.

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
    ]
    answered = {result.question_id: result for result in results}
    writer = TableWriter(path, columns)
    try:
        for question in questions:
            if question.id in answered:
                writer.add(_row(question, answered[question.id]))
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
    }
