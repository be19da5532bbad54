"""What the benchmarks share: made-up questions, a run's config, and the one line of JSON that each prints.

write_questions(folder / "questions.jsonl", 100)
config = run_config(folder / "questions.jsonl", "http://127.0.0.1:8000/v1")
finish("driver", {"completions_per_second": 900}, target="at least 500 completions a second", met=True)
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.append(str(REPOSITORY))  # for the scripted server, which the tests share

from tests.fixtures.script import play_arithmetic  # noqa: E402
from tests.fixtures.scripted_server import server_process  # noqa: E402
from tests.helpers import interval_checks, simulated_experiments  # noqa: E402

from regenesis.config import RunConfig, config_from_mapping  # noqa: E402

__all__ = [
    "Watching",
    "finish",
    "interval_checks",
    "play_arithmetic",
    "question_gold",
    "question_text",
    "run_config",
    "server_process",
    "simulated_experiments",
    "workspace",
    "write_questions",
]

_THREE_STAGES = {"prompts": "one-chat", "stages": ["adapt", "structure", "solve"]}
"""What the figures are about: most requests a chain, and chats that grow."""
_GOODS = ("apples", "stamps", "tickets", "pencils", "marbles", "bottles", "postcards", "bricks")
_PEOPLE = ("Ana", "Bo", "Chidi", "Dara", "Emil", "Farah", "Goran", "Hana")


def question_text(number: int) -> str:
    """A word problem about as long as those of grade-school datasets, with the mark by which the scripted server
    knows the right answer.
    """
    draw = random.Random(number)
    first, second, third = draw.randint(2, 60), draw.randint(2, 60), draw.randint(2, 9)
    goods, (seller, buyer) = draw.choice(_GOODS), draw.sample(_PEOPLE, 2)
    return (
        f"{seller} brings {first} {goods} to the market on Monday and {second} more on Tuesday. On Wednesday {buyer} "
        f"comes by with {third} boxes of {goods}, each of which holds {first} {goods}, and adds all of them. How many "
        f"{goods} are there in the end? [[gold={first + second + third * first}]]"
    )


def question_gold(number: int) -> str:
    """The right answer to `question_text(number)`."""
    return question_text(number).rsplit("=", 1)[1].rstrip("]")


def write_questions(path: Path, count: int) -> None:
    """Writes so many questions as a user's own JSONL file."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            row = {"id": str(number), "question": question_text(number), "answer": question_gold(number)}
            file.write(json.dumps(row) + "\n")


def run_config(questions: Path, url: str, **sections: Any) -> RunConfig:
    """A run over a file of questions at a server by chains of three stages; `sections` are more parts of its config."""
    engine = {"kind": "openai", "base_url": url, "model": "scripted", **sections.pop("engine", {})}
    tasks = [{"name": "market", "file": str(questions), "kind": "number"}]
    method = {**_THREE_STAGES, **sections.pop("method", {})}
    return config_from_mapping({"tasks": tasks, "engine": engine, "method": method, **sections})


@contextmanager
def workspace() -> Iterator[Path]:
    """An empty folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="regenesis-benchmark-") as name:
        yield Path(name)


class Watching:
    """Looks at something again and again, in a thread of its own, for as long as its block runs."""

    def __init__(self, look: Callable[[], None], seconds: float) -> None:
        self._look, self._seconds = look, seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watching:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(self._seconds):
            self._look()


def finish(name: str, figures: dict[str, Any], *, target: str, met: bool | None) -> None:
    """Prints the benchmark's one line of JSON; `met` is `None` where what the target is about was not measured."""
    line = {"name": name, **figures, "cores": os.cpu_count(), "target": target, "met": met}
    print(json.dumps(line, ensure_ascii=False))
