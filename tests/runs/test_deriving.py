from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet
from tests.helpers.played import PlayedEngine
from tests.helpers.runs import toy_config, toy_mapping, write_questions

import regenesis
from regenesis.config import config_from_mapping
from regenesis.dataset.config import DatasetConfig
from regenesis.errors import RunError
from regenesis.runs import synthesize

DERIVED = ("dataset/train.jsonl", "dataset/train.parquet", "dataset/README.md", "paths.parquet", "verdicts.parquet")


def derived(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in DERIVED}


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({}, id="the default method"),
        pytest.param({"thinking": "keep"}, id="thoughts are trained on"),
        pytest.param({"method": {"name": "rejection"}}, id="another method"),
    ],
)
async def test_a_data_set_that_was_deleted_is_derived_again_with_the_same_bytes(
    tmp_path: Path, parts: dict[str, Any]
) -> None:
    run, file = tmp_path / "run", write_questions(tmp_path, 6)
    report = await synthesize(config_from_mapping(toy_mapping(file) | parts), run, engine=PlayedEngine())
    before = derived(run)
    for name in DERIVED:
        (run / name).unlink()
    file.unlink()  # nothing but the run's folder is needed
    assert regenesis.derive_dataset(run).rows == report.kept > 0
    assert derived(run) == before


@pytest.mark.parametrize(("hinted", "shown"), [("only", {True}), ("never", {False}), ("any", {True, False})])
async def test_rows_of_hinted_paths_can_be_taken_alone_or_left_out(
    tmp_path: Path, hinted: Any, shown: set[bool]
) -> None:
    run, few_chains = tmp_path / "run", {"guidelines": 2, "wave": 1, "selections": 0}
    await synthesize(toy_config(write_questions(tmp_path, 8), method=few_chains), run, engine=PlayedEngine())
    summary = regenesis.derive_dataset(run, DatasetConfig(hinted=hinted))
    rows = parquet.read_table(run / "dataset" / "train.parquet").to_pylist()
    assert len(rows) == summary.rows
    assert {row["hinted"] for row in rows} == shown


async def test_a_run_whose_synthesis_has_written_nothing_says_so(tmp_path: Path) -> None:
    run = tmp_path / "run"
    await synthesize(toy_config(write_questions(tmp_path, 2)), run, engine=PlayedEngine())
    (run / "origin.json").unlink()
    with pytest.raises(RunError, match=r"origin\.json.*nothing is asked"):
        regenesis.derive_dataset(run)


def test_a_folder_of_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no config\.yaml"):
        regenesis.derive_dataset(tmp_path)
