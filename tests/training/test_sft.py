from __future__ import annotations

import errno
import gc
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.helpers.trainable import SETTINGS, SUMS, write_rows

from regenesis.checkpoints import load_model, load_tokenizer
from regenesis.config import TrainingConfig
from regenesis.errors import TrainingError
from regenesis.models import locate_weights
from regenesis.training import TrainingJob, TrainingProgress, sft, train
from regenesis.training.history import COLUMNS

pytestmark = pytest.mark.model

Make = Callable[..., TrainingJob]
STEPS = 6
"""Of ten rows, four a step, twice."""


def history(job: TrainingJob) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((job.work / "history.json").read_text())
    return rows


def losses(job: TrainingJob) -> list[float]:
    return [row["loss"] for row in history(job)]


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return {name: weight for path in sorted(folder.glob("*.safetensors")) for name, weight in load_file(path).items()}


@pytest.fixture(scope="module")
def curve(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """The losses that a job gives when nothing of it is set."""
    folder = tmp_path_factory.mktemp("curve")
    config = TrainingConfig(**SETTINGS)
    job = TrainingJob(write_rows(folder / "t.parquet"), str(tiny), config, 0, folder / "model", folder / "training")
    train(job)
    return losses(job)


class Interrupted(Exception):
    """Stands for a process that ends."""


def interrupt_after(step: int) -> Callable[[Mapping[str, Any]], None]:
    def watch(row: Mapping[str, Any]) -> None:
        if row["step"] == step:
            raise Interrupted

    return watch


def test_an_adapter_is_trained_and_says_what_it_belongs_to(make_job: Make, curve: list[float]) -> None:
    job, progress = make_job(save_steps=2), TrainingProgress()
    report = train(job, progress)
    assert (report.tuning, report.rows, report.steps, report.epochs, report.batch_size) == ("lora", 10, STEPS, 2.0, 4)
    assert report.final_loss < report.first_loss
    assert 0 < report.trainable < report.parameters
    assert 0 < report.supervised_tokens < report.row_tokens
    # each token is seen once an epoch
    assert report.tokens == 2 * report.row_tokens == progress.tokens
    assert (progress.step, progress.steps) == (STEPS, STEPS)
    assert losses(job) == curve, "the same seed gives the same losses"
    config = json.loads((job.output / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == job.model
    record = json.loads((job.output / "training.json").read_text())
    assert record["base"] == job.model
    assert record["base_identity"].startswith("tiny")
    assert set(record["versions"]) >= {"torch", "transformers", "trl", "peft"}
    # no pickle stands beside the model, and no checkpoint remains
    assert {path.suffix for path in job.output.iterdir()} == {".safetensors", ".json", ".jinja", ".md"}
    assert list((job.work / "checkpoints").iterdir()) == []
    load_model(locate_weights(job.model), "float32", adapter=job.output)


def test_all_weights_are_trained_and_saved_as_a_checkpoint(make_job: Make, tiny: Path) -> None:
    job = make_job(tuning="full", learning_rate=1e-3)
    report = train(job)
    assert report.trainable == report.parameters
    assert report.final_loss < report.first_loss
    before, after = weights(tiny), weights(job.output)
    assert before.keys() == after.keys()
    assert all((before[name] != after[name]).any() for name in before)
    load_model(locate_weights(str(job.output)), "float32")
    load_tokenizer(locate_weights(str(job.output)))


@pytest.fixture
def base_checkpoint(tiny: Path, tmp_path: Path) -> Path:
    """One that names the end of a text as its end, while its chat template ends turns with another token."""
    folder = tmp_path / "base-checkpoint"
    shutil.copytree(tiny, folder)
    for name, value in {
        "tokenizer_config.json": "<|endoftext|>",
        "generation_config.json": 0,
        "config.json": 0,
    }.items():
        settings = json.loads((folder / name).read_text())
        settings["eos_token" if name == "tokenizer_config.json" else "eos_token_id"] = value
        (folder / name).write_text(json.dumps(settings))
    return folder


def test_a_base_checkpoint_learns_the_end_of_a_turn_and_names_it(make_job: Make, base_checkpoint: Path) -> None:
    job = replace(make_job(tuning="full", max_steps=1), model=str(base_checkpoint))
    train(job)
    assert json.loads((job.output / "generation_config.json").read_text())["eos_token_id"] == [0, 2]


def test_an_end_of_turn_that_no_engine_stops_at_is_told(make_job: Make) -> None:
    with pytest.raises(TrainingError, match=r"end_of_turn: engines would not stop at '<\|im_start\|>'.*'<\|im_end\|>'"):
        train(make_job(end_of_turn="<|im_start|>"))


def test_the_learning_rate_is_recorded_where_none_is_set(make_job: Make) -> None:
    job = make_job(learning_rate=None, max_steps=1)
    assert train(job).learning_rate == 1e-4
    assert json.loads((job.output / "training.json").read_text())["learning_rate"] == 1e-4
    assert "| peak learning rate | 0.0001 |" in (job.output / "README.md").read_text()


def test_the_history_has_a_row_a_step_on_disk_before_the_next_begins(make_job: Make) -> None:
    job, seen = make_job(max_steps=2), []

    def watch(row: Mapping[str, Any]) -> None:
        assert len((job.work / "history.csv").read_text().splitlines()) == row["step"] + 1
        seen.append(row)

    train(job, watch=watch)
    rows = history(job)
    assert rows == seen
    assert [row["step"] for row in rows] == [1, 2]
    lines = (job.work / "history.csv").read_text().splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert lines[1:] == [",".join(str(row[name]) for name in COLUMNS) for row in rows]


def test_nothing_is_printed_and_nobody_is_asked(
    make_job: Make, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    job = make_job(max_steps=2, save_steps=1)
    capfd.readouterr()
    train(job)
    assert capfd.readouterr() == ("", "")


def test_rows_left_out_are_named(make_job: Make) -> None:
    long = ("Count.", " ".join(map(str, range(120))))
    progress = TrainingProgress()
    report = train(make_job([*SUMS, long], max_steps=1), progress)
    assert (report.rows, report.left_out, report.max_length) == (10, 1, 256)
    assert report.notes == progress.notes == ["1 row left out: longer than 256 tokens."]


def test_the_learning_rate_rises_and_falls(make_job: Make) -> None:
    job = make_job(batch_size=1, max_steps=10, warmup_ratio=0.3)
    train(job)
    rates = [row["learning_rate"] for row in history(job)]
    assert rates[:4] == pytest.approx([0, 0.01 / 3, 0.02 / 3, 0.01])
    assert rates[3:] == sorted(rates[3:], reverse=True)
    assert 0 < rates[-1] < 0.001


def test_a_warm_up_of_less_than_a_step_wastes_none(make_job: Make) -> None:
    job = make_job(max_steps=1)
    train(job)
    assert history(job)[0]["learning_rate"] == 0.01


def test_what_is_done_is_not_done_again(make_job: Make) -> None:
    job = make_job(max_steps=1)
    first = train(job)
    stamp = (job.output / "training.json").stat().st_mtime_ns
    assert train(job) == replace(first, already_done=True)
    # nor where what differs does not show in the result
    faster = {"per_device_train_batch_size": 1, "gradient_checkpointing": True, "save_total_limit": 1, "save_steps": 1}
    assert train(replace(job, config=job.config.model_copy(update=faster))).already_done
    assert (job.output / "training.json").stat().st_mtime_ns == stamp


def test_what_changed_is_named_and_trained_anew(make_job: Make) -> None:
    train(make_job(max_steps=1))
    report = train(make_job([*SUMS, ("More?", "1. No.")], max_steps=2, seed=1))
    assert not report.already_done
    assert report.changes == ["data set: changed", "seed: 0 → 1", "training.max_steps: 1 → 2"]
    assert report.steps == 2


def test_the_old_model_stays_until_the_new_one_is_whole(make_job: Make) -> None:
    job = make_job(max_steps=1)
    train(job)
    before = weights(job.output)
    with pytest.raises(Interrupted):
        train(make_job(max_steps=2), watch=interrupt_after(1))
    after = weights(job.output)
    assert all((before[name] == after[name]).all() for name in before)


def test_a_model_that_was_finished_and_not_moved_is_moved(make_job: Make) -> None:
    job = make_job(max_steps=1)
    train(job)
    job.output.rename(job.work / "model")
    assert train(job).already_done
    assert (job.output / "adapter_model.safetensors").is_file()


@pytest.mark.parametrize("method", ["lora", "full"])
def test_an_interrupted_training_ends_as_if_it_had_not_been(make_job: Make, method: str) -> None:
    job = make_job(tuning=method, save_steps=2, lora={"r": 4, "lora_dropout": 0.2})
    train(job)
    expected, model = losses(job), weights(job.output)
    shutil.rmtree(job.output)
    with pytest.raises(Interrupted):
        train(job, watch=interrupt_after(5))
    report = train(job)
    # what follows the last whole checkpoint is done again, and stands in the history once
    assert report.resumed_at == 4
    assert [row["step"] for row in history(job)] == list(range(1, STEPS + 1))
    assert losses(job) == expected
    assert report.tokens == 2 * report.row_tokens
    resumed = weights(job.output)
    assert all((model[name] == resumed[name]).all() for name in model)


def test_checkpoints_of_another_training_are_not_gone_on_from(make_job: Make) -> None:
    with pytest.raises(Interrupted):
        train(make_job(save_steps=1), watch=interrupt_after(2))
    assert train(make_job(save_steps=1, seed=1, max_steps=1)).resumed_at == 0


DIES_WHILE_SAVING = """
import os, signal, sys
from pathlib import Path
import torch
from regenesis.config import TrainingConfig
from regenesis.training import TrainingJob, train

def save_or_die(value, path, *rest, **named):
    if "checkpoint-4" in str(path):
        os.kill(os.getpid(), signal.SIGKILL)
    return saved(value, path, *rest, **named)

saved, torch.save = torch.save, save_or_die
folder, model, settings = Path(sys.argv[1]), sys.argv[2], TrainingConfig.model_validate_json(sys.argv[3])
train(TrainingJob(folder / "train.parquet", model, settings, 0, folder / "model", folder / "training"))
"""


def test_a_training_killed_while_it_saves_goes_on_with_the_same_losses(
    make_job: Make, curve: list[float], tmp_path: Path
) -> None:
    job = make_job(save_steps=2)
    arguments = [str(tmp_path), job.model, job.config.model_dump_json()]
    killed = subprocess.run([sys.executable, "-c", DIES_WHILE_SAVING, *arguments], timeout=200, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (job.work / "checkpoints" / "checkpoint-4").exists()
    assert train(job).resumed_at == 2
    assert losses(job) == curve


def test_another_seed_takes_another_way(make_job: Make, curve: list[float]) -> None:
    job = make_job(seed=1, max_steps=1)
    train(job)
    assert losses(job)[0] != curve[0]


@pytest.mark.parametrize(
    "settings",
    [{"per_device_train_batch_size": 1}, {"per_device_train_batch_size": 3, "gradient_checkpointing": True}],
    ids=str,
)
def test_how_a_step_is_worked_out_does_not_show_in_the_losses(
    make_job: Make, curve: list[float], settings: dict[str, Any]
) -> None:
    job = make_job(**settings)
    train(job)
    assert losses(job) == pytest.approx(curve, rel=1e-4)


def test_packed_rows_do_not_see_each_other(make_job: Make) -> None:
    # three rows a step, on their own or in one packed sequence: one that could look into another would change the loss
    curves = []
    for packing, rows_a_step, length in ((False, 3, None), (True, 1, 250)):
        job = make_job(SUMS[:3], packing=packing, batch_size=rows_a_step, max_length=length, num_train_epochs=3)
        report = train(job)
        curves.append(losses(job))
        assert (report.rows, report.sequences, report.steps) == (3, 1 if packing else 3, 3)
    assert curves[0] == pytest.approx(curves[1], rel=1e-4)


def test_bfloat16_computes_almost_the_same(make_job: Make, curve: list[float]) -> None:
    job = make_job(precision="bf16")
    assert train(job).dtype == "bfloat16"
    assert losses(job) != curve
    assert losses(job) == pytest.approx(curve, rel=0.02)


def test_weights_move_at_the_published_learning_rate_in_bfloat16(make_job: Make, tiny: Path) -> None:
    job = make_job(tuning="full", precision="bf16", learning_rate=1e-6, max_steps=2)
    train(job)
    before, after = weights(tiny), weights(job.output)
    layers = [name for name in before if "proj" in name]
    moved = sum(int((before[name] != after[name]).sum()) for name in layers)
    assert moved > 0.9 * sum(before[name].numel() for name in layers)


def test_a_loss_that_is_no_number_stops_at_its_step(make_job: Make) -> None:
    job = make_job(tuning="full", learning_rate=1e30, warmup_ratio=0, save_steps=1)
    with pytest.raises(TrainingError, match=r"step 2: .* (nan|inf).*Lower training.learning_rate \(now 1e\+30\)"):
        train(job)
    assert not job.output.exists()
    # what was learnt after it is not saved
    assert [path.name for path in (job.work / "checkpoints").iterdir()] == ["checkpoint-1"]


@pytest.mark.parametrize(("times", "said"), [(0.5, True), (2, False)])
def test_a_loss_that_rose_so_much_is_told_of_on_the_card_too(
    make_job: Make, monkeypatch: pytest.MonkeyPatch, times: float, said: bool
) -> None:
    monkeypatch.setattr(sft, "_SPOILT", times)
    job = make_job(learning_rate=1e-7, max_steps=2)
    notes = [note for note in train(job).notes if "loss rose" in note]
    assert len(notes) == said
    assert all("Lower training.learning_rate (now 1e-07)" in note for note in notes)
    assert ("loss rose" in (job.output / "README.md").read_text()) is said


@pytest.mark.parametrize("raised", ["CUDA", "machine", "torch"])
def test_no_memory_says_what_to_set(make_job: Make, monkeypatch: pytest.MonkeyPatch, raised: str) -> None:
    import torch

    from regenesis.training.trainer import SupervisedTrainer

    def step(*_: Any, **__: Any) -> Any:
        if raised == "CUDA":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        if raised == "machine":
            raise MemoryError
        return torch.empty(1 << 45)

    monkeypatch.setattr(SupervisedTrainer, "training_step", step)
    with pytest.raises(TrainingError, match="Not enough memory") as error:
        train(make_job(tuning="full"))
    for way in ("per_device_train_batch_size to 1", "gradient_checkpointing to true", "tuning to lora"):
        assert f"training.{way}" in str(error.value)


def test_no_room_is_seen_before_the_first_step(make_job: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**6))
    with pytest.raises(TrainingError, match=r"has 1 MB free, and this training, .* takes about [0-9]+ MB"):
        train(make_job(), watch=interrupt_after(1))


def test_room_for_checkpoints_is_asked_only_where_some_are_written(
    make_job: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**7))
    assert train(make_job(max_steps=3)).steps == 3
    with pytest.raises(TrainingError, match="has 10 MB free"):
        train(make_job(max_steps=4))


def test_no_model_stays_in_memory(make_job: Make) -> None:
    from transformers import PreTrainedModel

    gc.collect()
    before = sum(issubclass(type(one), PreTrainedModel) for one in gc.get_objects())
    gc.disable()
    try:
        train(make_job(max_steps=1))
        assert sum(issubclass(type(one), PreTrainedModel) for one in gc.get_objects()) == before
    finally:
        gc.enable()


def test_a_gpu_without_a_compiler_beside_it_trains_too(make_job: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from trl.kernels import chunked_logprob
    from trl.trainer import utils

    from regenesis.training import setup
    from regenesis.training.trainer import supervised_positions_only

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setitem(sys.modules, "triton.runtime", None)
    found = setup.Setup.find(make_job())
    assert not found.triton
    assert "C compiler" in found.notes[0]
    gpu, before = torch.device("cuda"), chunked_logprob._use_triton
    with supervised_positions_only(found.triton):
        assert utils._use_triton(gpu), "it looks at supervised positions"
        assert not chunked_logprob._use_triton(gpu)
    assert chunked_logprob._use_triton is utils._use_triton is before


def test_room_that_runs_out_while_saving_is_told(make_job: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    job = make_job(save_steps=1)
    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(TrainingError, match=r"the checkpoint of step 1 cannot be written .*No space left"):
        train(job)


def test_a_data_set_that_is_missing_is_told(make_job: Make) -> None:
    job = make_job()
    job.dataset.unlink()
    with pytest.raises(TrainingError, match=r"does not exist.*regenesis synthesize"):
        train(job)


def test_a_package_that_is_missing_is_told(make_job: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trl", None)
    with pytest.raises(TrainingError, match=r"pip install 'regenesis\[train\]'"):
        train(make_job())


@pytest.mark.parametrize("layer", ["no_such_proj", "lm_head"])
def test_a_layer_that_gets_no_adapter_is_told(make_job: Make, layer: str) -> None:
    with pytest.raises(TrainingError, match=rf"target_modules: '{layer}' cannot be .* layers are down_proj"):
        train(make_job(lora={"target_modules": ["q_proj", layer]}))
