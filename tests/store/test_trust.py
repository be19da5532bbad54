"""A config that came with a folder reaches for nothing before the user has said so."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.helpers.played import PlayedEngine

from regenesis.cli.options import config_to_work_by
from regenesis.cli.show_chains import method_words
from regenesis.cli.trust import trust_command
from regenesis.config import RunConfig
from regenesis.errors import RunError
from regenesis.evaluation.stage import EVALUATION_USES
from regenesis.runs import RunDirectory, read_status, synthesize
from regenesis.runs.evaluating import evaluate_run
from regenesis.runs.status import read_outcomes
from regenesis.store.trust import is_trusted, remember
from regenesis.training.stage import training_config

Finished = tuple[Callable[..., RunConfig], Path]


def plant(run: Path, **sections: Any) -> Path:
    """Changes the config of a run as somebody else might; returns its file."""
    file = run / "config.yaml"
    config = yaml.safe_load(file.read_text("utf-8"))
    for name, values in sections.items():
        config[name] = config[name] | values if isinstance(values, dict) else values
    file.write_text(yaml.safe_dump(config), "utf-8")
    return file


SERVER = {"kind": "openai", "base_url": "http://192.0.2.1/v1", "model": "m", "api_key_env": "AWS_SECRET_ACCESS_KEY"}
TRAINING: list[dict[str, Any]] = [{"python": "dataset/.helper"}, {"launcher": "/tmp/launcher.yaml"}]
EVALUATION: list[tuple[dict[str, Any], str]] = [
    ({"engine": SERVER}, "engine.base_url: sends questions to http://192.0.2.1/v1"),
    ({"engine": SERVER}, r"engine.api_key_env: sends the value of \$AWS_SECRET_ACCESS_KEY"),
    (
        {"engine": SERVER | {"headers": {"x-key": "${AWS_KEY}"}}},
        r"engine.headers: sends the headers x-key: \$\{AWS_KEY",
    ),
    ({"evaluation": {"tuned_engine": SERVER}}, "evaluation.tuned_engine.base_url"),
    ({"evaluation": {"engine": SERVER}}, "evaluation.engine.api_key_env"),
    ({"evaluation": {"engine": {"kind": "llamacpp", "adapter": "/tmp/a.gguf"}}}, "evaluation.engine.adapter"),
    ({"evaluation": {"run_programs": True}}, "runs model-written programs"),
    ({"evaluation": {"tasks": [{"name": "x", "file": "/etc/passwd"}]}}, "evaluation.tasks.0.file: reads /etc/passwd"),
    ({"data_root": "/home"}, "data_root"),
]


@pytest.mark.parametrize("training", TRAINING)
def test_a_planted_program_is_not_started(finished: Finished, training: dict[str, Any]) -> None:
    _, run = finished
    plant(run, training=training)
    with pytest.raises(RunError, match=rf"(?s)training\.{next(iter(training))}.*regenesis trust {run}"):
        training_config(run)


@pytest.mark.parametrize(("planted", "said"), EVALUATION)
async def test_a_planted_server_key_or_file_is_not_used(finished: Finished, planted: dict[str, Any], said: str) -> None:
    _, run = finished
    plant(run, **planted)
    with pytest.raises(RunError, match=said):
        await evaluate_run(run)


def test_a_planted_prompt_set_is_not_read(finished: Finished) -> None:
    _, run = finished
    plant(run, method={"prompts": "/tmp/prompts"})
    with pytest.raises(RunError, match=r"method\.prompts"):
        RunDirectory(run).require_own(EVALUATION_USES)


def test_a_run_of_ones_own_is_trusted_wherever_it_lies(finished: Finished, tmp_path: Path) -> None:
    _, run = finished
    moved = run.rename(tmp_path / "moved")
    assert is_trusted(moved / "config.yaml")
    assert RunDirectory(moved).require_own(EVALUATION_USES).engine.kind == "openai"


def test_what_the_user_says_on_the_command_line_needs_no_trust(finished: Finished) -> None:
    _, run = finished
    plant(run, training={"python": "dataset/.helper"})
    said = ["training.python=python3"]
    assert training_config(run, said).training.python == Path("python3")


def test_what_is_not_going_to_be_used_is_not_asked_about(finished: Finished) -> None:
    _, run = finished
    plant(run, engine=SERVER)
    assert training_config(run).engine.kind == "openai"


def test_once_trusted_it_may_until_it_is_changed(finished: Finished) -> None:
    _, run = finished
    remember(plant(run, training={"python": "python3"}))
    assert training_config(run).training.python == Path("python3")
    plant(run, training={"python": "python4"})
    with pytest.raises(RunError, match="python4"):
        training_config(run)


async def test_a_start_with_the_users_config_makes_the_folders_config_trusted(finished: Finished) -> None:
    config, run = finished
    file = run / "config.yaml"
    file.write_text("# from elsewhere\n" + file.read_text("utf-8"), "utf-8")
    assert not is_trusted(file)
    await synthesize(config(), run, engine=PlayedEngine())
    assert is_trusted(file)


def test_a_folders_config_named_as_the_config_is_asked_about(finished: Finished) -> None:
    _, run = finished
    file = plant(run, engine=SERVER)
    with pytest.raises(RunError, match="192"):
        config_to_work_by(file, None)
    (run.parent / "config.yaml").write_bytes(file.read_bytes())
    assert config_to_work_by(run.parent / "config.yaml", None).engine.model == "m"


@pytest.fixture
def planted_code(finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A run's folder whose config names a module that leaves a file behind when it is imported, and that file."""
    _, run = finished
    trace = tmp_path / "imported"
    (tmp_path / "planted.py").write_text(
        f"from regenesis.methods.rejection import Rejection\nopen({str(trace)!r}, 'w').close()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "planted", raising=False)
    file = run / "config.yaml"
    config = yaml.safe_load(file.read_text("utf-8")) | {"method": {"name": "planted:Rejection"}}
    file.write_text(yaml.safe_dump(config), "utf-8")
    return run, trace


@pytest.mark.parametrize(
    "use",
    [
        lambda run: RunDirectory(run).require_own(EVALUATION_USES),
        lambda run: RunDirectory(run).require_started(),
        lambda run: config_to_work_by(run / "config.yaml", None),
        lambda run: config_to_work_by(run / "config.yaml", ["method.samples=2"]),
        read_status,
        training_config,
    ],
)
def test_code_that_a_folders_config_names_is_not_imported(
    planted_code: tuple[Path, Path], use: Callable[[Path], object]
) -> None:
    run, trace = planted_code
    with pytest.raises(RunError, match=r"method\.name: runs the code of planted:Rejection"):
        use(run)
    assert not trace.exists()


def test_what_a_folder_reaches_for_is_listed_and_its_chains_shown_without_importing_its_code(
    planted_code: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run, trace = planted_code
    plant(run, engine=SERVER)
    with pytest.raises(RunError, match="no terminal"):
        trust_command(run)
    shown = capsys.readouterr().out
    assert "method.name: runs the code of planted:Rejection" in shown
    assert "engine.base_url: sends questions to http://192.0.2.1/v1" in shown
    assert method_words(RunDirectory(run)) == ({}, {})
    assert not trace.exists()


def test_a_trusted_folder_and_a_config_that_says_something_else_may_name_code(planted_code: tuple[Path, Path]) -> None:
    run, trace = planted_code
    with pytest.raises(RunError, match="tasks") as raised:
        config_to_work_by(run / "config.yaml", ["method.name=rejection"])
    assert "planted" not in str(raised.value)
    assert not trace.exists()
    remember(run / "config.yaml")
    assert RunDirectory(run).require_started().method.name == "planted:Rejection"
    assert trace.exists()


@pytest.mark.parametrize("field", ["engine", "evaluation.engine", "evaluation.tuned_engine"])
def test_an_engine_of_another_package_is_not_imported_either(
    field: str, finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, run = finished
    trace = tmp_path / "imported"
    (tmp_path / "planted_engine.py").write_text(f"open({str(trace)!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(tmp_path)
    file = run / "config.yaml"
    engine: dict[str, Any] = {"kind": "planted_engine:Config", "model": "m"}
    for part in reversed(field.split(".")):
        engine = {part: engine}
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text("utf-8")) | engine), "utf-8")
    with pytest.raises(RunError, match=rf"{field}\.kind: runs the code of planted_engine:Config"):
        RunDirectory(run).require_own(EVALUATION_USES)
    with pytest.raises(RunError, match="no terminal"):
        trust_command(run)
    assert f"{field}.kind: runs the code of planted_engine:Config" in capsys.readouterr().out
    assert not trace.exists()


def precious(folder: Path) -> Path:
    file = folder / "precious"
    file.write_text("precious\n")
    return file


WRITTEN = [".lock", "log.jsonl", ".summary.json.partial", "dataset/.train.jsonl.partial", "ledger.sqlite-wal", "model"]


@pytest.mark.parametrize("name", WRITTEN)
async def test_through_a_link_nothing_outside_is_changed(finished: Finished, tmp_path: Path, name: str) -> None:
    config, run = finished
    target = precious(tmp_path)
    (run / name).unlink(missing_ok=True)
    (run / name).symlink_to(target)
    with pytest.raises(RunError, match=rf"{name}: is a link to {target}"):
        await synthesize(config(), run, engine=PlayedEngine())
    assert target.read_text() == "precious\n"


async def test_a_pipe_in_place_of_a_file_is_named_and_not_waited_for(finished: Finished) -> None:
    config, run = finished
    (run / "log.jsonl").unlink()
    os.mkfifo(run / "log.jsonl")
    with pytest.raises(RunError, match="neither a file nor a folder"):
        await synthesize(config(), run, engine=PlayedEngine())


@pytest.mark.parametrize("name", ["ledger.sqlite", "outcomes.sqlite", "decontamination.json", "verdicts.parquet"])
async def test_a_folder_in_place_of_a_file_is_named(finished: Finished, name: str) -> None:
    config, run = finished
    (run / name).unlink(missing_ok=True)
    (run / name).mkdir()
    with pytest.raises(RunError, match=rf"{name}: is a folder where a run has a file"):
        await synthesize(config(), run, engine=PlayedEngine())


@pytest.mark.parametrize("name", ["ledger.sqlite", "outcomes.sqlite", "log.jsonl", "config.yaml", "questions.parquet"])
@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("use", [read_status, lambda run: list(read_outcomes(run))])
def test_a_run_that_is_only_looked_at_is_not_waited_for_either(
    finished: Finished, tmp_path: Path, name: str, linked: bool, use: Callable[[Path], object]
) -> None:
    _, run = finished
    (run / name).unlink()
    os.mkfifo(tmp_path / "pipe")
    if linked:
        (run / name).symlink_to(tmp_path / "pipe")
    else:
        (tmp_path / "pipe").rename(run / name)
    with pytest.raises(RunError, match="neither a file nor a folder"):
        use(run)


async def test_a_link_to_the_folder_and_other_things_in_it_are_left_alone(finished: Finished, tmp_path: Path) -> None:
    config, run = finished
    (run / "notes").symlink_to(tmp_path)
    (tmp_path / "linked").symlink_to(run)
    report = await synthesize(config(), tmp_path / "linked", engine=PlayedEngine())
    assert report.complete
