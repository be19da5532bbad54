"""The stages of the loop: synthesize → train → evaluate, once or with the improved model again.

    for stage in stages(config, "runs/x", rounds=2):
        ...  # what `stage.kind` says, on `stage.directory` with `stage.config`

A stage is worked out only when the one before it is done, since the second round's model is the first one's result.
Each stage knows by itself what is done, so that going through all of them again costs next to nothing.

The first round is the run's own folder; the second is `round-2` in it, a run like any other whose engine is the model
of the first. Every round trains the model that the run began with, on the paths of that round: adapters are not laid
over adapters, and base and tuned model differ by one training.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from regenesis.config import BudgetConfig, RunConfig
from regenesis.errors import ConfigError, RunError
from regenesis.evaluation import EvaluationSettings
from regenesis.evaluation.model_variants import tuned_engine
from regenesis.methods import method_class
from regenesis.models.weights import folder_digest
from regenesis.store.directory import RunDirectory, read_json, write_whole
from regenesis.training.base_model import model_to_train

StageKind = Literal["synthesize", "train", "evaluate"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of one round.

    Attributes:
        kind: What is to be done.
        round: Counted from 1.
        directory: The folder it works on: the round's own, and for an evaluation the run's.
        config: The config it works by.
    """

    kind: StageKind
    round: int
    directory: Path
    config: RunConfig


class Remaining:
    """What is left of the budget of one start, over all of its stages."""

    def __init__(self, budget: BudgetConfig) -> None:
        self._budget = budget

    def spend(self, requests: int, tokens: int, seconds: float) -> None:
        """Takes off what a stage has spent on asking."""
        spent = {"requests": requests, "tokens": tokens, "minutes": seconds / 60}
        left = {name: getattr(self._budget, name) for name in spent}
        self._budget = BudgetConfig(
            **{name: max(left[name] - spent[name], 0) for name in spent if left[name] is not None}
        )

    def config(self) -> BudgetConfig:
        """What is left, as the next stage takes it."""
        return self._budget


def stages(config: RunConfig, run_dir: str | Path, rounds: int = 1) -> Iterator[Stage]:
    """The stages of a run in order; the next one is asked for when the last is done.

    Evaluation is left out where the config names no tasks for it.

    Raises:
        ConfigError: The rounds cannot be had with this config.
        RunError: A round has no model to go on from, or the round after it has asked an older one.
    """
    require_possible(config, rounds)
    root = Path(run_dir)
    current = config
    for number in range(1, rounds + 1):
        directory = round_directory(root, number)
        current = RunDirectory(directory).as_begun(current)
        yield Stage("synthesize", number, directory, current)
        # begun by now: an engine that chooses by itself has chosen
        current = RunDirectory(directory).as_begun(current)
        yield Stage("train", number, directory, current)
        if number < rounds:
            _require_same_model(RunDirectory(directory), RunDirectory(round_directory(root, number + 1)))
        if config.evaluation.tasks:
            yield Stage("evaluate", number, root, config)
        if number < rounds:
            current = _next_config(config, current, directory)


def round_directory(root: Path, number: int) -> Path:
    """The folder of a round."""
    return root if number == 1 else root / f"round-{number}"


def require_possible(config: RunConfig, rounds: int) -> None:
    """Makes sure, before anything is spent, that every stage can be gone through.

    Raises:
        ConfigError: A stage cannot; the message says what to set.
    """
    model_to_train(config.training, config.engine)
    method = method_class(config.method.name)
    if rounds > 1 and not method.stages:
        raise ConfigError(
            f"--rounds: each round samples from the newest model, but {method.name} samples nothing: every round would "
            "train on the same rows. Leave --rounds out."
        )
    if rounds > 1 and not config.engine.takes_adapters:
        raise ConfigError(
            f"--rounds: a second round asks the tuned model, which the engine `{config.engine.kind}` cannot load by "
            "itself. Use an engine that runs in this process (`auto` for GGUF models, `transformers`), or serve the "
            "tuned model and start a run of its own with it."
        )
    evaluation = config.evaluation
    if evaluation.tasks:
        EvaluationSettings.of_run(config).require_prompt()
    served = evaluation.tuned_engine is not None or not (evaluation.engine or config.engine).takes_adapters
    if rounds > 1 and evaluation.tasks and served:
        raise ConfigError(
            "--rounds: each round trains a new model, but evaluation.tuned_engine names only one. "
            "Evaluate on an engine that runs in this process (`auto` for GGUF models, `transformers`), and leave "
            "evaluation.tuned_engine out."
        )


def _require_same_model(before: RunDirectory, later: RunDirectory) -> None:
    """Makes sure that a round which has begun asks the model that the round before it holds now.

    A round whose questions are all finished opens no engine, and so would not notice by itself.

    Raises:
        RunError: It has asked an older one.
    """
    if not (before.model / "adapter_config.json").is_file() and not (before.model / "config.json").is_file():
        return  # told when its engine is asked for
    note, now = later.path / "asks.json", {"model": folder_digest(before.model)}
    asked = read_json(note)
    if asked == now:
        return
    if asked is not None and later.begun():
        raise RunError(
            f"{later.path}: was started with a different model than {before.model} now holds, which was retrained "
            f"since. Remove or rename {later.path} to repeat that round with the new one."
        )
    with later.locked():
        write_whole(note, json.dumps(now) + "\n")


def _next_config(config: RunConfig, current: RunConfig, directory: Path) -> RunConfig:
    """The config of the round after the one in `directory`: the tuned model asks, the first one is trained."""
    engine = tuned_engine(current.engine, RunDirectory(directory))
    training = config.training.model_copy(update={"model": model_to_train(config.training, config.engine)})
    return config.model_copy(update={"engine": engine, "training": training})
