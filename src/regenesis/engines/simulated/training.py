"""A simulated training: what a dataset is worth, written as an adapter's folder.

    train(config, run / "dataset" / "train.parquet", folder, seed=0)
    read_learned(folder).gain_on(question)

More rows give more, hinted ones less, and the seed makes a difference. The folder has the files of a LoRA adapter, so
that it is handled as one; the safetensors file holds no weights but its header, which says what was learned.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regenesis.engines.config import Trained
from regenesis.engines.simulated.arithmetic import Arithmetic, find
from regenesis.engines.simulated.replies import count_tokens
from regenesis.errors import ModelError
from regenesis.filesystems import read_bounded

if TYPE_CHECKING:
    from regenesis.engines.simulated.config import SimulatedEngineConfig

_FILE = "adapter_model.safetensors"
_CONFIG = "adapter_config.json"
_COLUMNS = ["prompt", "completion", "guideline", "hinted"]


@dataclass(frozen=True, slots=True)
class Learned:
    """What a training came to.

    Attributes:
        gain: Log-odds of a right answer.
        operations: Operations of the questions trained on.
        elsewhere: Share of the gain on questions with other operations.
    """

    gain: float = 0.0
    operations: frozenset[str] = frozenset()
    elsewhere: float = 1.0

    def gain_on(self, question: Arithmetic) -> float:
        """The gain on one question."""
        return self.gain if question.operations <= self.operations else self.gain * self.elsewhere


def train(config: SimulatedEngineConfig, dataset: Path, output: Path, seed: int) -> Trained:
    """Reads a dataset and writes what a simulated model learns from it.

    Raises:
        ModelError: The dataset cannot be read.
    """
    rows = _rows(dataset)
    learned = Learned(_gain(config, rows, seed), _operations(rows), config.gain.elsewhere)
    _write(output, learned, config.model)
    replies = [str(row["completion"][-1]["content"]) for row in rows]
    prompts = ["\n".join(message["content"] for message in row["prompt"]) for row in rows]
    lengths = [(count_tokens(prompt), count_tokens(reply)) for prompt, reply in zip(prompts, replies, strict=True)]
    return Trained(
        rows=len(rows),
        tokens=sum(map(sum, lengths)),
        supervised_tokens=sum(reply for _, reply in lengths),
        longest=max(map(sum, lengths), default=0),
    )


def read_learned(folder: Path) -> Learned:
    """What stands in the folder of a simulated training.

    Raises:
        ModelError: It is not one, or damaged.
    """
    path = folder / _FILE
    try:
        header = json.loads(read_bounded(path)[8:])
        stated = json.loads(header["__metadata__"]["simulated"])
        gain, operations, elsewhere = float(stated["gain"]), frozenset(stated["operations"]), float(stated["elsewhere"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(
            f"engine.adapter {folder}: is not what a simulated training writes. A simulated model loads no other "
            "adapter; train it by `regenesis train`."
        ) from error
    if not (math.isfinite(gain) and math.isfinite(elsewhere)):
        raise ModelError(f"engine.adapter {folder}: is damaged. Train it again by `regenesis train`.")
    return Learned(gain, operations, elsewhere)


def _rows(dataset: Path) -> list[dict[str, Any]]:
    import pyarrow
    from pyarrow import parquet

    try:
        known = [name for name in _COLUMNS if name in parquet.read_schema(dataset).names]
        rows: list[dict[str, Any]] = parquet.read_table(dataset, columns=known).to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise ModelError(f"{dataset}: cannot be read ({error}). Derive the dataset again.") from error
    return rows


def _gain(config: SimulatedEngineConfig, rows: list[dict[str, Any]], seed: int) -> float:
    gain = config.gain
    worth = sum(gain.hinted_row if row.get("hinted") else 1.0 for row in rows)
    kinds = len({row.get("guideline") for row in rows if row.get("guideline")})
    content = hashlib.sha256(json.dumps([row["completion"] for row in rows]).encode()).hexdigest()
    luck = random.Random(f"{config.model} {seed} {content}").gauss(0, 1)
    return (
        gain.most * worth / (worth + gain.half_at)
        + (gain.guidelines * (1 - 1 / kinds) if kinds else 0.0)
        + gain.by_seed * luck
    )


def _operations(rows: list[dict[str, Any]]) -> frozenset[str]:
    found = (find(message["content"]) for row in rows for message in row["prompt"] if message["role"] == "user")
    return frozenset().union(*(question.operations for question in found if question is not None))


def _write(folder: Path, learned: Learned, base: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stated = {"gain": learned.gain, "operations": sorted(learned.operations), "elsewhere": learned.elsewhere}
    header = json.dumps({"__metadata__": {"simulated": json.dumps(stated)}}).encode()
    (folder / _FILE).write_bytes(struct.pack("<Q", len(header)) + header)
    config = {"peft_type": "SIMULATED", "base_model_name_or_path": base}
    (folder / _CONFIG).write_text(json.dumps(config, indent=1) + "\n", "utf-8")
