"""What the card of a run's dataset says of its origin: the questions, who answered them, and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from regenesis.methods import Method
from regenesis.report.provenance import Provenance
from regenesis.tasks import TaskCount
from regenesis.types import Question

if TYPE_CHECKING:
    from regenesis.config import RunConfig

_THINKING = {
    "off": "off where the model has a switch for it; what it thinks all the same is left out",
    "on": "on; thoughts are left out, the rows hold replies alone",
    "keep": "on, and trained on: the thought before a reply is its `reasoning_content`, left empty where it speaks of "
    "a hint, a guideline or a structure",
}


def describe_origin(
    config: RunConfig,
    method: Method[Any],
    questions: Sequence[Question],
    counts: Sequence[TaskCount],
    *,
    asked: tuple[str, str],
    decontaminated: str | None,
) -> dict[str, Any]:
    """The rows of the card, in order; see `regenesis.dataset.write_dataset`.

    Args:
        config: The run's config.
        method: Its method.
        questions: Its questions, as the method is handed them.
        counts: What was read for each task.
        asked: The model that is asked and the kind of its engine.
        decontaminated: How questions were compared with those of the evaluation, if they were.
    """
    provenance = Provenance.of(method, questions)
    warnings = method.warnings(questions)
    texts = "Verified reasoning paths" if provenance.by_model else "Worked solutions"
    return {
        "title": f"{texts}: {', '.join(dict.fromkeys(task.name for task in config.tasks))}",
        "provenance": provenance.record(),
        "tasks": [
            {"name": count.task, "split": count.split, "questions": count.questions, "bad rows": count.bad}
            for count in counts
        ],
        **(dict(zip(("model", "engine"), asked, strict=True)) if method.asks else {}),
        "method": f"{method.title}, preset {config.preset}",
        **method.describe(),
        **({"thinking": _THINKING[config.thinking]} if method.asks else {}),
        "seed": config.seed,
        **({"decontamination": decontaminated} if decontaminated else {}),
        **({"warning": " ".join(warnings)} if warnings else {}),
        "training prompt": f"{config.answering.prompt} ({method.answering.digest}): the question and how to give the "
        "answer, without any stage of the synthesis",
    }
