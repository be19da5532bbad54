"""Training questions that overlap a question of the evaluation: they share enough words in a row.

    overlaps = find_overlaps(training, evaluation, ngram=8)
    overlaps[0].training, overlaps[0].evaluation, overlaps[0].shared

What is compared are words: Unicode NFKC, case folded, without punctuation and layout, with numbers and operators. Of a
multiple-choice question it is what is asked; a stem that is too short or too general to be told by is taken together
with its options.

Words in a row that say nothing about where a question comes from do not count: those that many questions of the
evaluation share (a task's own scaffold, a set phrase), and those of which more than half are function words and the
set words of examinations ("which of the following is the most likely"). The same question, word for word, counts
whatever it is made of.

Of the evaluation about 36 bytes a word are held, as arrays of hashes, and 20 more for each length below `ngram` that a
question has; twice that while they are sorted. What two questions share is then compared word by word, so that no hash
makes an overlap.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from regenesis.types import Question

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_QUESTIONS = 20
"""Words in a row that more questions of the evaluation share are a set phrase."""
SCAFFOLD_SHARE, FEWEST_QUESTIONS = 0.5, 3
"""So are those in this share of one dataset's questions, if these are so many: a small evaluation has scaffold too."""
FEWEST_WORDS = 5
"""A question of fewer words overlaps only one that is the same."""
MOST_NAMED = 3
"""Questions of the evaluation that are named for one training question."""

_BATCH = 2000
_MULTIPLIER = 0x9E3779B97F4A7C15  # odd, so that multiplying by it modulo 2**64 loses nothing
_SIGNS = str.maketrans({"−": "-", "–": "-", "—": "-", "⁄": "/", "÷": "/", "×": "*", "·": "*", "’": "'"})
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]"  # scripts without spaces: each sign counts as a word
    r"|[0-9]+(?:[.,][0-9]+)*"
    r"|[^\W_]+(?:'[^\W_]+)*"
    r"|[+*/^=<>≤≥≠√]|-(?=\s*[0-9(.])"
)
_FUNCTION_WORDS = """
a an the this that these those of in on at to for from by with without as and or but if than then not no
so up out is are was were be been being am do does did has have had can could will would shall should may
might must it its he she they them his her their him hers we us our you your i my me who whom whose which
what when where why how there here much many more most less least all any each every some both other
another following best likely example statement statements describes describe explains explain reason
total altogether left now
"""
_UNTELLING = frozenset(_FUNCTION_WORDS.split())
"""English words that nearly every question is made of."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """A training question and a question of the evaluation that share words in a row.

    Attributes:
        training: Id of the training question.
        evaluation: Id of the question of the evaluation.
        shared: The words in a row, as compared.
        same: Whether the two are the same, word for word.
    """

    training: str
    evaluation: str
    shared: str
    same: bool


def find_overlaps(training: Iterable[Question], evaluation: Sequence[Question], ngram: int = 8) -> list[Overlap]:
    """Finds the training questions that overlap a question of the evaluation.

    Args:
        training: Read once, in portions.
        evaluation: The questions that are measured on.
        ngram: Words in a row that make an overlap. A question of fewer words overlaps where all of it stands in a row
            in the other one, if it has at least `FEWEST_WORDS`.

    Returns:
        For each training question concerned, in order, the questions of the evaluation it shares most with, at most
        `MOST_NAMED` of them.
    """
    index = _Index(evaluation, ngram)
    portions = _batched(training, _BATCH)
    return [overlap for portion in portions for overlap in index.search(portion)]


def comparable_words(question: Question, ngram: int) -> list[str]:
    """The words that a question is compared by, in order; a number is one word, without separators of thousands."""
    if not question.choices:
        return _words(question.text) or [question.text.strip()]
    options = {f"({choice.label}) {choice.text}" for choice in question.choices}
    stem = _words("\n".join(line for line in question.text.split("\n") if line not in options))
    if len(stem) >= ngram and 2 * sum(word not in _UNTELLING for word in stem) >= ngram:
        return stem
    # in an order of their own: the same options are often shuffled
    return stem + [word for text in sorted(choice.text for choice in question.choices) for word in _words(text)]


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).translate(_SIGNS).casefold()
    return [word.replace(",", "") if word[0].isdecimal() else word for word in _WORD.findall(folded)]


def _batched(items: Iterable[Question], size: int) -> Iterator[tuple[Question, ...]]:
    iterator = iter(items)
    while portion := tuple(itertools.islice(iterator, size)):
        yield portion


class _Words:
    """The words of many questions in one row, as hashes, with the question that each belongs to."""

    def __init__(self, questions: Iterable[Question], ngram: int, known: dict[str, int]) -> None:
        import numpy

        hashes, telling, lengths = array("Q"), bytearray(), array("q")
        self.wholes: list[bytes] = []
        for question in questions:
            words = comparable_words(question, ngram)
            for word in words:
                number = known.get(word)
                if number is None:
                    number = known[word] = int.from_bytes(_digest(word)[:8])
                hashes.append(number)
                telling.append(word not in _UNTELLING)
            lengths.append(len(words))
            self.wholes.append(_digest(" ".join(words)))
        self.hashes = numpy.frombuffer(hashes, dtype=numpy.uint64)
        self.lengths = numpy.frombuffer(lengths, dtype=numpy.int64)
        self.starts = numpy.cumsum(self.lengths) - self.lengths
        self.questions: NDArray[Any] = numpy.repeat(numpy.arange(len(self.lengths), dtype=numpy.int32), self.lengths)
        told = numpy.cumsum(numpy.frombuffer(telling, dtype=numpy.uint8), dtype=numpy.int32)
        self._telling_before = numpy.concatenate((numpy.zeros(1, numpy.int32), told))

    def runs(self, size: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Hash and place of every run of `size` words that lies within one question and tells something."""
        import numpy

        count = len(self.hashes) - size + 1
        if count <= 0:
            return numpy.empty(0, numpy.uint64), numpy.empty(0, numpy.int64)
        hashed: NDArray[Any] = numpy.zeros(count, dtype=numpy.uint64)
        for shift in range(size):
            hashed *= numpy.uint64(_MULTIPLIER)
            hashed += self.hashes[shift : shift + count]
        telling = self._telling_before[size : size + count] - self._telling_before[:count]
        places = numpy.flatnonzero((self.questions[:count] == self.questions[size - 1 :]) & (2 * telling >= size))
        return hashed[places], places


@dataclass(frozen=True, slots=True)
class _Runs:
    """The runs of one length over the evaluation, sorted: whose they are is `owners[bounds[i] : bounds[i + 1]]`."""

    keys: NDArray[Any]
    bounds: NDArray[Any]
    owners: NDArray[Any]

    def look_up(self, hashed: NDArray[Any]) -> NDArray[Any]:
        """For each hash its index among `keys`, -1 where it is not one."""
        import numpy

        if not len(self.keys):
            return numpy.full(len(hashed), -1)
        found = numpy.minimum(numpy.searchsorted(self.keys, hashed), len(self.keys) - 1)
        return numpy.where(self.keys[found] == hashed, found, -1)


class _Stretch(NamedTuple):
    """Words `start` to `end` of a training question, in which every run of `size` words is shared."""

    start: int
    end: int
    size: int


class _Index:
    """What is looked up of the evaluation's questions."""

    def __init__(self, evaluation: Sequence[Question], ngram: int) -> None:
        import numpy

        self._evaluation = evaluation
        self._ngram = ngram
        self._known: dict[str, int] = {}
        self._words = _Words(evaluation, ngram, self._known)
        self._same: dict[bytes, int] = {}
        for number, whole in enumerate(self._words.wholes):
            self._same.setdefault(whole, number)
        names: dict[str, int] = {}
        self._sets = numpy.array(
            [names.setdefault(question.id.rpartition("/")[0], len(names)) for question in evaluation], dtype=numpy.int64
        )
        self._runs: dict[int, _Runs] = {}

    def search(self, training: Sequence[Question]) -> Iterator[Overlap]:
        """The overlaps of some training questions, in their order."""
        words = _Words(training, self._ngram, self._known)
        same = [self._same.get(whole) for whole in words.wholes]
        shared = self._shared(words, [twin is None for twin in same])
        for number, question in enumerate(training):
            twin = same[number]
            if twin is not None:
                text = " ".join(comparable_words(question, self._ngram))
                yield Overlap(question.id, self._evaluation[twin].id, text, same=True)
            elif number in shared:
                yield from self._named(question, shared[number])

    def _named(self, question: Question, shared: dict[int, _Stretch]) -> Iterator[Overlap]:
        """Overlaps of one question, the longest first, each seen to be in both word by word."""
        words = comparable_words(question, self._ngram)
        longest = sorted(shared.items(), key=lambda item: (item[1].start - item[1].end, item[0]))
        for owner, stretch in longest[:MOST_NAMED]:
            other = self._evaluation[owner]
            text = f" {' '.join(comparable_words(other, self._ngram))} "
            # a stretch is of runs that follow each other here; in the other question they may stand apart
            ends = range(stretch.start + stretch.size, stretch.end + 1)
            apart = bisect_left(ends, True, key=lambda end: f" {' '.join(words[stretch.start : end])} " not in text)
            if apart:
                yield Overlap(question.id, other.id, " ".join(words[stretch.start : ends[apart - 1]]), same=False)

    def _shared(self, words: _Words, wanted: Sequence[bool]) -> dict[int, dict[int, _Stretch]]:
        """By training question and question of the evaluation: the longest stretch of runs that they share.

        Args:
            words: Those of the training questions.
            wanted: Which of these questions are looked at.
        """
        import numpy

        found: dict[int, dict[int, _Stretch]] = {}
        lengths = {int(size) for size in numpy.unique(words.lengths) if FEWEST_WORDS <= size < self._ngram}
        lengths |= {int(size) for size in numpy.unique(self._words.lengths) if FEWEST_WORDS <= size < self._ngram}
        for size in (*sorted(lengths), self._ngram):
            runs = self._evaluation_runs(size)
            hashed, places = words.runs(size)
            indices = runs.look_up(hashed)
            wanted_runs = numpy.array(wanted, dtype=bool)[words.questions[places]]
            going_on: dict[tuple[int, int], _Stretch] = {}
            for hit in numpy.flatnonzero((indices >= 0) & wanted_runs):
                index, place = int(indices[hit]), int(places[hit])
                number = int(words.questions[place])
                start = place - int(words.starts[number])
                for owner in runs.owners[runs.bounds[index] : runs.bounds[index + 1]].tolist():
                    if size < self._ngram and size not in (words.lengths[number], self._words.lengths[owner]):
                        continue  # so short a run is enough only where it is the whole of one of them
                    before = going_on.get((number, owner))
                    follows = before is not None and before.end == start + size - 1
                    stretch = _Stretch(before.start if before and follows else start, start + size, size)
                    going_on[number, owner] = stretch
                    known = found.setdefault(number, {}).setdefault(owner, stretch)
                    if stretch.end - stretch.start > known.end - known.start:
                        found[number][owner] = stretch
        return found

    def _evaluation_runs(self, size: int) -> _Runs:
        if size not in self._runs:
            self._runs[size] = self._sorted_runs(size)
        return self._runs[size]

    def _sorted_runs(self, size: int) -> _Runs:
        import numpy

        hashed, places = self._words.runs(size)
        owners = self._words.questions[places]
        order = numpy.argsort(hashed, kind="stable")
        hashed, owners = hashed[order], owners[order]
        # a run that a question says twice counts once; owners stand in order within equal hashes
        fresh: NDArray[Any] = numpy.ones(len(hashed), dtype=bool)
        fresh[1:] = (hashed[1:] != hashed[:-1]) | (owners[1:] != owners[:-1])
        hashed, owners = hashed[fresh], owners[fresh]
        first: NDArray[Any] = numpy.ones(len(hashed), dtype=bool)
        first[1:] = hashed[1:] != hashed[:-1]
        starts = numpy.flatnonzero(first)
        counts: NDArray[Any] = numpy.diff(numpy.append(starts, len(hashed)))
        told = ~self._set_phrases(numpy.repeat(numpy.arange(len(starts)), counts), counts, owners)
        owners = owners[numpy.repeat(told, counts)]
        return _Runs(hashed[starts[told]], numpy.concatenate(([0], numpy.cumsum(counts[told]))), owners)

    def _set_phrases(self, run_of: NDArray[Any], counts: NDArray[Any], owners: NDArray[Any]) -> NDArray[Any]:
        """Which runs too many questions share for them to tell one from another."""
        import numpy

        phrases: NDArray[Any] = counts > MOST_QUESTIONS
        shared = numpy.flatnonzero((counts >= FEWEST_QUESTIONS)[run_of]) if len(counts) else run_of
        if len(shared):
            sizes = numpy.bincount(self._sets)
            pairs = run_of[shared].astype(numpy.int64) * len(sizes) + self._sets[owners[shared]]
            values, times = numpy.unique(pairs, return_counts=True)
            scaffold = (times >= FEWEST_QUESTIONS) & (times >= SCAFFOLD_SHARE * sizes[values % len(sizes)])
            phrases[values[scaffold] // len(sizes)] = True
        return phrases


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
