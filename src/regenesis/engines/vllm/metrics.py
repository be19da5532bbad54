"""What vLLM counts of its prefix cache, read from `/metrics`."""

from __future__ import annotations

import re
from typing import NamedTuple

_COUNTER = re.compile(r"^vllm:prefix_cache_(queries|hits)(?:_total)?(?:\{[^}]*\})? ([0-9.eE+]+)$", re.MULTILINE)


class PrefixTokens(NamedTuple):
    """Tokens of prompts that were looked up in the prefix cache, and those of them that were found there."""

    asked: int = 0
    found: int = 0

    def plus(self, other: PrefixTokens) -> PrefixTokens:
        return PrefixTokens(self.asked + other.asked, self.found + other.found)

    def minus(self, other: PrefixTokens) -> PrefixTokens:
        return PrefixTokens(self.asked - other.asked, self.found - other.found)


def prefix_tokens(text: str) -> PrefixTokens:
    """The sums over all engines of a server, 0 where it counts nothing."""
    sums = {"queries": 0.0, "hits": 0.0}
    for name, value in _COUNTER.findall(text):
        try:
            sums[name] += float(value)
        except ValueError:
            continue
    asked = int(sums["queries"])
    return PrefixTokens(asked, min(int(sums["hits"]), asked))
