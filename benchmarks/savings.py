"""What a change would have saved, reckoned from recorded chains before it is built; asks nothing.

    python benchmarks/chain_forms.py --forms plain,guided-solve --chains 8 --tasks gsm8k --to forms
    python benchmarks/savings.py forms/guided-solve-gsm8k --plain forms/plain-gsm8k

A run that followed all its chains holds what any way to spend fewer of them would have met. Each row leads the
questions through their recorded chains by the default schedule (at most `KEEP` paths a question, adaptive waves) with
one thing changed, over `DRAWS` orders of the chains, and gives the means:

- `give up`: a question ends after so many paths without a right one;
- `probe`: two plain samples of the question first (`--plain`, a run of the same questions); one with none right, or
  with both, is passed over;
- `limit`: a reply is cut at the length of the longest kept path of the blocks finished before, and a tenth more;
- `stop at the box`: a reply ends with the line of its first box;
- `loops end`: a reply ends where a line of it has come for the third time;
- `learned guidelines`: guidelines are tried in the order of a draw from each one's Beta distribution over the right and
  wrong paths of the blocks finished before (Thompson sampling); `best in hindsight` by their share over all questions,
  which no learning can better;
- `pass rate`: right paths are kept only where at least this share of a question's paths so far is right.

A block is `BLOCK` questions in their order. Prints a table and one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from regenesis.curation.config import CurationConfig
from regenesis.curation.selection import select
from regenesis.ledger import Ledger
from regenesis.methods.waves import WavesConfig
from regenesis.runs import RunDirectory
from regenesis.runs.status import read_questions_and_outcomes
from regenesis.types import GradedPath

KEEP, BLOCK, DRAWS = 2, 8, 40
_NEAR = CurationConfig().near_duplicate
_BOX = re.compile(r"\\boxed\{[^\n]*")


@dataclass(frozen=True, slots=True)
class Chain:
    """A recorded chain: its path, and the new tokens that it took."""

    path: GradedPath
    tokens: float

    @property
    def guideline(self) -> str:
        return self.path.path.guideline


@dataclass(slots=True)
class Experience:
    """What finished blocks have shown."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0

    def learn(self, tried: Sequence[Chain], kept: Sequence[GradedPath]) -> None:
        for chain in tried:
            (self.right if chain.path.keepable else self.wrong)[chain.guideline] += 1
        self.longest = max([self.longest, *(path.path.tokens for path in kept)])


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is changed.

    Attributes:
        name: What the table calls it.
        waves: Settings of the schedule.
        cut: What a chain becomes, given what is known.
        order: The order in which a question's chains are tried.
        skip: Whether the question is passed over, and the tokens that finding out took.
        pass_rate: Share of a question's paths that must be right.
    """

    name: str
    waves: dict[str, Any] = field(default_factory=dict)
    cut: Callable[[Chain, Experience], Chain] = lambda chain, known: chain
    order: Callable[[list[Chain], Experience, random.Random], list[Chain]] = lambda chains, known, draw: chains
    skip: Callable[[str], tuple[bool, float]] = lambda question: (False, 0.0)
    pass_rate: float = 0.0


class _Judge:
    def __init__(self, pass_rate: float) -> None:
        self._pass_rate = pass_rate
        self.judge = self

    def select(self, judged: Sequence[GradedPath], keep: int) -> list[GradedPath]:
        return select(judged, keep, _NEAR, self._pass_rate)


def led(questions: dict[str, list[Chain]], change: Change, seed: int) -> dict[str, float]:
    """The figures of one pass over all questions."""
    draw, known = random.Random(seed), Experience()
    judge, waves = _Judge(change.pass_rate), WavesConfig(name="", keep=KEEP, **change.waves)
    tokens, kept, guidelines, served, begun = 0.0, 0, set[str](), 0, 0
    finished: list[tuple[list[Chain], list[GradedPath]]] = []
    for place, (question, recorded) in enumerate(questions.items()):
        if place % BLOCK == 0:
            for tried, chosen in finished:
                known.learn(tried, chosen)
            finished = []
        passed_over, probed = change.skip(question)
        tokens += probed
        if passed_over:
            continue
        chains = [change.cut(chain, known) for chain in draw.sample(recorded, len(recorded))]
        chains = change.order(chains, known, draw)
        tried = list[Chain]()
        while len(tried) < len(chains) and (size := waves.next_wave(judge, [one.path for one in tried])):  # type: ignore[arg-type]
            tried += chains[len(tried) : len(tried) + size]
        chosen = judge.select([one.path for one in tried], KEEP)
        tokens += sum(chain.tokens for chain in tried)
        begun += len(tried)
        kept += len(chosen)
        served += bool(chosen)
        guidelines |= {path.path.guideline for path in chosen}
        finished.append((tried, chosen))
    return {
        "chains": begun,
        "kept": kept,
        "questions": served,
        "guidelines": len(guidelines),
        "tokens": tokens,
        "a_kept_path": tokens / max(kept, 1),
    }


def broken(chain: Chain, share: float) -> Chain:
    """The chain cut off after this share of its path, so that it comes to no end."""
    path = replace(chain.path, defect="truncated", verdict=replace(chain.path.verdict, status="unparsed"))
    return Chain(path, chain.tokens - (1 - share) * chain.path.path.tokens)


def limited(chain: Chain, known: Experience) -> Chain:
    most = 1.1 * known.longest
    length = chain.path.path.tokens
    return broken(chain, most / length) if known.longest and length > most else chain


def stopped(chain: Chain, known: Experience) -> Chain:
    del known
    text = chain.path.path.text
    box = _BOX.search(text)
    if box is None:
        return chain
    return replace(chain, tokens=chain.tokens - (1 - box.end() / len(text)) * chain.path.path.tokens)


def unlooped(chain: Chain, known: Experience) -> Chain:
    del known
    text, seen, end = chain.path.path.text, Counter[str](), 0
    for line in text.splitlines(keepends=True):
        end += len(line)
        said = line.strip().casefold()
        seen[said] += 1
        if seen[said] >= 3 and len(said.split()) > 3 and end < len(text):
            return broken(chain, end / len(text))
    return chain


def by_thompson(chains: list[Chain], known: Experience, draw: random.Random) -> list[Chain]:
    names = sorted({chain.guideline for chain in chains})
    value = {name: draw.betavariate(1 + known.right[name], 1 + known.wrong[name]) for name in names}
    return sorted(chains, key=lambda chain: -value[chain.guideline])


def by_hindsight(questions: dict[str, list[Chain]]) -> Callable[..., list[Chain]]:
    fit: defaultdict[str, list[bool]] = defaultdict(list)
    for chains in questions.values():
        for chain in chains:
            fit[chain.guideline].append(chain.path.keepable)
    share = {name: fmean(found) for name, found in fit.items()}
    return lambda chains, known, draw: sorted(chains, key=lambda chain: -share[chain.guideline])


def probing(plain: dict[str, list[Chain]], shares: Sequence[float]) -> Callable[[str], tuple[bool, float]]:
    def skip(question: str) -> tuple[bool, float]:
        samples = plain[question][:2]
        right = fmean(chain.path.verdict.correct for chain in samples)
        return right in shares, sum(chain.tokens for chain in samples)

    return skip


def read(folder: Path) -> dict[str, list[Chain]]:
    """The chains of each finished question, in the run's order."""
    rows = [outcome for _, outcome in read_questions_and_outcomes(folder) if outcome is not None]
    with Ledger.read(RunDirectory(folder).ledger) as ledger:
        return {outcome.question.id: [_chain(ledger, path) for path in outcome.judged] for outcome in rows}


def _chain(ledger: Ledger, path: GradedPath) -> Chain:
    completions = [ledger.get(key) for _, key, _ in path.path.steps]
    return Chain(path, sum(one.completion_tokens for one in completions if one is not None))


def changes(questions: dict[str, list[Chain]], plain: dict[str, list[Chain]]) -> list[Change]:
    found = [
        Change("–"),
        Change("whole waves of 4", {"adaptive_waves": False}),
        *(Change(f"give up after {chains}", {"give_up": chains}) for chains in (2, 4, 6)),
        Change("limit learned", cut=limited),
        Change("stop at the box", cut=stopped),
        Change("loops end", cut=unlooped),
        Change("learned guidelines", order=by_thompson),
        Change("best guidelines in hindsight", order=by_hindsight(questions)),
        *(Change(f"pass rate {share}", pass_rate=share) for share in (0.25, 0.5, 0.7)),
    ]
    if plain:
        found += [
            Change("probe, none right", skip=probing(plain, (0.0,))),
            Change("probe, none or all right", skip=probing(plain, (0.0, 1.0))),
        ]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="What a change would have saved.")
    parser.add_argument("run", type=Path, help="folder of a run that followed all its chains")
    parser.add_argument("--plain", type=Path, help="folder of a run of plain samples of the same questions")
    options = parser.parse_args()
    questions = read(options.run)
    plain = read(options.plain) if options.plain else {}
    questions = {name: chains for name, chains in questions.items() if not plain or name in plain}
    rows = {}
    print("| changed | chains | kept | questions with a path | guidelines kept | new tokens | a kept path |")
    print("|---|---|---|---|---|---|---|")
    for change in changes(questions, plain):
        draws = [led(questions, change, seed) for seed in range(DRAWS)]
        row = {name: round(fmean(one[name] for one in draws), 1) for name in draws[0]}
        row["a_kept_path"] = round(row["tokens"] / max(row["kept"], 1), 1)
        rows[change.name] = row
        print(f"| {change.name} | {' | '.join(f'{figure:,.0f}' for figure in row.values())} |", flush=True)
    print(json.dumps({"benchmark": "savings", "run": options.run.name, "questions": len(questions), "rows": rows}))


if __name__ == "__main__":
    main()
