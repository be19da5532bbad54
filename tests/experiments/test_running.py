"""Whole experiments on the simulated engine: what is asked, what is equal, what is told, and how they go on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import yaml
from tests.helpers.experiments import METHODS, write_experiment
from tests.helpers.runs import recorded_keys

from regenesis.errors import ConfigError, RunError
from regenesis.experiments.analysis.writing import write_analysis
from regenesis.experiments.cells import Cell, cells
from regenesis.experiments.collecting import collect_folder
from regenesis.experiments.config import load_experiment
from regenesis.experiments.observing import ExperimentObserver
from regenesis.experiments.running import ExperimentReport, run_experiment
from regenesis.experiments.terms import Terms
from regenesis.ledger import Ledger
from regenesis.runs import read_status


class Noting(ExperimentObserver):
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.terms: list[Terms] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def agreed(self, cells: Any, terms: Terms) -> None:
        self.terms.append(terms)


def start(file: Path, folder: Path, *overrides: str, observer: Noting | None = None) -> ExperimentReport:
    return run_experiment(load_experiment(file, overrides), folder, observer=observer)


def tables(folder: Path) -> list[str]:
    """The tables that hold no times."""
    return [(folder / name).read_text("utf-8") for name in ("tables.md", "tables.tex")]


def rows_of(cell: Cell) -> int:
    return pyarrow.parquet.read_metadata(cell.directory / "dataset" / "train.parquet").num_rows


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, ExperimentReport]:
    """An experiment of three methods and two seeds: its file, its folder, and what it came to."""
    folder = tmp_path_factory.mktemp("experiment")
    file = write_experiment(folder, methods=METHODS, seeds=[0, 1])
    return file, folder / "x", start(file, folder / "x")


def test_every_cell_is_trained_on_as_many_rows_as_the_others_of_its_seed(
    done: tuple[Path, Path, ExperimentReport],
) -> None:
    file, folder, report = done
    assert report.ending == "done"
    assert report.finished == report.total == 6
    for seed in (0, 1):
        counts = {rows_of(cell) for cell in cells(load_experiment(file), folder) if cell.seed == seed}
        assert counts == {report.terms[seed, "sums"].number}


def test_each_completion_is_paid_for_once(done: tuple[Path, Path, ExperimentReport]) -> None:
    file, folder, report = done
    own = [recorded_keys(cell.directory) for cell in cells(load_experiment(file), folder)]
    together = set[str]().union(*own)
    assert recorded_keys(folder) == together
    assert report.traffic.sent == len(together) < sum(len(keys) for keys in own)


def test_a_cell_is_a_run_that_other_commands_understand(done: tuple[Path, Path, ExperimentReport]) -> None:
    file, folder, _ = done
    cell = cells(load_experiment(file), folder)[0]
    status = read_status(cell.directory)
    assert (status.evaluation_complete, status.model) == (True, "simulated")
    assert set(status.measured["models"]) == {"base", "tuned"}


def test_the_folder_of_an_experiment_is_no_run_and_says_where_its_runs_are(
    done: tuple[Path, Path, ExperimentReport],
) -> None:
    _, folder, _ = done
    with pytest.raises(RunError, match="is the folder of an experiment"):
        read_status(folder)


def test_tables_stand_in_the_experiments_folder(done: tuple[Path, Path, ExperimentReport]) -> None:
    _, folder, report = done
    found = json.loads((folder / "results.json").read_text("utf-8"))
    assert (found["complete"], found["equal"], found["seeds"]) == (True, "examples", [0, 1])
    assert set(found["groups"][0]["methods"]) == set(METHODS)
    assert report.comparison is not None


def test_started_again_nothing_is_asked_and_the_same_tables_come_out(
    done: tuple[Path, Path, ExperimentReport],
) -> None:
    file, folder, _ = done
    before = tables(folder)
    again = start(file, folder)
    assert (again.ending, again.traffic.sent) == ("done", 0)
    assert tables(folder) == before


def test_the_base_is_evaluated_once_over_all_seeds(tmp_path: Path) -> None:
    # without an early stop a seed draws as many samples as another
    methods = {"rejection": {**METHODS["rejection"], "stop_early": False}}
    one = start(write_experiment(tmp_path, methods=methods), tmp_path / "one")
    two = start(write_experiment(tmp_path, methods=methods, seeds=[0, 1]), tmp_path / "two")
    assert two.traffic.sent == 2 * one.traffic.sent - 12


def test_what_a_budget_stopped_goes_on_by_the_same_call(tmp_path: Path) -> None:
    file = write_experiment(tmp_path)
    whole = start(file, tmp_path / "whole")
    stopped = start(file, tmp_path / "parts", "base.budget.requests=110")
    assert (stopped.ending, stopped.traffic.sent, stopped.stopped) == ("unfinished", 110, "110 requests")
    starts = 1
    while stopped.ending == "unfinished":
        stopped = start(file, tmp_path / "parts", "base.budget.requests=110")
        starts += 1
        assert stopped.traffic.sent <= 110
    assert starts == -(-whole.traffic.sent // 110)
    assert tables(tmp_path / "parts") == tables(tmp_path / "whole")


def test_a_method_that_is_added_later_asks_only_its_own(tmp_path: Path) -> None:
    first = start(write_experiment(tmp_path), tmp_path / "x")
    file = write_experiment(tmp_path, methods={**METHODS, "lmsi": {"samples": 4, "gold": True}})
    more = start(file, tmp_path / "x")
    assert more.finished == 4
    assert more.traffic.sent < first.traffic.sent + 100
    counts = {rows_of(cell) for cell in cells(load_experiment(file), tmp_path / "x")}
    assert counts == {more.terms[0, "sums"].number}


def test_other_terms_are_agreed_on_without_asking_for_paths_again(tmp_path: Path) -> None:
    file = write_experiment(tmp_path)
    start(file, tmp_path / "x")
    fewer = start(file, tmp_path / "x", "examples=5")
    assert {rows_of(cell) for cell in cells(load_experiment(file), tmp_path / "x")} == {5}
    assert fewer.traffic.sent == 24  # two tuned models answer 12 questions
    by_tokens = start(file, tmp_path / "x", "equal=tokens")
    assert by_tokens.terms[0, "sums"].dataset.max_generated_tokens is not None
    assert by_tokens.finished == 2


def test_a_method_that_keeps_nothing_is_told_and_the_others_are_compared(tmp_path: Path) -> None:
    hopeless = {"name": "rejection", "samples": 2, "sampling": {"max_tokens": 1}}
    observer = Noting()
    report = start(
        write_experiment(tmp_path, methods={"star": METHODS["star"], "hopeless": hopeless}),
        tmp_path / "x",
        observer=observer,
    )
    assert report.ending == "nothing kept"
    assert "hopeless kept no paths, so it is left out." in observer.notes
    assert report.comparison is not None
    assert any("hopeless" in caveat for caveat in report.comparison.caveats)


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"methods": {**METHODS, "star": {"samples": 5, "keep": 2}}}, "methods.star.samples: 4 → 5"),
    ({"base": {"engine": {"kind": "simulated", "model": "simulated:b"}}}, "base.engine.model: 'simulated' → "),
    ({"base": {"engine": {"kind": "simulated"}, "training": {"learning_rate": 1e-3}}}, "base.training.learning_rate: "),
    ({"evaluation": {"tasks": ["gsm8k"], "sampling": {"max_tokens": 9}}}, "evaluation.sampling.max_tokens: "),
]


@pytest.mark.parametrize(("change", "told"), CHANGES)
def test_an_experiment_that_was_changed_is_refused_with_what_differs(
    done: tuple[Path, Path, ExperimentReport], tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    file, folder, _ = done
    changed = tmp_path / "changed.yaml"
    changed.write_text(yaml.safe_dump(yaml.safe_load(file.read_text("utf-8")) | change))
    with pytest.raises(RunError) as refused:
        start(changed, folder)
    assert told in str(refused.value)


def test_an_experiment_that_another_process_works_on_is_refused(done: tuple[Path, Path, ExperimentReport]) -> None:
    from regenesis.experiments.directory import ExperimentDirectory

    file, folder, _ = done
    with ExperimentDirectory(folder).locked(), pytest.raises(RunError, match="another process"):
        start(file, folder)


def test_a_frozen_experiment_from_elsewhere_is_not_read(done: tuple[Path, Path, ExperimentReport]) -> None:
    file, folder, _ = done
    frozen = folder / "experiment.yaml"
    before = frozen.read_text("utf-8")
    frozen.write_text(before + "\n")
    try:
        with pytest.raises(RunError, match="comes from elsewhere"):
            start(file, folder)
    finally:
        frozen.write_text(before)


def test_an_experiment_that_begins_with_anothers_ledger_pays_for_nothing_again(
    done: tuple[Path, Path, ExperimentReport], tmp_path: Path
) -> None:
    file, folder, _ = done
    (tmp_path / "x").mkdir()
    shutil.copy(folder / "ledger.sqlite", tmp_path / "x" / "ledger.sqlite")
    report = start(file, tmp_path / "x")
    assert (report.ending, report.traffic.sent) == ("done", 0)
    assert tables(tmp_path / "x") == tables(folder)


def test_one_tuned_engine_for_many_models_is_refused(tmp_path: Path) -> None:
    tuned = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "tuned"}
    file = write_experiment(tmp_path, evaluation={"tasks": ["gsm8k"], "tuned_engine": tuned})
    with pytest.raises(ConfigError, match="names one model, and the experiment trains 2"):
        start(file, tmp_path / "x")


def test_the_folder_of_a_run_is_no_experiments_folder(done: tuple[Path, Path, ExperimentReport]) -> None:
    file, folder, _ = done
    with pytest.raises(RunError, match="is the folder of a run"):
        start(file, cells(load_experiment(file), folder)[0].directory)


def test_an_engine_that_cannot_load_tuned_models_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    served = {"engine": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"}}
    file = write_experiment(tmp_path, base={**served, "training": {"model": "pypi:smollm2-135m-instruct"}})
    with pytest.raises(ConfigError, match=r"cannot load tuned models .* Set evaluation\.engine"):
        start(file, tmp_path / "x")
    assert not (tmp_path / "x" / "cells").exists()


def test_one_method_is_trained_on_its_hinted_and_on_its_unhinted_rows_alike(tmp_path: Path) -> None:
    methods = {"hinted": METHODS["ours"], "unhinted": METHODS["ours"]}
    skill = {"engine": {"kind": "simulated", "skill": {"mean": -2.0}}}
    hinted = {"hinted": "only", "unhinted": "never"}
    file = write_experiment(tmp_path, train=20, base=skill, methods=methods, hinted=hinted)
    report = start(file, tmp_path / "x")
    assert report.complete
    assert report.comparison is not None
    first, second = (run.training for run in report.comparison.runs)
    assert first.rows == second.rows > 0
    assert (first.hinted, second.hinted) == (first.rows, 0)
    # both ask the same, which is paid for once
    with Ledger.read(tmp_path / "x" / "ledger.sqlite") as ledger:
        asked = sum(total.completions for stage, total in ledger.totals().items() if stage != "evaluate")
    assert asked == first.requests == second.requests


def test_an_experiment_is_analysed_with_what_was_asked_and_both_answers(
    done: tuple[Path, Path, ExperimentReport], tmp_path: Path
) -> None:
    analysis = write_analysis(collect_folder(done[1]), tmp_path / "analysis")
    assert {row.method for row in analysis.guidelines} == {"ours"}
    assert {row.method for row in analysis.costs} == set(METHODS)
    rows = pyarrow.parquet.read_table(tmp_path / "analysis" / "changes.parquet").to_pylist()
    assert len(rows) == sum(count.questions for count in analysis.changes) > 0
    assert all("What is" in row["prompt"] and row["base_response"] and row["tuned_response"] for row in rows)
    assert {row["outcome"] for row in rows} <= {"won", "lost", "same"}
