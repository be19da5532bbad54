"""`regenesis doctor`: check whether this machine is ready.

regenesis doctor                      for a run with the defaults
regenesis doctor config.yaml          for a run with this config
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from regenesis.cli.options import Overrides, config_to_work_by
from regenesis.cli.terminal import console
from regenesis.doctor import examine
from regenesis.errors import ConfigError
from regenesis.report.terminal import print_view
from regenesis.report.views.findings import findings_view


def doctor_command(
    config: Annotated[
        Path | None, typer.Argument(help="The YAML config of the run to check for.", show_default=False)
    ] = None,
    run_dir: Annotated[Path, typer.Option("--run-dir", help="The run folder.")] = Path("runs"),
    overrides: Overrides = None,
    ask: Annotated[
        bool,
        typer.Option("--ask/--no-ask", help="With a config: run one chain through the engine, one request per stage."),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check whether this machine is ready: packages, engine, model, chat template, disk, file system.

    With a config, one chain of one question is run through the engine, with the real prompts and token limits.
    """
    if overrides and config is None:
        raise ConfigError("--set needs a config; give its file.")
    findings = examine(config_to_work_by(config, overrides) if config else None, run_dir, ask=ask)
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        print_view(console(), findings_view(findings))
    if any(finding.status == "fail" for finding in findings):
        raise typer.Exit(1)
