from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from tests.helpers.compared import run

from regenesis.errors import RunError
from regenesis.experiments.comparing import compare_runs
from regenesis.experiments.writing import comparison_json, write_tables

COMPARISON = compare_runs(
    [run("star", {"toy": "rwww"}, {"toy": "rwww"}), run("ours", {"toy": "rwww"}, {"toy": "rrww"})], equal="yield"
)


def test_the_same_comparison_is_written_in_every_form(tmp_path: Path) -> None:
    files = write_tables(COMPARISON, tmp_path / "x")
    assert [file.name for file in files] == ["tables.md", "tables.tex", "tables.csv", "questions.csv", "results.json"]
    texts = [file.read_text("utf-8") for file in files]
    assert all("star" in text and "ours" in text for text in texts)
    assert "\\toprule" in texts[1]
    assert json.loads(texts[4]) == json.loads(json.dumps(comparison_json(COMPARISON)))


def test_every_question_is_there_with_both_scores(tmp_path: Path) -> None:
    write_tables(COMPARISON, tmp_path)
    with (tmp_path / "questions.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 8
    ours = [(float(row["base"]), float(row["tuned"])) for row in rows if row["method"] == "ours"]
    assert ours == [(1, 1), (0, 1), (0, 0), (0, 0)]


def test_written_again_the_files_are_the_same(tmp_path: Path) -> None:
    before = [file.read_bytes() for file in write_tables(COMPARISON, tmp_path)]
    assert [file.read_bytes() for file in write_tables(COMPARISON, tmp_path)] == before


def test_figures_are_plain_json() -> None:
    found = comparison_json(COMPARISON)
    ours = found["groups"][0]["methods"]["ours"]["tasks"]["toy"]
    assert (ours["share"], ours["versus_base"]["difference"], ours["versus_best"]["model"]) == (0.5, 0.25, "star")
    assert found["runs"][0]["training"]["generated_tokens"] == 40_000
    assert (found["complete"], found["equal"], found["seeds"]) == (True, "yield", [0])


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be made"):
        write_tables(COMPARISON, tmp_path / "file" / "x")
