"""Questions from reasoning-gym: endless, made from a seed, each with its task's own scorer.

    generate("gsm_symbolic", {}, seed=0, size=10)          # ten questions
    score_entry("42", question.scoring)                     # what the task's scorer makes of an answer, 0 to 1

A question carries its whole entry, packed as JSON, so that scoring needs neither the generator nor its state again.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from regenesis.errors import TaskError
from regenesis.tasks.portable import unpack
from regenesis.types import Question

PREFIX = "rg:"
DEFAULT_SIZE = 100
EVALUATION = "evaluation"
"""The one split there is: questions of another seed than those trained on."""

EVALUATING_SCORERS = frozenset(
    {
        "binary_matrix",
        "countdown",
        "intermediate_integration",
        "n_queens",
        "polynomial_multiplication",
        "puzzle24",
        "simple_integration",
        "spiral_matrix",
        "string_insertion",
    }
)
"""Tasks whose scorer hands the answer to `eval` or to SymPy's `parse_expr`, which evaluates it as Python.

What a model wrote must not reach these as it stands, in whatever process: check it first against what an answer to the
task can look like (digits, brackets, operators, known names), and refuse the rest.
"""

# mixes other tasks, which a run does by listing them; its parameters are objects that YAML cannot write
_LEFT_OUT = frozenset({"composite"})

_MISSING = "reasoning-gym is not installed; it comes with `pip install 'regenesis[reasoning-gym]'`."


def reasoning_gym_missing() -> str | None:
    """Why there are no reasoning-gym tasks, or `None` if there are."""
    return None if importlib.util.find_spec("reasoning_gym") else _MISSING


def reasoning_gym_names() -> list[str]:
    """Names of the reasoning-gym tasks, without the `rg:`; none where `reasoning_gym_missing` gives a reason."""
    if reasoning_gym_missing():
        return []
    from reasoning_gym.factory import DATASETS

    return sorted(set(DATASETS) - _LEFT_OUT)


def reasoning_gym_parameters(name: str) -> dict[str, Any]:
    """The parameters of a reasoning-gym task, with their defaults.

    Raises:
        TaskError: reasoning-gym is missing or has no such task.
    """
    names = reasoning_gym_names()
    if name not in names:
        raise TaskError(_MISSING if not names else _explain(name, "unknown task", names))
    from reasoning_gym.factory import DATASETS

    configured = vars(DATASETS[name][1]())
    return {key: value for key, value in configured.items() if key not in ("seed", "size")}


def evaluation_seed(seed: int) -> int:
    """The generators' seed for the questions to measure on, in a run of this seed; below 2**31."""
    digest = hashlib.blake2b(f"{EVALUATION}\x00{seed}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) >> 1


def generate(name: str, parameters: Mapping[str, Any], seed: int, size: int) -> list[Question]:
    """Makes `size` questions of the reasoning-gym task `name`.

    One seed and size give the same questions in every process (a few tasks draw others for another size).

    Raises:
        TaskError: reasoning-gym is missing, has no such task, or refuses the parameters.
    """
    missing = reasoning_gym_missing()
    if missing:
        raise TaskError(f"{PREFIX}{name}: {missing}")
    if name in _LEFT_OUT:
        raise TaskError(f"{PREFIX}{name}: list the tasks to be mixed one by one under `tasks` instead.")
    for own in ("seed", "size"):
        if own in parameters:
            instead = "the run's `seed`" if own == "seed" else "`limit`"
            raise TaskError(f"{PREFIX}{name}: the parameter {own!r} is set through {instead}.")
    request = {"task": name, "parameters": dict(parameters), "seed": seed, "size": size}
    reply = _ask_generator(request)
    if "fault" in reply:
        raise TaskError(_explain(name, reply["fault"], reply["known"]))
    part = f"seed-{seed}{_digest(parameters)}"
    templates = reply["templates"] or [None] * len(reply["entries"])
    made = zip(reply["entries"], templates, strict=True)
    return [_question(request, part, index, entry, template) for index, (entry, template) in enumerate(made)]


def _question(
    request: Mapping[str, Any], part: str, index: int, entry: Mapping[str, Any], template: str | None
) -> Question:
    gold = entry["answer"]
    task = f"{PREFIX}{request['task']}"
    return Question(
        id=f"{task}/{part}/{index}",
        task=task,
        text=str(entry["question"]),
        gold=None if gold is None else str(gold),
        kind="scorer",
        scoring={**request, "index": index, "entry": entry},
        group=None if template is None else f"template {template}",
    )


def _digest(parameters: Mapping[str, Any]) -> str:
    """Tells two settings of one task apart in their questions' ids."""
    if not parameters:
        return ""
    body = json.dumps(parameters, sort_keys=True, default=str)
    return "-" + hashlib.blake2b(body.encode(), digest_size=4).hexdigest()


def _ask_generator(request: Mapping[str, Any]) -> dict[str, Any]:
    try:
        body = json.dumps(request)
    except TypeError as error:
        raise TaskError(f"{PREFIX}{request['task']}: its parameters must be plain values ({error}).") from error
    reply: dict[str, Any] = json.loads(_generated(request["task"], body))
    return reply


@functools.lru_cache(maxsize=64)  # importing every generator takes seconds, and all runs of an experiment ask the same
def _generated(task: str, body: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.run(
        [sys.executable, "-m", "regenesis.tasks.generator"],
        input=body,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if process.returncode != 0:
        last = (process.stderr.strip().splitlines() or ["no message"])[-1]
        raise TaskError(f"{PREFIX}{task}: the generator exited with code {process.returncode}: {last}")
    return process.stdout


def _explain(name: str, fault: str, known: list[str]) -> str:
    if fault == "unknown task":
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        nearest = f"; nearest: {', '.join(PREFIX + task for task in close)}." if close else "."
        return f"reasoning-gym has no task {name!r}{nearest} `regenesis tasks --reasoning-gym` lists all."
    parameters = ", ".join(known) or "none"
    return f"{PREFIX}{name}: {fault}. The task's parameters: {parameters}."


def score_entry(answer: str | None, scoring: Mapping[str, Any]) -> float:
    """What the task's own scorer makes of `answer`, from 0 to 1; right answers score 1.

    Runs in this process whatever the scorer runs. With an answer that a model wrote, call it in a process that can be
    killed, and see `EVALUATING_SCORERS` first.

    Args:
        answer: The final answer alone, as text.
        scoring: `Question.scoring` of a reasoning-gym question.

    Raises:
        Exception: Whatever the scorer raises on an answer it cannot read.
    """
    data_set = _data_set(
        scoring["task"], json.dumps(scoring["parameters"], sort_keys=True), scoring["seed"], scoring["size"]
    )
    return float(data_set.score_answer(answer, unpack(scoring["entry"])))


@functools.lru_cache(maxsize=16)
def _data_set(task: str, parameters: str, seed: int, size: int) -> Any:
    from reasoning_gym.factory import create_dataset

    return create_dataset(task, **json.loads(parameters), seed=seed, size=size)
