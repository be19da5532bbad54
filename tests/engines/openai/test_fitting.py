"""The room for new tokens, read from the words of servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from regenesis.engines.openai.fitting import Room, read_room

CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "refusals.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES["too_long"], ids=lambda case: case["words"][:50])
def test_the_room_that_a_server_names_is_read(case: dict[str, Any]) -> None:
    assert read_room(case["words"], 1000) == Room(case["room"])


@pytest.mark.parametrize("words", CASES["other"])
def test_other_refusals_are_not_about_length(words: str) -> None:
    assert read_room(words, 1000) is None


@given(st.text(max_size=300), st.sampled_from(CASES["too_long"]))
def test_no_words_raise(noise: str, case: dict[str, Any]) -> None:
    read_room(noise + case["words"], 1000)
    read_room("context length " + noise, 1)
