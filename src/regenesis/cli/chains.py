"""One question's chains on the terminal: guideline → adapted → structure → path → verdict.

print_question(console, outcome.question)
print_chains(console, outcome, outcome.kept, {"solve": "reasoning path"}, {"experiment": "Think of …"}, prompts={})

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
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from regenesis.ledger import Recorded
    from regenesis.methods import Outcome
    from regenesis.runs.rehearsing import Rehearsed
    from regenesis.types import GradedPath, Message, Question

STATUS_STYLES = {"correct": "green", "incorrect": "red", "unparsed": "yellow"}
_KEY_SHOWN = 12


def print_question(out: Console, question: Question) -> None:
    """Prints a question and its gold answer."""
    out.print(Text(neutralise(question.id), "bold"))
    print_text(out, question.text)
    gold = "none" if question.gold is None else neutralise(question.gold)
    also = f", or {', '.join(map(neutralise, question.accepted))}" if question.accepted else ""
    out.print(Text.assemble(("gold answer ", "dim"), gold, also, (f" ({question.kind})", "dim")))


def print_chains(
    out: Console,
    outcome: Outcome,
    chains: Sequence[GradedPath],
    stages: Mapping[str, str],
    guidelines: Mapping[str, str],
    prompts: Mapping[str, Sequence[Message]],
) -> None:
    """Prints chains of a question.

    Args:
        out: Where to.
        outcome: The question and its judged paths.
        chains: Those that are printed, with the numbers that they have among all.
        stages: What the method calls its stages, by name.
        guidelines: Texts of the guidelines by their ids.
        prompts: What was sent for the completions, by key in the ledger; nothing of those that are not in it.
    """
    kept, wanted = {id(one) for one in outcome.kept}, {id(one) for one in chains}
    correct = sum(one.verdict.correct for one in outcome.judged)
    out.print(Text(f"{counted(len(outcome.judged), 'chain')}: {correct:,} correct, {len(outcome.kept):,} kept", "dim"))
    for number, judged in enumerate(outcome.judged, start=1):
        if id(judged) in wanted:
            out.print()
            _print_chain(out, judged, number, id(judged) in kept, stages, guidelines, prompts)


def print_begun(
    out: Console,
    chains: Sequence[Sequence[Recorded]],
    stages: Mapping[str, str],
    prompts: Mapping[str, Sequence[Message]],
) -> None:
    """Prints what is recorded of a question that is not finished; arguments as for `print_chains`."""
    so_far = counted(sum(map(len, chains)), "completion")
    out.print(Text(f"not finished yet: {so_far} so far", "dim"))
    for number, chain in enumerate(chains, start=1):
        out.print()
        out.print(Rule(Text(f"chain {number}", "bold"), align="left", style="dim"))
        shown: Sequence[Message] = ()
        for one in chain:
            if one.key in prompts:
                shown = print_prompt(out, prompts[one.key], shown)
            out.print(_stage_heading(stages, one.stage, one.key))
            print_text(out, one.completion.text)


def print_rehearsed(out: Console, one: Rehearsed) -> None:
    """Prints a question as it was read, and what will be sent for it."""
    print_question(out, one.question)
    shown: Sequence[Message] = ()
    for prompt in one.prompts:
        what = "the evaluation sends" if one.measured else f"sent at the stage {neutralise(prompt.stage)}"
        out.print(Rule(Text(what, "bold"), align="left", style="dim"))
        shown = print_prompt(out, prompt.messages, shown)


def print_prompt(out: Console, messages: Sequence[Message], before: Sequence[Message]) -> Sequence[Message]:
    """Prints a chat as it was sent, without what was printed of it already.

    Args:
        out: Where to.
        messages: The chat.
        before: The chat that was printed last; what goes on with it is printed from there on.

    Returns:
        The chat, for the next one.
    """
    known = len(before) if before and list(messages[: len(before)]) == list(before) else 0
    if known == len(messages):
        out.print(Text.assemble(("prompt", "cyan"), ("  as above", "dim")))
        return messages
    for message in messages[known:]:
        if known and message.role == "assistant":
            continue  # printed as the completion that it is
        heading = Text.assemble(("prompt", "cyan"), (f"  {neutralise(message.role)}", "dim"))
        out.print(heading.append("  (goes on with the chat above)" if known else "", "dim"))
        print_text(out, message.content)
    return messages


def _stage_heading(stages: Mapping[str, str], stage: str, key: str, remark: str = "") -> Text:
    return Text.assemble((stages.get(stage, neutralise(stage)), "cyan"), (f"  {key[:_KEY_SHOWN]}{remark}", "dim"))


def _print_chain(
    out: Console,
    judged: GradedPath,
    number: int,
    kept: bool,
    stages: Mapping[str, str],
    guidelines: Mapping[str, str],
    prompts: Mapping[str, Sequence[Message]],
) -> None:
    path = judged.path
    title = Text.assemble((f"chain {number}", "bold"), "  ", neutralise(path.guideline))
    title.append("  hinted" if path.hinted else "", "magenta")
    title.append("  kept" if kept else "", "bold green")
    out.print(Rule(title, align="left", style="dim"))
    for name in path.guideline.split("+"):
        if name in guidelines:
            out.print(Text("guideline", "cyan"))
            print_text(out, guidelines[name])
    shown: Sequence[Message] = ()
    for stage, key, written in path.steps:
        if key in prompts:
            shown = print_prompt(out, prompts[key], shown)
        out.print(_stage_heading(stages, stage, key, "  (retried)" if stage in path.retries else ""))
        print_text(out, written)
    _print_verdict(out, judged, kept)


def _print_verdict(out: Console, judged: GradedPath, kept: bool) -> None:
    verdict, path = judged.verdict, judged.path
    line = Text.assemble(("verdict  ", "cyan"), (verdict.status, f"bold {STATUS_STYLES[verdict.status]}"))
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
        print_text(out, judged.training_text)


def print_text(out: Console, text: str) -> None:
    """Prints what was written, as it stands, indented."""
    out.print(Padding(Text(neutralise(text.strip()) or "(empty)"), (0, 0, 0, 2)))
