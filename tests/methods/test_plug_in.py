"""A method in somebody else's package, installed as a stranger would install it."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.played import PlayedEngine, solution
from tests.helpers.runs import toy_config, write_questions

from regenesis.config import RunConfig
from regenesis.errors import ConfigError
from regenesis.methods import method_class, method_names
from regenesis.runs import synthesize
from regenesis.types import Request

EXAMPLE = Path(__file__).parents[2] / "examples" / "self_consistency"
IN_A_FILE = "an_example_of_ones_own:SelfConsistency"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, installed into a folder."""
    folder = tmp_path_factory.mktemp("plug-in")
    # a build leaves files beside its source
    source = Path(shutil.copytree(EXAMPLE, folder / "source"))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", str(folder / "site"), str(source)], check=True, capture_output=True)
    shutil.copy(EXAMPLE / "self_consistency.py", folder / "site" / "an_example_of_ones_own.py")
    return folder / "site"


@pytest.fixture
def installed(package: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(package)
    importlib.invalidate_caches()
    yield
    for name in ("self_consistency", "an_example_of_ones_own"):
        sys.modules.pop(name, None)


def config_of(tmp_path: Path, **method: Any) -> RunConfig:
    config = toy_config(write_questions(tmp_path, 2), method={})
    mapping = config.model_dump(mode="json") | {"method": method}
    return RunConfig.model_validate(mapping)


def agreeing_in(right: int) -> Any:
    """So many of the samples give the right answer, the others as many others."""

    def answer(request: Request) -> str:
        gold = request.messages[-1].content.split("[[gold=")[1].split("]]")[0]
        return solution(gold if request.sample < right else str(900 + request.sample))

    return answer


@pytest.mark.usefixtures("installed")
def test_it_is_found_by_its_entry_point() -> None:
    assert "self_consistency" in method_names()
    assert method_class("self_consistency").__module__ == "self_consistency"


def test_without_the_package_it_is_not_there() -> None:
    with pytest.raises(ConfigError, match="there is no method 'self_consistency'"):
        method_class("self_consistency")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", ["self_consistency", IN_A_FILE])
@pytest.mark.parametrize(("right", "kept"), [(5, 2), (3, 0)])
async def test_a_run_by_entry_point_or_by_class(tmp_path: Path, name: str, right: int, kept: int) -> None:
    config = config_of(tmp_path, name=name, samples=6, keep=1)
    report = await synthesize(config, tmp_path / "run", engine=PlayedEngine(agreeing_in(right)))
    assert (report.complete, report.requests_sent, report.kept) == (True, 12, kept)
    card = (tmp_path / "run" / "dataset" / "README.md").read_text("utf-8")
    assert "at least 60% of the samples" in card


@pytest.mark.usefixtures("installed")
async def test_its_rows_name_no_gold_answer_and_how_sure_the_vote_was(tmp_path: Path) -> None:
    config = config_of(tmp_path, name="self_consistency", samples=4, keep=1)
    await synthesize(config, tmp_path / "run", engine=PlayedEngine(agreeing_in(3)))
    rows = [json.loads(line) for line in (tmp_path / "run/dataset/train.jsonl").read_text("utf-8").splitlines()]
    assert [(row["method"], row["gold"], row["confidence"]) for row in rows] == [("self_consistency", None, 0.75)] * 2


@pytest.mark.usefixtures("installed")
async def test_a_resume_asks_nothing_twice(tmp_path: Path) -> None:
    config, asked = config_of(tmp_path, name="self_consistency", samples=4), list[Request]()
    for budget in (3, None):
        limited = config.model_copy(update={"budget": config.budget.model_copy(update={"requests": budget})})
        engine = PlayedEngine(agreeing_in(4))
        report = await synthesize(limited, tmp_path / "run", engine=engine)
        asked += engine.asked
    assert report.complete
    assert len({request.key for request in asked}) == len(asked) == 8


@pytest.mark.usefixtures("installed")
def test_its_config_is_checked_like_any_other(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="agreement"):
        config_of(tmp_path, name="self_consistency", agreement=2)


@pytest.mark.parametrize(
    ("name", "said"),
    [("nowhere:Nothing", "cannot be imported"), ("json:JSONDecoder", "is not a class derived from")],
)
def test_a_class_that_is_no_method_is_named(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        method_class(name)


async def test_the_example_of_the_documentation_works_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (EXAMPLE.parents[1] / "docs" / "methods.md").read_text("utf-8")
    (tmp_path / "shortest_of_the_page.py").write_text(page.split("```python\n")[1].split("```")[0], "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    config = config_of(tmp_path, name="shortest_of_the_page:Shortest", samples=3)
    report = await synthesize(config, tmp_path / "run", engine=PlayedEngine(agreeing_in(2)))
    assert (report.complete, report.requests_sent, report.kept) == (True, 6, 2)
