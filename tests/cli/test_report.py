"""`regenesis report`: where the page goes, and what is said where there can be none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.cli.running import regenesis
from tests.helpers.compared import write_run
from tests.helpers.experiments import METHODS, write_experiment


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


def test_the_page_of_an_experiment_lies_in_its_folder(tmp_path: Path) -> None:
    write_experiment(tmp_path, train=6, exam=6, methods={"rejection": METHODS["rejection"]})
    assert regenesis("compare", "experiment.yaml", "--run-dir", "x", cwd=tmp_path).returncode == 0
    done = regenesis("report", "x", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "x/report.html\n"), done.stderr
    page = (tmp_path / "x" / "report.html").read_text("utf-8")
    assert "<title>x</title>" in page
    assert "<summary>experiment.yaml</summary>" in page


def test_the_page_is_opened_in_a_browser(two: Path, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    done = regenesis("report", "a", "--open", cwd=two, BROWSER=str(browser))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "opened").read_text().strip() == (two / "a" / "report.html").resolve().as_uri()


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
