"""`regenesis compare EXPERIMENT.yaml --plan`: what an experiment will take, without sending anything.

plan_experiment_command(Path("experiment.yaml"), Path("experiments/x"), overrides=[], chain_yield=None, as_json=False)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regenesis.cli.terminal import console, print_json
from regenesis.experiments.config import load_experiment
from regenesis.experiments.planning import plan_experiment
from regenesis.report.terminal import print_view
from regenesis.report.views.experiment_plan import experiment_plan_view


def plan_experiment_command(
    config: Path, folder: Path, overrides: Sequence[str], chain_yield: float | None, *, as_json: bool
) -> None:
    """Prints the plan of an experiment.

    Raises:
        RegenesisError: It cannot be run.
    """
    experiment = load_experiment(config, overrides)
    found = plan_experiment(experiment, folder, chain_yield=chain_yield)
    if as_json:
        print_json(found.to_json())
    else:
        print_view(console(), experiment_plan_view(found))
