"""What was read for each task, on the terminal.

print_account(console, loaded.counts, loaded.set_aside, vote="no_gold")
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from regenesis.config import RunConfig
    from regenesis.tasks import LoadedQuestions, SetAside, TaskCount


def print_account(
    console: Console, counts: Sequence[TaskCount], set_aside: Sequence[SetAside], vote: str, notes: Sequence[str] = ()
) -> None:
    """Prints the account of every task; `vote` is a method's `votes`, `notes` what else loading had to say."""
    from regenesis.report.terminal import print_view
    from regenesis.report.views.account import account_view

    print_view(console, account_view(counts, set_aside, vote, notes))
    console.print()


def print_loaded(console: Console, loaded: LoadedQuestions, config: RunConfig) -> None:
    """Prints the account of the questions of a run that is about to ask them, and what its method warns of."""
    from regenesis.synthesis.inputs import method_of, shown_to

    method = method_of(config.method, config.answering)
    notes = [*loaded.notes, *method.remarks(), *method.warnings(shown_to(method, loaded.questions))]
    print_account(console, loaded.counts, loaded.set_aside, method.votes, notes)
