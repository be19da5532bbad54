"""What README and docs tell people to type: every command is understood, every config is valid."""

from __future__ import annotations

import pkgutil
import re
import tomllib

import pytest
import yaml
from tests.helpers.documented import PAGES, ROOT, commands, configs, names, other_commands, page_text

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
    if "shortest:Shortest" in text:
        pytest.skip("names a class of the page's own, which tests/methods/test_plug_in.py runs")
    read = yaml.safe_load(text)
    if {"train_on", "methods"} & set(read):
        ExperimentConfig.model_validate({"train_on": ["gsm8k"], **read})
    else:
        RunConfig.model_validate({"tasks": ["gsm8k"], **read})  # a page about an engine shows the engine alone


@pytest.mark.parametrize(("page", "words"), other_commands("make"))
def test_a_documented_target_of_make_exists(page: str, words: tuple[str, ...]) -> None:
    makefile = page_text("Makefile")
    for word in words:
        variable, assigned, _ = word.partition("=")
        assert re.search(rf"(?m)^{variable} \?=" if assigned else rf"(?m)^{word}:", makefile), f"{page}: {word}"


@pytest.mark.parametrize(("page", "words"), other_commands("pip"))
def test_what_pip_is_told_to_install_exists(page: str, words: tuple[str, ...]) -> None:
    project = tomllib.loads(page_text("pyproject.toml"))["project"]
    assert words[0] == "install"
    for word in words[1:]:
        package, bracket, extras = word.removesuffix("]").partition("[")
        if bracket:
            assert package == ".", f"{page}: regenesis is installed from a clone, so an extra is written '.[{extras}]'"
            assert set(extras.split(",")) <= set(project["optional-dependencies"])
        elif package.endswith(".txt"):
            assert (ROOT / package).is_file()
        else:
            # packages of others, which nothing here requires
            assert package in ("--constraint", "vllm", "deepspeed")


@pytest.mark.parametrize(("page", "words"), [one for one in other_commands("python") if one[1]])
def test_a_documented_script_exists_and_knows_its_options(page: str, words: tuple[str, ...]) -> None:
    if words[:2] == ("-m", "venv"):
        return
    name, rest = (words[1].replace(".", "/") + ".py", words[2:]) if words[0] == "-m" else (words[0], words[1:])
    file = next((folder / name for folder in (ROOT, ROOT / "src") if (folder / name).is_file()), None)
    assert file, f"{page}: {name}"
    for word in rest:
        option = word.strip("[]")
        assert not option.startswith("--") or f'"{option}"' in file.read_text("utf-8"), f"{page}: {name} {option}"


@pytest.mark.parametrize(("page", "name"), names())
def test_a_name_that_is_spoken_of_is_there(page: str, name: str) -> None:
    assert pkgutil.resolve_name(name) is not None


def test_the_readme_is_read_in_one_go() -> None:
    assert page_text("README.md").count("\n") < 150


def test_every_page_is_reached_from_the_index() -> None:
    index = page_text("docs/index.md")
    listed = {line.strip() for block in re.findall(r"(?s)```\{toctree\}(.*?)```", index) for line in block.splitlines()}
    pages = {name.removeprefix("docs/").removesuffix(".md") for name in PAGES[1:]}
    assert pages - {"index"} <= listed


def test_figures_of_results_are_those_of_the_tables_that_were_written() -> None:
    page = page_text("docs/results.md").partition("## What came out")[2].partition("\n## ")[0]
    shown = {line for line in page.splitlines() if line.startswith("|") and not line.startswith("| ---")}
    tables = [file.read_text("utf-8") for file in (ROOT / "experiments" / "results").glob("*/tables.md")]
    assert len(shown) > 10
    assert shown <= {line for text in tables for line in text.splitlines()}


def test_the_changelog_has_a_heading_a_version_the_newest_first() -> None:
    headings = re.findall(r"(?m)^## (.*)$", page_text("CHANGELOG.md"))
    assert headings[0] == "[Unreleased]"
    versions = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d\d-\d\d", heading) for heading in headings[1:]]
    assert all(versions)
    numbers = [tuple(map(int, one.groups())) for one in versions if one]
    assert numbers == sorted(set(numbers), reverse=True)
