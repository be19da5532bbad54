"""What earlier runs tell a plan of the yield of chains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.helpers.played import PlayedEngine
from tests.helpers.runs import toy_config, write_questions

from regenesis.config import RunConfig
from regenesis.curation import Funnel
from regenesis.curation.funnel import Tally
from regenesis.report.blocks import Note
from regenesis.report.views.plan import plan_view
from regenesis.runs import plan, synthesize
from regenesis.runs.plan import DEFAULT_YIELD


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_questions(tmp_path, 8)


def finished(folder: Path, config: RunConfig, **tally: Any) -> Path:
    """A run of a config whose chains came to so much on `toy`."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json")))
    funnel = Funnel(tasks={"toy": Tally(**{"chains": 50, "fit": 10} | tally)})  # type: ignore[arg-type]
    (folder / "summary.json").write_text(json.dumps({"funnel": funnel.to_json()}))
    return folder


def told(config: RunConfig, *folders: Path) -> float:
    """The yield that is planned by."""
    return plan(config, earlier=folders).chain_yield


async def test_a_plan_goes_by_the_yield_of_an_earlier_run_and_says_so(file: Path, tmp_path: Path) -> None:
    config = toy_config(file)
    report = await synthesize(config, tmp_path / "run", engine=PlayedEngine())
    tally = report.funnel.tasks["toy"]
    found = plan(config, earlier=[tmp_path / "run"])
    assert found.chain_yield == pytest.approx(tally.fit / tally.chains)
    assert found.measured_yield is not None
    assert (found.measured_yield.chains, found.measured_yield.folders) == (tally.chains, (str(tmp_path / "run"),))
    (note,) = [one.text for part in plan_view(found) for one in part if isinstance(one, Note) and "chains" in one.text]
    assert f"go by {found.chain_yield:.0%} of the chains giving a path worth keeping" in note
    assert f"(measured on {tally.chains} chains in " in note


def test_a_plan_without_an_earlier_run_says_that_its_yield_is_assumed(file: Path) -> None:
    found = plan(toy_config(file), earlier=[])
    assert (found.chain_yield, found.measured_yield) == (DEFAULT_YIELD, None)
    (note,) = [one.text for part in plan_view(found) for one in part if isinstance(one, Note) and "chains" in one.text]
    assert "assume that 40% of the chains give a path worth keeping (set by --yield, or measured once runs/" in note


def test_a_yield_that_is_given_comes_before_a_measured_one(file: Path, tmp_path: Path) -> None:
    config = toy_config(file)
    run = finished(tmp_path / "run", config)
    found = plan(config, chain_yield=0.9, earlier=[run])
    assert (found.chain_yield, found.measured_yield) == (0.9, None)


@pytest.mark.parametrize(
    "parts",
    [
        {"seed": 5},
        {"method": {"keep": 9}},
        {"curation": {"max_tokens": 9}},
        {"training": {"num_train_epochs": 9}},
        {"engine": {"base_url": "http://127.0.0.1:10/v1"}},
    ],
    ids=str,
)
def test_a_run_that_asked_the_same_in_the_same_way_tells(parts: dict[str, Any], file: Path, tmp_path: Path) -> None:
    assert told(toy_config(file, **parts), finished(tmp_path / "run", toy_config(file))) == 0.2


@pytest.mark.parametrize(
    "parts",
    [
        {"engine": {"model": "another"}},
        {"method": {"prompts": "paper"}},
        {"method": {"sampling": {"temperature": 0.1}}},
        {"thinking": "on"},
        {"answering": {"prompt": "direct"}},
    ],
    ids=str,
)
def test_a_run_that_asked_something_else_tells_nothing(parts: dict[str, Any], file: Path, tmp_path: Path) -> None:
    assert told(toy_config(file, **parts), finished(tmp_path / "run", toy_config(file))) == DEFAULT_YIELD


def test_a_run_on_another_file_of_the_same_name_tells_nothing(file: Path, tmp_path: Path) -> None:
    other = toy_config(write_questions(tmp_path / "other", 4))
    assert told(toy_config(file), finished(tmp_path / "run", other)) == DEFAULT_YIELD


@pytest.mark.parametrize(
    "tally",
    [{"chains": 19}, {"chains": "many"}, {"fit": -1}, {"fit": 51}, {"fit": None}],
    ids=str,
)
def test_few_chains_and_odd_counts_tell_nothing(tally: dict[str, Any], file: Path, tmp_path: Path) -> None:
    assert told(toy_config(file), finished(tmp_path / "run", toy_config(file), **tally)) == DEFAULT_YIELD


@pytest.mark.parametrize("text", ["[]", '{"funnel": []}', '{"funnel": {"tasks": 3}}', "{"])
def test_a_damaged_summary_tells_nothing(text: str, file: Path, tmp_path: Path) -> None:
    run = finished(tmp_path / "run", toy_config(file))
    (run / "summary.json").write_text(text)
    assert told(toy_config(file), run) == DEFAULT_YIELD


def test_the_first_folder_that_tells_is_taken_and_cells_of_an_experiment_are_looked_into(
    file: Path, tmp_path: Path
) -> None:
    config = toy_config(file)
    cell = finished(tmp_path / "x" / "cells" / "all" / "regenesis" / "seed-0", config, fit=5)
    run = finished(tmp_path / "run", config)
    assert told(config, tmp_path / "x", run) == 0.1
    assert told(config, run, cell) == 0.2


def test_each_task_counts_by_its_questions_and_all_have_to_be_told(file: Path, tmp_path: Path) -> None:
    other = write_questions(tmp_path / "other", 12, first=50)
    tasks = [{"name": name, "file": str(one), "kind": "number"} for name, one in (("toy", file), ("b", other))]
    both = toy_config(file, tasks=tasks)
    toy = finished(tmp_path / "toy", toy_config(file))
    assert told(both, toy) == DEFAULT_YIELD
    second = finished(tmp_path / "second", toy_config(file, tasks=tasks[1:]))
    counted = json.loads((second / "summary.json").read_text())
    counted["funnel"]["tasks"] = {"b": counted["funnel"]["tasks"]["toy"] | {"fit": 30}}
    (second / "summary.json").write_text(json.dumps(counted))
    assert told(both, toy, second) == pytest.approx((8 * 0.2 + 12 * 0.6) / 20)
