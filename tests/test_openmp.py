"""How threads that compute together wait: settled before whatever loads the library first."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASK = "import os; {}; print(os.environ.get('OMP_WAIT_POLICY'))"


@pytest.mark.parametrize(
    "loading",
    [
        "from regenesis.checkpoints.ggml import _library; _library()",
        "from regenesis.engines.llamacpp.checking import check_library; check_library()",
        "from regenesis.openmp import wait_without_spinning; wait_without_spinning()",
    ],
    ids=["quantising", "the doctor", "an engine"],
)
def test_threads_sleep_whoever_loads_llamacpp_first(loading: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    done = subprocess.run([sys.executable, "-c", ASK.format(loading)], capture_output=True, text=True, check=True)
    assert done.stdout == "passive\n"


def test_what_the_environment_says_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    loading = "from regenesis.openmp import wait_without_spinning; wait_without_spinning()"
    done = subprocess.run([sys.executable, "-c", ASK.format(loading)], capture_output=True, text=True, check=True)
    assert done.stdout == "active\n"
