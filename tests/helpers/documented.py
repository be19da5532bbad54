"""What README and docs tell people to type or write, page by page."""

from __future__ import annotations

import ast
import re
import shlex
import textwrap
from contextlib import suppress
from pathlib import Path

import yaml

from regenesis.config import RunConfig
from regenesis.experiments.config import ExperimentConfig

ROOT = Path(__file__).parents[2]
_GENERATED = ("reference/", "changelog.md", "benchmarks.md")
_DOCS = [file.relative_to(ROOT).as_posix() for file in sorted((ROOT / "docs").rglob("*.md"))]
PAGES = ["README.md", *(name for name in _DOCS if not name.removeprefix("docs/").startswith(_GENERATED))]
_COMMAND = re.compile(r"(?m)^[ \t]*(?:\$ )?(?:[A-Z]+=\S+ )*regenesis +((?:.*\\\n)*.*)$")
_IN_A_SENTENCE = re.compile(r"`regenesis +([^`]+)`")
_FENCED = re.compile(r"(?ms)^```(\w*|\{\w+\})\n(.*?)^```$")
_INDENTED = re.compile(r"(?m)(?:^ {4}.*\n(?:[ \t]*\n(?= {4}))*)+")
_IMPORTS = re.compile(r"(import|from) \w")
_OTHER = re.compile(r"(?m)(?:^ {4}|`)((?:make|pip|python|/\S+/pip|tools/\S+\.sh)(?: [^`\n]*)?)")


def page_text(page: str) -> str:
    """A page as it lies in the repository."""
    return (ROOT / page).read_text("utf-8")


def commands() -> list[tuple[str, tuple[str, ...]]]:
    """Every `regenesis` command with its page, as what stands behind `regenesis`; one word alone is a mention."""
    found = [(page, words) for page in PAGES for words in map(_words, _COMMAND.findall(page_text(page)))]
    named = [(page, words) for page in PAGES for words in map(_words, _IN_A_SENTENCE.findall(page_text(page)))]
    return list(dict.fromkeys([*found, *(one for one in named if len(one[1]) > 1)]))


def blocks(page: str) -> list[tuple[str, str]]:
    """The blocks of code of a page with the language that they name; none for those that are only indented."""
    text = page_text(page)
    indented = _INDENTED.findall(_FENCED.sub("", text))
    return [*_FENCED.findall(text), *(("", textwrap.dedent(one)) for one in indented)]


def configs() -> list[tuple[str, str]]:
    """Every config with its page; of what is only indented, paragraphs that name nothing but fields of a config."""
    found = [(page, text) for page in PAGES for language, text in blocks(page) if language == "yaml"]
    fields = set(RunConfig.model_fields) | set(ExperimentConfig.model_fields)
    indented = [(page, text) for page in PAGES for language, text in blocks(page) if not language]
    for page, paragraph in ((page, paragraph) for page, text in indented for paragraph in text.split("\n\n")):
        with suppress(yaml.YAMLError):
            read = yaml.safe_load(paragraph)
            if isinstance(read, dict) and set(read) <= fields and "…" not in paragraph:
                found.append((page, paragraph))
    return found


def programs() -> list[tuple[str, str]]:
    """Every whole piece of Python with its page: what is said to be Python, or begins with an import."""
    found = [(page, text) for page in PAGES for language, text in blocks(page) if language == "python"]
    indented = [(page, text) for page in PAGES for language, text in blocks(page) if not language]
    return [*found, *((page, _python_of(text)) for page, text in indented if _IMPORTS.match(text))]


def _python_of(text: str) -> str:
    """As many paragraphs from the first one on as are Python."""
    paragraphs = text.split("\n\n")
    for count in range(len(paragraphs), 1, -1):
        with suppress(SyntaxError):
            ast.parse("\n\n".join(paragraphs[:count]))
            return "\n\n".join(paragraphs[:count])
    return paragraphs[0]


def names() -> list[tuple[str, str]]:
    """Every name in the package that a page mentions, from `regenesis.` on, with its page."""
    found = [(page, name) for page in PAGES for name in re.findall(r"`(regenesis(?:\.\w+)+)\b", page_text(page))]
    return list(dict.fromkeys(found))


def other_commands(first: str) -> list[tuple[str, tuple[str, ...]]]:
    """Commands of another program, such as `make`, with their pages; what stands behind its name."""
    pages = [*PAGES, "CONTRIBUTING.md", "benchmarks/README.md"]
    told = [(page, shlex.split(line, comments=True)) for page in pages for line in _OTHER.findall(page_text(page))]
    return list(dict.fromkeys((page, tuple(rest)) for page, (name, *rest) in told if Path(name).name == first))


def _words(command: str) -> tuple[str, ...]:
    return tuple(shlex.split(command.replace("\\\n", " "), comments=True))
