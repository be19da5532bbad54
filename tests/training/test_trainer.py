from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from regenesis.training import TrainingJob, train

pytestmark = pytest.mark.model


@pytest.mark.parametrize("checkpointing", [False, True])
def test_the_saved_config_is_the_bases_own(
    make_job: Callable[..., TrainingJob], tiny: Path, checkpointing: bool
) -> None:
    job = make_job(tuning="full", max_steps=1, gradient_checkpointing=checkpointing)
    train(job)
    before, after = (json.loads((folder / "config.json").read_text()) for folder in (tiny, job.output))
    assert after == before
