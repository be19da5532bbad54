"""The answers to one question of an evaluation on the terminal, model by model, in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.rule import Rule
from rich.text import Text

from regenesis.cli.chains import STATUS_STYLES, print_prompt, print_text
from regenesis.report.figures import counted
from regenesis.report.text import neutralise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from regenesis.evaluation.answers import AnsweredQuestion
    from regenesis.evaluation.result_tables import ResultRow
    from regenesis.types import Message


def print_answers(
    out: Console, one: AnsweredQuestion, models: Sequence[str], prompts: Mapping[str, Sequence[Message]]
) -> None:
    """Prints a question and what some models answered.

    Args:
        out: Where to.
        one: The question with its answers.
        models: The models.
        prompts: What was sent, by key in the ledger; nothing of those that are not in it.
    """
    out.print(Text(neutralise(one.id), "bold"))
    print_text(out, one.text)
    gold = "decided by the task's scorer" if one.gold is None else neutralise(one.gold)
    out.print(Text.assemble(("gold answer ", "dim"), gold, (f" ({neutralise(one.kind)})", "dim")))
    shown: Sequence[Message] = ()
    for model in models:
        rows = one.answers.get(model, ())
        if not rows:
            out.print(Text(f"\n{neutralise(model)} has not answered it yet.", "dim"))
        for row in rows:
            out.print()
            name = neutralise(model) + (f", answer {row.sample + 1}" if len(rows) > 1 else "")
            out.print(Rule(Text.assemble((name, "bold")), align="left", style="dim"))
            if row.ledger_key in prompts:
                shown = print_prompt(out, prompts[row.ledger_key], shown)
            _print_answer(out, row)


def _print_answer(out: Console, row: ResultRow) -> None:
    out.print(Text.assemble(("answer  ", "cyan"), (row.ledger_key[:12], "dim")))
    print_text(out, row.response)
    line = Text.assemble(("verdict  ", "cyan"), (row.status, f"bold {STATUS_STYLES[row.status]}"))
    if row.extracted is not None:
        line.append(f"  {neutralise(row.extracted)}")
    said = f"{neutralise(row.reason)} (rule {neutralise(row.rule)})" if row.reason else neutralise(row.rule)
    line.append(f"  {said}  {counted(row.completion_tokens, 'token')}", "dim")
    line.append("  truncated" if row.truncated else "", "yellow")
    out.print(line)
