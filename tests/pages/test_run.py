from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.helpers.compared import write_run

from regenesis.config import RunConfig
from regenesis.errors import RunError
from regenesis.pages import document
from regenesis.pages.chain_list import Words
from regenesis.pages.charts import Chart
from regenesis.pages.run import run_page
from regenesis.runs import RunDirectory

Finished = tuple[Callable[..., RunConfig], Path]


def test_a_page_is_made_while_the_run_is_going_on(finished: Finished) -> None:
    directory = RunDirectory(finished[1])
    with directory.locked():
        page = run_page(directory, Words())
    assert page.aside.endswith("· running")
    assert "No evaluation is finished yet, so there is nothing to compare." in document(page)


def test_a_page_is_made_before_any_question_is_finished(finished: Finished) -> None:
    directory = RunDirectory(finished[1])
    for file in (directory.outcomes, directory.summary, directory.paths, directory.verdicts):
        file.unlink()
    shown = document(run_page(directory, Words()))
    assert "No question is finished yet." in shown
    assert shown.count('data-state="not finished"') == 8


def test_chains_are_told_from_guideline_to_verdict_in_the_words_of_the_method(finished: Finished) -> None:
    words = Words(stages={"solve": "the path itself"})
    shown = document(run_page(RunDirectory(finished[1]), words))
    assert "<h5>the path itself</h5>" in shown
    assert "(rule " in shown


def test_each_later_round_is_said_to_have_a_page(finished: Finished) -> None:
    (finished[1] / "round-2").mkdir()
    assert f"regenesis report {finished[1] / 'round-2'}" in document(run_page(RunDirectory(finished[1]), Words()))


def test_rounds_stand_side_by_side(finished: Finished) -> None:
    shutil.copytree(finished[1], finished[1].parent / "copied")
    (finished[1].parent / "copied").rename(finished[1] / "round-2")
    page = run_page(RunDirectory(finished[1]), Words())
    made = next(section for section in page.sections if section.name == "made")
    chart = next(item for item in made.items if isinstance(item, Chart) and item.title == "Yield by round")
    assert [row[0] for row in chart.table.rows] == ["1", "2"]
    assert chart.table.rows[0][1:] == chart.table.rows[1][1:]


def test_a_summary_does_not_lead_out_of_its_folder(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"sums": "rw"}, {"sums": "rr"})
    file = run / "evaluation" / "summary.json"
    summary = json.loads(file.read_text())
    summary["tasks"]["sums"]["file"] = "../../paths.parquet"
    file.write_text(json.dumps(summary))
    with pytest.raises(RunError, match="which is not of this run"):
        run_page(RunDirectory(run), Words())
