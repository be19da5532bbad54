from __future__ import annotations

import shutil
from pathlib import Path

from tests.cli.running import regenesis


def test_a_folder_from_elsewhere_is_trusted_after_its_reaches_were_listed(
    finished: Path, tmp_path: Path, server: str
) -> None:
    shutil.copytree(finished, tmp_path / "copy")
    run = tmp_path / "copy" / "run"
    # as if by somebody else: nothing is known of who wrote it
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    before = regenesis("evaluate", run, "--tasks", "gsm8k", "--limit", "1", cwd=tmp_path, **state)
    assert before.returncode == 1
    assert f"engine.base_url: sends questions to {server}" in before.stderr
    assert f"regenesis trust {run}" in before.stderr
    asked = regenesis("trust", run, cwd=tmp_path, **state)
    assert asked.returncode == 1
    assert server in asked.stdout
    assert "--yes" in asked.stderr
    assert regenesis("trust", run, "--yes", cwd=tmp_path, **state).returncode == 0
    assert "Already trusted" in regenesis("trust", run, cwd=tmp_path, **state).stdout
    after = regenesis("evaluate", run, "--tasks", "gsm8k", "--limit", "1", cwd=tmp_path, **state)
    assert "regenesis trust" not in after.stderr
