from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.running import regenesis
from tests.helpers.compared import write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "first", {"toy": "rrww"}, {"toy": "rrrw"})


def test_an_analysis_is_shown(run: Path) -> None:
    shown = regenesis("analyze", run, cwd=run.parent, COLUMNS="120")
    assert shown.returncode == 0, shown.stderr
    for title in ("Yield by guideline, first on toy", "What training changed", "Won by first: toy/test/2", "Cost by"):
        assert title in shown.stdout


def test_an_analysis_is_written_and_told_as_json(run: Path, tmp_path: Path) -> None:
    shown = regenesis("analyze", run, "--out", tmp_path / "out", "--json", cwd=run.parent)
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["changes"][0]["won"] == 1
    assert (tmp_path / "out" / "changes.parquet").is_file()
