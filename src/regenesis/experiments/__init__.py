"""Experiments: methods compared on equal terms, each cell an ordinary run.

experiment = load_experiment("experiment.yaml")
report = run_experiment(experiment, "experiments/x")
"""

from __future__ import annotations
