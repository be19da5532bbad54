"""The choice among a question's fit and right paths.

    kept = select(judged, keep=5, near_duplicate=0.85, min_pass_rate=0.5)

Paths made without a hint go first; among those, guidelines that gave the fewest paths so far; among those, the
smallest hash of question, guideline and ledger keys. The hash is a stable kind of chance: taking the shortest
or longest would bias what is trained on. A path that is a near-duplicate of one already chosen is passed over.
Before that, those that the question's other paths make unlikely to be more than luck are left out (`reliable`).

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
        min_pass_rate: Share of the paths of a pass (with the hint, or without) that must be right.
    """
    candidates = reliable(judged, min_pass_rate)
    waiting = {index: (one, _lot(one)) for index, one in enumerate(candidates)}
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


def reliable(judged: Sequence[GradedPath], min_pass_rate: float) -> list[GradedPath]:
    """The right and fit paths of one question, without those of a pass in which too few were right.

    Args:
        judged: All of the question's paths, broken ones too.
        min_pass_rate: Share of the paths of a pass that must be right, whether fit or not.
    """
    right = Counter(one.path.hinted for one in judged if one.verdict.correct)
    paths = Counter(one.path.hinted for one in judged)
    return [one for one in judged if one.keepable and right[one.path.hinted] >= min_pass_rate * paths[one.path.hinted]]


def left_out(
    judged: Sequence[GradedPath], kept: Sequence[GradedPath], near_duplicate: float, min_pass_rate: float = 0
) -> Counter[str]:
    """How many right and fit paths are not kept for a reason of their own, by its name; the others are surplus.

    Returns:
        `near_duplicate`: near-duplicates of a kept path; `low_pass_rate`: too few others of their pass were right.
    """
    by_identity = {id(one) for one in reliable(judged, min_pass_rate)}
    unreliable = sum(one.keepable and id(one) not in by_identity for one in judged)
    chosen = list(kept)
    candidates: list[GradedPath] = []
    for one in judged:
        if one in chosen:
            chosen.remove(one)
        elif id(one) in by_identity:
            candidates.append(one)
    alike = sum(
        any(shingled(one.training_text).near(shingled(other.training_text), near_duplicate) for other in kept)
        for one in candidates
    )
    return Counter(near_duplicate=alike, low_pass_rate=unreliable)


def _lot(judged: GradedPath) -> tuple[str, str]:
    """What decides between equals: a hash, then the text, so that only true copies can tie."""
    path = judged.path
    return _hash(path.question_id, path.guideline, tuple(key for _, key, _ in path.steps)), judged.training_text


@lru_cache(maxsize=1024)
def _hash(question_id: str, guideline: str, keys: tuple[str, ...]) -> str:
    """The hash by which a path is drawn, remembered: it is asked for after every wave."""
    identity = json.dumps([question_id, guideline, keys])
    return hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()
