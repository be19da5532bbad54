from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from tests.cli.running import write_config, write_questions
from tests.fixtures.script import play_arithmetic
from tests.fixtures.scripted_server import ScriptedServer, server_process

import regenesis


@pytest.mark.parametrize("name", regenesis.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(regenesis, name) is not None


def test_names_that_are_not_there_are_the_usual_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = regenesis.nonsense


def test_importing_the_package_imports_nothing_else() -> None:
    script = """
import sys
before = set(sys.modules)
import regenesis
print(*(name for name in set(sys.modules) - before if name.partition(".")[0] not in sys.stdlib_module_names))
"""
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["regenesis"]


def test_a_run_from_python(tmp_path: Path) -> None:
    write_questions(tmp_path)
    with server_process("--play", "arithmetic") as url:
        config = regenesis.load_config(write_config(tmp_path, url))
        assert (
            sum(regenesis.plan(config).questions.values()) == len(regenesis.load_questions(config.tasks).questions) == 4
        )
        report = regenesis.synthesize(config, tmp_path / "run")
    assert report.complete
    assert regenesis.read_status(tmp_path / "run").kept == report.kept > 0
    outcomes = list(regenesis.read_outcomes(tmp_path / "run"))
    assert sum(len(outcome.kept) for outcome in outcomes) == report.kept


async def test_a_run_from_async_code(tmp_path: Path) -> None:
    write_questions(tmp_path)
    async with ScriptedServer(answer=play_arithmetic) as server:
        config = regenesis.load_config(write_config(tmp_path, server.base_url))
        report = await regenesis.synthesize_async(config, tmp_path / "run")
    assert report.complete


async def test_the_waiting_form_names_the_other_where_a_loop_runs(tmp_path: Path) -> None:
    write_questions(tmp_path)
    config = regenesis.load_config(write_config(tmp_path, "http://127.0.0.1:9/v1"))
    with pytest.raises(RuntimeError, match=r"await regenesis\.synthesize_async"):
        regenesis.synthesize(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


async def test_a_whole_run_is_waited_for_in_a_thread_where_a_loop_runs(tmp_path: Path) -> None:
    write_questions(tmp_path)
    config = regenesis.load_config(write_config(tmp_path, "http://127.0.0.1:9/v1"))
    with pytest.raises(RuntimeError, match=r"asyncio\.to_thread\(regenesis\.run"):
        regenesis.run(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def own_classes(annotation: Any) -> set[str]:
    """The classes of the package that a type is made of."""
    if isinstance(annotation, type) and annotation.__module__.startswith("regenesis."):
        return {annotation.__name__}
    return {name for part in get_args(annotation) for name in own_classes(part)}


def functions() -> list[str]:
    return [name for name in regenesis.__all__ if inspect.isfunction(getattr(regenesis, name))]


@pytest.mark.parametrize("name", functions())
def test_what_a_public_function_takes_and_gives_is_public(name: str) -> None:
    function = getattr(regenesis, name)
    known = {other: getattr(regenesis, other) for other in regenesis.__all__}
    hints = get_type_hints(function, localns={**known, "_FilePath": Path, "Sequence": Sequence})
    used = {one for hint in hints.values() for one in own_classes(hint)}
    assert used <= set(regenesis.__all__)


def test_grading_is_at_hand() -> None:
    assert regenesis.grade("The answer is $18.00.", "18").status == "correct"
