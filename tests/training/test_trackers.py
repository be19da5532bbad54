from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from regenesis.config import TrainingConfig, config_from_mapping
from regenesis.errors import ConfigError, TrainingError
from regenesis.training import TrainingJob, train
from regenesis.training.trackers import require_trackers

Make = Callable[..., TrainingJob]

TRACKER = '''
"""Stands where the package of a tracker does: writes down what it is told."""
import json, pathlib
__version__ = "0.1"
FILE = pathlib.Path(__file__).with_name("told.jsonl")
def note(**what):
    with FILE.open("a") as file:
        file.write(json.dumps(what, default=str) + "\\n")
class context_vars:
    class current_space_id:
        get = staticmethod(lambda: None)
config = {}
class Config(dict):
    def update(self, values, **_):
        super().update(values)
config = Config()
def init(**named): note(init=named)
def log(figures): note(log=figures)
def finish(): note(finish=True)
'''


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        ("none", []),
        (None, []),
        ("wandb", ["wandb"]),
        (["trackio", "mlflow"], ["trackio", "mlflow"]),
    ],
)
def test_one_tracker_several_or_none_can_be_named(stated: object, meant: list[str]) -> None:
    assert TrainingConfig.model_validate({"report_to": stated}).report_to == meant


def test_a_tracker_that_is_not_known_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"`training.report_to.0` must be 'trackio', 'wandb'"):
        config_from_mapping({"tasks": ["gsm8k"], "training": {"report_to": "comet"}})


def test_a_tracker_that_is_not_installed_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(TrainingError, match=r"report_to: mlflow is not installed. `pip install mlflow`, or leave it"):
        require_trackers(["mlflow"])


@pytest.mark.model
def test_a_tracker_is_told_every_step(make_job: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "trackio.py").write_text(TRACKER)
    monkeypatch.syspath_prepend(tmp_path / "packages")
    job = make_job(max_steps=2, report_to="trackio", trl={"project": "sums"})
    report = train(job)
    told = [json.loads(line) for line in (tmp_path / "packages" / "told.jsonl").read_text().splitlines()]
    assert told[0]["init"]["project"] == "sums"
    assert told[0]["init"]["name"] == tmp_path.name
    losses = [one["log"]["train/loss"] for one in told if "train/loss" in one.get("log", {})]
    assert losses == [report.first_loss, report.final_loss]
    assert told[-1] == {"finish": True}
