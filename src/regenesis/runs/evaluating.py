"""The evaluation of a run, and its model cards brought up to date with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from regenesis.evaluation.model_variants import tuned_directories
from regenesis.evaluation.record import EvaluationReport
from regenesis.evaluation.stage import evaluate_run as measure_run
from regenesis.publish.cards import refresh_model_card
from regenesis.store.directory import RunDirectory

if TYPE_CHECKING:
    from regenesis.config import RunConfig


async def evaluate_run(run_dir: str | Path, config: RunConfig | None = None, **options: Any) -> EvaluationReport:
    """Measures a run's models, and writes the figures into their cards.

    Figures of an exploratory evaluation stay out of the cards.

    Args:
        run_dir: The run's folder.
        config: The run's config; the frozen one if left out.
        **options: See `regenesis.evaluation.stage.evaluate_run`.

    Raises:
        RegenesisError: The config, a task, a model or an engine cannot be used. What was recorded stays.
    """
    report = await measure_run(run_dir, config, **options)
    if report.exploratory is None:
        directory = RunDirectory(run_dir)
        with directory.locked():
            for folder in tuned_directories(directory):
                refresh_model_card(folder)
    return report
