"""An experiment whose process is killed again and again: the same tables, and nothing paid for twice."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest
from tests.helpers.experiments import METHODS, write_experiment
from tests.helpers.forked import Command
from tests.helpers.runs import recorded_keys

from regenesis.errors import LedgerError
from regenesis.experiments.writing import FILES

KILLS = 4


def compare(file: Path, folder: Path) -> Command:
    return Command("compare", file, "--run-dir", folder, surroundings=os.environ | {"COLUMNS": "120"})


def paid_for(folder: Path) -> set[str]:
    try:
        return recorded_keys(folder)
    except LedgerError:  # being made
        return set()


def tables(folder: Path) -> list[str]:
    """Every file of the comparison, which name the folder itself alone."""
    return [(folder / name).read_text("utf-8").replace(str(folder), "") for name in FILES]


@pytest.mark.timeout(280)
def test_killed_at_many_moments_an_experiment_comes_to_the_same_tables(tmp_path: Path) -> None:
    file, drawn = write_experiment(tmp_path, train=8, exam=8, methods=METHODS), random.Random(7)
    whole = compare(file, tmp_path / "whole")
    said = whole.communicate(timeout=120)
    assert whole.returncode == 0, said
    total = len(recorded_keys(tmp_path / "whole"))

    folder, held = tmp_path / "killed", set[str]()
    for number in range(KILLS):
        # somewhere in the next part of the work: in a synthesis, between two, in a training or in an evaluation
        enough = min(total - 1, len(held) + drawn.randint(1, 2 * total // KILLS))
        process = compare(file, folder)
        while process.poll() is None and len(paid_for(folder)) < enough:
            time.sleep(0.05)
        if number % 2:
            time.sleep(drawn.random())
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert held <= paid_for(folder)
        held = paid_for(folder)
    last = compare(file, folder)
    said = last.communicate(timeout=120)
    assert last.returncode == 0, said
    assert recorded_keys(folder) == recorded_keys(tmp_path / "whole")
    assert tables(folder) == tables(tmp_path / "whole")
