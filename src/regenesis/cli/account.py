"""What was read for each task, shown before any request is sent: a misread column is cheap to spot here, costly later.

print_account(console, loaded.counts, loaded.set_aside, vote="no_gold")

mine   4 questions of 8 rows: 3 number, 1 text
  gold       …<<585.8+1731.2=2317>>2,317 #### 2,317  →  2,317
             12 pears                                →  12
  unused     source, level
  no gold    1 question (a placeholder): labelled by the majority of its own answers
  repeated   2 rows with the question of an earlier row, asked once
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from regenesis.report.figures import counted
from regenesis.report.text import in_a_line, neutralise

if TYPE_CHECKING:
    from rich.console import Console

    from regenesis.config import RunConfig
    from regenesis.tasks import LoadedQuestions, SetAside, TaskCount

_CELL, _GOLD = 40, 22
_INDENT, _WIDEST = 13, 100
_MOST_COLUMNS = 12
_MOST_SET_ASIDE = 3
_WHY = {"empty": "empty", "placeholder": "a placeholder", "unread": "a solution without a final answer"}
_VOTING = {
    "no_gold": "labelled by the majority of {its} own answers",
    "always": "labelled by the majority of {its} own answers, like all questions",
    "never": "no path of {them} can be kept, since voting is off",
}


def print_account(
    console: Console, counts: Sequence[TaskCount], set_aside: Sequence[SetAside], vote: str, notes: Sequence[str] = ()
) -> None:
    """Prints the account of every task; `vote` is a method's `votes`, `notes` what else loading had to say."""
    for count in counts:
        console.print(_heading(count), soft_wrap=True)
        for line in _details(count, vote, max(min(console.width, _WIDEST), 2 * _INDENT)):
            console.print(line, soft_wrap=True)
    for found in set_aside[:_MOST_SET_ASIDE]:
        golds = " and ".join(dict.fromkeys(in_a_line(str(row["gold"]), 16) for row in found.rows[:3]))
        lines = ", ".join(str(row["line"]) for row in found.rows[:3])
        console.print(
            f"  Set aside: {in_a_line(found.text, 24)} has contradicting gold answers {golds} (lines {lines})"
        )
    if len(set_aside) > _MOST_SET_ASIDE:
        console.print(f"  … and {len(set_aside) - _MOST_SET_ASIDE:,} more; see set_aside.json in the run folder.")
    for note in notes:
        console.print(f"  {neutralise(note)}")
    console.print()


def print_loaded(console: Console, loaded: LoadedQuestions, config: RunConfig) -> None:
    """Prints the account of the questions of a run that is about to ask them."""
    from regenesis.synthesis.inputs import method_of

    vote = method_of(config.method, config.answering).votes
    print_account(console, loaded.counts, loaded.set_aside, vote, loaded.notes)


def _heading(count: TaskCount) -> str:
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in count.kinds.items())
    rows = f" of {counted(count.read, 'row')}" if count.read != count.questions else ""
    return f"{in_a_line(count.task, 40)}   {counted(count.questions, 'question')}{rows}" + (
        f": {kinds}" if kinds else ""
    )


def _details(count: TaskCount, vote: str, width: int) -> Iterator[str]:
    cells = [_end_of(example.cell, _CELL) for example in count.examples]
    column = max(map(len, cells), default=0)
    for position, (cell, example) in enumerate(zip(cells, count.examples, strict=True)):
        yield f"{'' if position else '  gold':<{_INDENT}}{cell:<{column}}  →  {in_a_line(example.gold, _GOLD)}"
    for name, said in _remarks(count, vote):
        first, *more = textwrap.wrap(said, width - _INDENT)
        yield f"{f'  {name}':<{_INDENT}}{first}"
        for line in more:
            yield " " * _INDENT + line


def _end_of(text: str, width: int) -> str:
    """The end of a cell on one line: what is read out of a solution stands there."""
    line = neutralise(" ".join(text.split()))
    return line if len(line) <= width else "…" + line[-(width - 1) :].lstrip()


def _remarks(count: TaskCount, vote: str) -> Sequence[tuple[str, str]]:
    said = [("read", note) for note in count.notes]
    if count.unused:
        shown = ", ".join(in_a_line(name, 30) for name in count.unused[:_MOST_COLUMNS])
        more = len(count.unused) - _MOST_COLUMNS
        said.append(("unused", shown + (f" and {more:,} more columns" if more > 0 else "")))
    if count.why_without:
        total = sum(count.why_without.values())
        why = ", ".join(
            f"{_WHY.get(name, name)}{f' ({number:,})' if len(count.why_without) > 1 else ''}"
            for name, number in count.why_without.items()
        )
        decides = _VOTING[vote].format(its="its" if total == 1 else "their", them="it" if total == 1 else "them")
        said.append(("no gold", f"{counted(total, 'question')} ({why}): {decides}"))
    if count.repeated:
        said.append(("repeated", f"{counted(count.repeated, 'row')} with the question of an earlier row, asked once"))
    if count.set_aside:
        said.append(("set aside", f"{counted(count.set_aside, 'question')} with contradicting gold answers, not asked"))
    if count.other_kind:
        said.append(("passed", f"{counted(count.other_kind, 'row')} of another answer kind"))
    if count.bad:
        said.append(("skipped", counted(count.bad, "bad row")))
    return said
