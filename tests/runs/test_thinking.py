"""A run whose model thinks: what of its thoughts reaches the dataset, by the setting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.played import PlayedEngine, completion, play
from tests.helpers.runs import toy_config, train_bytes

from regenesis.runs import synthesize
from regenesis.types import Completion, Request

THOUGHT = "Is it per week? No: the shelves hold them all."


def thinking(thought: str = THOUGHT) -> PlayedEngine:
    def answer(request: Request) -> Completion:
        reply = completion(play(request))
        return Completion(
            reply.text,
            "stop",
            reply.prompt_tokens,
            reply.completion_tokens + 2000,
            "played",
            0.1,
            thought=thought,
            thought_tokens=2000,
        )

    return PlayedEngine(answer)


def replies(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line)["completion"][0] for line in train_bytes(run).decode().splitlines()]


async def test_without_keeping_them_a_data_set_is_that_of_a_model_that_does_not_think(
    file: Path, tmp_path: Path
) -> None:
    await synthesize(toy_config(file), tmp_path / "plain", engine=PlayedEngine())
    report = await synthesize(toy_config(file), tmp_path / "off", engine=thinking())
    assert train_bytes(tmp_path / "off") == train_bytes(tmp_path / "plain")
    assert report.completion_tokens > 2000 * report.requests_sent, "thoughts are paid for"


@pytest.mark.parametrize("setting", ["off", "on"])
async def test_thoughts_are_in_no_row_unless_they_are_kept(setting: str, file: Path, tmp_path: Path) -> None:
    engine = thinking()
    await synthesize(toy_config(file, thinking=setting), tmp_path / "run", engine=engine)
    assert all(set(reply) == {"role", "content"} for reply in replies(tmp_path / "run"))
    assert all(THOUGHT not in message.content for request in engine.asked for message in request.messages)
    assert f"| thinking | {setting}" in (tmp_path / "run" / "dataset" / "README.md").read_text()


async def test_kept_thoughts_stand_beside_the_replies(file: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    report = await synthesize(toy_config(file, thinking="keep"), run, engine=thinking())
    assert report.kept
    assert {reply["reasoning_content"] for reply in replies(run)} == {THOUGHT}
    assert all(THOUGHT not in reply["content"] for reply in replies(run))
    card = (run / "dataset" / "README.md").read_text()
    assert "| thinking | on, and trained on" in card


async def test_a_thought_that_speaks_of_the_hint_is_left_out_and_its_reply_stays(file: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    report = await synthesize(
        toy_config(file, thinking="keep"), run, engine=thinking("The hint says that the answer is 12, so I work back.")
    )
    assert report.kept
    assert {reply["reasoning_content"] for reply in replies(run)} == {""}
