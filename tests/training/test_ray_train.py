"""Two processes of a Ray cluster learn what one process learns."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray.train.torch", reason="needs Ray Train")

import pyarrow
import yaml
from pyarrow import parquet
from tests.helpers.ray_clusters import ray_cluster
from tests.helpers.trainable import save_tiny_checkpoint

from regenesis.config import TrainingConfig
from regenesis.errors import TrainingError
from regenesis.training.launch import Machines, launch, launch_command
from regenesis.training.stage import train_run

pytestmark = [pytest.mark.model, pytest.mark.timeout(500)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with ray_cluster(head=3) as made:
        yield made.address


@pytest.fixture
def make_run(tmp_path: Path) -> Any:
    model = save_tiny_checkpoint(tmp_path / "tiny")

    def make(name: str, **training: Any) -> Path:
        rows = [
            {
                "prompt": [{"role": "user", "content": f"Count to {number}."}],
                "completion": [{"role": "assistant", "content": " ".join(map(str, range(number + 1)))}],
            }
            for number in range(7)
        ]
        run = tmp_path / name
        (run / "dataset").mkdir(parents=True)
        parquet.write_table(pyarrow.Table.from_pylist(rows), run / "dataset" / "train.parquet")
        settings = {"model": str(model), "learning_rate": 0.01, "num_train_epochs": 1, "batch_size": 4}
        settings |= {"per_device_train_batch_size": 1, "precision": "fp32", **training}
        engine = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "none"}
        (run / "config.yaml").write_text(
            yaml.safe_dump({"tasks": [{"name": "gsm8k"}], "engine": engine, "training": settings})
        )
        return run

    return make


def on_ray(run: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("RAY_ADDRESS", address)
    return launch(launch_command(run, TrainingConfig(launcher="ray"), Machines(processes=2), ["--json"]), os.dup(2))


def losses(run: Path) -> list[float]:
    return [row["loss"] for row in json.loads((run / "training" / "history.json").read_text())]


def test_the_curve_is_that_of_one_process(cluster: str, make_run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    alone, together = make_run("alone"), make_run("together")
    train_run(alone)
    assert on_ray(together, cluster, monkeypatch) == 0
    assert losses(together) == pytest.approx(losses(alone), rel=1e-5)
    assert json.loads((together / "model" / "training.json").read_text())["processes"] == 2
    assert not (together / "training" / "ray").exists()


def test_what_stops_a_process_is_told(cluster: str, make_run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run("odd", batch_size=3)
    with pytest.raises(TrainingError, match="multiple"):
        on_ray(run, cluster, monkeypatch)
