from __future__ import annotations

from pathlib import Path

import pytest

from regenesis.errors import ConfigError
from regenesis.methods.regenesis.guidelines import Guideline, load_guidelines


def test_twenty_five_guidelines_come_with_the_package_three_of_which_revise() -> None:
    guidelines = load_guidelines()
    assert len(guidelines) == len({guideline.id for guideline in guidelines}) == 25
    assert sum(guideline.revises for guideline in guidelines) == 3


def test_the_seed_guidelines_are_texts_of_a_line() -> None:
    for guideline in load_guidelines():
        assert "\n" not in guideline.text
        assert 40 < len(guideline.text) < 250
        assert guideline.text.endswith(".")


def test_the_users_own_are_read_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("- {id: b, text: 'Do   this\n  first.'}\n- {id: a, text: Then that., revises: true}\n")
    assert load_guidelines(file) == (Guideline("b", "Do this first."), Guideline("a", "Then that.", revises=True))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "must be a YAML list"),
        ("[]", "must be a YAML list"),
        ("a: b", "must be a YAML list"),
        ("- [", "cannot be read as YAML"),
        ("- just text", "entry 1: must be a mapping"),
        ("- {id: a}", "entry 1: `text` must be"),
        ("- {id: a, text: x}\n- {text: x}", "entry 2: `id` must be"),
        ("- {id: a+b, text: x}", "`id` must be a non-empty text without '+'"),
        ("- {id: 5, text: x}", "`id` must be"),
        ("- {id: a, text: '  '}", "`text` must be"),
        ("- {id: a, text: x, weight: 2}", "unknown key 'weight'"),
        ("- {id: a, text: x, revises: often}", "`revises` must be true or false"),
        ("- {id: a, text: x}\n- {id: a, text: y}", "'a' is used twice"),
    ],
)
def test_a_file_at_fault_is_named_with_its_entry(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(content)
    with pytest.raises(ConfigError) as raised:
        load_guidelines(file)
    assert said in str(raised.value)
    assert str(file) in str(raised.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "mine.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"mine\.yaml"):
        load_guidelines(file)
