"""Keys and values of sequences of unequal length, one a row, each row at its own position.

    cache = RowCache(rows=16, longest=4096)
    cache.write_next(slice(0, 3), positions, start, end)     # positions: [3, new tokens]
    model(..., past_key_values=cache)

Rows 0 to n-1 are in use; a row that ends is overwritten by the last one, so that the rows in use stay together and a
step reads a plain slice. Memory grows with the longest sequence there has been. Imports torch and transformers:
import it inside a function.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import Cache

_STEP = 64
"""Lengths are rounded up to a multiple of it: fewer shapes, and the alignment that GPU kernels ask for."""


class RowCache(Cache):  # type: ignore[misc]
    """The cache that is handed to a model as `past_key_values`.

    Attributes:
        rows: Sequences there is room for.
    """

    def __init__(self, rows: int, longest: int) -> None:
        super().__init__(layers=[])
        self.rows = rows
        self._longest = longest
        self._keys: dict[int, torch.Tensor] = {}  # layer → [rows, heads, tokens, width]
        self._values: dict[int, torch.Tensor] = {}
        self._in_use = 0
        self._at = slice(0, 0)
        self._positions = torch.zeros(0, 0, dtype=torch.long)
        self._start = 0
        self._visible = 0

    def write_next(self, rows: slice, positions: torch.Tensor, start: int, end: int) -> None:
        """Says what the model's next call adds: `positions` `[rows, new tokens]`, from `start` to `end` - 1."""
        self._at, self._positions, self._start = rows, positions, start
        self._in_use = max(self._in_use, rows.stop)
        self._visible = self.visible(end)

    def visible(self, end: int) -> int:
        """Tokens of each row that a step reads which writes up to `end` - 1."""
        # negated floor division rounds up
        return -(-end // _STEP) * _STEP

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Writes `[rows, heads, new tokens, width]` where it belongs; gives all that the rows hold."""
        return (
            self._write(self._keys, layer_idx, key_states),
            self._write(self._values, layer_idx, value_states),
        )

    def _write(self, store: dict[int, torch.Tensor], layer: int, new: torch.Tensor) -> torch.Tensor:
        held = self._with_room(store, layer, new)
        if new.shape[2] == 1:
            # a decoding step: each row at its own position
            held[torch.arange(self._at.start, self._at.stop, device=new.device), :, self._positions[:, 0]] = new[
                :, :, 0
            ]
        else:
            # prefill: all rows of a group write the same positions
            held[self._at, :, self._start : self._start + new.shape[2]] = new
        return held[self._at, :, : self._visible]

    def _with_room(self, store: dict[int, torch.Tensor], layer: int, new: torch.Tensor) -> torch.Tensor:
        held = store.get(layer)
        if held is not None and held.shape[2] >= self._visible:
            return held
        # geometric growth: the cost of copying stays linear in the final length
        length = self._visible if held is None else max(self._visible, held.shape[2] * 3 // 2)
        length = min(self.visible(length), self.visible(self._longest))
        # zeros and not uninitialised memory: masked values still enter the product with weight 0, and 0 * NaN is NaN
        grown = new.new_zeros(self.rows, new.shape[1], length, new.shape[3])
        if held is not None:
            grown[: self._in_use, :, : held.shape[2]] = held[: self._in_use]
        store[layer] = grown
        return grown

    def move(self, source: int, target: int, length: int) -> None:
        """Copies the first `length` tokens of one row over another's."""
        for store in (self._keys, self._values):
            for held in store.values():
                held[target, :, :length] = held[source, :, :length]

    def wipe(self, row: int) -> None:
        """Zeroes a row that may contain NaN."""
        for store in (self._keys, self._values):
            for held in store.values():
                held[row].zero_()

    def shrink(self, rows: int) -> None:
        """Keeps the first `rows` rows only and lets go of the others' memory."""
        self.rows, self._in_use = rows, min(self._in_use, rows)
        for store in (self._keys, self._values):
            for layer in list(store):
                # a slice alone would keep the whole buffer alive
                store[layer] = store[layer][:rows].clone()

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Tokens before this step; only asked by models that are not told positions."""
        return self._start
