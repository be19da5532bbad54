from __future__ import annotations

import json
import time
from pathlib import Path

from tests.cli.running import regenesis

from regenesis.storage import open_folder


def told(folder: Path, shard: str, **state: object) -> None:
    whole = {"holder": None, "beat": 3, "told": time.time(), "figures": {}, "complete": False, "why": None} | state
    open_folder(folder / "segments").inside(shard).write("state.json", json.dumps(whole).encode())


def test_shards_are_shown_before_they_are_merged(tmp_path: Path) -> None:
    figures = {"questions": 10, "finished": 4, "kept": 7, "requests_sent": 120, "tokens_per_second": 900.0}
    told(tmp_path / "run", "1-of-3", holder="node1 7 abc", figures=figures | {"phase": "asking"})
    told(tmp_path / "run", "2-of-3", figures=figures, why="No server answers at http://node2")
    told(tmp_path / "run", "10-of-3", holder="node3 9 abc", told=time.time() - 600, figures=figures)
    told(tmp_path / "run", "3-of-3", complete=True, figures=figures | {"finished": 10})
    shown = regenesis("status", "run", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    lines = {line.split()[0]: line for line in shown.stdout.splitlines() if line.strip()}
    assert "asking" in lines["1-of-3"]
    assert "4/10" in lines["1-of-3"]
    assert "900" in lines["1-of-3"]
    assert "stopped" in lines["2-of-3"]
    assert "silent" in lines["10-of-3"]
    assert "done" in lines["3-of-3"]
    assert "22/40" in lines["all"]
    assert "2-of-3: No server answers at http://node2" in shown.stdout
    shards = json.loads(regenesis("status", "run", "--json", cwd=tmp_path).stdout)["shards"]
    assert [one["phase"] for one in shards] == ["asking", "stopped", "done", "starting"]


def test_a_state_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    for number, text in enumerate([b"", b"[1]", b"\xff", b'{"holder": 3}', b'{"beat": {}}'], start=1):
        open_folder(tmp_path / "run" / "segments").inside(f"{number}-of-5").write("state.json", text)
    shown = regenesis("status", "run", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.count("never") == 5


def test_shards_elsewhere_are_shown(tmp_path: Path) -> None:
    told(tmp_path / "shared", "1-of-1", complete=True)
    shown = regenesis("status", "run", "--segments", str(tmp_path / "shared" / "segments"), cwd=tmp_path)
    assert "1-of-1" in shown.stdout
