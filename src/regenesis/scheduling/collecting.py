"""Garbage collection while very many objects are made: by a stage that asks, or by a process that judges or derives.

    with collecting_seldom(): ...

Python looks for objects that hold each other after every 700 that were made and not freed. Hundreds of chains under way
hold thousands that live until their question ends, so that nearly all of this search finds them alive: with an engine
that answers at once, a twentieth of the time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS = 20_000
"""Objects made and not freed after which a search is worth it; some megabytes, should all of them be garbage."""


@contextmanager
def collecting_seldom(objects: int = _OBJECTS) -> Iterator[None]:
    """Lets so many objects come together before garbage is looked for, for as long as the block lasts."""
    before = gc.get_threshold()
    if before[0]:  # somebody who turned the search off wants none
        gc.set_threshold(max(before[0], objects), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
