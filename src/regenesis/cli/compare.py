"""`regenesis compare`: methods on equal terms, as an experiment plans them or between finished runs.

regenesis compare experiment.yaml --run-dir experiments/x           runs the experiment, or goes on with it
regenesis compare experiments/x                                     what it holds by now
regenesis compare runs/a runs/b                                     methods are called by their folders
regenesis compare star=runs/s-0 star=runs/s-1 ours=runs/o-0 ours=runs/o-1       two seeds each
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regenesis.cli.options import AsJson, Overrides
from regenesis.errors import ConfigError


def compare_command(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="EXPERIMENT | [LABEL=]RUN…",
            help="An experiment's YAML file, or its folder; or runs, those of one label being seeds of one method.",
        ),
    ],
    run_dir: Annotated[
        Path | None,
        typer.Option(help="Of an experiment: its folder; default experiments/<file name>.", show_default=False),
    ] = None,
    overrides: Overrides = None,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan",
            help="Of an experiment: show what it will take, and the smallest difference it can show; nothing is sent.",
        ),
    ] = False,
    chain_yield: Annotated[
        float | None,
        typer.Option(
            "--yield",
            min=0,
            max=1,
            help="With --plan: share of chains that give a path worth keeping; default as earlier runs gave, else 0.4.",
            show_default=False,
        ),
    ] = None,
    baseline: Annotated[
        list[str] | None,
        typer.Option(help="Compare with the best of these methods, by label; repeatable. Default: all other methods."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Also write tables.md, tables.tex, tables.csv, questions.csv and results.json there."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare methods: accuracies, and differences from the base model and the best baseline, with 95 % CIs.

    Given an experiment's YAML file: synthesize, train and evaluate each method on each training set with each seed, on
    equal terms, then compare. Rerun the same command to resume; tables.md, .tex, .csv and results.json in its folder
    are brought up to date after each model.

    Given an experiment's folder, or finished runs: compare what is there, on the questions that every run has answered.
    What was not alike is named first.

    \b
    Exit codes:
      0    done
      1    an error
      2    the command line cannot be read
      3    stopped before the end: a budget ran out, or questions were
           set aside because the engine kept failing on them
      4    a method kept no paths, so there is nothing to train on; or no
           answer could be parsed for at least one task
      130  interrupted
    """  # noqa: D301 - the command line knows a paragraph to leave alone by that character
    experiment = _experiment(targets)
    if experiment is not None:
        if baseline or out is not None:
            raise ConfigError("--baseline and --out go with finished runs; an experiment says `baselines` itself.")
        folder = run_dir or Path("experiments") / experiment.stem
        if plan:
            from regenesis.cli.experiment_plan import plan_experiment_command

            plan_experiment_command(experiment, folder, overrides or [], chain_yield, as_json=as_json)
        else:
            from regenesis.cli.experiment import compare_experiment

            compare_experiment(experiment, folder, overrides or [], as_json=as_json)
        return
    if run_dir is not None or overrides or plan:
        raise ConfigError("--run-dir, --set and --plan go with an experiment's YAML file, not with finished runs.")
    from regenesis.cli.compared import chosen
    from regenesis.cli.terminal import console, print_json
    from regenesis.experiments.writing import comparison_json, write_tables
    from regenesis.report.terminal import print_view
    from regenesis.report.views.comparison import comparison_view

    comparison = chosen(targets, baseline)
    if out is not None:
        write_tables(comparison, out)
    if as_json:
        print_json(comparison_json(comparison))
    else:
        print_view(console(), comparison_view(comparison))


def _experiment(targets: list[str]) -> Path | None:
    """The experiment's file, where that is what is compared.

    Raises:
        ConfigError: It is given together with something else.
    """
    files = [target for target in targets if target.endswith((".yaml", ".yml")) and not Path(target).is_dir()]
    if not files:
        return None
    if len(targets) > 1:
        raise ConfigError(f"{files[0]}: is an experiment's file; give it alone, or give the folders of runs.")
    return Path(files[0])
