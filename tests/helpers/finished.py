"""A file of questions, and a finished run over them that tests may spoil: fixtures of the whole suite."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.helpers.played import PlayedEngine
from tests.helpers.runs import toy_config, write_questions

from regenesis.config import RunConfig
from regenesis.runs import synthesize


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_questions(tmp_path, 8)


@pytest.fixture(scope="session")
def finished_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("finished")
    file = write_questions(folder, 8)
    asyncio.run(synthesize(toy_config(file), folder / "run", engine=PlayedEngine()))
    return file, folder / "run"


@pytest.fixture
def finished(finished_once: tuple[Path, Path], tmp_path: Path) -> tuple[Callable[..., RunConfig], Path]:
    """Its config, with parts to replace, and a copy of its folder."""
    file, run = finished_once
    shutil.copytree(run, tmp_path / "run")
    return lambda **parts: toy_config(file, **parts), tmp_path / "run"
