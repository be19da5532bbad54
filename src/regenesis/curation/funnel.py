"""The funnel: how many chains became paths that are kept, and where the others went.

    funnel = Funnel()
    funnel.finish_question(question, judged, kept, {"near_duplicate": 1})
    Funnel.from_json(funnel.to_json()) == funnel

Funnels add up, so parts of a run can be counted apart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from regenesis.answers.grading import FAILED
from regenesis.answers.judging import JUDGE_SAID_NO, JUDGE_UNCLEAR
from regenesis.curation.counted import Chain, counted
from regenesis.curation.curator import DEFECTS
from regenesis.errors import RunError
from regenesis.types import GradedPath, Question


@dataclass(slots=True)
class Tally:
    """Counts of one group of chains.

    Attributes:
        questions: Questions that had a chain in the group.
        served: Questions that had a path of it kept.
        chains: Chains begun.
        parsed: Chains whose path gave an answer that could be read.
        correct: Of those, paths whose answer is right.
        fit: Of those, paths without a defect.
        kept: Of those, paths chosen.
    """

    questions: int = 0
    served: int = 0
    chains: int = 0
    parsed: int = 0
    correct: int = 0
    fit: int = 0
    kept: int = 0

    def count(self, parsed: bool, correct: bool, fit: bool, kept: bool) -> None:
        """Counts a chain in."""
        self.chains += 1
        self.parsed += parsed
        self.correct += correct
        self.fit += fit
        self.kept += kept

    def __iadd__(self, other: Tally) -> Tally:
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


_COUNTS = tuple(one.name for one in fields(Tally))
_TELLING_RULES = frozenset({JUDGE_SAID_NO, JUDGE_UNCLEAR, FAILED})
"""Rules that say why an answer did not count."""
_NONE: Mapping[str, int] = MappingProxyType({})
_CHAINS_TO_RANK = 2
"""Chains a guideline needs before its yield says anything."""


@lru_cache(maxsize=1024)
def _groups(hinted: bool, guideline: str) -> tuple[str | bool, ...]:
    """What a chain is counted for besides all chains: its pass, and each of its guidelines."""
    return hinted, *filter(None, guideline.split("+"))


def _tallies() -> defaultdict[str, Tally]:
    return defaultdict(Tally)


@dataclass(slots=True)
class Funnel:
    """Counts along chains → parsed → correct → fit → kept.

    Attributes:
        total: All chains.
        passes: The same for the pass without a hint (`first`) and with it (`hinted`).
        tasks: The same for each task.
        guidelines: The same for each guideline; a chain of several guidelines counts for each of them.
        defects: Chains by their first defect, whatever their answer.
        lost: Of those, the chains whose answer was right.
        overruled: Chains that were right by the checker and not confirmed by the self-judge, by what it said.
        failed: Chains whose answer the checker failed on, by the rule that says so.
        dropped: Fit and right paths not kept: `near_duplicate`, `low_pass_rate`, or `surplus` to what a question keeps.
        retries: Completions asked a second time, by stage.
    """

    total: Tally = field(default_factory=Tally)
    passes: defaultdict[str, Tally] = field(default_factory=_tallies)
    tasks: defaultdict[str, Tally] = field(default_factory=_tallies)
    guidelines: defaultdict[str, Tally] = field(default_factory=_tallies)
    defects: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    overruled: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    retries: Counter[str] = field(default_factory=Counter)

    @property
    def ended_early(self) -> dict[str, int]:
        """Chains that ended before their path, by why: what is no defect of a whole path."""
        return {name: count for name, count in self.defects.items() if name not in DEFECTS and count}

    @property
    def unparsed(self) -> int:
        """Chains with a path in which no answer was found."""
        return self.total.chains - self.total.parsed - sum(self.ended_early.values())

    def best_guidelines(self) -> list[tuple[str, Tally]]:
        """Guidelines by the share of their chains that were correct and fit, the highest first.

        The share of one that began few chains is drawn towards a half, so that a single hit does not lead the list;
        one that began a single chain is not in it.
        """
        # other threads add guidelines meanwhile
        known = [(name, tally) for name, tally in list(self.guidelines.items()) if tally.chains >= _CHAINS_TO_RANK]
        return sorted(known, key=lambda item: (-(item[1].fit + 1) / (item[1].chains + 2), item[0]))

    def finish_question(
        self,
        question: Question,
        judged: Sequence[GradedPath],
        kept: Sequence[GradedPath],
        left_out: Mapping[str, int] = _NONE,
    ) -> None:
        """Counts one question with all of its chains; call it once a question, when nothing more is asked for it.

        Args:
            question: The question.
            judged: All of its paths, broken chains too.
            kept: Those chosen among them.
            left_out: Fit and right paths left out for a reason of their own, by its name; the others are surplus.
        """
        self.finish_chains(question.task, counted(judged, kept), left_out)

    def finish_chains(self, task: str, chains: Sequence[Chain], left_out: Mapping[str, int] = _NONE) -> None:
        """The same for chains whose texts are not at hand.

        Args:
            task: The task of the question.
            chains: All chains of the question.
            left_out: As for `finish_question`.
        """
        whole = Tally(questions=1, served=int(any(chain.kept for chain in chains)))
        begun: dict[str | bool, Tally] = {}
        served: set[str | bool] = set()
        for chain in chains:
            marks = chain.status != "unparsed", chain.status == "correct", chain.fit, chain.kept
            whole.count(*marks)
            for group in _groups(chain.hinted, chain.guideline):
                tally = begun.get(group)
                if tally is None:
                    tally = begun[group] = self._group(group)
                tally.count(*marks)
                if chain.kept:
                    served.add(group)
            if chain.defect is not None or chain.retries or chain.rule in _TELLING_RULES:
                self._count_reasons(chain)
        for group, tally in begun.items():
            tally.questions += 1
            tally.served += group in served
        self.total += whole
        self.tasks[task] += whole
        surplus = whole.fit - whole.kept - sum(left_out.values())
        for name, count in (*left_out.items(), ("surplus", surplus)):
            if count > 0:
                self.dropped[name] += count

    def _group(self, group: str | bool) -> Tally:
        """The tally of a guideline, by its name, or of a pass, by whether it is the hinted one."""
        return self.guidelines[group] if isinstance(group, str) else self.passes["hinted" if group else "first"]

    def _count_reasons(self, chain: Chain) -> None:
        """Counts in why a chain did not come to its end, or had to be asked twice."""
        if chain.defect is not None:
            self.defects[chain.defect] += 1
            self.lost.update([chain.defect] if chain.status == "correct" else [])
        if chain.rule in (JUDGE_SAID_NO, JUDGE_UNCLEAR):
            self.overruled[chain.rule] += 1
        elif chain.rule == FAILED:
            self.failed[chain.rule] += 1
        self.retries.update(chain.retries)

    def __iadd__(self, other: Funnel) -> Funnel:
        self.total += other.total
        for mine, theirs in (
            (self.passes, other.passes),
            (self.tasks, other.tasks),
            (self.guidelines, other.guidelines),
        ):
            for name, tally in theirs.items():
                mine[name] += tally
        for counts, more in (
            (self.defects, other.defects),
            (self.lost, other.lost),
            (self.overruled, other.overruled),
            (self.failed, other.failed),
            (self.dropped, other.dropped),
            (self.retries, other.retries),
        ):
            counts.update(more)
        return self

    def __add__(self, other: Funnel) -> Funnel:
        both = Funnel()
        both += self
        both += other
        return both

    def to_json(self) -> dict[str, Any]:
        """The counts as plain JSON types, names in order."""
        return {
            "total": asdict(self.total),
            **{name: {key: asdict(tally) for key, tally in sorted(getattr(self, name).items())} for name in _TALLIED},
            **{name: dict(sorted(getattr(self, name).items())) for name in _COUNTED},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Funnel:
        """Reads back what `to_json` gave.

        Raises:
            RunError: It is something else.
        """
        funnel = cls()
        try:
            funnel.total = Tally(**data["total"])
            for name in _TALLIED:
                getattr(funnel, name).update({key: Tally(**tally) for key, tally in data[name].items()})
            for name in _COUNTED:
                getattr(funnel, name).update(data[name])
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise RunError(
                f"these are not the counts of a funnel ({error!r}); derive them again from the run."
            ) from error
        return funnel


_TALLIED = ("passes", "tasks", "guidelines")
_COUNTED = ("defects", "lost", "overruled", "failed", "dropped", "retries")
