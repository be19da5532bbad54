from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console
from tests.cli.running import in_terminal

from regenesis.cli.display import Lines, display_for
from regenesis.cli.screen import Screen
from regenesis.curation.funnel import Tally
from regenesis.runs import Progress


def test_at_a_terminal_the_display_is_live_and_leaves_the_ending_alone(folder: Path) -> None:
    code, shown = in_terminal("synthesize", "config.yaml", "--run-dir", "run", cwd=folder)
    assert code == 0
    live, ending = shown.rsplit("\x1b[?25h", 1)
    assert "questions" in live
    assert "━" in live
    assert "reasoning paths kept" in ending
    assert "━" not in ending


def test_a_terminal_that_knows_no_cursor_gets_lines() -> None:
    console = Console(force_terminal=True, file=io.StringIO(), _environ={"TERM": "dumb"})
    assert isinstance(display_for(console, Progress(), "run"), Lines)


class Written(io.StringIO):
    """A file that tells when so many lines have been written."""

    def __init__(self, lines: int) -> None:
        super().__init__()
        self.enough = threading.Event()
        self._wanted = lines

    def write(self, text: str) -> int:
        written = super().write(text)
        if self.getvalue().count("\n") >= self._wanted:
            self.enough.set()
        return written


def test_lines_come_again_and_again() -> None:
    file = Written(lines=3)
    with Lines(Console(file=file), Progress(questions=10, finished=4, kept=7), seconds=0.01):
        assert file.enough.wait(30)
    assert file.getvalue().splitlines()[2].endswith("loading questions · questions 4/10 · kept 7")


def test_a_new_phase_is_a_new_line() -> None:
    file, progress = Written(lines=2), Progress()
    with Lines(Console(file=file), progress, seconds=3600):
        progress.phase = "asking"
        while not file.getvalue():
            time.sleep(0.01)
        progress.phase = "writing the dataset"
        assert file.enough.wait(30)
    assert file.getvalue().splitlines()[-1].endswith("writing the dataset")


def drawn(progress: Progress, width: int, height: int = 24) -> list[str]:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=height, color_system=None)
    console.print(Screen(progress, "runs/x", console).render())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def busy() -> Progress:
    progress = Progress(questions=12_000, finished=4_000, kept=9_000, served=3_500, phase="asking")
    for number in range(25):
        progress.funnel.guidelines[f"a-rather-long-name-of-a-guideline-{number}"] = Tally(chains=40, fit=number)
    return progress


@pytest.mark.parametrize("width", [40, 80, 120, 200])
@pytest.mark.parametrize("height", [8, 24, 60])
def test_the_picture_fits_the_terminal_with_room_for_an_echoed_ctrl_c(width: int, height: int) -> None:
    lines = drawn(busy(), width, height)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width - 2


def test_a_wide_terminal_shows_guidelines_side_by_side() -> None:
    narrow, wide = (sum(line.count("of 40") for line in drawn(busy(), width)) for width in (80, 120))
    assert wide == 2 * narrow > 0


def test_the_fetching_of_a_model_has_a_bar_of_its_own() -> None:
    progress = Progress(questions=3, phase="loading the engine")
    progress.fetching(312_000_000, 1_117_320_768)
    shown = "\n".join(drawn(progress, 80))
    assert "downloading the model" in shown
    assert "312 of 1,117 MB" in shown
    progress.fetching(1_117_320_768, 1_117_320_768)
    assert "loading the model" in "\n".join(drawn(progress, 80))


def test_a_name_cannot_drive_the_terminal() -> None:
    progress = Progress(questions=1)
    progress.funnel.guidelines["\x1b[2Jwipe[bold]"] = Tally(chains=4, fit=2)
    shown = "\n".join(drawn(progress, 80))
    assert r"\x1b[2Jwipe[bold]" in shown
