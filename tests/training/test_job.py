from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regenesis.config import TrainingConfig
from regenesis.training import TrainingJob
from regenesis.training.job import changes, fingerprint, settings_by_current_names
from regenesis.training.report import from_record, read_record

BEFORE: list[tuple[str, dict[str, Any]]] = [
    ("447fc11e9dbddcd0f333db73", {}),
    (
        "d6eb860c712e4aa62c8d0851",
        {
            "lora": {"r": 8, "lora_alpha": 16, "lora_dropout": 0.1, "target_modules": ["q_proj"]},
            "num_train_epochs": 2,
            "batch_size": 4,
            "per_device_train_batch_size": 1,
            "lr_scheduler_type": "constant_with_warmup",
            "save_total_limit": 1,
        },
    ),
    (
        "f7d0b58129653682a99de3b1",
        {
            "tuning": "full",
            "learning_rate": 1e-6,
            "lr_scheduler_type": "linear",
            "num_train_epochs": 3,
            "batch_size": 64,
            "precision": "bf16",
            "end_of_turn": "<|im_end|>",
            "max_steps": 7,
            "packing": True,
            "too_long": "truncate",
            "max_length": 512,
        },
    ),
]
"""Trainings, and the fingerprints that version 0.1.0 gave them under the names it had for their fields."""


@pytest.fixture
def settings_of(tmp_path: Path) -> Any:
    (tmp_path / "rows.parquet").write_bytes(b"rows")

    def settings(**training: Any) -> dict[str, Any]:
        config = TrainingConfig(**training)
        job = TrainingJob(tmp_path / "rows.parquet", "m", config, 3, tmp_path / "model", tmp_path / "training")
        return job.settings("id")

    return settings


@pytest.mark.parametrize(("expected", "training"), BEFORE)
def test_what_was_trained_before_the_fields_were_renamed_stays_valid(
    settings_of: Any, expected: str, training: dict[str, Any]
) -> None:
    assert fingerprint(settings_of(**training)) == expected


@pytest.mark.parametrize(
    ("training", "shows"),
    [
        ({"trl": {"optim": "adafactor"}}, True),
        ({"trl": {"neftune_noise_alpha": 5}}, True),
        ({"lr_scheduler_type": "constant"}, True),
        ({"lr_scheduler_type": "constant_with_warmup"}, True),
        ({"trl": {"run_name": "mine", "project": "sums"}}, False),
        ({"report_to": ["wandb"]}, False),
        ({"objective": "sft"}, False),
        ({"save_total_limit": 7, "per_device_train_batch_size": 1}, False),
    ],
    ids=str,
)
def test_what_shows_in_the_model_shows_in_the_fingerprint(
    settings_of: Any, training: dict[str, Any], shows: bool
) -> None:
    assert (fingerprint(settings_of(**training)) != fingerprint(settings_of())) is shows


def test_constant_with_and_without_a_warm_up_are_two_trainings(settings_of: Any) -> None:
    one, two = (fingerprint(settings_of(lr_scheduler_type=f"constant{more}")) for more in ("", "_with_warmup"))
    assert one != two


def test_the_record_of_a_training_of_before_is_read_under_the_names_of_now(tmp_path: Path) -> None:
    settings = {"seed": 3, "training.method": "full", "training.schedule": "constant", "training.epochs": 2.0}
    (tmp_path / "training.json").write_text(json.dumps({"settings": settings, "method": "full"}))
    record = read_record(tmp_path)
    assert record is not None
    assert record["tuning"] == "full"
    assert record["settings"] == {
        "seed": 3,
        "training.tuning": "full",
        "training.lr_scheduler_type": "constant_with_warmup",
        "training.num_train_epochs": 2.0,
    }
    with pytest.raises(Exception, match="is not what this version writes"):
        from_record(tmp_path, record)


def test_a_renaming_is_no_change() -> None:
    before = {"training.epochs": 2.0, "training.lora": {"rank": 4}}
    now = {"training.num_train_epochs": 3.0, "training.lora": {"r": 4}}
    assert changes(settings_by_current_names(before), now) == ["training.num_train_epochs: 2.0 → 3.0"]
