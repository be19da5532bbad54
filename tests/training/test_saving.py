from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regenesis.errors import TrainingError
from regenesis.training import TrainingJob, train
from regenesis.training.saving import (
    checkpoints,
    keep_latest,
    latest_whole,
    mark_whole,
    read_mark,
    remove_others,
    write_synced,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the whole checkpoints 2, 10 and 9."""
    for step in (2, 10, 9):
        checkpoint = tmp_path / f"checkpoint-{step}"
        (checkpoint / "part").mkdir(parents=True)
        (checkpoint / "weights").write_bytes(b"w" * step)
        (checkpoint / "part" / "state").write_bytes(b"state")
        mark_whole(checkpoint, "this", [{"step": step}])
    return tmp_path


def test_the_latest_is_the_one_of_most_steps(folder: Path) -> None:
    latest = latest_whole(folder, "this")
    assert latest == folder / "checkpoint-10"
    assert (read_mark(latest) or {})["history"] == [{"step": 10}]


@pytest.mark.parametrize("lost", ["weights", "part/state", "whole.json"])
def test_one_that_lost_a_file_or_its_end_is_passed_over(folder: Path, lost: str) -> None:
    os.truncate(folder / "checkpoint-10" / lost, 1)
    assert latest_whole(folder, "this") == folder / "checkpoint-9"
    (folder / "checkpoint-9" / lost).unlink()
    assert latest_whole(folder, "this") == folder / "checkpoint-2"


def test_one_of_another_training_is_passed_over(folder: Path) -> None:
    assert latest_whole(folder, "that") is None
    mark_whole(folder / "checkpoint-2", "that", [])
    assert latest_whole(folder, "that") == folder / "checkpoint-2"


def test_no_folder_holds_none(tmp_path: Path) -> None:
    assert latest_whole(tmp_path / "nowhere", "this") is None


def test_only_the_latest_are_kept(folder: Path) -> None:
    keep_latest(folder, 2)
    assert [path.name for path in checkpoints(folder)] == ["checkpoint-9", "checkpoint-10"]


def test_what_is_not_gone_on_from_is_removed(folder: Path) -> None:
    (folder / "checkpoint-11").mkdir()
    (folder / "something else").mkdir()
    remove_others(folder, folder / "checkpoint-9")
    assert sorted(path.name for path in folder.iterdir()) == ["checkpoint-9", "something else"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_synced(path, "old")

    def fail(_: int) -> None:
        raise OSError("no")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no"):
        write_synced(path, "new")
    assert path.read_text() == "old"


@pytest.mark.model
@pytest.mark.parametrize("what", ["mark_whole", "History.write_json"])
def test_a_disk_that_is_full_once_the_weights_are_written_is_told(
    make_job: Callable[..., TrainingJob], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(f"regenesis.training.trainer.{what}", full)
    with pytest.raises(TrainingError, match=r"the checkpoint of step 1 cannot be written .*No space left"):
        train(make_job(save_steps=1))


@pytest.mark.model
@pytest.mark.parametrize("what", ["trainer.SupervisedTrainer.save_model", "staging.sync_files"])
def test_a_disk_that_is_full_when_the_model_is_written_is_told(
    make_job: Callable[..., TrainingJob], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    from safetensors import SafetensorError

    def full(*_: Any) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(f"regenesis.training.{what}", full)
    job = make_job(max_steps=1)
    with pytest.raises(TrainingError, match=r"the model cannot be written .*No space left"):
        train(job)
    assert not job.output.exists()
