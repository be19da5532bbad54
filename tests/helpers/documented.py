"""What README and docs tell people to type, page by page."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
_GENERATED = ("reference/", "changelog.md", "benchmarks.md")
_DOCS = [file.relative_to(ROOT).as_posix() for file in sorted((ROOT / "docs").rglob("*.md"))]
PAGES = ["README.md", *(name for name in _DOCS if not name.removeprefix("docs/").startswith(_GENERATED))]
_COMMAND = re.compile(r"(?m)^[ \t]*(?:\$ )?regenesis +((?:.*\\\n)*.*)$")
_IN_A_SENTENCE = re.compile(r"`regenesis +([^`]+)`")
_CONFIG = re.compile(r"(?ms)^```yaml\n(.*?)^```$")


def page_text(page: str) -> str:
    """A page as it lies in the repository."""
    return (ROOT / page).read_text("utf-8")


def commands() -> list[tuple[str, tuple[str, ...]]]:
    """Every `regenesis` command with its page, as what stands behind `regenesis`; one word alone is a mention."""
    found = [(page, words) for page in PAGES for words in map(_words, _COMMAND.findall(page_text(page)))]
    named = [(page, words) for page in PAGES for words in map(_words, _IN_A_SENTENCE.findall(page_text(page)))]
    return list(dict.fromkeys([*found, *(one for one in named if len(one[1]) > 1)]))


def configs() -> list[tuple[str, str]]:
    """Every config with its page."""
    return [(page, one) for page in PAGES for one in _CONFIG.findall(page_text(page))]


def _words(command: str) -> tuple[str, ...]:
    return tuple(shlex.split(command.replace("\\\n", " "), comments=True))
