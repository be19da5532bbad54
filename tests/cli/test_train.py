from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from tests.cli.running import in_terminal, regenesis
from tests.helpers.trainable import save_tiny_checkpoint, write_run

from regenesis.cli.training_display import TrainingScreen, training_line
from regenesis.training import TrainingProgress


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.mark.model
def test_a_training_says_what_it_did_on_what_and_what_is_next(tiny: Path, tmp_path: Path) -> None:
    write_run(tmp_path / "a run", tiny)
    outcome = regenesis("train", "a run", "--set", "training.max_steps=2", cwd=tmp_path)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout.startswith("[0 s] getting ready\n")
    assert "\x1b" not in outcome.stdout
    for words in (
        f"Trained: an adapter for {tiny}.",
        "10, at most",
        "of them in the loss",
        "2 of 4 rows",
        "a run/model",
        "a run/training/history.csv",
        "regenesis evaluate 'a run'",
    ):
        assert words in outcome.stdout
    again = regenesis("train", "a run", "--set", "training.max_steps=2", "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["already_done"]
    assert "getting ready" in again.stderr


@pytest.mark.model
def test_ctrl_c_at_the_terminal_says_how_to_go_on(tiny: Path, tmp_path: Path) -> None:
    write_run(tmp_path / "run", tiny, num_train_epochs=1000)
    code, shown = in_terminal(
        "train", "run", cwd=tmp_path, react=lambda text: b"\x03" if "gradient norm" in text else None
    )
    assert code == 130
    live, ending = shown.rsplit("\x1b[?25h", 1)
    assert "learning rate" in live
    assert "of 3,000. To resume from the last checkpoint" in ending
    assert ending.rstrip().endswith("regenesis train run")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere"], "nowhere: is not a run folder"),
        (["run", "--set", "training.num_train_epochs=0"], "training.num_train_epochs"),
        (["run", "--set", "method.keep=3"], "training depends on `training` and `seed` only"),
        (["run", "--set", "training.model=null"], "say which weights the server runs"),
    ],
)
def test_what_cannot_be_trained_is_an_error_of_one_line(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    write_run(tmp_path / "run", tmp_path / "no model")
    outcome = regenesis("train", *arguments, cwd=tmp_path)
    assert outcome.returncode == 1
    assert complaint in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def busy() -> TrainingProgress:
    progress = TrainingProgress(phase="training", step=40, steps=120, resumed_at=10, epoch=1.0)
    progress.loss, progress.grad_norm, progress.learning_rate = 0.51234, 1.25, 8.7e-5
    progress.tokens, progress.tokens_per_second = 123_456, 789.4
    progress.stepping_since, progress.stepped = progress.started - 30, progress.started
    return progress


def test_a_line_tells_all_figures() -> None:
    assert training_line(busy()).endswith(
        "training · step 40/120 · loss 0.5123 · gradient norm 1.25 · learning rate 8.70e-05 · 789 tokens/s · "
        "about 1 min 20 s left"
    )


def test_a_line_before_the_first_step_tells_what_is_done() -> None:
    progress = TrainingProgress(phase="loading the model")
    assert training_line(progress) == "[0 s] loading the model"
    progress.fetching(312_000_000, 1_117_320_768)
    assert training_line(progress) == "[0 s] downloading the model, 312 of 1,117 MB"


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("height", [10, 24, 60])
def test_the_picture_fits_the_terminal_with_room_for_an_echoed_ctrl_c(width: int, height: int) -> None:
    progress = busy()
    progress.notes += ["A note that is much longer than any terminal is wide. \x1b[2J" * 9] * 20
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=height, color_system=None)
    console.print(TrainingScreen(progress, "runs/x", console).render())
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert len(lines) <= height
    assert max(map(len, lines)) <= width - 2
    assert "\x1b[2J" not in console.file.getvalue()
    assert "40 of 120" in console.file.getvalue()
