"""Continuous batching over a transformers model: sequences join and leave between any two steps.

    decoder = Decoder(model, stop={2}, context=4096, rows=16)
    decoder.admit([sequence])
    while decoder.active:
        for done in decoder.step(): ...

transformers' own manager (`generate_batch`, `ContinuousBatchingManager`) is not used: it draws all requests from one
generator, so a request's tokens depend on its neighbours; it is either greedy or sampling for all; and what it
offers changed between 5.17 and 5.23. This loop is one thread's and knows nothing of chats, futures or threads.
Imports torch: import it inside a function.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import torch

from regenesis.engines.transformers.row_cache import RowCache
from regenesis.engines.transformers.sampling import draw, moved
from regenesis.types import Sampling

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_READ_AT_ONCE = {"cpu": 256}
"""Prompt tokens of one forward pass, padding included. A core is busy with few, and cannot be interrupted in them; a
GPU wants many."""
_READ_AT_ONCE_ON_GPU = 8192

_ATTENTION = {"full_attention", "sliding_attention"}


@dataclass(eq=False, slots=True)
class Sequence:
    """One request on its way through the model.

    Attributes:
        prompt: Its tokens, at least one.
        sampling: How tokens are drawn.
        seed: Seeds the sequence's own random numbers.
        written: New tokens so far, without the stop token.
        finish: Why it ended; `broken` where the model gave no numbers.
    """

    prompt: list[int]
    sampling: Sampling
    seed: int
    written: list[int] = field(default_factory=list)
    drawn: int = 0
    finish: Literal["stop", "length", "broken"] | None = None
    numbers: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forgets what was written; it will be written the same again."""
        self.written, self.drawn, self.finish = [], 0, None
        self.numbers = random.Random(self.seed)

    @property
    def held(self) -> int:
        """Tokens of it in the cache: all but the one that was drawn last."""
        return len(self.prompt) + max(len(self.written) - 1, 0)


class Decoder:
    """Sequences that are decoded together; see the module's text.

    Attributes:
        active: Those under way; place in the list = row in the cache.
    """

    def __init__(self, model: PreTrainedModel, stop: Collection[int], context: int, rows: int) -> None:
        """Raises ValueError for a model whose layers are no attention over all that came before."""
        self.active: list[Sequence] = []
        self._model = model
        self._stop = frozenset(stop)
        self._context = context
        self._cache = RowCache(rows, context)
        self._device = model.device
        self._windows = _windows(model.config)
        self._read_at_once = _READ_AT_ONCE.get(self._device.type, _READ_AT_ONCE_ON_GPU)

    @property
    def places(self) -> int:
        """Sequences that can be decoded together."""
        return self._cache.rows

    def next_group(self, waiting: list[Sequence]) -> int:
        """How many of those waiting, in order, are best read together: they have places and padding is no waste."""
        free, longest, count = self.places - len(self.active), 0, 0
        for sequence in waiting[:free]:
            longest = max(longest, len(sequence.prompt))
            if count and longest * (count + 1) > self._read_at_once:
                break
            count += 1
        return count

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def admit(self, group: list[Sequence], given_up: Callable[[], bool] = lambda: False) -> list[Sequence]:
        """Reads prompts and draws the first token of each; afterwards they are active.

        Args:
            group: At most as many as there are free places.
            given_up: Asked between two passes; once it says yes nobody is admitted.

        Returns:
            Those that ended with their first token.
        """
        # prompts are padded on the right: position = column, and padded keys are hidden by the causal mask
        first, ends = len(self.active), [len(sequence.prompt) for sequence in group]
        rows = slice(first, first + len(group))
        tokens = torch.zeros(len(group), max(ends), dtype=torch.long)
        for row, sequence in enumerate(group):
            tokens[row, : ends[row]] = torch.tensor(sequence.prompt)
        logits: dict[int, torch.Tensor] = {}
        borders = [*range(0, max(ends), max(self._read_at_once // len(group), 1)), max(ends)]
        for start, end in pairwise(borders):
            if given_up():
                return []
            # logits only where a prompt ends: rows × tokens × vocabulary would dominate the memory of prefill
            # a chunk in which no prompt ends still computes one position
            keep = sorted({last - 1 - start for last in ends if start < last <= end}) or [0]
            positions = torch.arange(start, end).expand(len(group), -1)
            output = self._forward(tokens[:, start:end], positions, rows, keep)
            for row, last in enumerate(ends):
                if start < last <= end:
                    logits[row] = output[row, keep.index(last - 1 - start)]
        self.active += group
        return self._continue(torch.stack([logits[row] for row in range(len(group))]), group)

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def step(self) -> list[Sequence]:
        """Draws one token of every active sequence; gives those that ended with it, which are active no more."""
        if not self.active:
            return []
        tokens = torch.tensor([[sequence.written[-1]] for sequence in self.active])
        positions = torch.tensor([[sequence.held] for sequence in self.active])
        output = self._forward(tokens, positions, slice(0, len(self.active)), [0])
        return self._continue(output[:, -1], list(self.active))

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def drop(self, sequence: Sequence) -> None:
        """Takes out an active sequence; its place is free at once."""
        row, last = self.active.index(sequence), len(self.active) - 1
        # the last sequence fills the gap, so that active rows stay contiguous
        if row != last:
            self._cache.move(last, row, self.active[last].held)
            self.active[row] = self.active[last]
        self.active.pop()

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def halve(self) -> list[Sequence]:
        """Gives up half of the places, for want of memory; gives the sequences that lost theirs, to start anew."""
        rows = max(self.places // 2, 1)
        lost, self.active = self.active[rows:], self.active[:rows]
        self._cache.shrink(rows)
        for sequence in lost:
            sequence.restart()
        return lost

    def _forward(self, tokens: torch.Tensor, positions: torch.Tensor, rows: slice, keep: list[int]) -> torch.Tensor:
        """One pass over `tokens` `[rows, new]` at `positions` (the same); logits `[rows, len(keep), vocabulary]`."""
        start, end = int(positions.min()), int(positions.max()) + 1
        # one transfer brings both
        tokens, positions = moved(torch.stack([tokens, positions]), self._device)
        masks = {kind: self._mask(positions, end, window) for kind, window in self._windows.items()}
        self._cache.write_next(rows, positions, start, end)
        output = self._model(
            input_ids=tokens,
            position_ids=positions,
            attention_mask=masks if len(masks) > 1 else next(iter(masks.values())),
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1 if tokens.shape[1] == 1 else moved(torch.tensor(keep), self._device),
        )
        logits: torch.Tensor = output.logits
        return logits

    def _mask(self, positions: torch.Tensor, end: int, window: int | None) -> torch.Tensor:
        """What each new token sees, `[rows, 1, new, visible]`, to be added to the scores: itself and what is before."""
        keys = torch.arange(self._cache.visible(end), device=self._device)
        distance = positions[:, None, :, None] - keys
        seen = distance >= 0 if window is None else (distance >= 0) & (distance < window)
        mask = torch.zeros(seen.shape, dtype=self._model.dtype, device=self._device)
        # the smallest finite number, as in transformers' own masks: softmax over a row of -inf alone is NaN
        return mask.masked_fill_(~seen, torch.finfo(mask.dtype).min)

    def _continue(self, logits: torch.Tensor, sequences: list[Sequence]) -> list[Sequence]:
        tokens = draw(
            logits,
            # unset means the model's own distribution
            [1.0 if sequence.sampling.temperature is None else sequence.sampling.temperature for sequence in sequences],
            [1.0 if sequence.sampling.top_p is None else sequence.sampling.top_p for sequence in sequences],
            [sequence.numbers.random() for sequence in sequences],
        )
        for sequence, token in zip(sequences, tokens, strict=True):
            self._take(sequence, token)
        ended = [sequence for sequence in sequences if sequence.finish is not None]
        for sequence in ended:
            if sequence.finish == "broken":
                # before any row is moved, which would leave a copy behind
                self._cache.wipe(self.active.index(sequence))
        for sequence in ended:
            self.drop(sequence)
        return ended

    def _take(self, sequence: Sequence, token: int) -> None:
        if token < 0:
            sequence.finish = "broken"
            return
        sequence.drawn += 1
        if token in self._stop:
            sequence.finish = "stop"
            return
        sequence.written.append(token)
        room = min(sequence.sampling.max_tokens, self._context - len(sequence.prompt))
        if len(sequence.written) >= room:
            sequence.finish = "length"


def _windows(config: Any) -> dict[str, int | None]:
    """How far back each kind of layer sees, in tokens."""
    kinds = set(getattr(config, "layer_types", None) or ())
    window = getattr(config, "sliding_window", None)
    if kinds - _ATTENTION:
        raise ValueError(f"layers of kind {', '.join(sorted(kinds - _ATTENTION))}")
    if not kinds:
        return {"full_attention": window}
    return {kind: window if kind == "sliding_attention" else None for kind in sorted(kinds)}
