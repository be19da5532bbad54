from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.running import regenesis

from regenesis.cli.app import VERBS, load_verb

HEAVY = [
    "aiohttp",
    "datasets",
    "huggingface_hub",
    "jinja2",
    "pyarrow",
    "pydantic",
    "rich",
    "sympy",
    "xllamacpp",
    "yaml",
]


def test_help_lists_every_verb(tmp_path: Path) -> None:
    shown = regenesis("--help", cwd=tmp_path).stdout
    assert [line.split()[0] for line in shown.split("Commands:\n")[1].splitlines()] == list(VERBS)


def test_no_line_of_the_help_is_cut_off(tmp_path: Path) -> None:
    assert "..." not in regenesis("--help", cwd=tmp_path).stdout.split("Commands:\n")[1]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    script = f"""
import sys
from regenesis.cli import main
sys.argv[1:] = {arguments!r}
try:
    main()
except SystemExit:
    print("heavy:", *sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "heavy:"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    command = load_verb(verb)
    assert command.help
    assert all(parameter.help for parameter in command.params)


def test_version_is_the_package_version(tmp_path: Path) -> None:
    from importlib.metadata import version

    assert regenesis("--version", cwd=tmp_path).stdout == f"regenesis {version('regenesis')}\n"


def test_a_mistyped_verb_is_answered_with_the_nearest(tmp_path: Path) -> None:
    outcome = regenesis("synthesise", cwd=tmp_path)
    assert outcome.returncode == 2
    assert "Did you mean 'synthesize'?" in outcome.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["synthesize", "missing.yaml"], "missing.yaml: cannot be read"),
        (["plan", "wrong.yaml"], "unknown key `methd`; did you mean `method`?"),
        (["plan", "wrong.yaml", "--set", "nonsense"], "write it as path.to.field=value"),
        (["status", "nowhere"], "nowhere: is not a run folder"),
        (["show", "nowhere"], "nowhere: is not a run folder"),
    ],
)
def test_an_error_is_one_message_on_standard_error(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("methd: {}\ntasks: [{name: gsm8k}]\n")
    outcome = regenesis(*arguments, cwd=tmp_path)
    assert outcome.returncode == 1
    assert outcome.stdout == ""
    assert outcome.stderr.startswith("regenesis: ")
    assert said in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_an_error_cannot_drive_the_terminal(tmp_path: Path) -> None:
    outcome = regenesis("status", "\x1b]0;title\x07run", cwd=tmp_path)
    assert r"\x1b]0;title\x07run" in outcome.stderr
    assert "\x1b" not in outcome.stderr


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("regenesis sho", ["show"]),
        ("regenesis show --flip", ["--flips"]),
        ("regenesis export run --to m", ["merged", "messages"]),
        ("regenesis init l", ["local"]),
    ],
)
def test_a_shell_completes_commands_options_and_values(words: str, offered: list[str], tmp_path: Path) -> None:
    place = str(len(words.split()) - 1)
    shown = regenesis(cwd=tmp_path, _REGENESIS_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=place).stdout
    assert shown.split() == offered
