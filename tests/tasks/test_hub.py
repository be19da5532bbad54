"""Data root first, then the hub: here `datasets` itself, reading a dataset that lies in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from regenesis.errors import TaskError
from regenesis.tasks.hub import find_data_root, read_data_set


def test_the_data_root_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, load: Any) -> None:
    monkeypatch.setenv("REGENESIS_DATA_ROOT", str(Path(__file__).parent / "rows"))
    assert len(load({"name": "svamp"}, data_root=None).questions) == 2


def test_the_configs_data_root_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGENESIS_DATA_ROOT", "/nowhere")
    assert find_data_root(tmp_path) == tmp_path


def test_a_data_root_that_is_no_folder_is_an_error(monkeypatch: pytest.MonkeyPatch, load: Any) -> None:
    with pytest.raises(TaskError, match=r"^data_root names .*nowhere, which is not a folder"):
        load({"name": "svamp"}, data_root=Path("nowhere"))
    monkeypatch.setenv("REGENESIS_DATA_ROOT", "/nowhere")
    with pytest.raises(TaskError, match=r"^REGENESIS_DATA_ROOT names /nowhere, which is not a folder"):
        load({"name": "svamp"}, data_root=None)


def test_an_unreachable_hub_says_how_to_do_without(load: Any) -> None:
    with pytest.raises(TaskError) as error:
        load({"name": "svamp"}, data_root=None)
    assert str(error.value) == (
        "ChilleD/SVAMP (default, train): the Hub cannot be reached; set data_root or REGENESIS_DATA_ROOT to a folder "
        "that contains ChilleD/SVAMP/default/train.jsonl."
    )


def test_a_split_absent_from_the_data_root_names_the_path_and_the_hub(tmp_path: Path, load: Any) -> None:
    with pytest.raises(TaskError) as error:
        load({"name": "gsm8k", "split": "test"}, data_root=tmp_path)
    assert str(tmp_path / "openai" / "gsm8k" / "main" / "test.jsonl") + " does not exist" in str(error.value)
    assert "the Hub cannot be reached" in str(error.value)


def test_rows_come_from_datasets_where_there_is_no_data_root(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"ID": "a"}\n{"ID": "b"}\n')
    rows, notes = read_data_set("own", str(tmp_path), [("default", "train")], None)
    assert [(row.line, row.values["ID"], row.subset) for row in rows] == [(1, "a", "default"), (2, "b", "default")]
    assert notes == []


def test_what_the_hub_does_not_have_is_told_in_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"ID": "a"}\n')
    rows, _ = read_data_set("own", str(tmp_path), [("other", "train")], None)
    with pytest.raises(TaskError, match=r"the Hub does not provide it \(.*other.*\); check access"):
        next(rows)
