"""Which keys a ledger may hold: most that a run looks up are not in it, and need no query then.

    seen = Seen()
    seen.add(key)
    seen.fill(count, keys)     # with those that were there before
    seen.lacks(key)            # True: it is surely not there; False: it may be

Four megabytes, however many keys there are; the more there are, the more often a query has to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

_PLACES = 2**22
_MOST = _PLACES // 4
"""Keys beyond which it is not worth being filled: it takes a second then, and would hardly tell of a third of them."""


class Seen:
    """A mark for each key, in a place that it may share with others."""

    def __init__(self) -> None:
        # a byte each and not a bit: setting one is a single step, whichever thread does it
        self._marks = bytearray(_PLACES)
        self._whole = self._given_up = False

    def add(self, key: str) -> None:
        """Marks a key, before it can be found."""
        self._marks[hash(key) % _PLACES] = 1

    def add_all(self, keys: Iterable[str]) -> None:
        """Marks many."""
        for key in keys:
            self._marks[hash(key) % _PLACES] = 1

    def fill(self, count: int, keys: Callable[[], Iterable[str]]) -> None:
        """Marks the keys that are there already; once, so that it may be called again.

        Args:
            count: How many there are.
            keys: Gives them.
        """
        if self._whole or self._given_up:
            return
        self._given_up = count > _MOST
        if not self._given_up:
            self.add_all(keys())
            self._whole = True

    def lacks(self, key: str) -> bool:
        """Whether a key is surely not there."""
        return self._whole and not self._marks[hash(key) % _PLACES]
