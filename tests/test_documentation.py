"""What README and docs tell people to type: every command is understood, every config is valid."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from regenesis.cli.app import VERBS, load_verb
from regenesis.config import RunConfig
from regenesis.experiments.config import ExperimentConfig

ROOT = Path(__file__).parents[1]
GENERATED = ("reference/", "changelog.md", "benchmarks.md")
_DOCS = [file.relative_to(ROOT).as_posix() for file in sorted((ROOT / "docs").rglob("*.md"))]
PAGES = ["README.md", *(name for name in _DOCS if not name.removeprefix("docs/").startswith(GENERATED))]
_COMMAND = re.compile(r"(?m)^[ \t]*(?:\$ )?regenesis +((?:.*\\\n)*.*)$")
_CONFIG = re.compile(r"(?ms)^```yaml\n(.*?)^```$")


def documented(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    """What is on the pages, with the page's name."""
    return [(page, one) for page in PAGES for one in pattern.findall((ROOT / page).read_text("utf-8"))]


@pytest.mark.parametrize(("page", "command"), documented(_COMMAND))
def test_a_documented_command_is_understood(page: str, command: str) -> None:
    verb, *rest = shlex.split(command.replace("\\\n", " "), comments=True)
    assert verb in VERBS, f"{page}: regenesis {command}"
    made = load_verb(verb)
    with made.make_context(verb, [], resilient_parsing=True) as context:
        # an option that does not exist, or one without its value, is an error here
        made.make_parser(context).parse_args(args=list(rest))


@pytest.mark.parametrize(("page", "text"), documented(_CONFIG))
def test_a_documented_config_is_valid(page: str, text: str) -> None:
    read = yaml.safe_load(text)
    if "train_on" in read:
        ExperimentConfig.model_validate(read)
    else:
        RunConfig.model_validate({"tasks": ["gsm8k"], **read})  # a page about an engine shows the engine alone


def test_every_page_is_reached_from_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    listed = {line.strip() for block in re.findall(r"(?s)```\{toctree\}(.*?)```", index) for line in block.splitlines()}
    pages = {name.removeprefix("docs/").removesuffix(".md") for name in PAGES[1:]}
    assert pages - {"index"} <= listed
