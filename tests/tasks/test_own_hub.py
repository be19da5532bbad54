"""Hub datasets of the user's own, named in the config: from the data root, or through `datasets`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regenesis.config import TaskConfig, config_from_mapping
from regenesis.errors import ConfigError, TaskError
from regenesis.tasks import measuring

ROWS = [
    {"id": "a", "stem": "How many?", "unit": "m", "result": "3"},
    {"id": "a", "stem": "How long?", "unit": "cm", "result": "4"},
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    unasked = tmp_path / "someone" / "sums" / "default" / "validation.jsonl"
    for config, split in (("default", "train"), ("default", "test"), ("hard", "train")):
        folder = tmp_path / "someone" / "sums" / config
        folder.mkdir(parents=True, exist_ok=True)
        rows = [row | {"stem": f"{config} {split}: {row['stem']}"} for row in ROWS]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    unasked.write_text('{"id": "a", "unit": "m", "result": "3"}\n')
    return tmp_path


def own(**options: Any) -> dict[str, Any]:
    fields = {"text": "{{ stem }} (in {{ unit }})", "gold": "result"}
    return {"name": "sums", "hub": "someone/sums", "fields": fields, **options}


def test_a_data_set_is_named_in_the_config_alone(root: Path, load: Any) -> None:
    questions = load(own(), data_root=root).questions
    assert [(q.id, q.text, q.gold, q.kind) for q in questions] == [
        ("sums/train/a", "default train: How many? (in m)", "3", "number"),
        ("sums/train/a-2", "default train: How long? (in cm)", "4", "number"),
    ]


@pytest.mark.parametrize(
    ("stated", "begins"), [({"split": "test"}, "default test"), ({"config": "hard"}, "hard train"), ({}, "default")]
)
def test_config_and_split_are_chosen(root: Path, stated: dict[str, str], begins: str, load: Any) -> None:
    assert load(own(**stated), data_root=root).questions[0].text.startswith(begins)


def test_it_is_measured_on_its_test_split(root: Path, load: Any) -> None:
    task = measuring(TaskConfig.model_validate(own()))
    assert task.split == "test"
    assert load(task.model_dump(), data_root=root).questions[0].text.startswith("default test")


def test_a_stated_kind_is_held_to(root: Path, load: Any) -> None:
    with pytest.raises(TaskError, match="its gold answer '3' is none of yes, no"):
        load(own(kind="boolean"), data_root=root)


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"fields": {"text": "stm"}}, "someone/sums, split train: `fields.text` names the column 'stm'"),
        (
            {"fields": {}, "split": "validation"},
            "no column is named question, text, prompt, problem or the like; it has id, unit, result",
        ),
        ({"config": "easy"}, "someone/sums/easy/train.jsonl does not exist, and the Hub cannot be reached"),
        ({"split": "dev"}, "someone/sums/default/dev.jsonl does not exist, and the Hub cannot be reached"),
        ({"kind": "scorer"}, "kind `scorer` is only for reasoning-gym tasks"),
    ],
)
def test_what_is_wrong_is_named_with_the_data_set(root: Path, stated: dict[str, Any], said: str, load: Any) -> None:
    with pytest.raises(TaskError) as error:
        load(own(**stated), data_root=root)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (own(file="questions.jsonl"), "give either `file` or `hub`, not both"),
        ({"name": "gsm8k", "config": "main"}, "`config` goes with `hub`"),
        ({"name": "gsm8k", "fields": {"text": "q"}}, "`fields` goes with `file` or `hub`"),
        (own(hub="../../etc/passwd"), "hub"),
        (own(hub="sums"), "hub"),
        (own(config="../hard"), "config"),
    ],
)
def test_a_task_that_makes_no_sense_is_refused(task: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        config_from_mapping({"tasks": [task]})
    assert said in str(error.value)


def test_without_a_data_root_it_comes_through_datasets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, load: Any
) -> None:
    import datasets

    asked: list[tuple[Any, ...]] = []

    def load_dataset(*named: Any, **options: Any) -> list[dict[str, Any]]:
        asked.append((*named, options["split"]))
        return ROWS

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    assert len(load(own(), own(name="more", config="hard", split="test"), data_root=None, once=False).questions) == 4
    assert asked == [("someone/sums", None, "train"), ("someone/sums", "hard", "test")]
