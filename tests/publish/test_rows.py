from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regenesis.cli.app import load_verb
from regenesis.curation import Funnel
from regenesis.dataset import write_dataset
from regenesis.dataset.rows import PROVENANCE
from regenesis.errors import ConfigError, RunError
from regenesis.publish.rows import RowForm, export_rows
from regenesis.types import Example, Message

ABOUT = {"title": "Toy", "tasks": [], "provenance": {}}


def written(run: Path, *turns: Message, thought: str | None = None) -> Path:
    known = {"question_id": "toy/0", "task": "toy", "hinted": False, "tokens": 9, "rule": "box", "ledger_keys": []}
    provenance = dict.fromkeys(PROVENANCE) | known
    example = Example(turns, (Message("assistant", "3 + 4 = \\boxed{7}"),), provenance, thought)
    write_dataset(run / "dataset", [example], Funnel(), ABOUT)
    return run


def row(run: Path, form: RowForm) -> Any:
    done = export_rows(run, form)
    assert done.path == run / "exports" / form / "train.jsonl"
    [line] = done.path.read_text("utf-8").splitlines()
    return json.loads(line)


SYSTEM, ASKED = Message("system", "Be brief."), Message("user", "How much are 3 and 4?")


def test_messages_are_the_whole_chat(tmp_path: Path) -> None:
    turns = row(written(tmp_path, SYSTEM, ASKED), "messages")["messages"]
    assert [turn["role"] for turn in turns] == ["system", "user", "assistant"]
    assert turns[-1]["content"] == "3 + 4 = \\boxed{7}"


def test_sharegpt_names_its_speakers(tmp_path: Path) -> None:
    turns = row(written(tmp_path, SYSTEM, ASKED), "sharegpt")["conversations"]
    assert turns == [
        {"from": "system", "value": "Be brief."},
        {"from": "human", "value": "How much are 3 and 4?"},
        {"from": "gpt", "value": "3 + 4 = \\boxed{7}"},
    ]


def test_alpaca_holds_earlier_turns_as_history(tmp_path: Path) -> None:
    earlier = (Message("user", "How much are 1 and 1?"), Message("assistant", "2"))
    assert row(written(tmp_path, SYSTEM, *earlier, ASKED), "alpaca") == {
        "instruction": "How much are 3 and 4?",
        "input": "",
        "output": "3 + 4 = \\boxed{7}",
        "system": "Be brief.",
        "history": [["How much are 1 and 1?", "2"]],
    }


def test_an_alpaca_row_cannot_hold_two_turns_in_a_row(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="toy/0: its prompt is no chat in turns"):
        row(written(tmp_path, ASKED, ASKED), "alpaca")


def test_thoughts_stand_before_the_reply(tmp_path: Path) -> None:
    run = written(tmp_path, ASKED, thought="Add them.")
    assert row(run, "messages")["messages"][-1]["reasoning_content"] == "Add them."
    for form, reply in (("sharegpt", ("conversations", -1, "value")), ("alpaca", ("output",))):
        value = row(run, form)  # type: ignore[arg-type]
        for part in reply:
            value = value[part]
        assert value == "<think>\nAdd them.\n</think>\n\n3 + 4 = \\boxed{7}"


@pytest.mark.parametrize("form", ["messages", "sharegpt", "alpaca"])
def test_llama_factory_is_told_of_columns_that_are_there(form: RowForm, tmp_path: Path) -> None:
    columns = row(written(tmp_path, SYSTEM, ASKED), form)
    info = json.loads((tmp_path / "exports" / form / "dataset_info.json").read_text())["regenesis"]
    assert info["file_name"] == "train.jsonl"
    assert set(info["columns"].values()) <= set(columns)


def test_the_command_says_how_to_train_on_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_verb("export")([str(written(tmp_path, ASKED)), "--to", "sharegpt"], standalone_mode=False)
    shown = capsys.readouterr().out
    assert "1 row" in shown
    assert f"dataset_dir: {tmp_path / 'exports' / 'sharegpt'}   dataset: regenesis" in shown
    with pytest.raises(ConfigError, match="--type f16: applies to weights"):
        load_verb("export")([str(tmp_path), "--to", "alpaca", "--type", "f16"], standalone_mode=False)


def test_a_run_without_rows_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no rows"):
        export_rows(tmp_path, "alpaca")
