"""The evaluation stage: every model on every task, recorded in the ledger, then figures and comparisons.

    report = await evaluate_run("runs/x", tasks=["gsm8k", "svamp"])
    report.evaluation.versus[0].tasks[0].finding        # "better", "worse" or "inconclusive"

Models are measured one after the other, so that there are never two in memory. Answers are recorded like those of the
synthesis: an evaluation started again asks only what is missing, and one that is all recorded loads no model.
`evaluation/<model>/<task>.parquet` holds each answer with its verdict, `evaluation/summary.json` what the last start
came to; both are derived and can be had again from the ledger. See `evaluation_record` for results that stand apart.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from regenesis.answers import Rules
from regenesis.config import BudgetConfig, EvaluationConfig, RunConfig, TaskConfig
from regenesis.engines import Engine, EngineConfig
from regenesis.errors import ConfigError, RunError
from regenesis.evaluation import (
    EvalSettings,
    Evaluation,
    MeasuredModel,
    MeasuredTask,
    ask,
    load_tasks,
    mark,
    request_for,
)
from regenesis.evaluation.model_identity import recall, remember
from regenesis.evaluation.model_variants import (
    BASE,
    engines_to_measure,
    outdated,
    require_fresh,
    trained_on,
)
from regenesis.evaluation.progress import EvaluationProgress
from regenesis.evaluation.record import (
    EvaluationReport,
    smaller_than_asked,
    smaller_than_recorded,
    write_record,
)
from regenesis.ledger import Ledger
from regenesis.prompts import AnsweringPrompt, load_answering
from regenesis.prompts.answering import AnsweringConfig
from regenesis.scheduling import Budget, Reply, Sampler, WindowReport, window_size, work_through
from regenesis.scheduling.open_engine import MakeEngine, open_engine
from regenesis.store.directory import RunDirectory
from regenesis.store.journal import Journal
from regenesis.types import Question, Result

_MARKED_TOGETHER = 64
"""Recorded answers that are marked at once: some wait for a process of their own."""

EVALUATION_USES = ("engine", "evaluation", "method.prompts", "data_root")
"""Sections of a config that measuring its models uses."""

Pairs = Sequence[tuple[str, str]]


@dataclass(slots=True)
class _Work:
    """What one start of an evaluation works with."""

    config: RunConfig
    directory: RunDirectory
    progress: EvaluationProgress
    journal: Journal
    exam: EvalSettings
    tasks: list[MeasuredTask]
    ledger: Ledger
    stopped: str | None = None
    owed: dict[str, str] = field(default_factory=dict)
    may_spend: BudgetConfig = field(default_factory=BudgetConfig)
    budget: Budget | None = None
    make_engine: MakeEngine | None = None

    def questions(self) -> list[tuple[MeasuredTask, Question]]:
        return [(task, question) for task in self.tasks for question in task.questions]


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
        chosen = config.evaluation.tasks if tasks is None else tasks
        progress.phase = "loading the models"
        found = await asyncio.to_thread(engines_to_measure, config, directory)
        wanted = _wanted(found, models, directory)
        require_fresh(wanted, directory)
        pairs = _pairs(list(wanted))
        trained = await asyncio.to_thread(trained_on, directory)
        notes = await asyncio.to_thread(outdated, config, directory)
        return await _evaluate(
            wanted,
            chosen,
            config,
            directory,
            pairs,
            progress,
            engines or {},
            domains=True,
            trained=trained,
            notes=notes,
            exploratory=smaller_than_asked(own.evaluation, config.evaluation, chosen),
            budget=budget,
            make_engine=make_engine,
        )


async def evaluate_models(
    models: Mapping[str, EngineConfig],
    config: RunConfig,
    run_dir: str | Path,
    *,
    tasks: Sequence[TaskConfig] | None = None,
    pairs: Pairs | None = None,
    progress: EvaluationProgress | None = None,
    engines: Mapping[str, Engine] | None = None,
    domains: bool = False,
) -> EvaluationReport:
    """Measures any models, by name, and compares each with the first.

    Args:
        models: The models in order, each with the engine it is measured on.
        config: Seed, prompt set, evaluation, budget and window; its own engine is not used.
        run_dir: The folder for ledger and results, made if missing.
        tasks: What to measure on; the config's `evaluation.tasks` if left out.
        pairs: Which to compare, each second with its first; every later one with the first if left out.
        progress: Counters to keep up to date, for a display.
        engines: Engines of the caller's own, by model, in place of those that `models` says.
        domains: Whether to tell tasks apart by whether the config trains on them.

    Raises:
        RegenesisError: The config, a task, a model or an engine cannot be used. What was recorded stays.
    """
    names = list(models)
    directory = RunDirectory(run_dir)
    with directory.locked():
        return await _evaluate(
            models,
            config.evaluation.tasks if tasks is None else tasks,
            config,
            directory,
            pairs if pairs is not None else [(names[0], name) for name in names[1:]],
            progress or EvaluationProgress(),
            engines or {},
            domains=domains,
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


def measuring_prompt(answering: AnsweringConfig, evaluation: EvaluationConfig) -> AnsweringPrompt:
    """How questions of the evaluation are put to a model.

    Raises:
        ConfigError: The prompt cannot be loaded.
    """
    own = evaluation.prompts
    return load_answering(answering if own is None else answering.model_copy(update={"prompt": own}))


async def _evaluate(
    models: Mapping[str, EngineConfig],
    tasks: Sequence[TaskConfig],
    config: RunConfig,
    directory: RunDirectory,
    pairs: Pairs,
    progress: EvaluationProgress,
    engines: Mapping[str, Engine],
    *,
    domains: bool,
    trained: Set[str] = frozenset(),
    notes: Sequence[str] = (),
    exploratory: str | None = None,
    budget: BudgetConfig | None = None,
    make_engine: MakeEngine | None = None,
) -> EvaluationReport:
    evaluation = config.evaluation
    reply = evaluation.sampling.draw()
    sampling = replace(reply, max_tokens=reply.max_tokens + config.room_for_thought)
    prompt = measuring_prompt(config.answering, evaluation)
    exam = EvalSettings(prompt, sampling, config.seed, Rules(run_programs=evaluation.run_programs))
    _require_told_apart(models)
    progress.phase = "loading questions"
    loaded = load_tasks(
        tasks, evaluation, config.tasks if domains else None, seed=config.seed, data_root=config.data_root
    )
    progress.begin(list(models), {task.name: len(task.questions) for task in loaded})
    with Journal(directory.log) as journal, Ledger.open(directory.ledger) as ledger:
        work = _Work(config, directory, progress, journal, exam, loaded, ledger, may_spend=budget or config.budget)
        work.make_engine = make_engine
        journal.write("evaluate", models=list(models), tasks=[task.name for task in loaded])
        measured: list[MeasuredModel] = []
        results: dict[str, dict[str, list[Result]]] = {}
        try:
            for name, engine in models.items():
                model, answered = await _measure(name, engine, engines.get(name), work)
                measured.append(model)
                results[name] = answered
        except BaseException as error:
            journal.write("stopped", why=str(error) or type(error).__name__, **progress.snapshot())
            raise
        progress.phase = "computing the results"
        figures = Evaluation(
            _conditions(work),
            loaded,
            measured,
            results,
            pairs,
            {task.name: sum(question.id in trained for question in task.questions) for task in loaded},
            notes,
        )
        report = EvaluationReport(
            directory=directory.path,
            evaluation=figures,
            stopped=work.stopped,
            owed=work.owed,
            requests_sent=progress.sent,
            requests_recalled=progress.recalled,
            prompt_tokens=progress.prompt_tokens,
            completion_tokens=progress.completion_tokens,
            seconds=progress.elapsed,
            damaged=ledger.damaged,
            exploratory=exploratory or smaller_than_recorded(figures, directory.evaluation),
        )
        write_record(report)
        journal.write(
            "evaluated", stopped=work.stopped, owed=len(work.owed), damaged=ledger.damaged, **progress.snapshot()
        )
        return report


async def _measure(
    name: str, config: EngineConfig, own: Engine | None, work: _Work
) -> tuple[MeasuredModel, dict[str, list[Result]]]:
    """One model on all tasks: what is recorded is read, what is missing is asked."""
    progress, note = work.progress, work.directory.evaluation / name / "identity.json"
    thinking = work.config.thinking
    progress.begin_model(name)
    identity = own.model if own else await asyncio.to_thread(recall, config, thinking, note, progress.fetching)
    results: dict[str, Result] = {}
    if identity is not None:
        await _read_recorded(name, identity, results, work)
    if len(results) < len(work.questions()) and work.stopped is None:
        progress.phase = "loading the engine"
        async with open_engine(config, thinking, progress, own, work.make_engine) as engine:
            if engine.model != identity:
                identity = engine.model
                results.clear()
                progress.begin_model(name)
                await _read_recorded(name, identity, results, work)
            if own is None:
                await asyncio.to_thread(remember, config, thinking, note, engine.model)
            await _ask_missing(name, engine, results, work)
    described = config.conditions(identity or "") if own is None else {"engine": own.kind, "precision": "unknown"}
    spec = {"engine": config.kind, "model": config.model, "adapter": _text(config.loaded_adapter)}
    model = MeasuredModel(name, identity or "not known", spec, described)
    return model, _by_task(results, work)


async def _read_recorded(name: str, identity: str, results: dict[str, Result], work: _Work) -> None:
    """Marks the answers that the ledger holds."""
    work.progress.phase = "reading recorded completions"
    batch: list[Any] = []
    for task, question in work.questions():
        key = request_for(identity, question, work.exam).key
        completion = work.ledger.get(key)
        if completion is None:
            continue
        batch.append(mark(name, task.name, question, Reply(key, completion), work.exam))
        if len(batch) >= _MARKED_TOGETHER:
            _note(await asyncio.gather(*batch), results, work, recalled=True)
            batch = []
    _note(await asyncio.gather(*batch), results, work, recalled=True)


def _note(marked: Sequence[Result], results: dict[str, Result], work: _Work, *, recalled: bool) -> None:
    for result in marked:
        results[result.question_id] = result
        work.progress.finish(result, recalled=recalled)


async def _ask_missing(name: str, engine: Engine, results: dict[str, Result], work: _Work) -> None:
    config, progress = work.config, work.progress
    if work.budget is None:
        # made only now, so that fetching and loading the first model take nothing of the budget's minutes
        work.budget = Budget(work.may_spend)
    sampler = Sampler(engine, work.ledger, work.budget, config.seed)
    tasks = {question.id: task for task, question in work.questions()}
    left = [(place, one) for place, (_, one) in enumerate(work.questions()) if one.id not in results]
    progress.engine = engine
    progress.begin_asking(sampler)

    async def bring_to_its_end(ordinal: int, question: Question) -> None:
        reply = await ask(question, ordinal, sampler, work.exam)
        result = await mark(name, tasks[question.id].name, question, reply, work.exam)
        _note([result], results, work, recalled=False)

    async with work.journal.heartbeat(progress):
        try:
            window = window_size(engine.capacity, config.scheduling.window)
            report: WindowReport = await work_through(left, bring_to_its_end, window, work.ledger.watch())
            await sampler.settle()
        finally:
            progress.end_model()
    work.stopped = report.stopped
    for question_id, why in (report.owed or {}).items():
        work.owed[f"{name} {question_id}"] = why
        work.journal.write("owed", model=name, id=question_id, why=why)


def _by_task(results: dict[str, Result], work: _Work) -> dict[str, list[Result]]:
    return {
        task.name: [results[question.id] for question in task.questions if question.id in results]
        for task in work.tasks
    }


def _conditions(work: _Work) -> dict[str, Any]:
    sampling, answering = work.exam.sampling, work.exam.answering
    return {
        "prompts": answering.config.prompt,
        "prompts_digest": answering.digest,
        "shots": 0,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "seed": work.exam.seed,
        "thinking": work.config.thinking,
        "run_programs": work.exam.rules.run_programs,
    }


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
