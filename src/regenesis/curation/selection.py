"""The choice among a question's fit and right paths.

    kept = select(judged, keep=5, near_duplicate=0.85)

Paths made without a hint go first; among those, guidelines that gave the fewest paths so far; among those, the
smallest hash of question, guideline and ledger keys. The hash is a stable kind of chance: taking the shortest
or longest would bias what is trained on. A path that is a near-duplicate of one already chosen is passed over.

The order of the input changes nothing, and `select(paths, n)` is the beginning of `select(paths, n + 1)`. Where
no two paths are alike, as many guidelines as possible are among the chosen; where some are, the first by the
order above stands for its like.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence

from regenesis.curation.duplicates import Shingles, shingled
from regenesis.types import GradedPath


def select(judged: Sequence[GradedPath], keep: int, near_duplicate: float) -> list[GradedPath]:
    """The chosen paths in the order chosen.

    Args:
        judged: Paths of one question; those that are wrong or unfit are passed over.
        keep: Most paths to choose.
        near_duplicate: Overlap of word 3-grams from which two paths count as one; 1 for exact copies only.
    """
    waiting = {index: (one, _lot(one)) for index, one in enumerate(judged) if one.keepable}
    chosen: list[tuple[GradedPath, Shingles]] = []
    taken: Counter[str] = Counter()
    while waiting and len(chosen) < keep:
        index = min(
            waiting, key=lambda i: (waiting[i][0].path.hinted, taken[waiting[i][0].path.guideline], waiting[i][1])
        )
        candidate, _ = waiting.pop(index)
        shingles = shingled(candidate.training_text)
        if not any(shingles.near(other, near_duplicate) for _, other in chosen):
            chosen.append((candidate, shingles))
            taken[candidate.path.guideline] += 1
    return [one for one, _ in chosen]


def near_duplicates(judged: Sequence[GradedPath], kept: Sequence[GradedPath], near_duplicate: float) -> int:
    """How many keepable paths that are not kept are near-duplicates of a kept one."""
    chosen = list(kept)
    left_out: list[GradedPath] = []
    for one in judged:
        if one in chosen:
            chosen.remove(one)
        elif one.keepable:
            left_out.append(one)
    return sum(
        any(shingled(one.training_text).near(shingled(other.training_text), near_duplicate) for other in kept)
        for one in left_out
    )


def _lot(judged: GradedPath) -> tuple[str, str]:
    """What decides between equals: a hash, then the text, so that only true copies can tie."""
    path = judged.path
    identity = json.dumps([path.question_id, path.guideline, [key for _, key, _ in path.steps]])
    return hashlib.blake2b(identity.encode(), digest_size=16).hexdigest(), judged.training_text
