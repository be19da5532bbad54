"""The base model's answers to an evaluation, asked while the synthesis leaves places of the same engine empty.

    await synthesize(config, run_dir, errands=base_ahead(config, RunDirectory(run_dir)))

Towards its end a synthesis waits for its last chains, and an engine writes thirty texts in little more time than three.
The evaluation finds these answers recorded, and asks what is missing.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from regenesis.config import BudgetConfig, RunConfig
from regenesis.engines import Engine
from regenesis.errors import RequestFailed
from regenesis.evaluation.asking import ask
from regenesis.evaluation.model_identity import remember
from regenesis.evaluation.model_variants import BASE
from regenesis.evaluation.settings import EvaluationSettings
from regenesis.evaluation.tasks import load_tasks
from regenesis.scheduling import Sampler, side_by_side
from regenesis.store.directory import RunDirectory
from regenesis.synthesis.stage import Errand, MakeErrands
from regenesis.types import Question


def base_ahead(config: RunConfig, directory: RunDirectory) -> MakeErrands | None:
    """What a run's synthesis may ask for its evaluation; `None` where it should not.

    That is where another engine measures, where a whole model is trained out of a GGUF file (its base is measured as a
    copy), and where a budget is stated, which is the synthesis's first.
    """
    engine, evaluation = config.engine, config.evaluation
    copied = config.training.tuning == "full" and engine.loads == "gguf"
    if not evaluation.tasks or evaluation.engine is not None or copied or config.budget != BudgetConfig():
        return None

    async def errands(opened: Engine, sampler: Sampler) -> list[Errand]:
        begun = directory.as_begun(config)  # an engine that chooses by itself has chosen
        settings = EvaluationSettings.of_run(begun)
        tasks = await asyncio.to_thread(
            load_tasks,
            begun.evaluation.tasks,
            begun.evaluation,
            settings.trained,
            seed=settings.seed,
            data_root=settings.data_root,
        )
        exam = settings.exam(tasks)
        note = directory.evaluation / BASE / "identity.json"
        await asyncio.to_thread(remember, begun.engine, begun.thinking, note, opened.model)
        asking = sampler.behind(exam.seed)

        async def answer(ordinal: int, question: Question) -> None:
            with suppress(RequestFailed):  # the evaluation asks again, and tells of it
                await side_by_side([ask(question, ordinal, asking, exam, sample) for sample in range(exam.samples)])
            asking.traffic.finish(question.id)  # no question of the run, whose time left is told by those

        return [(question, answer) for task in tasks for question in task.questions]

    return errands
