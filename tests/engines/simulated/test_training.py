from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from regenesis.engines.simulated import SimulatedEngineConfig
from regenesis.engines.simulated.arithmetic import Arithmetic
from regenesis.engines.simulated.training import Learned, read_learned
from regenesis.errors import ModelError


def dataset(
    folder: Path, rows: int, *, hinted: bool = False, guidelines: int = 1, expression: str = "3 + 4", reply: str = "7"
) -> Path:
    file = folder / "train.parquet"
    table = [
        {
            "prompt": [{"role": "user", "content": f"What is {expression}?\n\nReason step by step."}],
            "completion": [{"role": "assistant", "content": f"{reply} {row}"}],
            "guideline": f"g{row % guidelines}",
            "hinted": hinted,
        }
        for row in range(rows)
    ]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(table), file)
    return file


def learned(folder: Path, *, seed: int = 0, gain: dict[str, Any] | None = None, **rows: Any) -> Learned:
    config = SimulatedEngineConfig(kind="simulated", gain={"by_seed": 0, **(gain or {})})
    config.train(dataset(folder, **rows), folder / "model", seed)
    return read_learned(folder / "model")


@pytest.mark.parametrize(
    ("rows", "gain"),
    [
        ({"rows": 100}, 0.5),
        ({"rows": 300}, 0.75),
        ({"rows": 100, "hinted": True}, 1 / 3),
        ({"rows": 100, "guidelines": 10, "gain": {"guidelines": 0.5}}, 0.95),
    ],
    ids=["rows", "more rows", "hinted rows", "distinct guidelines"],
)
def test_the_gain_depends_on_the_rows(rows: dict[str, Any], gain: float, tmp_path: Path) -> None:
    assert learned(tmp_path, **rows).gain == pytest.approx(gain)


def test_it_helps_less_on_questions_with_other_operations(tmp_path: Path) -> None:
    found = learned(tmp_path, rows=100, gain={"elsewhere": 0.4})
    assert found.gain_on(Arithmetic("", "7 + 8")) == pytest.approx(0.5)
    assert found.gain_on(Arithmetic("", "7 * 8 + 2")) == pytest.approx(0.2)


def test_seeds_and_data_sets_make_a_difference_and_nothing_else_does(tmp_path: Path) -> None:
    gains = [
        learned(tmp_path, rows=100, gain={"by_seed": 0.2}, seed=seed, reply=reply).gain
        for seed, reply in ((0, "a"), (1, "a"), (0, "b"), (0, "a"))
    ]
    assert len(set(gains)) == 3
    assert gains[0] == gains[3]


def test_the_folder_is_told_by_its_contents_and_loaded_as_an_adapter(tmp_path: Path) -> None:
    learned(tmp_path, rows=10)
    base = SimulatedEngineConfig(kind="simulated")
    tuned = base.with_adapter(tmp_path / "model")
    assert tuned.identity().startswith(f"{base.identity()}+model@sha256:")
    assert tuned.loaded_adapter == tmp_path / "model"
    learned(tmp_path, rows=20)
    assert tuned.identity() != base.with_adapter(tmp_path / "model").with_adapter(None).identity()


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 8 + b"{}", b"\0" * 8 + b'{"__metadata__": {"simulated": "[1]"}}', None]
)
def test_a_folder_of_another_kind_is_refused(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "adapter_model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="is not what a simulated training writes"):
        read_learned(tmp_path)


def test_a_data_set_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "train.parquet").write_text("no parquet")
    with pytest.raises(ModelError, match=r"train\.parquet: cannot be read"):
        SimulatedEngineConfig(kind="simulated").train(tmp_path / "train.parquet", tmp_path / "model", 0)
