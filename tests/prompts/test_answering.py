"""The words by which a plain answer is asked for."""

from __future__ import annotations

from importlib import resources

import pytest

from regenesis.curation.text import phrase
from regenesis.prompts import load_answering


@pytest.mark.parametrize("part", load_answering().scaffold)
def test_what_no_path_may_repeat_of_the_form_of_an_answer_stands_in_a_template(part: str) -> None:
    folder = resources.files("regenesis.prompts").joinpath("answering_prompts")
    assert any(phrase(part) in phrase(file.read_text("utf-8")) for file in folder.iterdir())
