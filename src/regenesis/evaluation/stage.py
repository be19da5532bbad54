"""The evaluation stage: every model on every task, recorded in the ledger, then figures and comparisons.

    report = await evaluate_run("runs/x", tasks=["gsm8k", "svamp"])
    report.evaluation.versus[0].tasks[0].finding        # "better", "worse" or "inconclusive"

Answers are recorded like those of the synthesis: an evaluation started again asks only what is missing, and one that is
all recorded loads no model. `evaluation/<model>/<task>.parquet` holds each answer with its verdict,
`evaluation/summary.json` what the last session came to; both are derived and can be had again from the ledger. See
`record` for results that stand apart.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regenesis.engines import Engine, EngineConfig
from regenesis.engines.together import engines_together
from regenesis.errors import ConfigError, RunError
from regenesis.evaluation.asking import Exam
from regenesis.evaluation.collecting import Collecting
from regenesis.evaluation.model_variants import BASE, engines_to_measure, outdated, require_fresh, trained_on
from regenesis.evaluation.progress import EvaluationProgress
from regenesis.evaluation.record import EvaluationReport, smaller_than_asked, smaller_than_recorded, write_record
from regenesis.evaluation.settings import EvaluationSettings
from regenesis.evaluation.summary import Evaluation, MeasuredModel
from regenesis.evaluation.tasks import load_tasks
from regenesis.ledger import Ledger
from regenesis.scheduling import BudgetConfig
from regenesis.scheduling.open_engine import MakeEngine
from regenesis.store.directory import RunDirectory
from regenesis.store.journal import Journal
from regenesis.store.reused import ledgers_of
from regenesis.synthesis.sharding import Shard
from regenesis.tasks.config import TaskConfig
from regenesis.types import Result

if TYPE_CHECKING:
    from regenesis.config import RunConfig

EVALUATION_USES = ("engine", "evaluation", "answering", "method", "data_root")
"""Sections of a config that measuring its models uses."""

Pairs = Sequence[tuple[str, str]]
Beforehand = Callable[[Mapping[str, EngineConfig], EvaluationSettings, Sequence[TaskConfig]], Awaitable[None]]
"""Is given what is to be measured, with the folder held; may have answers recorded before anything is asked here."""


async def evaluate_run(
    run_dir: str | Path,
    config: RunConfig | None = None,
    *,
    models: Sequence[str] | None = None,
    tasks: Sequence[TaskConfig] | None = None,
    progress: EvaluationProgress | None = None,
    engines: Mapping[str, Engine] | None = None,
    budget: BudgetConfig | None = None,
    make_engine: MakeEngine | None = None,
    reuse: Sequence[str | Path] = (),
    beforehand: Beforehand | None = None,
) -> EvaluationReport:
    """Measures a run's base model and all its tuned ones, and compares each with the base and with the one before.

    Args:
        run_dir: The run's folder.
        config: The run's config where parts of it differ that do not shape the synthesis; the frozen one if left out.
        models: Names of the models to measure: `base`, `tuned`, `round-2`, …; all there are if left out.
        tasks: What to measure on; the config's `evaluation.tasks` if left out.
        progress: Counters to keep up to date, for a display.
        engines: Engines of the caller's own, by model, in place of those that the config says.
        budget: What this start may spend, where that is less than the config's: other stages have spent of it.
        make_engine: Makes the engines of configs, in place of the configs themselves.
        reuse: Folders of other runs, whose completions of equal requests are taken over.
        beforehand: Has answers recorded by others before anything is asked here.

    Raises:
        RegenesisError: The config, a task, a model or an engine cannot be used. What was recorded stays.
    """
    progress = progress or EvaluationProgress()
    directory = RunDirectory(run_dir)
    with directory.locked():
        own = directory.require_started() if config is None or directory.config_file.is_file() else config
        if config is None:
            config = directory.require_own(EVALUATION_USES)
        else:
            directory.require_same(config)
        config = directory.as_begun(config)
        chosen = config.evaluation.tasks if tasks is None else tasks
        progress.phase = "loading the models"
        engine, evaluation = config.engine, config.evaluation
        found = await asyncio.to_thread(engines_to_measure, engine, evaluation, directory, config.training.model)
        wanted = _wanted(found, models, directory)
        require_fresh(wanted, directory)
        pairs = _pairs(list(wanted))
        trained = await asyncio.to_thread(trained_on, directory)
        notes = await asyncio.to_thread(outdated, config.method, config.answering, directory)
        settings = EvaluationSettings.of_run(config)
        return await _evaluate(
            wanted,
            chosen,
            settings if budget is None else replace(settings, budget=budget),
            directory,
            pairs,
            progress,
            engines or {},
            trained_on=trained,
            notes=notes,
            exploratory=smaller_than_asked(EvaluationSettings.of_run(own), settings, chosen),
            make_engine=make_engine,
            reuse=reuse,
            beforehand=beforehand,
        )


async def evaluate_models(
    models: Mapping[str, EngineConfig],
    settings: EvaluationSettings,
    run_dir: str | Path,
    *,
    tasks: Sequence[TaskConfig] | None = None,
    pairs: Pairs | None = None,
    progress: EvaluationProgress | None = None,
    engines: Mapping[str, Engine] | None = None,
    reuse: Sequence[str | Path] = (),
    beforehand: Beforehand | None = None,
    shard: Shard | None = None,
) -> EvaluationReport:
    """Measures any models, by name, and compares each with the first.

    Args:
        models: The models in order, each with the engine it is measured on.
        settings: What the evaluation goes by.
        run_dir: The folder for ledger and results, made if missing.
        tasks: What to measure on; the tasks of the settings if left out.
        pairs: Which to compare, each second with its first; every later one with the first if left out.
        progress: Counters to keep up to date, for a display.
        engines: Engines of the caller's own, by model, in place of those that `models` says.
        reuse: Folders of other runs, whose completions of equal requests are taken over.
        beforehand: Has answers recorded by others before anything is asked here.
        shard: Only these of the questions; see `synthesis.sharding`.

    Raises:
        RegenesisError: The config, a task, a model or an engine cannot be used. What was recorded stays.
    """
    names = list(models)
    directory = RunDirectory(run_dir)
    with directory.locked():
        return await _evaluate(
            models,
            settings.evaluation.tasks if tasks is None else tasks,
            settings,
            directory,
            pairs if pairs is not None else [(names[0], name) for name in names[1:]],
            progress or EvaluationProgress(),
            engines or {},
            reuse=reuse,
            beforehand=beforehand,
            shard=shard,
        )


def _wanted(
    found: dict[str, EngineConfig], names: Sequence[str] | None, directory: RunDirectory
) -> dict[str, EngineConfig]:
    missing = [name for name in names or () if name not in found]
    if missing:
        raise RunError(f"{directory.path}: has no model {missing[0]!r} to measure; there are {', '.join(found)}.")
    return {name: engine for name, engine in found.items() if names is None or name in names}


def _pairs(names: list[str]) -> Pairs:
    """Each with the base, and each later one also with the one before it."""
    pairs = [(BASE, name) for name in names if name != BASE] if BASE in names else []
    tuned = [name for name in names if name != BASE]
    return pairs + list(itertools.pairwise(tuned))


def _require_told_apart(models: Mapping[str, EngineConfig]) -> None:
    """Makes sure that no two served models have one name: the ledger would give the answers of one for the other's."""
    names: dict[str, str] = {}
    for name, config in models.items():
        identity = config.identity()
        if identity is None:
            continue
        if identity in names:
            raise ConfigError(
                f"{names[identity]} and {name} are both served as {identity!r}, so their answers cannot be told "
                "apart. Serve one of them under another name."
            )
        names[identity] = name


async def _evaluate(
    models: Mapping[str, EngineConfig],
    tasks: Sequence[TaskConfig],
    settings: EvaluationSettings,
    directory: RunDirectory,
    pairs: Pairs,
    progress: EvaluationProgress,
    engines: Mapping[str, Engine],
    *,
    trained_on: Set[str] = frozenset(),
    notes: Sequence[str] = (),
    exploratory: str | None = None,
    make_engine: MakeEngine | None = None,
    reuse: Sequence[str | Path] = (),
    beforehand: Beforehand | None = None,
    shard: Shard | None = None,
) -> EvaluationReport:
    _require_told_apart(models)
    reused = ledgers_of(reuse)
    if beforehand is not None:
        await beforehand(models, settings, tasks)
    progress.phase = "loading questions"
    loaded = load_tasks(tasks, settings.evaluation, settings.trained, seed=settings.seed, data_root=settings.data_root)
    exam = settings.exam(loaded)
    if shard is not None:
        loaded = [
            replace(task, questions=tuple(one for one in task.questions if shard.holds(one.id))) for task in loaded
        ]
    progress.begin(list(models), {task.name: len(task.questions) * exam.samples for task in loaded})
    with Journal(directory.log) as journal, Ledger.open(directory.ledger, reused) as ledger:
        collecting = Collecting(
            exam,
            loaded,
            ledger,
            journal,
            progress,
            directory.evaluation,
            settings.budget,
            settings.thinking,
            settings.window,
            make_engine,
        )
        journal.write("evaluate", models=list(models), tasks=[task.name for task in loaded])
        measured: list[MeasuredModel] = []
        results: dict[str, dict[str, list[Result]]] = {}
        try:
            async with engines_together(list(models.values())):
                for name, engine in models.items():
                    model, answered = await collecting.measure(name, engine, engines.get(name))
                    measured.append(model)
                    results[name] = answered
        except BaseException as error:
            journal.write("stopped", why=str(error) or type(error).__name__, **progress.snapshot())
            raise
        progress.phase = "computing the results"
        figures = Evaluation(
            _conditions(exam, settings),
            loaded,
            measured,
            results,
            pairs,
            {task.name: sum(question.id in trained_on for question in task.questions) for task in loaded},
            notes,
            exam.samples,
        )
        report = EvaluationReport(
            directory=directory.path,
            evaluation=figures,
            stopped=collecting.stopped,
            owed=collecting.owed,
            requests_sent=progress.sent,
            requests_recalled=progress.recalled,
            prompt_tokens=progress.prompt_tokens,
            completion_tokens=progress.completion_tokens,
            seconds=progress.elapsed,
            damaged=ledger.damaged,
            exploratory=exploratory or smaller_than_recorded(figures, directory.evaluation),
            reused_nothing=ledger.reused_nothing and progress.sent > 0,
        )
        write_record(report)
        journal.write(
            "evaluated", stopped=report.stopped, owed=len(report.owed), damaged=ledger.damaged, **progress.snapshot()
        )
        return report


def _conditions(exam: Exam, settings: EvaluationSettings) -> dict[str, Any]:
    return {
        "prompts": exam.answering.config.prompt,
        "prompts_digest": exam.answering.digest,
        "shots": exam.answering.shots,
        "samples": exam.samples,
        "temperature": exam.sampling.temperature,
        "top_p": exam.sampling.top_p,
        "max_tokens": exam.sampling.max_tokens,
        "seed": exam.seed,
        "thinking": settings.thinking,
        "run_programs": exam.rules.run_programs,
    }
