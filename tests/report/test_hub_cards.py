from __future__ import annotations

from typing import Any

import pytest
from huggingface_hub import DatasetCard, DatasetCardData, ModelCardData
from hypothesis import given
from hypothesis import strategies as st

from regenesis.report.hub_cards import card_text, license_fields, parse_model_card

LICENSES: list[tuple[Any, str | None, dict[str, str]]] = [
    (None, None, {"license": "unknown"}),
    ("Apache-2.0", None, {"license": "apache-2.0"}),
    ({"license": "llama3.2"}, None, {"license": "llama3.2"}),
    ({"license": "gemma"}, None, {"license": "gemma"}),
    ("My Own 1.0", None, {"license": "other", "license_name": "my-own-1.0"}),
    ("Qwen", "https://hub/q", {"license": "other", "license_name": "qwen", "license_link": "https://hub/q"}),
    (
        {"license": "other", "license_name": "qwen-research", "license_link": "https://hub/LICENSE"},
        None,
        {"license": "other", "license_name": "qwen-research", "license_link": "https://hub/LICENSE"},
    ),
    # a file of the other repository
    (
        {"license": "other", "license_name": "yi-license", "license_link": "LICENSE"},
        None,
        {"license": "other", "license_name": "yi-license"},
    ),
    ({"license": "other"}, None, {"license": "other", "license_name": "see-link"}),
]


@pytest.mark.parametrize(("stated", "link", "fields"), LICENSES)
def test_a_licence_is_written_as_the_hub_wants_it(stated: Any, link: str | None, fields: dict[str, str]) -> None:
    assert license_fields(stated, link=link) == fields


WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1)


@given(WORDS, st.lists(WORDS, max_size=2, unique=True), WORDS)
def test_a_card_that_was_written_is_read_again(name: str, tags: list[str], body: str) -> None:
    card = parse_model_card(card_text(ModelCardData(model_name=name, tags=tags), body))
    assert (card.data.model_name, card.data.tags, card.text.strip()) == (name, tags, body.strip())


@pytest.mark.parametrize("text", ["# Title\n\n---\nno: front matter\n---\n", "", "--- \nnever ends"])
def test_a_text_without_data_is_all_body(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    card = parse_model_card(text)
    assert (card.data.to_dict(), card.text) == ({}, text)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("data", ["- a list", "a: [", "just words", "1: 2", "model-index: [{}]"])
def test_data_that_the_hub_would_not_take_is_left_out(data: str) -> None:
    card = parse_model_card(f"---\n{data}\n---\nbody")
    assert (card.data.to_dict(), card.text) == ({}, "body")


@pytest.mark.parametrize("title", ["plain", "a: b", "- x", "---", "“Zür” 'a' \\ \\n", "on", "a\nb"])
def test_the_hub_reads_the_same_data(title: str) -> None:
    text = card_text(DatasetCardData(pretty_name=title, tags=["a"]), "# Title")
    assert DatasetCard(text).data.to_dict()["pretty_name"] == title
    assert DatasetCard(text).text.strip() == "# Title"
