"""regenesis: a language model improves its own reasoning.

    import regenesis

    config = regenesis.load_config("config.yaml")
    regenesis.run(config, "runs/x", rounds=2)            # the whole loop, or stage by stage:
    regenesis.synthesize(config, "runs/x")
    regenesis.train("runs/x")
    report = regenesis.evaluate("runs/x")
    for outcome in regenesis.read_outcomes("runs/x"):
        print(outcome.question.text, len(outcome.kept))
    regenesis.compare(regenesis.load_experiment("experiment.yaml"), "experiments/x")

Where an event loop runs already (a notebook, a server): `await regenesis.synthesize_async(config, "runs/x")`, and
`evaluate_async` alike. What does not ask a model (`train`, `export`) blocks, and goes into a thread of its own there.
Names are imported at their first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path as _FilePath

    from regenesis.answers import Rules, grade
    from regenesis.config import BudgetConfig, RunConfig, TaskConfig, load_config
    from regenesis.dataset import DatasetSummary
    from regenesis.dataset.config import DatasetConfig
    from regenesis.engines import Engine
    from regenesis.errors import RegenesisError
    from regenesis.evaluation.progress import EvaluationProgress
    from regenesis.evaluation.record import EvaluationReport
    from regenesis.experiments.config import ExperimentConfig, load_experiment
    from regenesis.experiments.observing import ExperimentObserver
    from regenesis.experiments.running import ExperimentReport
    from regenesis.methods import Outcome
    from regenesis.publish.exporting import Export, export
    from regenesis.runs import Plan, Progress, Status, SynthesisReport, plan, read_status
    from regenesis.runs import synthesize as synthesize_async
    from regenesis.runs.bars import ProgressBars, progress_bar
    from regenesis.runs.deriving import derive_dataset
    from regenesis.runs.evaluating import evaluate_run as evaluate_async
    from regenesis.runs.loop import Stage
    from regenesis.runs.observing import Observer
    from regenesis.runs.running import RunReport, StageResult
    from regenesis.runs.status import read_outcomes
    from regenesis.synthesis.sharding import Shard
    from regenesis.tasks import LoadedQuestions, load_questions
    from regenesis.training import TrainingProgress, TrainingReport
    from regenesis.training.stage import train_run as train
    from regenesis.types import Choice, Completion, GradedPath, Question, ReasoningPath, Request, Verdict

    __version__: str

__all__ = [
    "BudgetConfig",
    "Choice",
    "Completion",
    "DatasetConfig",
    "DatasetSummary",
    "Engine",
    "EvaluationProgress",
    "EvaluationReport",
    "ExperimentConfig",
    "ExperimentObserver",
    "ExperimentReport",
    "Export",
    "GradedPath",
    "LoadedQuestions",
    "Observer",
    "Outcome",
    "Plan",
    "Progress",
    "ProgressBars",
    "Question",
    "ReasoningPath",
    "RegenesisError",
    "Request",
    "Rules",
    "RunConfig",
    "RunReport",
    "Shard",
    "Stage",
    "StageResult",
    "Status",
    "SynthesisReport",
    "TaskConfig",
    "TrainingProgress",
    "TrainingReport",
    "Verdict",
    "__version__",
    "compare",
    "derive_dataset",
    "evaluate",
    "evaluate_async",
    "export",
    "grade",
    "load_config",
    "load_experiment",
    "load_questions",
    "plan",
    "progress_bar",
    "read_outcomes",
    "read_status",
    "run",
    "synthesize",
    "synthesize_async",
    "train",
]

_HOMES = {
    "BudgetConfig": ("config", "BudgetConfig"),
    "Choice": ("types", "Choice"),
    "Completion": ("types", "Completion"),
    "DatasetConfig": ("dataset.config", "DatasetConfig"),
    "DatasetSummary": ("dataset", "DatasetSummary"),
    "Engine": ("engines", "Engine"),
    "EvaluationProgress": ("evaluation.progress", "EvaluationProgress"),
    "EvaluationReport": ("evaluation.record", "EvaluationReport"),
    "ExperimentConfig": ("experiments.config", "ExperimentConfig"),
    "ExperimentObserver": ("experiments.observing", "ExperimentObserver"),
    "ExperimentReport": ("experiments.running", "ExperimentReport"),
    "Export": ("publish.exporting", "Export"),
    "GradedPath": ("types", "GradedPath"),
    "LoadedQuestions": ("tasks", "LoadedQuestions"),
    "Observer": ("runs.observing", "Observer"),
    "Outcome": ("methods", "Outcome"),
    "Plan": ("runs", "Plan"),
    "Progress": ("runs", "Progress"),
    "ProgressBars": ("runs.bars", "ProgressBars"),
    "Question": ("types", "Question"),
    "ReasoningPath": ("types", "ReasoningPath"),
    "RegenesisError": ("errors", "RegenesisError"),
    "Request": ("types", "Request"),
    "Rules": ("answers", "Rules"),
    "RunConfig": ("config", "RunConfig"),
    "Shard": ("synthesis.sharding", "Shard"),
    "RunReport": ("runs.running", "RunReport"),
    "Stage": ("runs.loop", "Stage"),
    "StageResult": ("runs.running", "StageResult"),
    "Status": ("runs", "Status"),
    "SynthesisReport": ("runs", "SynthesisReport"),
    "TaskConfig": ("config", "TaskConfig"),
    "TrainingProgress": ("training", "TrainingProgress"),
    "TrainingReport": ("training", "TrainingReport"),
    "Verdict": ("types", "Verdict"),
    "derive_dataset": ("runs.deriving", "derive_dataset"),
    "evaluate_async": ("runs.evaluating", "evaluate_run"),
    "export": ("publish.exporting", "export"),
    "grade": ("answers", "grade"),
    "load_config": ("config", "load_config"),
    "load_experiment": ("experiments.config", "load_experiment"),
    "load_questions": ("tasks", "load_questions"),
    "plan": ("runs", "plan"),
    "progress_bar": ("runs.bars", "progress_bar"),
    "read_outcomes": ("runs.status", "read_outcomes"),
    "read_status": ("runs", "read_status"),
    "synthesize_async": ("runs", "synthesize"),
    "train": ("training.stage", "train_run"),
}


def run(
    config: RunConfig,
    run_dir: str | _FilePath,
    *,
    rounds: int = 1,
    observer: Observer | None = None,
    reuse: Sequence[str | _FilePath] = (),
) -> RunReport:
    """Synthesizes, trains and evaluates, once or several times with the improved model; starts or resumes.

    Args:
        config: The run's config; its budget counts over all stages of this start.
        run_dir: The run's folder, made if missing.
        rounds: Number of rounds; each samples from the model trained in the previous one.
        observer: Is told how it goes: stages, their progress, what they came to.
        reuse: Folders of other runs, whose completions of equal requests are taken over.

    Returns:
        The stages gone through with what each came to, and how the run ended; a budget that ran out is a normal end.

    Raises:
        RegenesisError: A stage cannot be gone through. What was recorded stays, and the same call goes on.
        RuntimeError: An event loop runs in this thread already.
    """
    from regenesis.runs.running import run as run_stages

    _require_no_loop("run", "await asyncio.to_thread(regenesis.run, ...)")
    return run_stages(config, run_dir, rounds=rounds, observer=observer, reuse=reuse)


def compare(
    experiment: ExperimentConfig, run_dir: str | _FilePath, *, observer: ExperimentObserver | None = None
) -> ExperimentReport:
    """Synthesizes, trains and evaluates every cell of an experiment, and compares them; starts or resumes.

    Args:
        experiment: The experiment; the base's budget counts over all cells of this start.
        run_dir: The experiment's folder, made if missing.
        observer: Is told how it goes.

    Returns:
        What each cell and the comparison came to, and how the start ended; a budget that ran out is a normal end.

    Raises:
        RegenesisError: A cell cannot be gone through. What was recorded stays, and the same call goes on.
        RuntimeError: An event loop runs in this thread already.
    """
    from regenesis.experiments.running import run_experiment

    _require_no_loop("compare", "await asyncio.to_thread(regenesis.compare, ...)")
    return run_experiment(experiment, run_dir, observer=observer)


def synthesize(
    config: RunConfig,
    run_dir: str | _FilePath,
    *,
    progress: Progress | None = None,
    engine: Engine | None = None,
    reuse: Sequence[str | _FilePath] = (),
) -> SynthesisReport:
    """Starts or resumes a run's synthesis and waits for its end.

    Args:
        config: The run's config; a resume needs one that asks the same.
        run_dir: The run's folder, made if missing.
        progress: Counters to keep up to date, for a display.
        engine: An engine of the caller's own in place of the config's.
        reuse: Folders of other runs, whose completions of equal requests are taken over.

    Returns:
        How this start ended; a budget that ran out is a normal end.

    Raises:
        RegenesisError: The config, the tasks, the run's folder, the ledger, the model or the engine cannot be used.
        RuntimeError: An event loop runs in this thread already.
    """
    report: SynthesisReport = _waited_for(
        "synthesize_async", config, run_dir, progress=progress, engine=engine, reuse=reuse
    )
    return report


def evaluate(
    run_dir: str | _FilePath,
    config: RunConfig | None = None,
    *,
    tasks: Sequence[TaskConfig] | None = None,
    progress: EvaluationProgress | None = None,
    reuse: Sequence[str | _FilePath] = (),
) -> EvaluationReport:
    """Measures a run's base and tuned models, compares them, and waits for its end.

    Args:
        run_dir: The run's folder.
        config: The run's config where parts of it differ that do not shape the synthesis; the frozen one if left out.
        tasks: What to measure on; the config's `evaluation.tasks` if left out.
        progress: Counters to keep up to date, for a display.
        reuse: Folders of other runs, whose completions of equal requests are taken over.

    Raises:
        RegenesisError: The config, a task, a model or the engine cannot be used. What was recorded stays.
        RuntimeError: An event loop runs in this thread already.
    """
    report: EvaluationReport = _waited_for(
        "evaluate_async", run_dir, config, tasks=tasks, progress=progress, reuse=reuse
    )
    return report


def _waited_for(name: str, *positional: Any, **named: Any) -> Any:
    import asyncio

    _require_no_loop(name.removesuffix("_async"), f"await regenesis.{name}(...)")
    return asyncio.run(__getattr__(name)(*positional, **named))


def _require_no_loop(name: str, instead: str) -> None:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        f"regenesis.{name}() cannot wait for its end here, because an event loop runs already (as in a notebook). Use "
        f"`{instead}`."
    )


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("regenesis")
    elif name in _HOMES:
        module, attribute = _HOMES[name]
        value = getattr(import_module(f"regenesis.{module}"), attribute)
    else:
        raise AttributeError(f"module 'regenesis' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
