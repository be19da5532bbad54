"""Fields that had another name before: a user is told the new one, a run begun before is read as it was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from regenesis.config import PRESETS, RunConfig, TrainingConfig, config_from_mapping, config_from_text, load_config
from regenesis.errors import ConfigError
from regenesis.renames import current_names, former_names

RENAMED: list[tuple[str, Any, str, Any]] = [
    ("training.method", "full", "training.tuning", "full"),
    ("training.epochs", 2.0, "training.num_train_epochs", 2.0),
    ("training.device_batch_size", 1, "training.per_device_train_batch_size", 1),
    ("training.schedule", "linear", "training.lr_scheduler_type", "linear"),
    ("training.schedule", "constant", "training.lr_scheduler_type", "constant_with_warmup"),
    ("training.keep_checkpoints", 5, "training.save_total_limit", 5),
    ("training.lora.rank", 4, "training.lora.r", 4),
    ("training.lora.alpha", 8, "training.lora.lora_alpha", 8),
    ("training.lora.dropout", 0.5, "training.lora.lora_dropout", 0.5),
]
"""Earlier name and value, and those of now."""


def nested(dotted: str, value: Any) -> dict[str, Any]:
    for part in reversed(dotted.split(".")):
        value = {part: value}
    return {"tasks": ["gsm8k"], **value}


def at(config: RunConfig, dotted: str) -> Any:
    value: Any = config
    for part in dotted.split("."):
        value = getattr(value, part)
    return value


@pytest.mark.parametrize(("before", "value", "now", "_"), RENAMED)
def test_a_user_is_told_the_new_name(before: str, value: Any, now: str, _: Any) -> None:
    with pytest.raises(ConfigError, match=f"my.yaml: `{before}` is now called `{now}`"):
        config_from_mapping(nested(before, value), "my.yaml")


@pytest.mark.parametrize(("before", "value", "now", "_"), RENAMED)
def test_an_override_is_told_the_new_name(before: str, value: Any, now: str, _: Any) -> None:
    with pytest.raises(ConfigError, match=f"`{before}` is now called `{now}`"):
        config_from_mapping({"tasks": ["gsm8k"]}, overrides=[f"{before}={value}"])


def test_a_value_that_is_spelled_otherwise_now_is_told_too() -> None:
    with pytest.raises(ConfigError, match="and its value `constant` is now `constant_with_warmup`"):
        config_from_mapping(nested("training.schedule", "constant"))


@pytest.mark.parametrize(("before", "value", "now", "meant"), RENAMED)
def test_a_frozen_config_is_read_under_its_earlier_names(before: str, value: Any, now: str, meant: Any) -> None:
    config = config_from_text(yaml.safe_dump(nested(before, value)), "config.yaml", frozen=True)
    assert at(config, now) == meant


def test_the_config_in_a_runs_folder_is_read_under_its_earlier_names_by_its_path_too(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(nested("training.epochs", 2)))
    with pytest.raises(ConfigError, match="is now called"):
        load_config(file)
    (tmp_path / "inputs.json").write_text("{}")
    assert load_config(file).training.num_train_epochs == 2


@pytest.mark.parametrize("preset", PRESETS)
def test_a_frozen_config_of_now_is_left_alone(preset: str) -> None:
    plain = config_from_mapping({"preset": preset, "tasks": ["gsm8k"]}).model_dump(mode="json")
    assert current_names(RunConfig, plain) == plain


def test_there_and_back_gives_the_same() -> None:
    plain = TrainingConfig(lr_scheduler_type="constant_with_warmup").model_dump(mode="json")
    first = former_names(TrainingConfig, plain)
    assert {"method", "epochs", "schedule", "device_batch_size", "keep_checkpoints"} <= first.keys()
    assert (first["schedule"], first["lora"]["rank"]) == ("constant", 16)
    assert current_names(TrainingConfig, first) == plain


def test_two_values_of_now_are_never_the_same_one_of_before() -> None:
    spelled = {"constant", "constant_with_warmup", "cosine"}
    first = [former_names(TrainingConfig, {"lr_scheduler_type": value})["schedule"] for value in sorted(spelled)]
    assert all(first.count(value) == 1 for value in first)
