"""Files and folders that are there whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from regenesis.filesystems import remove_leftovers, replacing
from regenesis.runs import RunDirectory

KILLED = """
import os, signal, sys
from pathlib import Path
from regenesis.filesystems import replacing
with replacing(Path(sys.argv[1])) as partial:
    partial.mkdir()
    (partial / "weights").write_bytes(b"0" * 1000)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_while_writing(path: Path) -> list[Path]:
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    return list(path.parent.glob(".*.partial"))


def test_a_file_takes_the_place_of_another_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    with replacing(path) as partial:
        partial.write_text("after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert os.listdir(tmp_path) == ["file"]


def test_where_writing_fails_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError), replacing(path) as partial:
        partial.write_text(str(1 / 0))
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    with replacing(tmp_path / "folder") as partial:
        partial.mkdir()
        (partial / "a").write_text("a")
    assert (tmp_path / "folder" / "a").read_text() == "a"


def test_what_a_killed_process_left_is_removed_by_the_next_writer(tmp_path: Path) -> None:
    assert killed_while_writing(tmp_path / "merged")
    with replacing(tmp_path / "other") as partial:
        partial.write_text("x")
    assert os.listdir(tmp_path) == ["other"]


def test_what_a_living_process_is_writing_is_left_alone(tmp_path: Path) -> None:
    with replacing(tmp_path / "file") as partial:
        partial.write_text("x")
        remove_leftovers(tmp_path)
        assert partial.exists()


def test_a_killed_export_is_cleaned_up_by_the_next_start_of_the_run(tmp_path: Path) -> None:
    exports = tmp_path / "run" / "exports"
    exports.mkdir(parents=True)
    assert killed_while_writing(exports / "merged")
    with RunDirectory(tmp_path / "run").locked():
        assert not list(exports.iterdir())
