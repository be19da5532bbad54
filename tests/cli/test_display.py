from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console
from tests.cli.running import in_terminal, write_config, write_questions
from tests.fixtures.scripted_server import server_process

from regenesis.cli.display import FirstPath, Lines, display_for, pause_after
from regenesis.cli.screen import Screen
from regenesis.curation.funnel import Tally
from regenesis.runs import Progress
from regenesis.types import GradedPath, Question, ReasoningPath, Verdict


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


@pytest.mark.parametrize(("elapsed", "pause"), [(0, 5), (60, 5), (300, 15), (1200, 60), (86_400, 60)])
def test_lines_come_often_at_first_and_less_often_later(elapsed: float, pause: float) -> None:
    assert pause_after(elapsed) == pytest.approx(pause)


def test_a_new_phase_is_a_new_line() -> None:
    file, progress = Written(lines=2), Progress()
    with Lines(Console(file=file), progress, seconds=3600):
        progress.phase = "asking"
        while not file.getvalue():
            time.sleep(0.01)
        progress.phase = "writing the dataset"
        assert file.enough.wait(30)
    assert file.getvalue().splitlines()[-1].endswith("writing the dataset")


def right_path(text: str = "5 + 7 = 12.\n\nSo it is \\boxed{12}.") -> tuple[Question, GradedPath]:
    question = Question("mine/train/1", "mine", "What is 5 and 7?", "12", "number")
    verdict = Verdict("correct", "12", "equal", "number")
    path = ReasoningPath(question.id, "regenesis", "one", False, (), text, 60)
    return question, GradedPath(path, verdict, None, text)


def test_the_first_right_path_stands_between_the_lines_in_full() -> None:
    progress = Progress(questions=3, phase="asking")
    progress.find_fit(*right_path())
    progress.find_fit(*right_path("another"))
    file = Written(lines=12)
    with Lines(Console(file=file), progress, seconds=0.01, also=FirstPath(progress, Console(file=file)).print_once):
        assert file.enough.wait(30)
    shown = file.getvalue()
    assert "First right path, for mine/train/1 (gold answer 12):\n  What is 5 and 7?\n" in shown
    assert "\n  5 + 7 = 12.\n  \n  So it is \\boxed{12}.\n" in shown
    assert shown.count("First right path") == 1
    assert "another" not in shown


def test_a_resumed_run_shows_no_first_path() -> None:
    console = Console(file=io.StringIO())
    progress = Progress(questions=3, finished=1, recalled_questions=1)
    progress.find_fit(*right_path())
    FirstPath(progress, console).print_once()
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == ""


def test_the_first_right_path_stands_above_the_live_display_and_stays(tmp_path: Path) -> None:
    write_questions(tmp_path, 12)
    with server_process("--play", "arithmetic", "--delay", "0.3:0.6") as slow:
        write_config(tmp_path, slow)
        code, shown = in_terminal("synthesize", "config.yaml", "--run-dir", "run", cwd=tmp_path)
    assert code == 0
    before, after = shown.split("First right path, for mine/questions/q", 1)
    assert "of 12" in before
    assert "reasoning path" in after
    assert "The final answer is" in after.split("reasoning paths kept")[0]
    assert "First right path" not in after


def test_paths_that_are_right_show_before_a_question_is_finished() -> None:
    progress = busy()
    progress.finished = 0
    progress.find_fit(*right_path())
    assert any("1 right and fit so far" in row for row in drawn(progress, 80))


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
