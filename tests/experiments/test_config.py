"""Experiments as YAML: what is understood, what is refused and in which words, and the cells they come to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from regenesis.errors import ConfigError
from regenesis.experiments.cells import cells
from regenesis.experiments.config import experiment_from_mapping, load_experiment

STATED: dict[str, Any] = {
    "base": {"engine": {"kind": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m"}},
    "methods": {
        "regenesis": None,
        "no_structure": {"name": "regenesis", "stages": ["adapt", "solve"]},
        "star": {"samples": 4},
    },
    "train_on": ["gsm8k", {"name": "both", "tasks": ["gsm8k", "arc_challenge"]}],
    "seeds": [0, 1],
    "evaluation": {"tasks": ["asdiv"]},
}


def test_cells_are_ordered_so_that_every_prefix_is_a_result() -> None:
    found = cells(experiment_from_mapping(STATED), "x")
    order = [(cell.seed, cell.train_on, cell.method) for cell in found]
    assert order[:4] == [
        (0, "gsm8k", "regenesis"),
        (0, "gsm8k", "no_structure"),
        (0, "gsm8k", "star"),
        (0, "both", "regenesis"),
    ]
    assert len(order) == len(set(order)) == 12
    assert found[4].directory == Path("x/cells/both/no_structure/seed-0")


def test_a_cell_is_configured_by_base_method_training_set_and_seed() -> None:
    cell = cells(experiment_from_mapping(STATED), "x")[-1]
    assert (cell.config.method.name, cell.config.seed) == ("star", 1)
    assert [task.name for task in cell.config.tasks] == ["gsm8k", "arc_challenge"]
    assert [task.name for task in cell.config.evaluation.tasks] == ["asdiv"]
    assert cell.config.engine.model == "m"


def test_a_loaded_experiment_says_the_same_when_it_is_loaded_again() -> None:
    experiment = experiment_from_mapping(STATED)
    assert experiment_from_mapping(experiment.model_dump(mode="json")) == experiment


def test_a_list_of_names_stands_for_methods_with_their_defaults() -> None:
    experiment = experiment_from_mapping(STATED | {"methods": ["rejection", "star"]})
    assert list(experiment.methods) == ["rejection", "star"]
    assert {cell.config.method.name for cell in cells(experiment, "x")} == {"rejection", "star"}


def test_a_preset_of_the_base_counts_for_the_methods_it_speaks_of() -> None:
    experiment = experiment_from_mapping(STATED | {"base": {**STATED["base"], "preset": "quick"}})
    assert experiment.methods["no_structure"]["keep"] == 3
    assert experiment.methods["star"]["keep"] == 5


def test_paths_start_at_the_file_that_states_them(tmp_path: Path) -> None:
    (tmp_path / "bases").mkdir()
    base = {**STATED["base"], "tasks": ["gsm8k"], "method": {"name": "star"}, "data_root": "rows"}
    (tmp_path / "bases" / "base.yaml").write_text(yaml.safe_dump(base))
    stated = STATED | {"base": "bases/base.yaml", "train_on": [{"name": "mine", "file": "mine.jsonl"}]}
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(stated))
    config = cells(load_experiment(tmp_path / "experiment.yaml"), "x")[0].config
    assert config.data_root == tmp_path / "bases" / "rows"
    assert config.tasks[0].file == tmp_path / "mine.jsonl"
    assert config.method.name == "regenesis"


REFUSED = [
    ({"methods": ["star", "star"]}, "`methods`: lists `star` twice"),
    ({"methods": {"a/b": {"name": "star"}}}, "names a folder"),
    ({"methods": {"..": {"name": "star"}}}, "names a folder"),
    ({"methods": {"base": {"name": "star"}}}, "means the model before training"),
    ({"methods": {"x": {"samples": 1}}}, "`x` has no `name`"),
    ({"methods": {"a": {"name": "star"}, "b": {"name": "star"}}}, "methods.a and methods.b have the same settings"),
    ({"methods": {"A": {"name": "star"}, "a": {"name": "lmsi"}}}, "apart from upper and lower case"),
    ({"methods": {"star": {"sample": 3}}}, "methods.star: unknown key `method.sample`; did you mean `samples`?"),
    ({"methods": {}}, "`methods` must hold at least 1"),
    ({"train_on": ["gsm8k", "gsm8k:test"]}, "`train_on`: 'gsm8k' occurs twice"),
    ({"train_on": [{"name": "gsm8k", "limi": 3}]}, "did you mean `limit`?"),
    ({"seeds": 3}, "`seeds` must be a list of seeds, such as [3]"),
    ({"seeds": [1, 1]}, "`seeds` must differ"),
    ({"seeds": [True, 2]}, "`seeds` must be whole numbers"),
    ({"equal": "rows"}, "`equal` must be 'examples', 'tokens' or 'yield'"),
    ({"equal": "tokens", "examples": 10}, "experiment: `examples` goes with `equal: examples`"),
    ({"baselines": ["lmsi"]}, "`baselines` names 'lmsi', which is none of regenesis, no_structure, star"),
    ({"hinted": {"lmsi": "only"}}, "`hinted` names 'lmsi', which is none of regenesis, no_structure, star"),
    ({"seed": 1}, "did you mean `seeds`?"),
    ({"base": {"tasks": ["gsm8k"]}}, "`tasks` is the experiment's to say; use `train_on`"),
    ({"base": {"engin": {}}}, "base: unknown key `engin`; did you mean `engine`?"),
    ({"base": "nowhere.yaml"}, "cannot be read"),
    ({"base": 3}, "`base` must be a mapping or text"),
]


@pytest.mark.parametrize(("change", "told"), REFUSED)
def test_what_cannot_be_compared_is_refused_with_what_is_wrong(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        experiment_from_mapping(STATED | change)
    assert told in str(refused.value)
