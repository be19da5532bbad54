"""Progress bars for notebooks and scripts, where the command line has its display.

with regenesis.progress_bar(regenesis.Progress()) as progress:
    await regenesis.synthesize_async(config, "runs/x", progress=progress)

await asyncio.to_thread(regenesis.run, config, "runs/x", observer=regenesis.ProgressBars())
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

from regenesis.evaluation.progress import EvaluationProgress
from regenesis.runs.loop import Stage
from regenesis.runs.observing import Observer, StageProgress
from regenesis.synthesis.progress import Progress

_SECONDS_BETWEEN_LOOKS = 0.5

Watched = TypeVar("Watched", bound=Progress | EvaluationProgress)


class ProgressBars(Observer):
    """Shows a bar for each stage of a run that asks a model."""

    def watching(self, stage: Stage, progress: StageProgress | None) -> AbstractContextManager[object]:
        return nullcontext() if progress is None else progress_bar(progress)


@contextmanager
def progress_bar(progress: Watched) -> Iterator[Watched]:
    """Shows a bar while a stage asks a model: a widget in a notebook, text elsewhere.

    Args:
        progress: Counters that the stage is given and keeps up to date.
    """
    from tqdm.auto import tqdm

    ended = threading.Event()
    with tqdm(unit=" questions", dynamic_ncols=True) as bar:

        def watch() -> None:
            while not ended.wait(_SECONDS_BETWEEN_LOOKS):
                _show(bar, progress)

        thread = threading.Thread(target=watch, name="progress bar", daemon=True)
        thread.start()
        try:
            yield progress
        finally:
            ended.set()
            thread.join()
            _show(bar, progress)


def _show(bar: Any, progress: StageProgress) -> None:
    if isinstance(progress, Progress):
        done, named = progress.finished, {"kept": progress.kept}
        title = progress.phase
    else:
        done, named = progress.answered, {"correct": sum(one.correct for one in _counts(progress))}
        title = f"{progress.phase} {progress.model}".strip()
    bar.total, bar.n = progress.questions, done
    bar.set_description_str(title, refresh=False)
    bar.set_postfix({**named, "tokens/s": round(progress.tokens_per_second())}, refresh=False)
    bar.refresh()


def _counts(progress: EvaluationProgress) -> list[Any]:
    return list(progress.counts.get(progress.model, {}).values())
