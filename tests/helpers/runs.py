"""Small runs for tests: questions in a file, a config over them, and what a run left behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from regenesis.config import RunConfig, config_from_mapping
from regenesis.ledger import Ledger

THREE_STAGES: dict[str, Any] = {
    "prompts": "one-chat",
    "stages": ["adapt", "structure", "solve"],
    "adaptive_waves": False,
}
"""The whole chain in one chat and whole waves of them, on which most of what a chain does can be seen."""
METHOD: dict[str, Any] = THREE_STAGES | {
    "guidelines": 6,
    "wave": 3,
    "keep": 2,
    "selections": 1,
    "hint": {"guidelines": 2},
}
"""Few chains, but every kind of them."""


def write_questions(folder: Path, count: int, *, first: int = 0) -> Path:
    """A file of questions that the played model answers rightly for about half of all seeds."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "questions.jsonl"
    rows = [
        {
            "id": number,
            "question": f"Shelf {number} holds some books, the next one others. How many? [[gold={7 * number - 20}]]",
            "answer": str(7 * number - 20),
        }
        for number in range(first, first + count)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def write_solved_questions(folder: Path, count: int, *, without: int = 0) -> Path:
    """A file of questions with their worked solutions; the last `without` have none."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "solved.jsonl"
    rows = []
    for number in range(count):
        total = 2 * number + 3
        worked = (
            f"We start with {number}.\nAdding {number + 3} gives {number} + {number + 3} = {total}, a whole number."
        )
        solution = worked if number < count - without else ""
        question = f"What is {number} and {number + 3}?"
        rows.append({"id": number, "question": question, "answer": total, "solution": solution})
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def toy_mapping(file: Path, base_url: str | list[str] = "http://127.0.0.1:9/v1", **parts: Any) -> dict[str, Any]:
    """A config as a user would write it; `parts` replaces or extends its sections."""
    engine = {
        "kind": "openai",
        "base_url": base_url,
        "model": "scripted",
        "max_in_flight": 8,
        "retry": {"attempts": 8, "first_wait": 0.01, "longest_wait": 0.05},
    }
    mapping: dict[str, Any] = {
        "tasks": [{"name": "toy", "file": str(file), "kind": "number"}],
        "engine": engine,
        "method": dict(METHOD),
    }
    for name, part in parts.items():
        known = mapping.get(name)
        mapping[name] = known | part if isinstance(known, dict) and isinstance(part, dict) else part
    return mapping


def toy_config(file: Path, base_url: str | list[str] = "http://127.0.0.1:9/v1", **parts: Any) -> RunConfig:
    return config_from_mapping(toy_mapping(file, base_url, **parts))


def train_bytes(run: Path) -> bytes:
    """The dataset as it lies on disk."""
    return (run / "dataset" / "train.jsonl").read_bytes()


def recorded_keys(run: Path) -> set[str]:
    """The keys in a run's ledger; none before there is one."""
    if not (run / "ledger.sqlite").exists():
        return set()
    with Ledger.read(run / "ledger.sqlite") as ledger:
        return set(ledger.keys())


def journal(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]


async def until(happened: Callable[[], object]) -> None:
    """Waits for what other tasks or processes do."""
    while not happened():  # noqa: ASYNC110 - nothing here tells of it
        await asyncio.sleep(0.05)
