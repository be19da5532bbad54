"""What a run holds, read without disturbing it: also while another process is working on it.

read_status("runs/x").kept
"""

from __future__ import annotations

import fcntl
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from regenesis.curation.counted import Chain
from regenesis.ledger import Ledger, StageTotals
from regenesis.methods import Outcome
from regenesis.store.directory import RunDirectory, read_json
from regenesis.store.outcomes import Counts, OutcomeStore
from regenesis.training.report import read_record
from regenesis.types import Question


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What an evaluation came to on one task, in the texts that it is to be shown in.

    Attributes:
        task: The task.
        answered: Questions that every model has answered.
        accuracies: Percentages by model; those of models without an answer are left out.
        difference: The last model against the first in percentage points, with its 95 % CI; empty if not compared.
        finding: What the difference shows: `better`, `worse`, `inconclusive`.
    """

    task: str
    answered: int
    accuracies: dict[str, str]
    difference: str
    finding: str


@dataclass(frozen=True, slots=True)
class PrefixCache:
    """What an engine found in its prefix cache, over all starts that told of it.

    Attributes:
        asked: Tokens of prompts that were looked up.
        found: Of those, the ones that were found, and so were not computed again.
    """

    asked: int
    found: int

    @property
    def share(self) -> float:
        return self.found / self.asked


@dataclass(frozen=True, slots=True)
class Status:
    """What a run holds.

    Attributes:
        directory: The run's folder.
        running: Whether a process is working on it now.
        tasks: Names of its tasks.
        model: The model, as the config names it; the identity of the one that an engine of the caller's own asks.
        questions: Questions of the run, without those left out.
        left_out: Questions left out because they overlap the evaluation.
        outcomes: Sums over its finished questions: chains by verdict, kept paths.
        stages: What the ledger holds of each stage: completions and tokens.
        seconds: Wall-clock time over all sessions.
        last_end: Where the last start of the synthesis ended, as it was written down; `None` before that.
        stage: `synthesize`, `train` or `evaluate`: what the last start was about; `None` before the first.
        training: Step and steps of the last training, as far as the log tells; `None` before that.
        trained: What stands beside the tuned model; `None` while there is no whole one.
        measured: Tasks that were measured, and the models they were measured on.
        results: What the evaluation came to, by task.
        evaluation_complete: Whether every question of the evaluation was answered by every one of these models.
        rounds: Folders of the later rounds, each a run like this one.
        prefix: What the engine found in its prefix cache; `None` where it does not tell.
    """

    directory: str
    running: bool
    tasks: list[str]
    model: str
    questions: int
    left_out: int
    outcomes: Counts
    stages: dict[str, StageTotals]
    seconds: float
    last_end: dict[str, Any] | None
    stage: str | None
    training: tuple[int, int] | None
    trained: dict[str, Any] | None
    measured: dict[str, list[str]]
    results: list[TaskResult]
    evaluation_complete: bool
    rounds: list[str]
    prefix: PrefixCache | None = None

    def __repr__(self) -> str:
        done = f"{self.outcomes.questions:,} of {self.questions:,} questions, {self.kept:,} paths kept"
        then = [word for word, there in (("trained", self.trained), ("evaluated", self.evaluation_complete)) if there]
        return f"Status({self.directory}: {', '.join([done, *then])})"

    @property
    def kept(self) -> int:
        return self.outcomes.kept

    def to_json(self) -> dict[str, Any]:
        """The status as plain JSON types."""
        return asdict(self)


def read_status(run_dir: str | Path) -> Status:
    """Reads what a run holds.

    Raises:
        RunError: There is no run in the folder, or its ledger is damaged.
    """
    directory = RunDirectory(run_dir)
    config = directory.require_started()
    stages: dict[str, StageTotals] = {}
    if directory.ledger.exists():
        with Ledger.read(directory.ledger) as ledger:
            stages = ledger.totals()
    left_out = _left_out(directory)
    log, evaluation = _read_log(directory.log), read_json(directory.evaluation / "summary.json") or {}
    return Status(
        directory=str(directory.path),
        running=_is_running(directory),
        tasks=[task.name for task in config.tasks],
        model=directory.asked_model(config)[0],
        questions=_question_count(directory) - len(left_out),
        left_out=len(left_out),
        outcomes=_counts(directory, left_out),
        stages=stages,
        seconds=sum(log.seconds.values()),
        last_end=read_json(directory.summary),
        stage=log.stage,
        training=log.training,
        trained=read_record(directory.model),
        measured=_measured(evaluation),
        results=_results(evaluation),
        evaluation_complete=evaluation.get("complete") is True,
        rounds=[str(later.path) for later in directory.later_rounds()],
        prefix=log.prefix,
    )


def read_outcomes(run_dir: str | Path) -> Iterator[Outcome]:
    """What became of each finished question of a run, in the run's order.

    Raises:
        RunError: There is no run in the folder.
    """
    for _, outcome in read_questions_and_outcomes(run_dir):
        if outcome is not None:
            yield outcome


def read_questions_and_outcomes(run_dir: str | Path) -> Iterator[tuple[Question, Outcome | None]]:
    """Each question of a run in order, with what became of it, or `None` while it is not finished; without those left
    out.

    Raises:
        RunError: There is no run in the folder.
    """
    with _finished(run_dir) as (questions, store):
        for question in questions:
            yield question, store.get(question)


def read_counted(run_dir: str | Path) -> Iterator[tuple[Question, list[Chain]]]:
    """Each finished question of a run in order, with what is counted of its chains; without those left out.

    Raises:
        RunError: There is no run in the folder, or what it holds is damaged.
    """
    with _finished(run_dir) as (questions, store):
        by_id = {question.id: question for question in questions}
        yield from ((by_id[name], chains) for name, chains in store.counted(by_id))


@contextmanager
def _finished(run_dir: str | Path) -> Iterator[tuple[Iterator[Question], OutcomeStore]]:
    """The questions of a run without those left out, and what became of them."""
    from regenesis.store.tables import read_questions

    directory = RunDirectory(run_dir)
    directory.require_started()
    left_out = _left_out(directory)
    read: Iterable[Question] = read_questions(directory.questions) if directory.questions.exists() else ()
    store = OutcomeStore.latest(directory.outcomes)
    try:
        yield (question for question in read if question.id not in left_out), store
    finally:
        store.close()


def _left_out(directory: RunDirectory) -> dict[str, str]:
    if not directory.questions.exists():
        return {}
    from regenesis.store.tables import read_left_out

    return read_left_out(directory.questions)


def _counts(directory: RunDirectory, left_out: Iterable[str]) -> Counts:
    if not directory.outcomes.exists():
        return Counts(0, 0, 0, 0, 0, 0, 0)
    store = OutcomeStore.latest(directory.outcomes)
    try:
        return store.counts(without=left_out)
    finally:
        store.close()


def _question_count(directory: RunDirectory) -> int:
    if not directory.questions.exists():
        return 0
    from regenesis.store.tables import count_questions

    return count_questions(directory.questions)


def _is_running(directory: RunDirectory) -> bool:
    try:
        handle = os.open(directory.path / ".lock", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _measured(summary: dict[str, Any]) -> dict[str, list[str]]:
    """Names of tasks and models in a summary of an evaluation; none unless it holds both."""
    named = {name: summary.get(name) for name in ("tasks", "models")}
    if not all(isinstance(found, list | dict) for found in named.values()):
        return {}
    return {name: [str(value) for value in found or ()] for name, found in named.items()}


def _results(summary: Mapping[str, Any]) -> list[TaskResult]:
    """The figures of a summary of an evaluation; none of one in another form."""
    try:
        models = list(summary["models"])
        compared = [one for one in summary["comparisons"] if (one["first"], one["second"]) == (models[0], models[-1])]
        found = []
        for name, task in summary["tasks"].items():
            figures = {model: task["models"][model] for model in models}
            versus = compared[0]["tasks"].get(name, {}) if compared else {}
            found.append(
                TaskResult(
                    task=str(name),
                    answered=min(int(figure["answered"]) for figure in figures.values()),
                    accuracies={
                        model: str(figure["shown"]).partition(" ")[0]
                        for model, figure in figures.items()
                        if figure["answered"]
                    },
                    difference=str(versus.get("shown", "")),
                    finding=str(versus.get("finding", "")),
                )
            )
        return found
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return []


_LONGEST_LINE = 1 << 20
_LARGEST_FIGURE = 1e15
_STARTS = {"start": "synthesize", "training_start": "train", "evaluate": "evaluate"}
"""Events with which a stage begins, and its time anew."""


@dataclass(slots=True)
class _Log:
    """What the log tells of all starts.

    Attributes:
        seconds: How long they lasted by stage, each by the last line that it wrote of its time.
        stage: What the last one was about.
        training: Step and steps of the last training.
        prefix: What engines found in their prefix caches.
    """

    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    stage: str | None = None
    training: tuple[int, int] | None = None
    prefix: PrefixCache | None = None

    def count_prefixes(self, starts: Iterable[tuple[int, int]]) -> None:
        """Sums up what each start has counted last."""
        asked, found = (sum(counts) for counts in zip((0, 0), *starts, strict=True))
        self.prefix = PrefixCache(asked, min(found, asked)) if asked else None


def stage_seconds(log: Path) -> Mapping[str, float]:
    """Wall-clock time of each stage over all sessions, as far as a run's log tells."""
    return _read_log(log).seconds


def _read_log(log: Path) -> _Log:
    found, current = _Log(), 0.0
    prefixes = [(0, 0)]
    for entry in log_entries(log):
        event = entry.get("event")
        if isinstance(event, str) and event in _STARTS:
            found.seconds[found.stage or ""] += current
            found.stage, current = _STARTS[event], 0.0
            prefixes.append((0, 0))
        if event == "training_step":
            found.training = (int(_figure(entry.get("step"), 0)), int(_figure(entry.get("steps"), 0)))
        current = _figure(entry.get("elapsed_s"), current)
        asked, there = prefixes[-1]
        prefixes[-1] = (int(_figure(entry.get("prefix_asked"), asked)), int(_figure(entry.get("prefix_found"), there)))
    found.seconds[found.stage or ""] += current
    found.count_prefixes(prefixes)
    return found


def log_entries(log: Path) -> Iterator[dict[str, Any]]:
    """The events in a run's log, as far as its lines hold something; the last one of a killed start may be torn."""
    if not log.is_file():
        return
    with log.open("rb") as lines:
        while line := lines.readline(_LONGEST_LINE):
            with suppress(ValueError, RecursionError):
                entry = json.loads(line)
                if isinstance(entry, dict):
                    yield entry


def _figure(value: Any, otherwise: float) -> float:
    """A count or a time out of a log."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return value if plain and 0 <= value < _LARGEST_FIGURE else otherwise
