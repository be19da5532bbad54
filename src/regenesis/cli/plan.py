"""`regenesis plan`: estimate a run's calls and tokens without sending any.

regenesis plan config.yaml
regenesis plan config.yaml --set preset=paper --yield 0.2
regenesis plan config.yaml --show 2
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from regenesis.cli.options import AsJson, ConfigFile, Overrides, config_to_work_by

if TYPE_CHECKING:
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
            help="Share of chains that give a path worth keeping; default as earlier runs of the model gave, else 0.4.",
            show_default=False,
        ),
    ] = None,
    show: Annotated[
        int,
        typer.Option(min=0, help="Also show so many questions of each task as read, with the prompts as sent."),
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Estimate a run's calls and tokens without sending any, by stage and for the evaluation.

    "At most" is what the config allows; "expected" takes the yield of earlier runs of the model under runs/ and
    experiments/, or assumes one (--yield), and typical lengths. The questions are loaded; no model is called.
    """
    from regenesis.runs import plan

    found = plan(config_to_work_by(config, overrides), chain_yield=chain_yield, show=show)
    if as_json:
        from regenesis.cli.terminal import print_json

        print_json(found.to_json())
    else:
        _print_plan(found)


def _print_plan(found: Plan) -> None:
    from regenesis.cli.account import print_account
    from regenesis.cli.chains import print_rehearsed
    from regenesis.cli.paging import paged
    from regenesis.report.terminal import print_view
    from regenesis.report.views.plan import plan_view

    with paged() as out:
        print_account(out, found.tasks, found.set_aside, found.vote, found.notes)
        for one in found.shown:
            print_rehearsed(out, one)
            out.print()
        print_view(out, plan_view(found))
