"""What holds for the whole suite."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import sys
import tempfile

import pytest
from hypothesis import HealthCheck, settings

# A suite started in the background of a shell inherits that Ctrl-C is ignored, and so would every process it starts:
# tests that interrupt one would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# tests and the processes they start note what is trusted in a state folder of their own
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="regenesis-state-")
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)

# no test asks the Hub, wherever it runs; those about an unreachable one play that themselves
os.environ["HF_HUB_OFFLINE"] = "1"

# many processes start: what one has compiled, no other compiles again
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# test processes side by side share the cores, and so do the threads that each of them computes with
if "PYTEST_XDIST_WORKER_COUNT" in os.environ:
    cores = os.cpu_count() or 1
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores // int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))))

# no test depends on how busy the machine is
settings.register_profile("no deadline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no deadline")

# a file of questions and a finished run over it; a bucket
pytest_plugins = ["tests.helpers.finished", "tests.helpers.object_stores"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that run real models come first: they take longest, and no process is to be left alone with one."""
    first = {item.path for item in items if item.get_closest_marker("model")}
    items.sort(key=lambda item: item.path not in first)


@pytest.fixture(autouse=True, scope="module")
def _what_is_loaded_is_no_garbage() -> None:
    """Collections of garbage need not go through test items and imported libraries: those stay."""
    gc.collect()
    gc.freeze()
