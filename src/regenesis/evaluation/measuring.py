"""What to measure, as a command line or a program says it: tasks by short names, models by name alone.

tasks = chosen_tasks("gsm8k,arc_challenge:validation,rg:gsm_symbolic", config, limit=100)
kind = engine_kind(["pypi:smollm2-135m-instruct", "tuned.gguf"], stated=None)     # "auto"
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from regenesis.config import EvaluationConfig, TaskConfig
from regenesis.engines import EngineConfig, engine_class, engine_kinds
from regenesis.errors import ConfigError
from regenesis.models import KNOWN
from regenesis.models.names import FORMS, parse_name


def chosen_tasks(
    names: str | None, evaluation: EvaluationConfig, *, limit: int | None = None, shuffle: bool = False
) -> list[TaskConfig]:
    """The tasks to measure on.

    Args:
        names: Tasks parted by commas, each a name or `name:split`; one that the config's evaluation knows by that name
            is what it says there. The config's tasks if left out.
        evaluation: The config's evaluation.
        limit: Take at most so many questions of each.
        shuffle: Take them in an order drawn from the run's seed.

    Raises:
        ConfigError: A name is not valid, or there is none.
    """
    known = {task.name: task for task in evaluation.tasks}
    if names is None:
        chosen = list(evaluation.tasks)
    else:
        parts = [part.strip() for part in names.split(",") if part.strip()]
        chosen = [known.get(part) or _task(part) for part in parts]
    if not chosen:
        raise ConfigError(
            "No tasks to evaluate on. Give some: --tasks gsm8k,arc_challenge (`regenesis tasks` lists them), or "
            "evaluation.tasks in the config."
        )
    update = ({"limit": limit} if limit is not None else {}) | ({"shuffle": True} if shuffle else {})
    return [task.model_copy(update=update) for task in chosen]


def _task(text: str) -> TaskConfig:
    try:
        return TaskConfig.model_validate(text)
    except ValidationError as error:
        raise ConfigError(f"--tasks {text!r}: {error.errors()[0]['msg'].removeprefix('Value error, ')}.") from error


def engine_kind(models: Sequence[str], stated: str | None) -> str:
    """The kind of engine to measure models on, told from their form where none is stated.

    Raises:
        ConfigError: Their forms call for different ones, so that they would not be measured alike.
    """
    if stated is not None:
        if ":" not in stated and stated not in engine_kinds():
            listed = ", ".join(engine_kinds())
            raise ConfigError(f"--engine {stated!r}: choose one of {listed}; --base-url alone names a server.")
        return stated
    kinds = {model: _kind_for("gguf" if _is_gguf(model) else "checkpoint") for model in models}
    if len(set(kinds.values())) > 1:
        listed = ", ".join(f"{model} ({kind})" for model, kind in kinds.items())
        raise ConfigError(
            f"These models would run on different engines, and their difference might be due to that: {listed}. Choose "
            "one for all with --engine transformers, which reads GGUF files too."
        )
    return next(iter(kinds.values()))


def _kind_for(form: str) -> str:
    return next(kind for kind in engine_kinds() if engine_class(kind).loads == form)


def require_named(models: Sequence[str]) -> None:
    """Makes sure, before a folder is made for the results, that each name can be one of a model.

    Raises:
        ConfigError: There is nothing under that name, or a folder that is neither a run nor a model.
        ModelError: There is no such known model, or the name is no name.
    """
    for model in models:
        path = Path(model).expanduser()
        if path.is_dir():
            if not any((path / name).is_file() for name in ("config.json", "adapter_config.json")):
                raise ConfigError(
                    f"{model}: is a folder without config.yaml (as a run has it), config.json (a checkpoint) or "
                    "adapter_config.json (an adapter)."
                )
        elif not path.exists() and not model.startswith(("pypi:", "hf:")):
            raise ConfigError(
                f"{model}: there is no such run, file or folder. A model is named as {FORMS} or of a checkpoint."
            )
        else:
            parse_name(model, KNOWN)


def engine_for(engine: EngineConfig, model: str) -> EngineConfig:
    """An engine with a model named on the command line; a folder of an adapter stands for that adapter on its base.

    Raises:
        RunError: An adapter does not say which model it belongs to.
        ModelError: That model cannot be found.
    """
    if engine.loads == "checkpoint" and (Path(model) / "adapter_config.json").is_file():
        from regenesis.training.base_model import base_of

        adapter = Path(model).resolve()
        return engine.with_model(base_of(adapter).spec).with_adapter(adapter)
    return engine.with_model(model)


def _is_gguf(model: str) -> bool:
    if model.startswith("pypi:") or model.endswith(".gguf"):
        return True
    return model.startswith("hf:") and "gguf" in model.casefold()


def model_names(models: Sequence[str]) -> list[str]:
    """A short name for each model, all different: the last part of how it is named."""
    names: list[str] = []
    for model in models:
        last = Path(re.split(r"[:/]", model.rstrip("/"))[-1])
        stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", last.name.removesuffix(".gguf")).strip(".-")[:60] or "model"
        number, name = 1, stem
        while name.casefold() in {one.casefold() for one in names}:
            number += 1
            name = f"{stem}-{number}"
        names.append(name)
    return names
