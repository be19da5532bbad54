"""Config of an experiment: methods × training sets × seeds, all on one base config.

    experiment = load_experiment("experiment.yaml", overrides=["examples=200"])

What is loaded is spelled out: methods with all of their fields, paths absolute, so that it can be written down and read
from anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from regenesis.config import RunConfig, config_from_mapping
from regenesis.config.loading import absolute_paths, read_mapping, validated, with_overrides
from regenesis.dataset.config import Hinted
from regenesis.errors import ConfigError
from regenesis.evaluation.config import EvaluationConfig
from regenesis.methods import method_names
from regenesis.section import A_PATH, Section
from regenesis.tasks.config import TaskConfig, spell_out_task

Equal = Literal["examples", "tokens", "yield"]
"""On what terms methods are compared."""

SAID_BY_THE_EXPERIMENT = {"tasks": "train_on", "method": "methods", "seed": "seeds", "dataset": "equal"}
"""Fields of a run's config that each cell has its own value of, and where the experiment says it."""

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_RESERVED = ("base",)
"""Labels that the tables use for something else."""


class TrainingSet(Section):
    """The questions that a cell trains on: one task, or several that are mixed."""

    name: str
    """What folders and tables call it; a single task's own name by default."""
    tasks: list[TaskConfig] = Field(min_length=1)
    """The tasks, as in a run's `tasks`."""

    @model_validator(mode="before")
    @classmethod
    def _one_task_is_a_set(cls, value: Any) -> Any:
        spelled = spell_out_task(value) if isinstance(value, str) else value
        if isinstance(spelled, Mapping) and "tasks" not in spelled and "name" in spelled:
            return {"name": spelled["name"], "tasks": [spelled]}
        return spelled

    @property
    def label(self) -> str:
        """Its name as a folder can have it."""
        return re.sub(r"[^A-Za-z0-9._-]+", "-", self.name).strip("-.") or "set"


class ExperimentConfig(Section):
    """A comparison of methods: every method on every training set with every seed."""

    base: dict[str, Any] | str = Field(default_factory=dict, json_schema_extra=A_PATH)
    """What all cells share: fields of a run's config, or the path of one. `tasks`, `method`, `seed` and `dataset` are
    the experiment's to say."""
    methods: dict[str, dict[str, Any]] = Field(min_length=1)
    """Label → method section, as in a run's `method`; a list of names stands for methods with their defaults."""
    train_on: list[TrainingSet] = Field(min_length=1)
    """Training sets, each a task or `{name: mix, tasks: [...]}`."""
    seeds: list[int] = Field(default=[0], min_length=1)
    """Seeds; every method is trained once with each."""
    equal: Equal = "examples"
    """What is equal for all methods: `examples` (training rows), `tokens` (generated tokens), or nothing (`yield`: each
    trains on all that it kept)."""
    examples: int | None = Field(default=None, ge=1)
    """With `equal: examples`, rows for each; by default as many as the method with the fewest has."""
    tokens: int | None = Field(default=None, ge=1)
    """With `equal: tokens`, generated tokens for each; by default as many as the method with the fewest has."""
    evaluation: EvaluationConfig | None = None
    """What every model is evaluated on, in place of the base's `evaluation`."""
    hinted: dict[str, Hinted] = Field(default_factory=dict)
    """Label → whether a method trains on rows of hinted paths, as in a run's `dataset.hinted`; by default on `any`. One
    method under two labels can so be trained on its hinted and on its unhinted rows."""
    baselines: list[str] | None = None
    """Labels of the methods that each method is compared with, besides the base model; by default all others."""

    @field_validator("methods", mode="before")
    @classmethod
    def _names_are_methods(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [value]
        if isinstance(value, list):
            named = [item if isinstance(item, Mapping) else {"name": item} for item in value]
            labels = [str(item.get("name")) for item in named]
            twice = next((label for label in labels if labels.count(label) > 1), None)
            if twice is not None:
                raise ValueError(f"lists `{twice}` twice; give labels: `methods: {{first: {{name: {twice}}}, …}}`")
            value = dict(zip(labels, named, strict=True))
        if not isinstance(value, Mapping):
            return value
        return {label: _with_name(label, section) for label, section in value.items()}

    @field_validator("methods")
    @classmethod
    def _labels_name_folders(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for label in value:
            if label in _RESERVED:
                raise ValueError(f"the label `{label}` means the model before training; choose another")
            if not _LABEL.fullmatch(label):
                raise ValueError(
                    f"the label {label!r} names a folder: use letters, digits, `.`, `_` and `-`, at most 60, "
                    "beginning with a letter or digit"
                )
        folded = [label.casefold() for label in value]
        twice = next((label for label in value if folded.count(label.casefold()) > 1), None)
        if twice is not None:
            raise ValueError(f"the label `{twice}` occurs twice, apart from upper and lower case")
        return value

    @field_validator("train_on", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str | Mapping) else value

    @field_validator("train_on")
    @classmethod
    def _sets_told_apart(cls, value: list[TrainingSet]) -> list[TrainingSet]:
        labels = [one.label.casefold() for one in value]
        for one in value:
            if labels.count(one.label.casefold()) > 1:
                raise ValueError(
                    f"{one.name!r} occurs twice (as a folder's name); name the sets: `{{name: …, tasks: [...]}}`"
                )
        return value

    @field_validator("seeds", mode="before")
    @classmethod
    def _seeds_are_a_list(cls, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            raise ValueError(f"must be a list of seeds, such as [{value}]; `[0, 1, 2]` for three")
        if isinstance(value, list) and any(isinstance(one, bool) for one in value):
            raise ValueError("must be whole numbers, such as [0, 1, 2]")
        return value

    @field_validator("seeds")
    @classmethod
    def _seeds_told_apart(cls, value: list[int]) -> list[int]:
        if any(seed < 0 for seed in value):
            raise ValueError("must be at least 0 each")
        if len(set(value)) < len(value):
            raise ValueError("must differ: a seed that occurs twice gives the same model twice")
        return value

    @model_validator(mode="after")
    def _terms_that_count(self) -> ExperimentConfig:
        for name in ("examples", "tokens"):
            if getattr(self, name) is not None and self.equal != name:
                raise ValueError(f"`{name}` goes with `equal: {name}` (it is {self.equal!r})")
        for name, labels in (("baselines", self.baselines or ()), ("hinted", self.hinted)):
            unknown = [label for label in labels if label not in self.methods]
            if unknown:
                raise ValueError(f"`{name}` names {unknown[0]!r}, which is none of {', '.join(self.methods)}")
        return self

    def training_set(self, name: str) -> TrainingSet:
        """The training set of a name."""
        return next(one for one in self.train_on if one.name == name)

    @property
    def evaluated(self) -> EvaluationConfig:
        """What every model is evaluated on."""
        if self.evaluation is not None:
            return self.evaluation
        return EvaluationConfig.model_validate(self.stated_base().get("evaluation", {}))

    def stated_base(self) -> dict[str, Any]:
        """The base's fields, of an experiment that has been loaded."""
        if isinstance(self.base, str):
            raise ConfigError(f"base: {self.base} has not been read; load the experiment with `load_experiment`.")
        return self.base


def _with_name(label: Any, section: Any) -> Any:
    """A method's section with its name, which may be the label alone where that is a method's."""
    if section is None:
        section = {}
    if not isinstance(section, Mapping) or "name" in section:
        return section
    if label not in method_names():
        raise ValueError(f"`{label}` has no `name`, and is none of {', '.join(method_names())} itself")
    return {"name": label, **section}


def load_experiment(path: str | Path, overrides: Sequence[str] = ()) -> ExperimentConfig:
    """Reads an experiment's YAML file.

    Args:
        path: The file.
        overrides: Dotted assignments such as `examples=100` or `base.engine.max_in_flight=4`; values are YAML.

    Returns:
        The experiment, spelled out: the base read, relative paths resolved against the file that states them.

    Raises:
        ConfigError: The file cannot be read, or something in it is not valid; every fault is named.
    """
    source = Path(path)
    return experiment_from_mapping(read_mapping(source), str(source), source.parent, overrides)


def experiment_from_mapping(
    stated: Mapping[str, Any],
    origin: str = "experiment",
    folder: Path | None = None,
    overrides: Sequence[str] = (),
) -> ExperimentConfig:
    """Checks an experiment given as a mapping; see `load_experiment`.

    Args:
        stated: The experiment.
        origin: What it is called in errors.
        folder: Where its relative paths start.
        overrides: See `load_experiment`.
    """
    folder = folder or Path.cwd()
    base, base_origin, base_folder = _read_base(stated.get("base", {}), origin, folder)
    merged = with_overrides({**stated, "base": base}, origin, overrides)
    if isinstance(merged["base"], str):
        merged["base"], base_origin, base_folder = _read_base(merged["base"], origin, folder)
    for name, instead in SAID_BY_THE_EXPERIMENT.items():
        if isinstance(merged["base"], Mapping) and name in merged["base"]:
            raise ConfigError(f"{origin}: base: `{name}` is the experiment's to say; use `{instead}`.")
    experiment = absolute_paths(validated(ExperimentConfig, merged, origin), folder)
    sets = [one.model_dump(mode="json")["tasks"] for one in experiment.train_on]
    base_config = config_from_mapping({**experiment.stated_base(), "tasks": sets[0]}, base_origin, base_folder)
    methods = {}
    for label, section in experiment.methods.items():
        cell = {"preset": base_config.preset, "tasks": sets[0], "method": section}
        config = config_from_mapping(cell, f"{origin}: methods.{label}", folder)
        methods[label] = config.method.model_dump(mode="json")
    told_apart = {label: (section, experiment.hinted.get(label, "any")) for label, section in methods.items()}
    same = next(((a, b) for a in methods for b in methods if a < b and told_apart[a] == told_apart[b]), None)
    if same is not None:
        raise ConfigError(f"{origin}: methods.{same[0]} and methods.{same[1]} have the same settings. Remove one.")
    spelled_out = base_config.model_dump(mode="json", exclude=set(SAID_BY_THE_EXPERIMENT))
    return experiment.model_copy(update={"base": spelled_out, "methods": methods})


def _read_base(base: Any, origin: str, folder: Path) -> tuple[Any, str, Path]:
    """What the base states, what it is called in errors, and where its relative paths start.

    Raises:
        ConfigError: It is a file that cannot be read.
    """
    if not isinstance(base, str):
        return base, f"{origin}: base", folder
    file = folder / base
    # an ordinary config says these of its own run
    stated = {name: value for name, value in read_mapping(file).items() if name not in SAID_BY_THE_EXPERIMENT}
    return stated, str(file), file.parent


def cell_config(experiment: ExperimentConfig, method: str, train_on: str, seed: int) -> RunConfig:
    """The config of the run that trains one method on one training set with one seed.

    Raises:
        ConfigError: The parts do not go together.
    """
    evaluation = experiment.evaluated
    if evaluation.seed is None:
        # the same for all cells, so that the base model is asked once and not once a seed
        evaluation = evaluation.model_copy(update={"seed": experiment.seeds[0]})
    stated = {
        **experiment.stated_base(),
        "tasks": experiment.training_set(train_on).model_dump(mode="json")["tasks"],
        "method": experiment.methods[method],
        "dataset": {"hinted": experiment.hinted.get(method, "any")},
        "seed": seed,
        "evaluation": evaluation.model_dump(mode="json"),
    }
    return config_from_mapping(stated, f"{method} trained on {train_on}")
