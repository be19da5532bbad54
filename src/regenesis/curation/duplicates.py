"""Near-duplicates among the paths of one question.

    Shingles("5 + 3 is 8").overlap(Shingles("5 + 4 is 9"))

Two texts are near-duplicates if their sets of word 3-grams overlap enough (Jaccard). Numbers are words, so two
solutions in the same phrases with other figures are not alike.
"""

from __future__ import annotations

from functools import lru_cache

from regenesis.curation.text import grams, words


class Shingles:
    """The word 3-grams of one text; a text of fewer than three words is one gram."""

    __slots__ = ("_grams", "_text")

    def __init__(self, text: str) -> None:
        self._text = " ".join(text.split())
        self._grams = frozenset(grams(words(text)))

    def overlap(self, other: Shingles) -> float:
        """Jaccard similarity of the two sets of 3-grams, 0 to 1."""
        shared = len(self._grams & other._grams)
        return shared / (len(self._grams) + len(other._grams) - shared)

    def near(self, other: Shingles, threshold: float) -> bool:
        """Whether the two overlap by `threshold` or more; at 1, whether they are the same but for white space."""
        if self._text == other._text:
            return True
        if threshold >= 1:
            return False
        fewer, more = sorted((len(self._grams), len(other._grams)))
        # the overlap can be no larger than the ratio of the sizes, which is cheap
        return fewer >= threshold * more and self.overlap(other) >= threshold


@lru_cache(maxsize=256)
def shingled(text: str) -> Shingles:
    """The shingles of a text, remembered: a question's paths are compared after every wave."""
    return Shingles(text)
