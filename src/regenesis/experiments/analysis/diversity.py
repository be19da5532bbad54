"""How different the rows of a dataset are from one another, beside what training on them gained.

distinct(texts, 2)       # share of word pairs that are the only ones of their kind
self_bleu(texts)         # how well each text is foretold by the others: 1 where all are the same

Both depend on how many texts there are, so datasets that are compared are sampled to one size.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import Any

from regenesis.curation.duplicates import shingled
from regenesis.curation.text import words
from regenesis.experiments.results import FinishedRun, read_rows

_MOST_TEXTS = 1000
"""Texts that are compared with each other."""
_LONGEST_GRAM = 4
_ALMOST_NONE = 0.1
"""What no match counts as, so that one length without a match does not make everything 0."""

Gram = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diversity:
    """One run's dataset.

    Attributes:
        method: The method.
        train_on: The training set.
        seed: The seed.
        rows: Rows of the dataset.
        sampled: Rows that the figures are of, as many for every method of a training set.
        questions: Questions that the rows answer.
        guidelines: Different guidelines, or combinations of them, that the rows come from.
        distinct_1: Different words, as a share of all.
        distinct_2: Different word pairs.
        distinct_3: Different runs of three words.
        self_bleu: Mean BLEU-4 of each row with the others as references.
        overlap: Mean overlap (Jaccard, runs of three words) of two rows of the same question; `None` where no question
            has two.
        gain: Percentage points gained on the mean over all tasks.
        gain_in_domain: The same over in-domain tasks; `None` where there is none.
        gain_out_of_domain: The same over out-of-domain tasks.
    """

    method: str
    train_on: str
    seed: int
    rows: int
    sampled: int
    questions: int
    guidelines: int
    distinct_1: float
    distinct_2: float
    distinct_3: float
    self_bleu: float
    overlap: float | None
    gain: float | None
    gain_in_domain: float | None
    gain_out_of_domain: float | None


def diversities(runs: Sequence[FinishedRun]) -> list[Diversity]:
    """The diversity of each run's dataset, sampled to the size of the smallest one on its training set.

    Raises:
        RunError: A dataset is damaged.
    """
    found = []
    for train_on in dict.fromkeys(run.train_on for run in runs):
        some = [run for run in runs if run.train_on == train_on]
        size = min([_MOST_TEXTS, *(run.training.rows for run in some)])
        found += [_diversity(run, size) for run in some]
    return found


def _diversity(run: FinishedRun, size: int) -> Diversity:
    rows = read_rows(run, ("question_id", "guideline", "completion"))
    # by hash, so that the sample does not depend on the order and is the same every time
    sample = sorted(rows, key=lambda row: hashlib.blake2b(repr(row).encode(errors="replace")).digest())[:size]
    texts = [_text(row) for row in sample]
    return Diversity(
        method=run.label,
        train_on=run.train_on,
        seed=run.seed,
        rows=len(rows),
        sampled=len(sample),
        questions=len({row["question_id"] for row in rows}),
        guidelines=len({row["guideline"] for row in rows if row["guideline"]}),
        distinct_1=distinct(texts, 1),
        distinct_2=distinct(texts, 2),
        distinct_3=distinct(texts, 3),
        self_bleu=self_bleu(texts),
        overlap=_overlap(rows),
        gain=_gain(run, list(run.base)),
        gain_in_domain=_gain(run, [task for task in run.base if run.domains.get(task) == "in-domain"]),
        gain_out_of_domain=_gain(run, [task for task in run.base if run.domains.get(task) == "out-of-domain"]),
    )


def _gain(run: FinishedRun, tasks: Sequence[str]) -> float | None:
    gains = []
    for task in tasks:
        before, after = run.base[task], run.tuned.get(task, {})
        common = [one for one in before if one in after]
        if common:
            gains.append(fmean(after[one].value - before[one].value for one in common))
    return 100 * fmean(gains) if gains else None


def _text(row: Mapping[str, Any]) -> str:
    return str(row["completion"][0]["content"])


def _overlap(rows: Sequence[Mapping[str, Any]]) -> float | None:
    by_question: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_question[row["question_id"]].append(_text(row))
    pairs = [
        fmean(shingled(one).overlap(shingled(other)) for one, other in combinations(texts, 2))
        for texts in by_question.values()
        if len(texts) > 1
    ]
    return fmean(pairs) if pairs else None


def distinct(texts: Sequence[str], size: int) -> float:
    """Different runs of so many words in some texts, as a share of all such runs; 0 where there is none."""
    grams = [gram for text in texts for gram in _grams(words(text), size)]
    return len(set(grams)) / len(grams) if grams else 0.0


def self_bleu(texts: Sequence[str]) -> float:
    """Mean BLEU-4 of each text with all others as references; 0 for fewer than two texts.

    Y. Zhu et al., Texygen: a benchmarking platform for text generation models, SIGIR 2018; smoothed by counting a tenth
    of a match where there is none.
    """
    tokens = [words(text) for text in texts]
    if len(tokens) < 2:
        return 0.0
    lengths = Counter(map(len, tokens))
    counts = {size: [Counter(_grams(one, size)) for one in tokens] for size in range(1, _LONGEST_GRAM + 1)}
    most = {size: _two_largest(counts[size]) for size in counts}
    return fmean(
        _bleu(len(one), _closest(len(one), lengths), [(counts[size][place], most[size]) for size in counts])
        for place, one in enumerate(tokens)
    )


def _two_largest(counts: Sequence[Counter[Gram]]) -> dict[Gram, tuple[int, int]]:
    """How often each gram occurs in the text that has most of it, and in the one that comes next."""
    largest: dict[Gram, tuple[int, int]] = {}
    for one in counts:
        for gram, count in one.items():
            first, second = largest.get(gram, (0, 0))
            largest[gram] = (count, first) if count > first else (first, max(second, count))
    return largest


def _bleu(length: int, reference: int, grams: Sequence[tuple[Counter[Gram], Mapping[Gram, tuple[int, int]]]]) -> float:
    logs = []
    for own, most in grams:
        total = own.total()
        if not total:
            break  # the text is shorter than that
        # among the others, a gram occurs as often as in the text with most of it, or in the next if that is this one
        matched = sum(
            min(count, most[gram][1] if most[gram][0] == count else most[gram][0]) for gram, count in own.items()
        )
        logs.append(math.log(max(matched, _ALMOST_NONE) / total))
    if not logs:
        return 0.0
    brevity = min(1.0, math.exp(1 - reference / length))
    return brevity * math.exp(fmean(logs))


def _closest(length: int, lengths: Counter[int]) -> int:
    """The length of another text that is closest, the shorter of two equally close."""
    others = (other for other, count in lengths.items() if other != length or count > 1)
    return min(others, key=lambda other: (abs(other - length), other))


def _grams(tokens: Sequence[str], size: int) -> Iterator[Gram]:
    return zip(*(tokens[start:] for start in range(size)), strict=False)
