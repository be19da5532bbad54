"""Loading from mappings, without a hub: what every test of the room needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regenesis.config import config_from_mapping
from regenesis.tasks import LoadedQuestions, load_questions

HAND_MADE_ROWS = Path(__file__).parent / "rows"

Load = Callable[..., LoadedQuestions]


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.delenv("REGENESIS_DATA_ROOT", raising=False)


@pytest.fixture
def load() -> Load:
    """Loads the questions of tasks given as mappings; `data_root` and `seed` as in a config."""

    def loaded(
        *tasks: dict[str, Any], data_root: Path | None = HAND_MADE_ROWS, seed: int = 0, **options: bool
    ) -> LoadedQuestions:
        config = config_from_mapping({"tasks": list(tasks)})
        return load_questions(config.tasks, seed=seed, data_root=data_root, **options)

    return loaded


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows (mappings, or lines as text or bytes) to a file and gives its path."""

    def written(*rows: dict[str, Any] | str | bytes, name: str = "own.jsonl") -> Path:
        lines = [
            row if isinstance(row, bytes) else (row if isinstance(row, str) else json.dumps(row)).encode()
            for row in rows
        ]
        path = tmp_path / name
        path.write_bytes(b"\n".join(lines) + b"\n")
        return path

    return written
