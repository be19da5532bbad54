from __future__ import annotations

from typing import Any

import pytest
from huggingface_hub import DatasetCard, ModelCard
from hypothesis import given
from hypothesis import strategies as st

from regenesis.report.markdown import Markdown, cell, join_card, license_fields, split_card, table

LICENSES: list[tuple[Any, str | None, dict[str, str]]] = [
    (None, None, {"license": "unknown"}),
    ("Apache-2.0", None, {"license": "apache-2.0"}),
    ({"license": "llama3.2"}, None, {"license": "llama3.2"}),
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


@given(st.dictionaries(WORDS, WORDS | st.lists(WORDS, max_size=2), max_size=3), WORDS)
def test_a_card_that_was_joined_comes_apart_again(head: dict[str, Any], body: str) -> None:
    assert split_card(join_card(head, body)) == (head, body.strip() + "\n")


@pytest.mark.parametrize("text", ["# Title\n\n---\nno: front matter\n---\n", "", "--- \nnever ends"])
def test_a_text_without_front_matter_is_all_body(text: str) -> None:
    assert split_card(text) == ({}, text)


@pytest.mark.parametrize("front", ["- a list", "a: [", "just words"])
def test_front_matter_that_is_no_mapping_counts_as_empty(front: str) -> None:
    assert split_card(f"---\n{front}\n---\nbody") == ({}, "body")


@pytest.mark.parametrize("title", ["plain", "a: b", "- x", "---", "“Zür” 'a' \\ \\n", "on", "a\nb"])
def test_the_hub_reads_the_same_front_matter(title: str) -> None:
    text = join_card({"pretty_name": title, "tags": ["a"]}, "# Title")
    assert DatasetCard(text).data.to_dict()["pretty_name"] == title
    assert ModelCard(text).text.strip() == "# Title"


@given(st.lists(st.text() | st.integers() | st.none(), min_size=2, max_size=2))
def test_a_cell_never_breaks_its_table(row: list[Any]) -> None:
    lines = table(("a", "b"), [row]).split("\n")
    assert len(lines) == 3
    assert all(line.replace("\\\\", "").replace("\\|", "").count("|") == 3 for line in lines)


MARKUP = [
    ("![x](http://a.example/t.png)", "\\!\\[x\\](http&#58;//a.example/t.png)"),
    ("[y](javascript:alert(1))", "\\[y\\](javascript:alert(1))"),
    ("\x1b[31mred", "\\\\x1b\\[31mred"),
    ("turned \u202e round", "turned \\\\u202e round"),
    ("**bold** and _so_", "\\*\\*bold\\*\\* and \\_so\\_"),
    ("arc_challenge", "arc_challenge"),
    ("# title", "\\# title"),
    ("1. item", "1\\. item"),
    ("a & b &#91;", "a &amp; b &amp;#91;"),
    (Markdown("**worse**"), "**worse**"),
]


@pytest.mark.parametrize(("value", "shown"), MARKUP)
def test_markup_in_a_name_is_shown_as_it_stands(value: str, shown: str) -> None:
    assert cell(value) == shown


def test_a_cell_shows_markup_rather_than_being_it() -> None:
    assert cell({"a": ["<b>", "x|y"], "c": None}) == "a = &lt;b>, x\\|y, c = –"
