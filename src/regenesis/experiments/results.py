"""What a finished run came to: its models' scores question by question, and what the tuned one was trained on.

    run = read_run("runs/a")
    run.scores["tuned"]["gsm8k"]["gsm8k/test/0"]      # Score(value=1.0, group="gsm8k/test/0")
    run.training.rows, run.training.generated_tokens

Read from what every run writes, without an engine and without disturbing it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, takewhile
from pathlib import Path
from typing import Any

from regenesis.config import RunConfig
from regenesis.dataset.card import PARQUET
from regenesis.dataset.deriving import generated_tokens
from regenesis.errors import RunError
from regenesis.evaluation import STAGE as EVALUATING
from regenesis.evaluation.answers import table_named
from regenesis.evaluation.model_variants import BASE
from regenesis.evaluation.record import SUMMARY
from regenesis.evaluation.result_tables import ResultRow, read_results
from regenesis.ledger import Ledger
from regenesis.runs.status import stage_seconds
from regenesis.store.directory import RunDirectory, read_json
from regenesis.store.tables import read_questions
from regenesis.training.report import read_record

_MODEL = re.compile(r"\w[\w-]*")
_NOT_A_SETTING = ("data set", "seed", "base model")
"""Parts of a training's fingerprint that are compared elsewhere, or that are what an experiment varies."""
_RATE = "training.learning_rate"


@dataclass(frozen=True, slots=True)
class Score:
    """How a model did on one question.

    Attributes:
        value: Share of its answers that are right.
        group: The cluster that the question belongs to; its own id where it belongs to none.
    """

    value: float
    group: str


TaskScores = Mapping[str, Score]
"""By question id."""


class NotFinished(RunError):
    """The run has not been trained and evaluated yet."""


@dataclass(frozen=True, slots=True)
class Training:
    """What a tuned model was trained on, and what that took.

    Attributes:
        rows: Rows of the dataset.
        questions: Questions that they answer.
        hinted: Rows whose model had been shown the answer.
        requests: Requests of the synthesis, answered from elsewhere or not.
        prompt_tokens: Tokens of their prompts.
        generated_tokens: Tokens generated for them; where the dataset is drawn by tokens, those that it was drawn from.
        synthesis_seconds: Wall-clock time of the synthesis, over all sessions.
        training_tokens: Tokens trained on, over all epochs.
        steps: Optimiser steps.
        training_seconds: Time spent on them.
    """

    rows: int
    questions: int
    hinted: int
    requests: int
    prompt_tokens: int
    generated_tokens: int
    synthesis_seconds: float
    training_tokens: int
    steps: int
    training_seconds: float


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that has been evaluated.

    Attributes:
        label: What the comparison calls its method.
        train_on: What the comparison calls the tasks it trains on.
        seed: Its seed.
        directory: Its folder.
        config: Its config.
        models: The base and the tuned model as its evaluation names them.
        scores: By model and task.
        domains: `in-domain` or `out-of-domain` by task, `None` where it is not known.
        training: What the tuned model was trained on.
        conditions: What has to be alike for a difference to be the method's, by name.
        samples: Answers to each question.
        majority: Share of questions where the most frequent answer is right, by model and task; empty for one sample.
        complete: Whether every question is answered.
        up_to_date: Whether the tuned model was trained on the dataset that is there now.
        notes: What its evaluation says against its figures, a sentence each.
        rounds: Folders of the rounds that led to the tuned model; its own folder alone where there was one round.
    """

    label: str
    train_on: str
    seed: int
    directory: Path
    config: RunConfig
    models: tuple[str, str]
    scores: Mapping[str, Mapping[str, TaskScores]]
    domains: Mapping[str, str | None]
    training: Training
    conditions: Mapping[str, Any]
    complete: bool
    samples: int = 1
    majority: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    up_to_date: bool = True
    notes: Sequence[str] = ()
    rounds: Sequence[Path] = ()

    @property
    def folders(self) -> Sequence[Path]:
        """Where the syntheses that led to the tuned model are, and last its dataset."""
        return self.rounds or (self.directory,)

    @property
    def base(self) -> Mapping[str, TaskScores]:
        """Scores of the model before training, by task."""
        return self.scores[self.models[0]]

    @property
    def tuned(self) -> Mapping[str, TaskScores]:
        """Scores of the model after training, by task."""
        return self.scores[self.models[1]]


def read_run(run_dir: str | Path, *, label: str | None = None, train_on: str | None = None) -> FinishedRun:
    """Reads what a run came to.

    Args:
        run_dir: The run's folder.
        label: What to call its method; the folder's name if left out.
        train_on: What to call the tasks it trains on; their names if left out.

    Raises:
        NotFinished: It has not been trained and evaluated yet.
        RunError: Something in it is damaged.
    """
    directory = RunDirectory(run_dir)
    if not directory.config_file.exists():
        raise NotFinished(f"{directory.path}: is not a run folder (it has no config.yaml).")
    config = directory.require_started()
    summary, record = read_json(directory.evaluation / SUMMARY), read_record(directory.model)
    if summary is None or record is None:
        missing, verb = ("evaluated", "evaluate") if record is not None else ("trained", "train")
        raise NotFinished(
            f"{directory.path}: has not been {missing} yet. Run `regenesis {verb} {directory.path}` first."
        )
    try:
        models = _models(directory, summary)
        rounds = _rounds(directory, models[1])
        record = read_record(rounds[-1].model) or record
        samples = int(summary["conditions"].get("samples", 1))
        return FinishedRun(
            label=label or directory.path.resolve().name,
            train_on=train_on or " + ".join(dict.fromkeys(task.name for task in config.tasks)),
            seed=config.seed,
            directory=directory.path,
            config=config,
            models=models,
            scores={model: _scores(directory, summary, model, samples) for model in models},
            domains={name: task["domain"] for name, task in summary["tasks"].items()},
            training=_training(rounds, config, record),
            conditions=_conditions(config, summary, models, record),
            complete=bool(summary["complete"]),
            samples=samples,
            majority={model: _majority(summary, model, samples) for model in models},
            up_to_date=record["settings"].get("data set") in (None, _digest(rounds[-1].dataset / PARQUET)),
            notes=tuple(map(str, summary.get("notes", ()))),
            rounds=tuple(one.path for one in rounds),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(
            f"{directory.evaluation / SUMMARY}: is not what an evaluation writes ({error!r}). Run `regenesis evaluate "
            f"{directory.path}` again: nothing is requested twice."
        ) from error


def answers(run: FinishedRun, model: str, task: str) -> list[ResultRow]:
    """The answers of a run's model to a task.

    Raises:
        RunError: They cannot be read.
    """
    directory = RunDirectory(run.directory)
    return _answers(directory, read_json(directory.evaluation / SUMMARY) or {}, model, task)


def prompts(run: FinishedRun, keys: Iterable[str]) -> dict[str, str]:
    """What the last message of some recorded requests says, by key; those that are not recorded are left out.

    Raises:
        LedgerError: The ledger is damaged.
    """
    found = {}
    ledger_file = RunDirectory(run.directory).ledger
    if ledger_file.exists():
        with Ledger.read(ledger_file) as ledger:
            for key in keys:
                request = ledger.request(key)
                if request is not None:
                    found[key] = str(request["messages"][-1]["content"])
    return found


def read_rows(run: FinishedRun, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Some columns of the dataset that a run's model was trained on.

    Raises:
        RunError: It cannot be read.
    """
    return _dataset(RunDirectory(run.folders[-1]), columns)


def _models(directory: RunDirectory, summary: Mapping[str, Any]) -> tuple[str, str]:
    """The base and the tuned model, that of the last round where there are several."""
    named = list(summary["models"])
    tuned = [name for name in named if name != BASE]
    if BASE not in named or not tuned or not all(_MODEL.fullmatch(name) for name in named):
        raise RunError(
            f"{directory.path}: its evaluation has to cover the base and a tuned model, and covers "
            f"{', '.join(named) or 'none'}. Run `regenesis evaluate {directory.path}`."
        )
    return BASE, tuned[-1]


def _rounds(directory: RunDirectory, tuned: str) -> list[RunDirectory]:
    """The folders of the rounds up to the one whose model is compared."""
    later = directory.later_rounds()
    names = [one.path.name for one in later]
    return [directory, *(later[: names.index(tuned) + 1] if tuned in names else [])]


def _scores(
    directory: RunDirectory, summary: Mapping[str, Any], model: str, samples: int
) -> dict[str, dict[str, Score]]:
    return {task: _by_question(_answers(directory, summary, model, task), samples) for task in summary["tasks"]}


def _majority(summary: Mapping[str, Any], model: str, samples: int) -> dict[str, float]:
    measured = {task: one["models"][model].get("measures", {}) for task, one in summary["tasks"].items()}
    name = f"maj@{samples}"
    return {task: float(measures[name]["value"]) for task, measures in measured.items() if name in measures}


def _answers(directory: RunDirectory, summary: Mapping[str, Any], model: str, task: str) -> list[ResultRow]:
    return read_results(table_named(directory.evaluation, model, summary["tasks"][task]["file"]))


def _by_question(rows: Sequence[ResultRow], samples: int) -> dict[str, Score]:
    """The scores of the questions with all of their answers."""
    right: dict[str, list[bool]] = {}
    groups: dict[str, str] = {}
    for row in rows:
        right.setdefault(row.question_id, []).append(row.correct)
        groups[row.question_id] = row.question_id if row.question_group is None else f"group {row.question_group}"
    return {
        one: Score(sum(answers) / samples, groups[one]) for one, answers in right.items() if len(answers) == samples
    }


def _training(rounds: Sequence[RunDirectory], config: RunConfig, record: Mapping[str, Any]) -> Training:
    """What the last round's model was trained on, and what all rounds asked for it."""
    rows = _dataset(rounds[-1], ("question_id", "hinted"))
    asked = [total for one in rounds for stage, total in _totals(one).items() if stage != EVALUATING]
    return Training(
        rows=len(rows),
        questions=len({row["question_id"] for row in rows}),
        hinted=sum(bool(row["hinted"]) for row in rows),
        requests=sum(total.completions for total in asked),
        prompt_tokens=sum(total.prompt_tokens for total in asked),
        generated_tokens=sum(_generated(one, config) for one in rounds),
        synthesis_seconds=sum(stage_seconds(one.log).get("synthesize", 0.0) for one in rounds),
        training_tokens=int(record["tokens"]),
        steps=int(record["steps"]),
        training_seconds=float(record["seconds"]),
    )


def _dataset(directory: RunDirectory, columns: Sequence[str]) -> list[dict[str, Any]]:
    import pyarrow
    from pyarrow import parquet

    file = directory.dataset / PARQUET
    try:
        found: list[dict[str, Any]] = parquet.read_table(file, columns=list(columns)).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise RunError(
            f"{file}: cannot be read ({error}). Run `regenesis synthesize` on its run again to write it."
        ) from error
    return found


def _generated(directory: RunDirectory, config: RunConfig) -> int:
    """Tokens generated for the dataset."""
    most = config.dataset.max_generated_tokens
    if most is None or not directory.ledger.exists():
        return sum(total.completion_tokens for stage, total in _totals(directory).items() if stage != EVALUATING)
    with Ledger.read(directory.ledger) as ledger:
        by_question = generated_tokens(ledger, config.dataset)
    spent = (by_question.get(question.id, 0) for question in read_questions(directory.questions))
    within = takewhile(lambda total: total <= most, accumulate(spent))
    return max(within, default=0)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _totals(directory: RunDirectory) -> Mapping[str, Any]:
    if not directory.ledger.exists():
        return {}
    with Ledger.read(directory.ledger) as ledger:
        return ledger.totals()


def _conditions(
    config: RunConfig, summary: Mapping[str, Any], models: tuple[str, str], record: Mapping[str, Any]
) -> dict[str, Any]:
    base, tuned = (summary["models"][name] for name in models)
    plain = config.model_dump(mode="json")
    # which answers were drawn is chance, and which questions is told by their digests
    evaluated = {name: value for name, value in summary["conditions"].items() if name != "seed"}
    trained = {name: value for name, value in record["settings"].items() if name not in _NOT_A_SETTING}
    if _RATE in trained:  # left out, it follows from the tuning: setting it to the same value changes nothing
        trained[_RATE] = trained[_RATE] or record.get("learning_rate") or config.training.peak_learning_rate
    return {
        "training tasks": plain["tasks"],
        "base model": base["identity"],
        **{f"evaluation, base: {name}": value for name, value in base["conditions"].items()},
        **{f"evaluation, tuned: {name}": value for name, value in tuned["conditions"].items()},
        **{f"evaluation: {name}": value for name, value in evaluated.items()},
        **{f"questions of {name}": task["questions_digest"] for name, task in summary["tasks"].items()},
        **{f"answering: {name}": value for name, value in plain["answering"].items()},
        "base model of the training": record["settings"].get("base model"),
        "precision of the training": record.get("dtype"),
        **trained,
    }
