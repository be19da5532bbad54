"""`regenesis doctor`: is this machine ready?

regenesis doctor                      for a run of the defaults
regenesis doctor config.yaml          for a run of this config
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from regenesis.cli.options import Overrides, config_to_work_by
from regenesis.doctor import Finding, examine
from regenesis.errors import ConfigError

_COLOURS = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW, "fail": typer.colors.RED}


def doctor_command(
    config: Annotated[Path | None, typer.Argument(help="The config of the run to come.", show_default=False)] = None,
    run_dir: Annotated[Path, typer.Option("--run-dir", help="Where the run is to be.")] = Path("runs"),
    overrides: Overrides = None,
    ask: Annotated[
        bool, typer.Option("--ask/--no-ask", help="With a config: ask the engine one chain, a request a stage.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Is this machine ready: packages, engine, model, chat template, disk, file system.

    With a config the engine is asked one chain of a question, with the real prompts and limits.
    """
    if overrides and config is None:
        raise ConfigError("--set: goes with a config; name its file.")
    findings = examine(config_to_work_by(config, overrides) if config else None, run_dir, ask=ask)
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            _print_finding(finding)
    if any(finding.status == "fail" for finding in findings):
        raise typer.Exit(1)


def _print_finding(finding: Finding) -> None:
    typer.secho(f"{finding.status:<5}", fg=_COLOURS[finding.status], nl=False)
    typer.echo(f"{finding.check:<11} {finding.summary}")
    if finding.advice:
        typer.echo(f"{'':<16} → {finding.advice}")
