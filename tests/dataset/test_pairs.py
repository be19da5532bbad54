from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from regenesis.config import config_from_mapping
from regenesis.dataset.pairs import write_pairs
from regenesis.methods import Outcome
from regenesis.synthesis.inputs import method_of
from regenesis.types import GradedPath, Question


@pytest.mark.parametrize(
    ("defect", "hinted", "rejected"),
    [
        (None, False, True),
        ("false_equation", False, True),  # how it went wrong, and no matter of form
        ("unboxed", False, False),
        ("truncated", False, False),
        ("repetition", False, False),
        (None, True, False),
    ],
)
def test_what_is_rejected_is_wrong_and_of_a_sound_form(
    defect: str | None,
    hinted: bool,
    rejected: bool,
    tmp_path: Path,
    question: Question,
    judged_of: Callable[..., GradedPath],
) -> None:
    config = config_from_mapping({"tasks": ["gsm8k"]})
    right, wrong = judged_of("9 * 2 = 18"), judged_of("9 * 2 = 19", answer="19", defect=defect, hinted=hinted)
    written = write_pairs(
        tmp_path, [Outcome(question, (right, wrong), (right,))], method_of(config.method, config.answering)
    )
    assert written.rows == int(rejected)
    assert written.one_sided == int(not rejected)
    if rejected:
        [row] = [json.loads(line) for line in (tmp_path / "train.jsonl").read_text("utf-8").splitlines()]
        assert (row["chosen_answer"], row["rejected_answer"]) == ("18", "19")
