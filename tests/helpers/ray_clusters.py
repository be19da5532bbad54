"""Ray clusters of several nodes in this machine, small enough to stand beside other tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_SMALL = {"object_store_memory": 80_000_000, "include_dashboard": False}
_TRIES = 4


@contextmanager
def ray_cluster(*places: int, head: int = 0) -> Iterator[Any]:
    """A cluster that this process is connected to; its `workers` are nodes with so many places each.

    Args:
        *places: Places of each node.
        head: Places of the head, which is not to be lost.
    """
    import ray

    made = _started(places, head)
    try:
        made.connect()
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


def _started(places: tuple[int, ...], head: int) -> Any:
    """Ray gives a node half a minute to start, which may not be enough where other work has the processors."""
    from ray.cluster_utils import Cluster

    for left in reversed(range(_TRIES)):
        made = Cluster()
        try:
            made.add_node(num_cpus=head, **_SMALL)
            made.workers = [made.add_node(num_cpus=count, **_SMALL) for count in places]
            return made
        except Exception:
            with suppress(Exception):
                made.shutdown()
            if not left:
                raise
    raise AssertionError
