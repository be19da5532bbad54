"""The recorded answers of an evaluation, question by question, with the models side by side.

recorded = read_answers("runs/x", "gsm8k")
for one in recorded.questions:
    one.change("base", "tuned")                    # "won", "lost", "same"
    one.answers["tuned"][0].response
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from regenesis.errors import RunError
from regenesis.evaluation.record import EXPLORATORY, SUMMARY
from regenesis.evaluation.result_tables import ResultRow, read_results
from regenesis.ledger import Ledger
from regenesis.store.directory import RunDirectory, read_json
from regenesis.store.plainness import require_no_pipes

Change = Literal["won", "lost", "same"]
"""Whether more of the answers to a question are right with the second of two models, or fewer."""


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """One question with all recorded answers to it.

    Attributes:
        id: The question.
        text: What it asks; of an evaluation that an earlier version wrote, the whole prompt.
        gold: The right answer, `None` where the task's own scorer decides.
        kind: How answers are compared with it.
        answers: By model, and there by sample; models that have not answered it are left out.
    """

    id: str
    text: str
    gold: str | None
    kind: str
    answers: Mapping[str, Sequence[ResultRow]]

    def share(self, model: str) -> Fraction | None:
        """Share of a model's answers that are right; `None` if it has given none."""
        rows = self.answers.get(model)
        return Fraction(_correct(rows), len(rows)) if rows else None

    def change(self, first: str, second: str) -> Change | None:
        """What changed from one model to another; `None` unless both have answered."""
        before, after = self.answers.get(first), self.answers.get(second)
        if not before or not after:
            return None
        gained = _correct(after) * len(before) - _correct(before) * len(after)
        return "won" if gained > 0 else "lost" if gained < 0 else "same"


def _correct(rows: Sequence[ResultRow]) -> int:
    return sum([row.status == "correct" for row in rows])


@dataclass(frozen=True, slots=True)
class RecordedAnswers:
    """The answers to one task.

    Attributes:
        task: The task's name.
        models: Names of the models, in the order of the evaluation.
        questions: In the task's order.
        exploratory: Whether they stand apart from the run's own results.
    """

    task: str
    models: Sequence[str]
    questions: Sequence[AnsweredQuestion]
    exploratory: bool = False


def read_answers(folder: str | Path, task: str) -> RecordedAnswers:
    """Reads the recorded answers to one task; those of an exploratory evaluation where there are no others.

    Args:
        folder: A folder with an evaluation: that of a run, or one that `regenesis evaluate MODEL` wrote.
        task: Name of the task, as the evaluation calls it.

    Raises:
        RunError: There is no evaluation, it does not cover the task, or it is damaged.
        LedgerError: The ledger is damaged.
    """
    directory = RunDirectory(folder)
    require_no_pipes(directory.path)
    measured: list[str] = []
    for place in (directory.evaluation, directory.evaluation / EXPLORATORY):
        summary = read_json(place / SUMMARY)
        if summary is None:
            continue
        tables = answer_tables(summary, place)
        measured += [name for _, name, _ in tables if name not in measured]
        chosen = {model: file for model, name, file in tables if name == task}
        if chosen:
            rows = {model: read_results(file) for model, file in chosen.items()}
            return RecordedAnswers(task, list(rows), _side_by_side(rows, directory), place != directory.evaluation)
    if not measured:
        raise RunError(
            f"{directory.path}: holds no answers of an evaluation yet. `regenesis evaluate {directory.path}` measures."
        )
    raise RunError(
        f"{directory.path}: its evaluation has no task {task!r}; there are {', '.join(dict.fromkeys(measured))}."
    )


def answer_tables(summary: Mapping[str, Any], folder: Path) -> list[tuple[str, str, Path]]:
    """Model, task and table of answers of each figure in a summary; those without a table are left out.

    Args:
        summary: What `summary.json` holds.
        folder: The folder it lies in.

    Raises:
        RunError: It is not in the form of a summary, or names a file outside of its folder.
    """
    try:
        found = [
            (str(model), str(name), table_named(folder, model, task["file"]))
            for name, task in summary["tasks"].items()
            for model in summary["models"]
            if int(task["questions"]) >= 0 and summary["models"][model].keys() >= {"identity"}
        ]
        dict(summary["conditions"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(
            f"{folder / SUMMARY}: is not in the form of a summary. Evaluate again: its completions are recorded."
        ) from error
    return [one for one in found if one[2].is_file()]


def table_named(folder: Path, model: str, file: str) -> Path:
    """The table of a model's answers that a summary names.

    Args:
        folder: The folder that the summary lies in, which may come from elsewhere.
        model: The model's name in it.
        file: The table's name in it.

    Raises:
        RunError: It lies outside of the folder.
    """
    table = folder / model / file
    if not table.resolve().is_relative_to(folder.resolve()):
        raise RunError(f"{folder / SUMMARY}: names the file {table}, which is not of this run.")
    return table


def _side_by_side(tables: Mapping[str, Sequence[ResultRow]], directory: RunDirectory) -> list[AnsweredQuestion]:
    found: dict[str, dict[str, list[ResultRow]]] = {}
    for model, rows in tables.items():
        for row in rows:
            found.setdefault(row.question_id, {}).setdefault(model, []).append(row)
    texts = _texts(tables, directory)
    questions = []
    for name, answers in found.items():
        first = next(iter(answers.values()))[0]
        questions.append(AnsweredQuestion(name, texts.get(name, ""), first.gold, first.kind, answers))
    return questions


def _texts(tables: Mapping[str, Sequence[ResultRow]], directory: RunDirectory) -> dict[str, str]:
    """What the questions ask, by id: out of the tables, or out of the ledger where an earlier version wrote those."""
    texts = {row.question_id: row.question for rows in tables.values() for row in rows if row.question}
    missing = {
        row.question_id: row.ledger_key
        for rows in tables.values()
        for row in rows
        if row.ledger_key and row.question_id not in texts
    }
    if missing and directory.ledger.exists():
        with Ledger.read(directory.ledger) as ledger:
            for name, key in missing.items():
                messages = ledger.messages(key)
                if messages:
                    texts[name] = messages[-1].content
    return texts
