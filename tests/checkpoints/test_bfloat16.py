"""Where bfloat16 is computed in: not on a CPU without instructions for it, unless asked for and with a warning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from regenesis.checkpoints import loading, resolve_dtype
from regenesis.config import RunConfig, config_from_mapping
from regenesis.doctor import examine
from regenesis.findings import Finding
from regenesis.training.job import TrainingJob
from regenesis.training.setup import Setup

CPUS = {
    "an old CPU": ("AVX2", {"avx2", "fma"}, False),
    "one with AVX512 alone": ("AVX512", {"avx512f", "avx512_vnni"}, False),
    "one that torch is kept from using": ("AVX2", {"avx512f", "avx512_bf16"}, False),
    "one with the instructions": ("AVX512", {"avx512f", "avx512_bf16"}, True),
    "one with tiles": ("AVX512", {"avx512f", "amx_bf16"}, True),
}


@pytest.fixture
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes this machine one without a GPU, whose CPU has some instructions."""
    import torch

    def having(name: str) -> bool:
        capability, flags, fit = CPUS[name]
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
        monkeypatch.setattr(loading, "_cpu_flags", lambda: frozenset(flags))
        return fit

    return having


def config_with(**training: Any) -> RunConfig:
    dtype = training.pop("dtype", "auto")
    engine = {"kind": "transformers", "model": "pypi:smollm2-135m-instruct", "dtype": dtype}
    return config_from_mapping({"tasks": [{"name": "starter"}], "engine": engine, "training": training})


def job_with(precision: str, folder: Path) -> TrainingJob:
    config = config_with(precision=precision).training
    return TrainingJob(folder / "train.parquet", "m", config, 0, folder / "model", folder / "work")


def warnings(config: RunConfig, folder: Path) -> list[Finding]:
    return [one for one in examine(config, folder) if one.status == "warn" and "bfloat16" in one.advice]


@pytest.mark.parametrize("name", CPUS)
def test_auto_takes_bfloat16_only_where_the_cpu_computes_in_it(name: str, on_cpu: Any, tmp_path: Path) -> None:
    wanted = "bfloat16" if on_cpu(name) else "float32"
    assert str(resolve_dtype("auto")) == f"torch.{wanted}"
    setup = Setup.find(job_with("auto", tmp_path))
    assert (setup.compute, setup.notes) == (wanted, [])


@pytest.mark.parametrize("name", CPUS)
def test_a_training_in_emulated_bfloat16_says_so(name: str, on_cpu: Any, tmp_path: Path) -> None:
    fit = on_cpu(name)
    setup = Setup.find(job_with("bf16", tmp_path))
    assert setup.compute == "bfloat16"
    assert [note.startswith("This CPU has no bfloat16 instructions") for note in setup.notes] == ([] if fit else [True])


@pytest.mark.parametrize("asked", [{"precision": "bf16"}, {"dtype": "bfloat16"}])
def test_the_doctor_warns_of_emulated_bfloat16(asked: dict[str, str], on_cpu: Any, tmp_path: Path) -> None:
    setting = "engine.dtype" if "dtype" in asked else "training.precision"
    on_cpu("an old CPU")
    (warning,) = warnings(config_with(**asked), tmp_path)
    assert f"Set {setting} to `auto`" in warning.advice
    assert warnings(config_with(), tmp_path) == []
    on_cpu("one with the instructions")
    assert warnings(config_with(**asked), tmp_path) == []
