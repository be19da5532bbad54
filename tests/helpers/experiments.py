"""Experiments on the simulated engine, of a few questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from regenesis.engines.simulated.questions import write_questions

METHODS: dict[str, Any] = {
    "ours": {"name": "regenesis", "guidelines": 4, "wave": 2, "keep": 2},
    "rejection": {"samples": 4, "keep": 2},
    "star": {"samples": 4, "keep": 2},
}


def stated(folder: Path | None = None, **parts: Any) -> dict[str, Any]:
    """An experiment as a user would write it; `parts` replaces its fields."""
    folder = folder or Path("questions")
    return {
        "base": {"engine": {"kind": "simulated"}},
        "methods": {"ours": METHODS["ours"], "star": METHODS["star"]},
        "train_on": [{"name": "sums", "file": str(folder / "train.jsonl"), "kind": "number"}],
        "evaluation": {"tasks": [{"name": "exam", "file": str(folder / "exam.jsonl"), "kind": "number"}]},
        **parts,
    }


def write_experiment(folder: Path, *, train: int = 12, exam: int = 12, **parts: Any) -> Path:
    """Writes the YAML file of an experiment and the questions that it names."""
    write_questions(folder / "train.jsonl", train, seed=1)
    write_questions(folder / "exam.jsonl", exam, groups=max(2, exam // 2), seed=2)
    file = folder / "experiment.yaml"
    file.write_text(yaml.safe_dump(stated(folder, **parts), sort_keys=False), "utf-8")
    return file
