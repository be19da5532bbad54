"""Models, measured: tasks × models → results and what they allow to say.

tasks = load_tasks(config.evaluation.tasks, config.evaluation, seed=config.seed)
result = await mark("base", tasks[0].name, question, await ask(question, 0, sampler, exam), exam)
Evaluation(conditions, tasks, models, results, pairs=[("base", "tuned")]).to_json()
"""

from __future__ import annotations

from regenesis.evaluation.asking import STAGE, Exam, ask, mark, request_for
from regenesis.evaluation.figures import Average, Comparison, Tally
from regenesis.evaluation.settings import EvaluationSettings
from regenesis.evaluation.summary import Evaluation, MeasuredModel, Versus
from regenesis.evaluation.tasks import MeasuredTask, load_tasks

__all__ = [
    "STAGE",
    "Average",
    "Comparison",
    "Evaluation",
    "EvaluationSettings",
    "Exam",
    "MeasuredModel",
    "MeasuredTask",
    "Tally",
    "Versus",
    "ask",
    "load_tasks",
    "mark",
    "request_for",
]
