from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.helpers.runs import toy_config, toy_mapping

from regenesis.config import RunConfig, config_from_mapping
from regenesis.errors import ConfigError, RunError
from regenesis.filesystems import network_filesystem
from regenesis.ledger import Ledger
from regenesis.runs import RunDirectory
from regenesis.store import folder as module
from regenesis.store.directory import read_json, write_whole
from regenesis.types import Completion, Message, Request, Sampling

HOLD = """
import sys, time
from regenesis.runs import RunDirectory
with RunDirectory(sys.argv[1]).locked():
    print('held', flush=True)
    time.sleep(600)
"""


@pytest.fixture
def config(file: Path) -> RunConfig:
    return toy_config(file)


def holder(run: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(run)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_on_a_run_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with holder(tmp_path / "run") as process:
        with pytest.raises(RunError, match=f"pid {process.pid}"), RunDirectory(tmp_path / "run").locked():
            pass
        second = subprocess.run(
            [sys.executable, "-c", HOLD, str(tmp_path / "run")], capture_output=True, text=True, check=False
        )
        assert second.returncode != 0
        assert f"another process (pid {process.pid})" in second.stderr
        process.kill()


def test_however_a_process_ends_its_run_is_free_again(tmp_path: Path) -> None:
    with holder(tmp_path / "run") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    with RunDirectory(tmp_path / "run").locked():
        assert (tmp_path / "run" / ".lock").read_text() == f"{os.getpid()}\n"


def test_runs_in_different_folders_are_free_of_each_other(tmp_path: Path) -> None:
    with RunDirectory(tmp_path / "a").locked(), RunDirectory(tmp_path / "b").locked():
        pass


def test_a_network_file_system_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"36 35 98:0 / / rw - ext4 /dev/root rw\n37 36 0:50 / {tmp_path} rw - nfs4 server:/export rw\n")
    monkeypatch.setattr(module, "network_filesystem", lambda path: network_filesystem(path, mounts))
    with pytest.raises(RunError, match=r"network file system \(nfs4\)"), RunDirectory(tmp_path / "run").locked():
        pass
    assert not (tmp_path / "run").exists()
    # training has nothing to do with the ledger, and over several machines it needs such a disk
    with RunDirectory(tmp_path / "run").locked(with_ledger=False):
        assert (tmp_path / "run").exists()


def test_a_path_that_cannot_be_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be used as a run directory"), RunDirectory(tmp_path / "file").locked():
        pass


def test_a_frozen_config_reads_back_the_same(tmp_path: Path, config: RunConfig) -> None:
    directory = RunDirectory(tmp_path)
    assert directory.frozen_config() is None
    directory.freeze(config, {"questions": "abc"})
    assert directory.frozen_config() == config
    assert read_json(directory.inputs_file) == {"questions": "abc"}


def test_before_anything_is_recorded_another_config_may_take_its_place(tmp_path: Path, config: RunConfig) -> None:
    directory = RunDirectory(tmp_path)
    directory.freeze(config, {"questions": "abc"})
    other = config.model_copy(update={"seed": 9})
    directory.require_same(other)
    directory.freeze(other, {"questions": "def"})
    assert directory.frozen_config() == other
    assert read_json(directory.inputs_file) == {"questions": "def"}


async def begun(directory: RunDirectory, config: RunConfig, identity: str) -> RunDirectory:
    """A run of a config whose engine has said who its model is, and with a completion that is recorded."""
    directory.freeze(config, {})
    directory.freeze_model(identity)
    request = Request(identity, (Message("user", "Hello"),), Sampling(0.8, 0.95, 8), 1, 0, "toy/train/0", "solve")
    with Ledger.open(directory.ledger) as ledger:
        await ledger.put(request, Completion("Hello", "stop", 1, 1, config.engine.kind, 0.1))
    return directory


@pytest.mark.parametrize(
    ("kind", "identity", "goes_on_by"),
    [
        ("auto", "m@sha256:0123456789abcdef/q8_0", "openvino"),
        ("auto", "m@sha256:0123456789abcdef", "llamacpp"),
        ("openvino", "m@sha256:0123456789abcdef/q8_0", "openvino"),
        ("llamacpp", "m@sha256:0123456789abcdef", "llamacpp"),
    ],
)
async def test_a_run_goes_on_by_the_engine_that_was_chosen_when_it_began(
    kind: str, identity: str, goes_on_by: str, tmp_path: Path, file: Path
) -> None:
    def by(kind: str) -> RunConfig:
        return config_from_mapping(toy_mapping(file) | {"engine": {"kind": kind, "model": "m.gguf"}})

    directory = await begun(RunDirectory(tmp_path), by(kind), identity)
    other = {"openvino": "llamacpp", "llamacpp": "openvino"}[goes_on_by]
    for wanted in ("auto", goes_on_by):
        assert directory.require_same(by(wanted)) == []
        assert directory.as_begun(by(wanted)) == by(goes_on_by)
        assert directory.asked_model(by(wanted)) == (by(kind).engine.model, goes_on_by)
    with pytest.raises(RunError, match=f"engine.kind: '{goes_on_by}' → '{other}'"):
        directory.require_same(by(other))


def test_a_folder_without_a_config_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not a run folder"):
        RunDirectory(tmp_path).require_started()


def test_a_frozen_config_that_is_spoiled_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("tasks: [")
    with pytest.raises(ConfigError, match=r"config\.yaml: is not valid YAML"):
        RunDirectory(tmp_path).require_started()


def test_a_file_is_written_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.json", "{}")
    write_whole(tmp_path / "a.json", '{"b": 1}')
    assert read_json(tmp_path / "a.json") == {"b": 1}
    assert [one.name for one in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("content", ["{", "[1]", "\x00"])
def test_json_that_is_damaged_is_named(tmp_path: Path, content: str) -> None:
    assert read_json(tmp_path / "a.json") is None
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(RunError, match=r"a\.json: is damaged"):
        read_json(tmp_path / "a.json")


def test_a_config_that_is_no_text_is_named(tmp_path: Path) -> None:
    RunDirectory(tmp_path).config_file.write_bytes(b"\xff\xfe")
    with pytest.raises(RunError, match=r"config\.yaml: cannot be read"):
        RunDirectory(tmp_path).require_started()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"summary\.json: cannot be written"):
        write_whole(tmp_path / "missing" / "summary.json", "{}")


def test_a_folder_that_cannot_be_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path / "loop", tmp_path / "loop" / "run", Path(os.fsdecode(bytes(tmp_path) + b"/\xff\xfe"))):
        with pytest.raises(RunError, match="Use another run folder"):
            RunDirectory(path)
    for name in ("a\0b", "x" * 5_000):
        with pytest.raises(RunError, match="Use another run folder"):
            RunDirectory(tmp_path / name)


def test_a_folder_that_is_not_there_yet_is_none_to_complain_of(tmp_path: Path) -> None:
    assert RunDirectory(tmp_path / "not" / "yet").path == tmp_path / "not" / "yet"
