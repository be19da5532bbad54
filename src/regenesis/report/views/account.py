"""What was read for each task, shown before any request is sent: a misread column is cheap to spot here, costly later.

mine   4 questions of 8 rows: 3 number, 1 text
  gold        …<<585.8+1731.2=2317>>2,317 #### 2,317  →  2,317
              12 pears                                →  12
  unused      source, level
  no gold     1 question (a placeholder): labelled by the majority of its own answers
  repeated    2 rows with the question of an earlier row, asked once
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from regenesis.report.blocks import Block, Facts, Note, View
from regenesis.report.figures import counted
from regenesis.report.text import in_a_line, neutralise
from regenesis.report.views.shared import with_examples

if TYPE_CHECKING:
    from regenesis.tasks import SetAside, TaskCount

_CELL, _GOLD = 40, 22
_MOST_COLUMNS = 12
_WHY = {"empty": "empty", "placeholder": "a placeholder", "unread": "a solution without a final answer"}
_VOTING = {
    "no_gold": "labelled by the majority of {its} own answers",
    "always": "labelled by the majority of {its} own answers, like all questions",
    "never": "no path of {them} can be kept, since voting is off",
}


def account_view(
    counts: Sequence[TaskCount], set_aside: Sequence[SetAside], vote: str, notes: Sequence[str] = ()
) -> View:
    """The account of every task; `vote` is a method's `votes`, `notes` what else loading had to say."""
    blocks: list[Block] = []
    for count in counts:
        blocks.append(Note(_heading(count)))
        facts = [*_examples(count), *_remarks(count, vote)]
        blocks.append(Facts([(f"  {name}" if name else "", said) for name, said in facts]))
    if set_aside:
        said = f"Set aside for contradicting gold answers: {counted(len(set_aside), 'question')}."
        blocks.append(
            with_examples(said, map(_contradiction, set_aside), len(set_aside), "set_aside.json in the run folder")
        )
    return [[*blocks, *map(Note, notes)]]


def _heading(count: TaskCount) -> str:
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in count.kinds.items())
    rows = f" of {counted(count.read, 'row')}" if count.read != count.questions else ""
    questions = f"{in_a_line(count.task, 40)}   {counted(count.questions, 'question')}{rows}"
    return f"{questions}: {kinds}" if kinds else questions


def _examples(count: TaskCount) -> Iterator[tuple[str, str]]:
    cells = [_end_of(example.cell, _CELL) for example in count.examples]
    width = max(map(len, cells), default=0)
    for position, (cell, example) in enumerate(zip(cells, count.examples, strict=True)):
        yield "" if position else "gold", f"{cell:<{width}}  →  {in_a_line(example.gold, _GOLD)}"


def _end_of(text: str, width: int) -> str:
    """The end of a cell on one line: what is read out of a solution stands there."""
    line = neutralise(" ".join(text.split()))
    return line if len(line) <= width else "…" + line[-(width - 1) :].lstrip()


def _remarks(count: TaskCount, vote: str) -> Iterator[tuple[str, str]]:
    for note in count.notes:
        yield "read", note
    if count.unused:
        shown = ", ".join(in_a_line(name, 30) for name in count.unused[:_MOST_COLUMNS])
        more = len(count.unused) - _MOST_COLUMNS
        yield "unused", shown + (f" and {more:,} more columns" if more > 0 else "")
    if count.why_without:
        yield "no gold", _without_gold(count.why_without, vote)
    if count.repeated:
        yield "repeated", f"{counted(count.repeated, 'row')} with the question of an earlier row, asked once"
    if count.set_aside:
        yield "set aside", f"{counted(count.set_aside, 'question')} with contradicting gold answers, not asked"
    if count.other_kind:
        yield "passed", f"{counted(count.other_kind, 'row')} of another answer kind"
    if count.bad:
        yield "skipped", counted(count.bad, "bad row")


def _without_gold(why_without: dict[str, int], vote: str) -> str:
    total = sum(why_without.values())
    why = ", ".join(
        f"{_WHY.get(name, name)}{f' ({number:,})' if len(why_without) > 1 else ''}"
        for name, number in why_without.items()
    )
    decides = _VOTING[vote].format(its="its" if total == 1 else "their", them="it" if total == 1 else "them")
    return f"{counted(total, 'question')} ({why}): {decides}"


def _contradiction(found: SetAside) -> str:
    golds = " and ".join(dict.fromkeys(in_a_line(str(row["gold"]), 16) for row in found.rows[:3]))
    lines = ", ".join(str(row["line"]) for row in found.rows[:3])
    return f"{in_a_line(found.text, 40)}: {golds} (lines {lines})"
