"""`regenesis plan`: what a run will ask, before it asks anything.

regenesis plan config.yaml
regenesis plan config.yaml --set preset=paper --yield 0.2
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from regenesis.cli.options import AsJson, ConfigFile, Overrides, config_to_work_by

if TYPE_CHECKING:
    from rich.table import Table

    from regenesis.runs import Plan


def plan_command(
    config: ConfigFile,
    overrides: Overrides = None,
    chain_yield: Annotated[
        float | None,
        typer.Option(
            "--yield",
            min=0,
            max=1,
            help="Share of the chains supposed to give a path worth keeping; 0.4 if left out.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What a run will ask, before it asks anything: calls and tokens by stage, and those of the evaluation.

    "At most" is what the config allows; "expected" rests on a supposed yield and on typical lengths. Questions are
    loaded; no model is asked.
    """
    from regenesis.runs import plan
    from regenesis.runs.plan import DEFAULT_YIELD

    found = plan(
        config_to_work_by(config, overrides), chain_yield=DEFAULT_YIELD if chain_yield is None else chain_yield
    )
    if as_json:
        from regenesis.cli.terminal import print_json

        print_json(found.to_json())
    else:
        _print_plan(found)


def _print_plan(found: Plan) -> None:
    from regenesis.cli.account import print_account
    from regenesis.cli.terminal import console
    from regenesis.report.figures import counted

    out = console()
    print_account(out, found.tasks, found.set_aside, found.vote, found.notes)
    out.print(f"{counted(sum(found.questions.values()), 'question')} to ask.")
    if found.left_out:
        out.print(f"Left out for overlapping the evaluation: {counted(found.left_out, 'more question')}.")
    elif found.overlapping:
        out.print(f"Overlapping the evaluation, and asked all the same: {found.overlapping:,} of these.")
    out.print()
    out.print(_table(found))
    out.print()
    out.print(
        f"At most {found.most_chains:,} chains; {round(found.expected_chains):,} expected, and "
        f"{round(found.expected_kept):,} kept paths. What is expected supposes that {found.chain_yield:.0%} of the "
        "chains give a path worth keeping (--yield), and texts as long as a small model's on school mathematics."
    )
    if found.measured:
        out.print()
        out.print(_evaluation(found))


def _evaluation(found: Plan) -> str:
    from regenesis.report.figures import counted, rounded
    from regenesis.report.text import neutralise

    tasks = ", ".join(f"{neutralise(name)} {count:,}" for name, count in found.measured.items())
    return (
        f"Evaluation: {counted(sum(found.measured.values()), 'call')} ({tasks}) for the base, and as many for the "
        f"tuned model of each round; each time about {rounded(found.measured_prompt_tokens)} prompt tokens and at most "
        f"{rounded(found.measured_new_tokens)} new tokens."
    )


def _table(found: Plan) -> Table:
    from rich.table import Table

    from regenesis.report.figures import rounded

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", footer_style="bold", show_footer=True)
    stages = found.stages.values()
    columns: dict[str, list[float]] = {
        "calls\nat most": [stage.most_calls for stage in stages],
        "\nexpected": [stage.expected_calls for stage in stages],
        "prompt tokens\nat most": [stage.most_prompt_tokens for stage in stages],
        " \nexpected": [stage.expected_prompt_tokens for stage in stages],
        "new tokens\nat most": [stage.most_new_tokens for stage in stages],
        "  \nexpected": [stage.expected_new_tokens for stage in stages],
    }
    table.add_column("\nstage", footer="all", no_wrap=True)
    for heading, figures in columns.items():
        table.add_column(heading, footer=rounded(sum(figures)), justify="right", no_wrap=True)
    for row, name in enumerate(found.stages):
        table.add_row(name, *(rounded(figures[row]) for figures in columns.values()))
    return table
