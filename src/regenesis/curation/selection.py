"""The choice among a question's fit and right paths.

    kept = select(judged, keep=5, near_duplicate=0.85, min_pass_rate=0.5)

Paths made without a hint go first; among those, guidelines that gave the fewest paths so far; among those, the
smallest hash of question, guideline and ledger keys. The hash is a stable kind of chance: taking the shortest
or longest would bias what is trained on. A path that is a near-duplicate of one already chosen is passed over.
Of a question that is right too seldom none is chosen: there a right answer is often luck (`seldom_right`).

The order of the input changes nothing, and `select(paths, n)` is the beginning of `select(paths, n + 1)`. Where
no two paths are alike, as many guidelines as possible are among the chosen; where some are, the first by the
order above stands for its like.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from regenesis.curation.duplicates import Shingles, shingled
from regenesis.types import GradedPath


def select(
    judged: Sequence[GradedPath], keep: int, near_duplicate: float, min_pass_rate: float = 0
) -> list[GradedPath]:
    """The chosen paths in the order chosen.

    Args:
        judged: Paths of one question; those that are wrong or unfit are passed over.
        keep: Most paths to choose.
        near_duplicate: Overlap of word 3-grams from which two paths count as one; 1 for exact copies only.
        min_pass_rate: Share of the paths without the hint that must be right for any to be chosen.
    """
    if seldom_right(judged, min_pass_rate):
        return []
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


def seldom_right(judged: Sequence[GradedPath], min_pass_rate: float) -> bool:
    """Whether a question is right too seldom for any of its paths to be kept.

    What was written with the answer at hand tells nothing of that, so that only paths without the hint count.

    Args:
        judged: All of the question's paths, broken ones too.
        min_pass_rate: Share of them that must be right, whether fit or not.
    """
    own = [one.verdict.correct for one in judged if not one.path.hinted]
    return bool(own) and sum(own) / len(own) < min_pass_rate


def left_out(
    judged: Sequence[GradedPath], kept: Sequence[GradedPath], near_duplicate: float, min_pass_rate: float = 0
) -> Counter[str]:
    """How many right and fit paths are not kept for a reason of their own, by its name; the others are surplus.

    Returns:
        `near_duplicate`: near-duplicates of a kept path; `low_pass_rate`: all of a question that is right too seldom.
    """
    if seldom_right(judged, min_pass_rate):
        return Counter(low_pass_rate=sum(one.keepable for one in judged))
    chosen = list(kept)
    candidates: list[GradedPath] = []
    for one in judged:
        if one in chosen:
            chosen.remove(one)
        elif one.keepable:
            candidates.append(one)
    alike = sum(
        any(shingled(one.training_text).near(shingled(other.training_text), near_duplicate) for other in kept)
        for one in candidates
    )
    return Counter(near_duplicate=alike)


def _lot(judged: GradedPath) -> tuple[str, str]:
    """What decides between equals: a hash, then the text, so that only true copies can tie."""
    path = judged.path
    return _hash(path.question_id, path.guideline, tuple(key for _, key, _ in path.steps)), judged.training_text


@lru_cache(maxsize=1024)
def _hash(question_id: str, guideline: str, keys: tuple[str, ...]) -> str:
    """The hash by which a path is drawn, remembered: it is asked for after every wave."""
    identity = json.dumps([question_id, guideline, keys])
    return hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()
