"""`regenesis report`: where the page goes, and what is said where there can be none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.cli.running import regenesis
from tests.helpers.compared import write_run


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs."""
    folder = tmp_path_factory.mktemp("two")
    write_run(folder / "a", {"sums": "rwrw"}, {"sums": "rrrw"})
    write_run(folder / "b", {"sums": "rwrw"}, {"sums": "wwrw"})
    return folder


def test_the_page_of_a_run_lies_in_its_folder(two: Path) -> None:
    done = regenesis("report", "a", "--price", "0.15,0.60", cwd=two)
    assert (done.returncode, done.stdout) == (0, "a/report.html\n"), done.stderr
    page = (two / "a" / "report.html").read_text("utf-8")
    assert page.startswith("<!doctype html>\n")
    assert "at 0.15 a million prompt tokens and 0.6 a million new tokens" in page


def test_runs_are_compared_on_one_page(two: Path) -> None:
    done = regenesis("report", "a", "ours=b", "--out", "both.html", cwd=two)
    assert done.returncode == 0, done.stderr
    assert "<title>a vs ours</title>" in (two / "both.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere: is not a run folder (it has no config.yaml)."),
        (["a", "a"], "is named twice. A run compared with itself says nothing."),
        (["a", "--price", "cheap"], "--price 'cheap': give two numbers, such as 0.15,0.60"),
        (["a", "--price", "-1,2"], "--price '-1,2': give two numbers, such as 0.15,0.60"),
        (["a", "b", "--price", "1,2"], "--price goes with one run."),
        (["a", "--out", "no/such/folder.html"], "cannot be written"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(two: Path, arguments: list[str], said: str) -> None:
    done = regenesis("report", *arguments, cwd=two)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_folder_that_cannot_be_written_to_is_named(two: Path) -> None:
    (two / "b").chmod(0o500)
    try:
        done = regenesis("report", "b", cwd=two)
    finally:
        (two / "b").chmod(0o700)
    assert done.returncode == 1
    assert "Give another file with --out." in done.stderr
