"""One question's chains on the terminal: guideline → adapted → structure → path → verdict.

print_question(console, outcome.question)
print_chains(console, outcome, {"solve": "reasoning path"}, {"experiment": "Think of an experiment …"})

What the model wrote is printed as it stands, indented, with nothing in it obeyed by the terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from regenesis.report.figures import counted, in_words
from regenesis.report.text import neutralise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from regenesis.methods import Outcome
    from regenesis.types import GradedPath, Question

_STATUS_STYLES = {"correct": "green", "incorrect": "red", "unparsed": "yellow"}
_KEY_SHOWN = 12


def print_question(out: Console, question: Question) -> None:
    """Prints a question and its gold answer."""
    out.print(Text(neutralise(question.id), "bold"))
    _print_text(out, question.text)
    gold = "none" if question.gold is None else neutralise(question.gold)
    out.print(Text.assemble(("gold answer ", "dim"), gold, (f" ({question.kind})", "dim")))


def print_chains(
    out: Console, outcome: Outcome, stages: Mapping[str, str], guidelines: Mapping[str, str], *, only_kept: bool
) -> None:
    """Prints all chains of a question, or those that were kept.

    Args:
        out: Where to.
        outcome: The question and its judged paths.
        stages: What the method calls its stages, by name.
        guidelines: Texts of the guidelines by their ids.
        only_kept: Whether to leave out the others.
    """
    kept = {id(one) for one in outcome.kept}
    correct = sum(one.verdict.correct for one in outcome.judged)
    out.print(Text(f"{counted(len(outcome.judged), 'chain')}: {correct:,} correct, {len(outcome.kept):,} kept", "dim"))
    for number, judged in enumerate(outcome.judged, start=1):
        if id(judged) in kept or not only_kept:
            out.print()
            _print_chain(out, judged, number, id(judged) in kept, stages, guidelines)


def _print_chain(
    out: Console, judged: GradedPath, number: int, kept: bool, stages: Mapping[str, str], guidelines: Mapping[str, str]
) -> None:
    path = judged.path
    title = Text.assemble((f"chain {number}", "bold"), "  ", neutralise(path.guideline))
    title.append("  hinted" if path.hinted else "", "magenta")
    title.append("  kept" if kept else "", "bold green")
    out.print(Rule(title, align="left", style="dim"))
    for name in path.guideline.split("+"):
        if name in guidelines:
            out.print(Text("guideline", "cyan"))
            _print_text(out, guidelines[name])
    for stage, key, written in path.steps:
        again = "  (retried)" if stage in path.retries else ""
        heading = Text.assemble((stages.get(stage, neutralise(stage)), "cyan"), (f"  {key[:_KEY_SHOWN]}{again}", "dim"))
        out.print(heading)
        _print_text(out, written)
    _print_verdict(out, judged, kept)


def _print_verdict(out: Console, judged: GradedPath, kept: bool) -> None:
    verdict, path = judged.verdict, judged.path
    line = Text.assemble(("verdict  ", "cyan"), (verdict.status, f"bold {_STATUS_STYLES[verdict.status]}"))
    if verdict.extracted is not None:
        line.append(f"  {neutralise(verdict.extracted)}")
    line.append(f"  {neutralise(verdict.reason)} (rule {verdict.rule})", "dim")
    out.print(line)
    if judged.defect is not None:
        out.print(Text.assemble(("unfit    ", "cyan"), (in_words(judged.defect), "bold yellow")))
    elif verdict.correct and not kept:
        out.print(Text("not kept: enough others were, or it is a near-duplicate", "dim"))
    if path.text and judged.training_text and judged.training_text != path.text.strip():
        out.print(Text("as training text", "cyan"))
        _print_text(out, judged.training_text)


def _print_text(out: Console, text: str) -> None:
    out.print(Padding(Text(neutralise(text.strip()) or "(empty)"), (0, 0, 0, 2)))
