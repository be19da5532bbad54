"""A run with a real, small model inside the process: too small to be right, so what it does must be said plainly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import CommandLine
from tests.helpers.played import PlayedEngine
from tests.helpers.runs import recorded_keys, write_questions

from regenesis.config import config_from_mapping
from regenesis.errors import EngineError
from regenesis.ledger import Ledger
from regenesis.models import locate
from regenesis.runs import read_status, synthesize

pytestmark = [pytest.mark.model]
SMALL = "pypi:smollm2-135m-instruct"
IDENTITY = "smollm2-135m-instruct@sha256:b179c9523d0e6a0f"


def mapping(file: Path) -> dict[str, Any]:
    return {
        "tasks": [{"name": "toy", "file": str(file), "kind": "number"}],
        # one thread: several spinning on cores that others use too are many times slower
        "engine": {"kind": "llamacpp", "model": SMALL, "max_in_flight": 4, "context": 768, "threads": 1},
        "method": {
            "guidelines": 1,
            "selections": 1,
            "stages": ["adapt", "structure", "solve"],
            "adapt_tokens": 24,
            "structure_tokens": 32,
            "sampling": {"max_tokens": 32},
            "hint": {"guidelines": 1},
        },
    }


async def test_a_small_model_runs_through_and_what_it_kept_is_said(tmp_path: Path, command_line: CommandLine) -> None:
    locate(SMALL)
    file, run = write_questions(tmp_path, 1, first=10), tmp_path / "run"
    file.write_text(file.read_text().replace(" [[gold=50]]", ""))
    with command_line(run, mapping(file)) as process:
        printed, complaints = process.communicate(timeout=200)
    status = read_status(run)
    assert process.returncode == (0 if status.kept else 4), complaints
    assert ("No paths were kept" in printed) == (status.kept == 0)
    assert status.outcomes.questions == 1
    assert status.outcomes.chains >= 2
    assert status.last_end is not None
    assert status.last_end["kept"] == status.kept

    with Ledger.read(run / "ledger.sqlite") as ledger:
        assert set(ledger.totals()) >= {"select", "adapt", "structure", "solve"}
        found = {key: ledger.get(key) for key in ledger.keys()}  # noqa: SIM118
        models = {json.dumps((ledger.request(key) or {})["model"]) for key in found}
    assert all(one is not None and one.engine == "llamacpp" for one in found.values())
    assert any(one is not None and len(one.text) > 40 for one in found.values())
    assert models == {f'"{IDENTITY}"'}

    silent = PlayedEngine(lambda request: EngineError("was asked"), model=IDENTITY)
    report = await synthesize(config_from_mapping(mapping(file)), run, engine=silent)
    assert (report.complete, report.kept, report.requests_sent) == (True, status.kept, 0)
    assert recorded_keys(run) == set(found)
