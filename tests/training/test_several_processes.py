"""Two processes learn what one learns, by every way of sharing the work that a CPU can try.

The runs differ in how they are trained only. Rows differ in length, and their number is no multiple of what two
processes take at once: a loss that is averaged over processes rather than tokens, or rows that come twice at an epoch's
end, bend the curve.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.helpers.trainable import save_tiny_checkpoint

from regenesis.errors import TrainingError
from regenesis.store.directory import RunDirectory
from regenesis.training.launch import find_launcher, launch
from regenesis.training.stage import train_run

pytestmark = pytest.mark.model

WORKER = Path(__file__).parent / "worker.py"
METHODS = ("full", "lora")
ROWS, BATCH, EPOCHS, STEPS = 13, 4, 2, 8
TOLERANCE = 1e-5
"""Relative difference of losses that the order of additions explains; 10 to 100 times what is seen."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def make_run(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Makes a run that has its dataset and is to be trained."""
    import pyarrow
    import pyarrow.parquet

    draw = random.Random(0)
    rows = [
        {
            "prompt": [{"role": "user", "content": f"Count to {number}."}],
            "completion": [
                {"role": "assistant", "content": " ".join(str(draw.randrange(100)) for _ in range(1 + number * 7 % 30))}
            ],
        }
        for number in range(ROWS)
    ]

    def make(method: str, **training: Any) -> Path:
        run = tmp_path_factory.mktemp(method)
        (run / "dataset").mkdir()
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), run / "dataset" / "train.parquet")
        settings = {
            "model": str(model),
            "tuning": method,
            "learning_rate": 0.01,
            "num_train_epochs": EPOCHS,
            "batch_size": BATCH,
            "per_device_train_batch_size": 1,
            "precision": "fp32",
            "save_steps": 2,
            **training,
        }
        engine = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "none"}
        config = {"tasks": [{"name": "gsm8k"}], "engine": engine, "training": settings}
        (run / "config.yaml").write_text(yaml.safe_dump(config))
        return run

    return make


@pytest.fixture(scope="module")
def alone(make_run: Any) -> dict[str, Path]:
    """Runs trained by a single process."""
    runs = {method: make_run(method) for method in METHODS}
    for run in runs.values():
        train_run(run)
    return runs


@pytest.fixture(scope="module")
def killed(make_run: Any) -> tuple[dict[str, Path], str]:
    """Runs trained by two processes, of which one was killed amid the second run, and what was said about it."""
    runs = {"lora": make_run("lora"), "full": make_run("full", launcher="two_processes")}
    command = [*launcher("two_processes"), str(WORKER), "--kill-after", "5", *map(str, runs.values())]
    with pytest.raises(TrainingError) as ended:
        launch(command)
    return runs, str(ended.value)


@pytest.fixture(scope="module")
def sharded(make_run: Any) -> tuple[dict[str, Path], str]:
    """Runs trained by FSDP, and the error that one process ended with afterwards."""
    runs = {method: make_run(method) for method in METHODS}
    command = [*launcher("fsdp", "--num_processes", "2"), str(WORKER), "--fsdp", "--fail"]
    with pytest.raises(TrainingError) as ended:
        launch([*command, *map(str, runs.values())])
    return runs, str(ended.value)


def launcher(name: str, *options: str) -> list[str]:
    path = find_launcher(name)
    return [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(path), *options]


def curve(run: Path) -> list[dict[str, float]]:
    return json.loads((run / "training" / "history.json").read_text())


def weights(run: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    (file,) = (run / "model").glob("*.safetensors")
    return load_file(file)


def assert_same(run: Path, other: Path) -> None:
    """The same losses and gradient norms at the same steps, and the same weights in the end."""
    assert [row["step"] for row in curve(run)] == list(range(1, STEPS + 1))
    for ours, theirs in zip(curve(run), curve(other), strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=TOLERANCE)
        assert ours["grad_norm"] == pytest.approx(theirs["grad_norm"], rel=10 * TOLERANCE)
        assert ours["learning_rate"] == pytest.approx(theirs["learning_rate"])
    ours, theirs = weights(run), weights(other)
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        assert (tensor - theirs[name]).abs().max() < 1e-4, name


def test_two_processes_learn_what_one_learns(killed: tuple[dict[str, Path], str], alone: dict[str, Path]) -> None:
    assert_same(killed[0]["lora"], alone["lora"])


def test_killing_one_process_ends_the_others_and_says_what_to_do(killed: tuple[dict[str, Path], str]) -> None:
    runs, said = killed
    assert "died without an error message" in said
    assert "resume from the last checkpoint" in said
    # nobody holds the run any more
    with RunDirectory(runs["full"]).locked():
        pass
    assert not (runs["full"] / "model").exists()


def test_two_machines_go_on_from_a_checkpoint_to_what_one_process_learns(
    killed: tuple[dict[str, Path], str], alone: dict[str, Path], free_port: int
) -> None:
    run = killed[0]["full"]
    command = [sys.executable, "-m", "regenesis", "train", str(run), "--json", "--processes", "1", "--machines", "2"]
    command += ["--main-address", f"127.0.0.1:{free_port}", "--machine-rank"]
    started = [
        subprocess.Popen([*command, rank], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for rank in "01"
    ]
    try:
        said = [process.communicate(timeout=200) for process in started]
    finally:
        for process in started:
            process.kill()
    assert [process.returncode for process in started] == [0, 0], said
    # one document: all processes but the first keep still
    report = json.loads(said[0][0])
    assert said[1][0] == ""
    assert (report["processes"], report["resumed_at"]) == (2, 4)
    assert_same(run, alone["full"])


@pytest.mark.parametrize("method", METHODS)
def test_fsdp_learns_what_one_process_learns(
    sharded: tuple[dict[str, Path], str], alone: dict[str, Path], method: str
) -> None:
    assert_same(sharded[0][method], alone[method])


def test_what_fsdp_writes_is_a_plain_checkpoint(sharded: tuple[dict[str, Path], str]) -> None:
    from transformers import AutoModelForCausalLM

    folder = sharded[0]["full"] / "model"
    loaded = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True)
    assert not any(loaded[1][kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert {path.name for path in folder.iterdir()} >= {"config.json", "model.safetensors", "tokenizer.json"}
    assert not list(folder.glob("*.bin"))


def test_what_one_process_fails_with_ends_all_and_is_said_once(sharded: tuple[dict[str, Path], str]) -> None:
    assert sharded[1] == "there is no room on the disk of this process"


@pytest.fixture
def free_port() -> int:
    import socket

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])
