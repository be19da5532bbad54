"""Finished runs for comparisons: in memory, letter by letter, and in folders as a run writes them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.helpers.measured import evaluation, model
from tests.helpers.played import PlayedEngine
from tests.helpers.runs import toy_config, toy_mapping, write_questions

from regenesis.config import config_from_mapping
from regenesis.evaluation.record import EvaluationReport, write_record
from regenesis.experiments.results import FinishedRun, Score, Training
from regenesis.runs import synthesize
from regenesis.training.report import TrainingReport

Letters = Mapping[str, str]
"""By task, a letter a question: right, wrong, half of the samples right, or a space for none."""


def run(
    label: str,
    base: Letters,
    tuned: Letters,
    *,
    train_on: str = "toy",
    seed: int = 0,
    groups: Mapping[str, str] | None = None,
    domains: Mapping[str, str | None] | None = None,
    conditions: Mapping[str, Any] | None = None,
    complete: bool = True,
    samples: int = 1,
    majority: Mapping[str, Mapping[str, float]] | None = None,
    **spent: Any,
) -> FinishedRun:
    """A run as `read_run` gives it; `groups` has a letter a question, by task."""
    training = {"rows": 100, "questions": 50, "hinted": 10, "requests": 400, "prompt_tokens": 9000} | {
        "generated_tokens": 40_000,
        "synthesis_seconds": 60.0,
        "training_tokens": 12_000,
        "steps": 25,
        "training_seconds": 30.0,
        **spent,
    }
    return FinishedRun(
        label=label,
        train_on=train_on,
        seed=seed,
        directory=Path("runs") / label,
        config=toy_config(Path("questions.jsonl"), seed=seed),
        models=("base", "tuned"),
        scores={"base": _scores(base, groups or {}), "tuned": _scores(tuned, groups or {})},
        domains=dict.fromkeys(base) | dict(domains or {}),
        training=Training(**training),
        conditions=dict(conditions or {}),
        complete=complete,
        samples=samples,
        majority=majority or {},
    )


def _scores(letters: Letters, groups: Mapping[str, str]) -> dict[str, dict[str, Score]]:
    return {
        task: {
            f"{task}/test/{place}": Score(
                {"r": 1.0, "h": 0.5}.get(letter, 0.0), groups[task][place] if task in groups else f"{task}/test/{place}"
            )
            for place, letter in enumerate(outcomes)
            if letter != " "
        }
        for task, outcomes in letters.items()
    }


def write_run(
    folder: Path,
    base: Letters,
    tuned: Letters,
    *,
    seed: int = 0,
    domains: dict[str, str] | None = None,
    conditions: Mapping[str, Any] | None = None,
    method: dict[str, Any] | None = None,
) -> Path:
    """A run's folder with a real synthesis, and the records of a training and an evaluation that came to this."""
    mapping = toy_mapping(write_questions(folder.parent, 6), seed=seed)
    config = config_from_mapping(mapping if method is None else mapping | {"method": method})
    asyncio.run(synthesize(config, folder, engine=PlayedEngine()))
    outcomes = {"base": dict(base), "tuned": dict(tuned)}
    models = [model(name, **(conditions or {})) for name in outcomes]
    write_record(
        EvaluationReport(
            directory=folder,
            evaluation=evaluation(outcomes, domains=domains, models=models),
            stopped=None,
            owed={},
            requests_sent=0,
            requests_recalled=0,
            prompt_tokens=0,
            completion_tokens=0,
            seconds=0.0,
        )
    )
    write_training(folder, seed)
    return folder


def write_training(run: Path, seed: int = 0) -> None:
    """The record of a training, as it lies beside a tuned model."""
    digest = hashlib.sha256((run / "dataset" / "train.parquet").read_bytes()).hexdigest()
    report = TrainingReport(
        folder=run / "model",
        fingerprint="0" * 24,
        settings={"data set": digest, "base model": "weights", "seed": seed, "training.num_train_epochs": 3.0},
        base="played",
        base_identity="played@sha256:0",
        tuning="lora",
        dtype="bfloat16",
        device="cpu",
        processes=1,
        trainable=10,
        parameters=100,
        rows=8,
        sequences=8,
        left_out=0,
        truncated=0,
        unfit=0,
        max_length=64,
        row_tokens=400,
        supervised_tokens=300,
        batch_size=4,
        steps=6,
        epochs=3.0,
        tokens=1200,
        first_loss=1.0,
        final_loss=0.5,
        mean_loss=0.6,
        seconds=12.0,
        versions={},
    )
    (run / "model").mkdir(exist_ok=True)
    (run / "model" / "training.json").write_text(json.dumps(report.record()), "utf-8")
    (run / "model" / "adapter_config.json").write_text("{}", "utf-8")
