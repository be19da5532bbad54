"""The engines that a run's models are measured on: the base, and each tuned model on the same engine.

    engines_to_measure(config.engine, config.evaluation, RunDirectory("runs/x"))     # {"base": …, "tuned": …}

Base and tuned model get the same engine in the same precision: an adapter is laid over the very weights that the base
is; where all weights were trained and the engine reads GGUF, both are written as GGUF files of the same type.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from regenesis.dataset.card import PARQUET
from regenesis.engines import EngineConfig
from regenesis.errors import RunError
from regenesis.evaluation.config import EvaluationConfig
from regenesis.methods import MethodSection
from regenesis.models import locate_weights
from regenesis.models.weights import folder_digest
from regenesis.prompts.answering import AnsweringConfig
from regenesis.store.built_once import build_once
from regenesis.store.directory import RunDirectory, read_json, write_whole
from regenesis.synthesis.inputs import digests, method_of

BASE, TUNED = "base", "tuned"
WHOLE_TYPE: Literal["q8_0"] = "q8_0"
"""Type of GGUF files that whole models are written as: the smallest that costs next to nothing in accuracy."""


def engines_to_measure(
    engine: EngineConfig, evaluation: EvaluationConfig, directory: RunDirectory, trained: str | None = None
) -> dict[str, EngineConfig]:
    """The models of a run that there are, in the order they came to be, each with its engine.

    Args:
        engine: The run's engine.
        evaluation: May name other engines.
        directory: The run's folder.
        trained: The model that training starts from; the engine's if left out.

    Raises:
        RunError: A tuned model cannot be had on the engine; the message says what to do.
        ModelError: Weights cannot be read.
    """
    rounds = dict(_rounds(directory))
    engines = {BASE: base_engine(engine, evaluation, directory, trained)}
    served, measuring = evaluation.tuned_engine, evaluation.engine or engine
    return engines | {name: served or tuned_engine(measuring, folder) for name, folder in rounds.items()}


def tuned_directories(directory: RunDirectory) -> list[RunDirectory]:
    """The folders of a run and of its later rounds that hold a tuned model."""
    return [folder for _, folder in _rounds(directory)]


def base_engine(
    engine: EngineConfig, evaluation: EvaluationConfig, directory: RunDirectory, trained: str | None = None
) -> EngineConfig:
    """The engine of the model that training starts from, as it is comparable with the tuned one.

    See `engines_to_measure` for the arguments.

    Raises:
        ModelError: Weights cannot be read.
    """
    measuring = evaluation.engine or engine
    if measuring.loads == "gguf" and _is_checkpoint(directory.model) and evaluation.tuned_engine is None:
        trained_from = locate_weights(trained or engine.model)
        target = directory.exports / f"base-{WHOLE_TYPE}.gguf"
        return _on_whole_gguf(measuring, trained_from.path, trained_from.identity, target)
    return measuring


def tuned_engine(engine: EngineConfig, directory: RunDirectory) -> EngineConfig:
    """An engine with the tuned model in `directory` in the place of its own.

    Args:
        engine: The engine of the model that was tuned.
        directory: The folder of the run, or of the round, with `model/` in it.

    Raises:
        RunError: There is no tuned model, or the engine cannot load it by itself.
        ModelError: It cannot be brought into the form that the engine loads.
    """
    model = directory.model
    if not (_is_adapter(model) or _is_checkpoint(model)):
        raise RunError(f"{model}: there is no tuned model. Train it first: regenesis train {directory.path}")
    match engine.loads:
        case None if engine.takes_adapters and _is_adapter(model):
            return engine.with_adapter(model.resolve())
        case None:
            raise RunError(_how_to_serve(model, engine))
        case "checkpoint":
            place = model.resolve()
            return (
                engine.with_adapter(place) if _is_adapter(model) else engine.with_adapter(None).with_model(str(place))
            )
        case "gguf":
            if _is_adapter(model):
                return engine.with_adapter(_adapter_gguf(engine, directory))
            target = directory.exports / f"model-{WHOLE_TYPE}.gguf"
            return _on_whole_gguf(engine, model, folder_digest(model), target)


def require_fresh(engines: Mapping[str, EngineConfig], directory: RunDirectory) -> None:
    """Makes sure that a served tuned model has not been trained anew under the name it was measured by before.

    A server's model is known by its name alone: recorded answers of the older model would be taken for the newer one's.

    Raises:
        RunError: It has; the message says what to do.
    """
    folders = dict(_rounds(directory))
    for name, config in engines.items():
        served = config.identity() if config.loads is None else None
        if name not in folders or served is None:
            continue
        note = directory.evaluation / name / "served.json"
        weights = folder_digest(folders[name].model)
        # every name that it was ever served by: answers recorded under one of them stay in the ledger
        before = read_json(note) or {}
        if before.get(served, weights) != weights:
            raise RunError(
                f"{folders[name].model}: has changed since {name} was measured as {served!r} by its server, so "
                "the recorded answers are the older model's. Serve it under a new name and say so in "
                "evaluation.tuned_engine.model."
            )
        note.parent.mkdir(parents=True, exist_ok=True)
        write_whole(note, json.dumps(before | {served: weights}, indent=1) + "\n")


def trained_on(directory: RunDirectory) -> set[str]:
    """Ids of the questions in the datasets that the run's tuned models were trained on.

    Raises:
        RunError: A dataset is damaged.
    """
    import pyarrow
    from pyarrow import parquet

    found: set[str] = set()
    for folder in tuned_directories(directory):
        rows = folder.dataset / PARQUET
        if not rows.is_file():
            continue
        try:
            ids = parquet.read_table(rows, columns=["question_id"]).column(0)
            found.update(str(value) for value in ids.to_pylist())
        except (pyarrow.ArrowException, OSError) as error:
            raise RunError(f"{rows}: cannot be read ({error}). Rerun the synthesis to write it again.") from error
    return found


def outdated(method: MethodSection, answering: AnsweringConfig, directory: RunDirectory) -> list[str]:
    """What has changed since a run's tuned models were trained, a sentence each: their datasets, or the prompts.

    Raises:
        RunError: A model's record is damaged.
        ConfigError: The prompt set cannot be loaded.
    """
    told = []
    frozen = read_json(directory.inputs_file) or {}
    inputs = digests(method_of(method, answering).inputs())
    prompts = {name: digest for name, digest in inputs.items() if "prompt" in name and name in frozen}
    if any(frozen[name] != digest for name, digest in prompts.items()) and tuned_directories(directory):
        told.append(
            "The prompts have changed since the paths were made: models are prompted differently than they were "
            "trained."
        )
    for folder in tuned_directories(directory):
        rows, settings = folder.dataset / PARQUET, (read_json(folder.model / "training.json") or {}).get("settings")
        if not rows.is_file() or not isinstance(settings, dict):
            continue
        with rows.open("rb") as file:
            now = hashlib.file_digest(file, "sha256").hexdigest()
        if settings.get("data set", now) != now:
            told.append(
                f"{folder.model} was trained on another dataset than {folder.dataset} holds now: what is said of "
                f"questions it was trained on may be wrong. Bring it up to date with: regenesis train {folder.path}"
            )
    return told


def _rounds(directory: RunDirectory) -> Iterator[tuple[str, RunDirectory]]:
    """The tuned models that there are: the run's own and those of its later rounds."""
    if _is_adapter(directory.model) or _is_checkpoint(directory.model):
        yield TUNED, directory
    for later in directory.later_rounds():
        if _is_adapter(later.model) or _is_checkpoint(later.model):
            yield later.path.name, later


def _is_adapter(model: Path) -> bool:
    return (model / "adapter_config.json").is_file()


def _is_checkpoint(model: Path) -> bool:
    return (model / "config.json").is_file() and not _is_adapter(model)


def _adapter_gguf(engine: EngineConfig, directory: RunDirectory) -> Path:
    base = locate_weights(engine.model)

    def write(target: Path) -> None:
        from regenesis.checkpoints import write_gguf_adapter

        write_gguf_adapter(directory.model, base, target)

    return _made(directory.exports / "adapter.gguf", f"{folder_digest(directory.model)} {base.identity}", write)


def _on_whole_gguf(engine: EngineConfig, weights: Path, origin: str, target: Path) -> EngineConfig:
    """The engine with all weights from a checkpoint, or a GGUF file, written anew as GGUF of the one type."""
    base = locate_weights(engine.model)

    def write(target: Path) -> None:
        from regenesis.checkpoints import write_gguf_model

        write_gguf_model(weights, base, target, WHOLE_TYPE)

    return engine.with_adapter(None).with_model(str(_made(target, f"{origin} {base.identity}", write)))


def _made(target: Path, origin: str, write: Callable[[Path], None]) -> Path:
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    build_once(target, origin, write)
    return target


def _how_to_serve(model: Path, engine: EngineConfig) -> str:
    served = (
        f"`vllm serve {engine.model} --enable-lora --lora-modules tuned={model}`"
        if _is_adapter(model)
        else f"`vllm serve {model} --served-model-name tuned`"
    )
    return (
        f"{model}: the engine `{engine.kind}` cannot load the tuned model by itself. Serve it beside the base (for "
        f"example {served}) and say where: evaluation.tuned_engine: {{kind: openai, base_url: …, model: tuned}}."
    )
