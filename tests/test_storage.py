"""Folders on a disk and in an object store behave alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from regenesis.errors import ConfigError
from regenesis.storage import Folder, open_folder


@pytest.fixture(params=["path", "file", "memory", "s3"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    addresses = {"file": f"file://{tmp_path}/a", "memory": f"memory:/{tmp_path}/a"}
    if request.param == "s3":
        addresses["s3"] = f"{request.getfixturevalue('bucket')}{tmp_path}/a"
    return open_folder(addresses.get(request.param, tmp_path / "a"))


def test_what_is_written_is_read_and_listed(folder: Folder) -> None:
    assert folder.names() == []
    folder.write("two", b"2")
    folder.write("one", b"old")
    folder.write("one", b"1")
    folder.inside("deep").write("three", b"3")
    assert folder.names() == ["deep", "one", "two"]
    assert (folder.read("one"), folder.inside("deep").read("three")) == (b"1", b"3")


def test_what_is_removed_is_gone_and_may_be_removed_again(folder: Folder) -> None:
    folder.write("one", b"1")
    folder.remove("one")
    folder.remove("one")
    assert folder.names() == []


def test_what_is_not_there_is_a_missing_file(folder: Folder) -> None:
    for missing in (folder, folder.inside("nowhere")):
        with pytest.raises(FileNotFoundError):
            missing.read("one")


def test_another_process_s_files_are_seen(tmp_path: Path) -> None:
    mine, other = open_folder(f"memory:/{tmp_path}/a"), open_folder(f"memory:/{tmp_path}/a")
    mine.write("one", b"1")
    assert mine.names() == ["one"]
    other.write("two", b"2")
    assert mine.names() == ["one", "two"]


def test_a_bucket_that_is_not_there_is_not_made(bucket: str) -> None:
    misspelt = open_folder(f"{bucket}s/x")
    with pytest.raises(OSError, match="bucket"):
        misspelt.write("one", b"1")
    assert misspelt.names() == []


@pytest.mark.parametrize("address", ["nowhere://x/y", "s3x://bucket/x"])
def test_an_address_that_nothing_reaches_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match=address):
        open_folder(address)
