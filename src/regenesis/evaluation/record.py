"""Where the results of an evaluation are written: in a run's own place, or beside it where they are exploratory.

    reason = smaller_than_asked(own, settings, tasks) or smaller_than_recorded(evaluation, folder)
    write_record(EvaluationReport(..., exploratory=reason))

Three questions of each task are good for a look. They must not take the place of a thousand: results that leave out
what the run's config asks for, or what is recorded, go to `exploratory/`, and neither summary nor card speaks of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regenesis.evaluation.result_tables import write_results
from regenesis.evaluation.settings import EvaluationSettings
from regenesis.evaluation.summary import Evaluation
from regenesis.report.rounding import percent
from regenesis.store.directory import read_json, write_whole
from regenesis.tasks.config import TaskConfig

SUMMARY = "summary.json"
EXPLORATORY = "exploratory"


@dataclass(frozen=True, slots=True, repr=False)
class EvaluationReport:
    """How a start of an evaluation ended.

    Attributes:
        directory: The folder that holds the ledger and `evaluation/`.
        evaluation: Figures and comparisons.
        stopped: What the budget ran out of, `None` if it did not.
        owed: Questions set aside because the engine kept failing on them, as `<model> <question id>`, with the reason.
        requests_sent: Requests sent in this start.
        requests_recalled: Answers that were in the ledger already.
        damaged: Recorded answers that were damaged on disk, and so were asked again.
        prompt_tokens: Tokens of the prompts sent in this start.
        completion_tokens: New tokens in this start.
        seconds: Wall-clock time of this start.
        exploratory: Why the results stand apart from the run's own, `None` if they are its own.
        reused_nothing: Whether requests were sent although other runs were named to take their completions over from:
            none of them was recorded there.
    """

    directory: Path
    evaluation: Evaluation
    stopped: str | None
    owed: dict[str, str]
    requests_sent: int
    requests_recalled: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    damaged: int = 0
    exploratory: str | None = None
    reused_nothing: bool = False

    @property
    def complete(self) -> bool:
        """Whether every model has answered every question."""
        return self.evaluation.complete

    @property
    def folder(self) -> Path:
        """Where the results are written."""
        own = self.directory / "evaluation"
        return own if self.exploratory is None else own / EXPLORATORY

    @property
    def unread(self) -> list[tuple[str, str]]:
        """Models and tasks where no answer at all could be read."""
        return self.evaluation.unread

    def __repr__(self) -> str:
        figures = ", ".join(
            f"{model} on {task} {percent(tally.accuracy)} %"
            for model, tasks in self.evaluation.tallies.items()
            for task, tally in tasks.items()
            if tally.answered
        )
        return f"EvaluationReport({self.directory}: {figures or 'nothing answered yet'})"

    def to_pandas(self) -> Any:
        """All answers as a data frame: a row an answer, with the columns of the tables of answers."""
        import pandas

        frames = [
            pandas.read_parquet(self.folder / model / f"{task.file}.parquet").assign(model=model, task=task.name)
            for model in self.evaluation.results
            for task in self.evaluation.tasks
        ]
        return pandas.concat(frames, ignore_index=True) if frames else pandas.DataFrame()

    def to_json(self) -> dict[str, Any]:
        """What `summary.json` holds."""
        document = {**self.evaluation.to_json(), "stopped": self.stopped, "owed": self.owed}
        return document if self.exploratory is None else {**document, "exploratory": self.exploratory}


def smaller_than_asked(own: EvaluationSettings, used: EvaluationSettings, tasks: Sequence[TaskConfig]) -> str | None:
    """What an evaluation leaves out of what its run's config asks for, in words; `None` if nothing.

    Args:
        own: What the run's config says.
        used: What the evaluation goes by.
        tasks: The tasks that it measures on.
    """
    asked = own.evaluation
    if not asked.tasks:
        return None
    for name, before, now in (
        ("sampling", asked.sampling, used.evaluation.sampling),
        ("prompt", asked.prompts, used.evaluation.prompts),
        ("seed", own.seed, used.seed),
    ):
        if before != now:
            return f"its {name} is not that of the run's config"
    if used.evaluation.samples < asked.samples:
        return f"the run's config asks for {asked.samples} answers per question"
    for one in asked.tasks:
        if not any(_takes_all(task, one) for task in tasks):
            return f"the run's config asks for other or more questions of {one.name}"
    return None


def _takes_all(task: TaskConfig, asked: TaskConfig) -> bool:
    if task.model_dump(exclude={"limit"}) != asked.model_dump(exclude={"limit"}):
        return False
    return task.limit is None or (asked.limit is not None and task.limit >= asked.limit)


def smaller_than_recorded(evaluation: Evaluation, folder: Path) -> str | None:
    """What an evaluation leaves out of what is recorded of the same models, in words; `None` if nothing.

    Raises:
        RunError: The record is damaged.
    """
    models = {model.name: model.identity for model in evaluation.models}
    for before in _recorded(read_json(folder / SUMMARY) or {}):
        if models.get(before.model, before.identity) != before.identity:
            continue  # the record speaks of a model that is there no more
        tally = evaluation.tallies.get(before.model, {}).get(before.task)
        if tally is None or tally.answered < before.answered or tally.samples < before.samples:
            return f"more answers of {before.model} to {before.task} are recorded"
    return None


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A figure of a summary: a model on a task."""

    model: str
    identity: str
    task: str
    answered: int
    samples: int


def _recorded(summary: Mapping[str, Any]) -> list[_Recorded]:
    """The figures of a summary; none of one that is not in the form of a summary."""
    try:
        return [
            _Recorded(
                model=model,
                identity=summary["models"][model]["identity"],
                task=name,
                answered=int(tally["answered"]),
                samples=int(tally.get("samples", 1)),
            )
            for name, task in summary["tasks"].items()
            for model, tally in task["models"].items()
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        return []


def write_record(report: EvaluationReport) -> None:
    """Writes the tables of answers and the summary of an evaluation.

    Raises:
        RunError: They cannot be written.
    """
    evaluation = report.evaluation
    for name, answered in evaluation.results.items():
        (report.folder / name).mkdir(parents=True, exist_ok=True)
        for task in evaluation.tasks:
            write_results(report.folder / name / f"{task.file}.parquet", task.questions, answered[task.name])
    write_whole(report.folder / SUMMARY, json.dumps(report.to_json(), indent=1, ensure_ascii=False) + "\n")
