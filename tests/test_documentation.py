"""What README and docs tell people to type: every command is understood, every config is valid."""

from __future__ import annotations

import re

import pytest
import yaml
from tests.helpers.documented import PAGES, commands, configs, page_text

from regenesis.cli.app import VERBS, load_verb
from regenesis.config import RunConfig
from regenesis.experiments.config import ExperimentConfig


@pytest.mark.parametrize(("page", "words"), commands())
def test_a_documented_command_is_understood(page: str, words: tuple[str, ...]) -> None:
    verb, *rest = words
    if verb.startswith("--"):
        return  # an option of the command itself
    assert verb in VERBS, f"{page}: regenesis {verb}"
    made = load_verb(verb)
    with made.make_context(verb, [], resilient_parsing=True) as context:
        # an option that does not exist, or one without its value, is an error here
        made.make_parser(context).parse_args(args=list(rest))


@pytest.mark.parametrize(("page", "text"), configs())
def test_a_documented_config_is_valid(page: str, text: str) -> None:
    read = yaml.safe_load(text)
    if "train_on" in read:
        ExperimentConfig.model_validate(read)
    else:
        RunConfig.model_validate({"tasks": ["gsm8k"], **read})  # a page about an engine shows the engine alone


def test_the_readme_is_read_in_one_go() -> None:
    assert page_text("README.md").count("\n") < 150


def test_every_page_is_reached_from_the_index() -> None:
    index = page_text("docs/index.md")
    listed = {line.strip() for block in re.findall(r"(?s)```\{toctree\}(.*?)```", index) for line in block.splitlines()}
    pages = {name.removeprefix("docs/").removesuffix(".md") for name in PAGES[1:]}
    assert pages - {"index"} <= listed


def test_the_changelog_has_a_heading_a_version_the_newest_first() -> None:
    headings = re.findall(r"(?m)^## (.*)$", page_text("CHANGELOG.md"))
    assert headings[0] == "[Unreleased]"
    versions = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d\d-\d\d", heading) for heading in headings[1:]]
    assert all(versions)
    numbers = [tuple(map(int, one.groups())) for one in versions if one]
    assert numbers == sorted(set(numbers), reverse=True)
