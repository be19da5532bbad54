"""A model that its engine trains: written whole, known by its contents, called by its name."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.trainable import write_rows

from regenesis.engines.simulated import SimulatedEngineConfig
from regenesis.errors import ModelError, RunError, TrainingError
from regenesis.publish.exporting import export
from regenesis.training import TrainingJob
from regenesis.training.by_engine import train_by_engine, trains_itself
from regenesis.training.config import TrainingConfig
from regenesis.training.report import TrainingReport


def engine(**stated: Any) -> SimulatedEngineConfig:
    return SimulatedEngineConfig(kind="simulated", **stated)


@pytest.fixture
def job(tmp_path: Path) -> TrainingJob:
    dataset = write_rows(tmp_path / "dataset" / "train.parquet")
    return TrainingJob(dataset, "simulated", TrainingConfig(), 0, tmp_path / "model", tmp_path / "training")


def trained(job: TrainingJob, **stated: Any) -> TrainingReport:
    return train_by_engine(job, engine(**stated))


@pytest.mark.parametrize(("model", "by_itself"), [(None, True), ("simulated", True), ("hf:org/repo", False)])
def test_an_engine_trains_its_own_model_and_no_other(model: str | None, by_itself: bool) -> None:
    assert trains_itself(TrainingConfig(model=model), engine()) is by_itself


def test_the_same_data_and_settings_are_trained_once(job: TrainingJob) -> None:
    assert not trained(job).already_done
    assert trained(job, max_in_flight=32).already_done
    again = trained(job, gain={"most": 2.0})
    assert not again.already_done
    assert again.changes == [line for line in again.changes if line.startswith("engine.gain: ")] != []
    write_rows(job.dataset, [("What is 1 + 1?", "\\boxed{2}")])
    assert trained(job, gain={"most": 2.0}).changes == ["data set: changed"]


def test_a_later_round_is_trained_from_the_beginning_and_not_on_its_adapter(job: TrainingJob, tmp_path: Path) -> None:
    first = trained(job)
    shutil.copytree(job.output, tmp_path / "round")
    again = train_by_engine(job, engine().with_adapter(tmp_path / "round"))
    assert (again.already_done, again.fingerprint) == (True, first.fingerprint)


def test_a_model_that_was_finished_and_not_yet_moved_is_moved_by_the_next_start(job: TrainingJob) -> None:
    report = trained(job)
    job.output.rename(job.work / "model")
    again = trained(job)
    assert again.already_done
    assert again.fingerprint == report.fingerprint
    assert (job.output / "adapter_model.safetensors").is_file()


def test_one_that_was_half_written_is_written_anew(job: TrainingJob) -> None:
    (job.work / "model").mkdir(parents=True)
    (job.work / "model" / "adapter_model.safetensors").write_bytes(b"half")
    assert not trained(job).already_done
    assert engine().with_adapter(job.output).identity() != engine().identity()


def test_its_card_says_that_it_is_no_language_model(job: TrainingJob) -> None:
    trained(job)
    card = (job.output / "README.md").read_text("utf-8")
    assert "# simulated, trained on" in card
    assert "**This is no language model.** The engine `simulated` of regenesis made it" in card
    assert "library_name: regenesis" in card
    for wrong in ("PeftModel", "LoRA", "lora", "| loss"):
        assert wrong not in card, wrong


def test_it_has_no_weights_to_export(job: TrainingJob, tmp_path: Path) -> None:
    trained(job)
    with pytest.raises(RunError, match="holds no weights, since the engine `simulated` trained it by itself"):
        export(tmp_path, "gguf")


def test_a_data_set_that_is_missing_or_damaged_is_named(job: TrainingJob) -> None:
    job.dataset.write_text("damaged")
    with pytest.raises(ModelError, match=r"train\.parquet: cannot be read"):
        trained(job)
    job.dataset.unlink()
    with pytest.raises(TrainingError, match=r"train\.parquet: does not exist"):
        trained(job)
