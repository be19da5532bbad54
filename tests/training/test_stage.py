from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.helpers.runs import journal
from tests.helpers.trainable import save_tiny_checkpoint, write_run

from regenesis.errors import ConfigError, RegenesisError, RunError
from regenesis.store.directory import RunDirectory
from regenesis.training.stage import train_run, training_config, training_job


@pytest.mark.model
def test_a_run_is_trained_and_its_log_tells_every_step(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", save_tiny_checkpoint(tmp_path / "tiny"), max_steps=2)
    report = train_run(run)
    assert report.folder == run / "model"
    assert (run / "model" / "README.md").read_text().count("gsm8k") >= 1
    events = journal(run)
    assert [event["event"] for event in events] == [
        "training_start",
        "training_step",
        "training_step",
        "training_end",
    ]
    assert [(event["step"], event["steps"]) for event in events[1:3]] == [(1, 2), (2, 2)]
    assert {"loss", "grad_norm", "learning_rate", "tokens_per_second", "seconds_left"} <= events[1].keys()
    assert train_run(run).already_done


def test_one_process_at_a_time_trains_a_run(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", tmp_path)
    with RunDirectory(run).locked(), pytest.raises(RunError, match="another process"):
        train_run(run)


def test_processes_after_the_first_hold_and_write_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = write_run(tmp_path / "run", tmp_path)
    (run / "dataset" / "train.parquet").unlink()
    monkeypatch.setenv("RANK", "1")
    with RunDirectory(run).locked(), pytest.raises(RegenesisError):
        train_run(run)
    assert not (run / "log.jsonl").exists()


def test_what_stopped_a_training_is_in_the_log(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", tmp_path / "no model")
    with pytest.raises(RegenesisError):
        train_run(run)
    last = journal(run)[-1]
    assert last["event"] == "training_stopped"
    assert "no model" in last["why"]


def test_the_model_is_the_one_the_engine_runs_unless_another_is_named(tmp_path: Path) -> None:
    run = RunDirectory(write_run(tmp_path / "run", tmp_path))
    config = json.loads(run.config_file.read_text())
    del config["training"]["model"]
    run.config_file.write_text(json.dumps({**config, "engine": {"kind": "llamacpp", "model": "hf:a/b"}}))
    assert training_job(run, run.require_started()).model == "hf:a/b"
    assert training_job(run, training_config(run.path, ["training.model=hf:c/d"])).model == "hf:c/d"


def test_a_server_does_not_say_what_to_train(tmp_path: Path) -> None:
    run = RunDirectory(write_run(tmp_path / "run", tmp_path))
    with pytest.raises(ConfigError, match=r"--set training\.model="):
        training_job(run, training_config(run.path, ["training.model=null"]))


def test_an_engine_with_an_adapter_does_not_say_what_to_train(tmp_path: Path) -> None:
    run = RunDirectory(write_run(tmp_path / "run", tmp_path))
    config = json.loads(run.config_file.read_text())
    del config["training"]["model"]
    engine = {"kind": "transformers", "model": "hf:a/b", "adapter": str(tmp_path)}
    run.config_file.write_text(json.dumps({**config, "engine": engine}))
    with pytest.raises(ConfigError, match="hf:a/b to begin without the adapter"):
        training_job(run, run.require_started())
    assert training_job(run, training_config(run.path, ["training.model=hf:a/b"])).model == "hf:a/b"


def test_an_override_reaches_the_training_alone(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", tmp_path)
    config = training_config(run, ["training.num_train_epochs=1", "seed=5"])
    assert (config.training.num_train_epochs, config.seed) == (1, 5)
    with pytest.raises(ConfigError, match="training depends on"):
        training_config(run, ["engine.model=other"])


def test_a_folder_that_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a run folder"):
        train_run(tmp_path)
