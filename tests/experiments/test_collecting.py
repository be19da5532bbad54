from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.compared import write_run
from tests.helpers.runs import toy_mapping, write_questions

from regenesis.errors import ConfigError, RunError
from regenesis.experiments.cells import cells
from regenesis.experiments.collecting import collect, collect_folder
from regenesis.experiments.config import ExperimentConfig, experiment_from_mapping
from regenesis.experiments.directory import ExperimentDirectory

BASE, TUNED = {"toy": "rrwwwwwwww"}, {"toy": "rrrrrrwwww"}


@pytest.fixture
def experiment(tmp_path: Path) -> ExperimentConfig:
    mapping = toy_mapping(write_questions(tmp_path, 6))
    tasks, method = mapping.pop("tasks"), mapping.pop("method")
    return experiment_from_mapping(
        {
            "base": mapping,
            "methods": {"ours": {"name": "regenesis", **method}, "star": {"name": "star"}},
            "train_on": [{"name": "toys", "tasks": tasks}],
            "seeds": [0, 1],
            "equal": "examples",
        }
    )


def finish(experiment: ExperimentConfig, root: Path, *numbers: int) -> None:
    some = cells(experiment, root)
    for number in numbers:
        write_run(some[number].directory, BASE, TUNED, seed=some[number].seed)


def test_before_a_cell_is_finished_there_is_no_comparison(experiment: ExperimentConfig, tmp_path: Path) -> None:
    assert collect(experiment, tmp_path / "x") is None


def test_finished_cells_are_compared_and_the_others_are_named(experiment: ExperimentConfig, tmp_path: Path) -> None:
    finish(experiment, tmp_path / "x", 0, 1, 2)
    comparison = collect(experiment, tmp_path / "x")
    assert comparison is not None
    assert comparison.missing == ["star, toys, seed 1"]
    assert list(comparison.groups[0].methods) == ["ours", "star"]
    assert (comparison.groups[0].name, comparison.equal) == ("toys", "examples")


def test_a_model_of_an_earlier_dataset_is_not_finished(experiment: ExperimentConfig, tmp_path: Path) -> None:
    finish(experiment, tmp_path / "x", 0, 1)
    record = cells(experiment, tmp_path / "x")[1].directory / "model" / "training.json"
    record.write_text(record.read_text("utf-8").replace('"data set": "', '"data set": "0'), "utf-8")
    comparison = collect(experiment, tmp_path / "x")
    assert comparison is not None
    assert "star, toys, seed 0" in comparison.missing


def test_rows_that_were_to_be_equal_and_are_not_are_told(experiment: ExperimentConfig, tmp_path: Path) -> None:
    finish(experiment, tmp_path / "x", 0)
    short = cells(experiment, tmp_path / "x")[1]
    write_run(short.directory, BASE, TUNED, method={"name": "star", "keep": 1})
    comparison = collect(experiment, tmp_path / "x")
    assert comparison is not None
    assert any("toys, seed 0: not the same number of rows (ours " in text for text in comparison.caveats)


def test_a_method_that_kept_nothing_is_told_and_not_waited_for(experiment: ExperimentConfig, tmp_path: Path) -> None:
    finish(experiment, tmp_path / "x", 0)
    folder = cells(experiment, tmp_path / "x")[1].directory / "dataset"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("No paths were kept.")
    comparison = collect(experiment, tmp_path / "x")
    assert comparison is not None
    assert comparison.caveats[0] == "star, toys, seed 0: kept no paths, so there is no model."
    assert comparison.missing == ["ours, toys, seed 1", "star, toys, seed 1"]


def test_a_folder_is_compared_by_the_experiment_that_is_frozen_in_it(
    experiment: ExperimentConfig, tmp_path: Path
) -> None:
    root = tmp_path / "x"
    with pytest.raises(RunError, match="is not the folder of an experiment"):
        collect_folder(root)
    with ExperimentDirectory(root).locked() as directory:
        directory.freeze(experiment)
    with pytest.raises(RunError, match="no model is trained and evaluated yet"):
        collect_folder(root)
    finish(experiment, root, 0, 1)
    assert collect_folder(root).baselines == ["ours", "star"]
    assert collect_folder(root, ["star"]).baselines == ["star"]
    with pytest.raises(ConfigError, match="--baseline lmsi: is none of ours, star"):
        collect_folder(root, ["lmsi"])
