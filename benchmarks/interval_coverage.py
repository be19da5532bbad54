"""Are the intervals of a comparison honest? Coverage, family-wise error and power over simulated experiments.

    python benchmarks/interval_coverage.py [--experiments 2000]

Every scenario is simulated that often with a known true difference. A 95 % CI has to hold it 93 to 97 % of the time;
among comparisons without any effect, adjusted by Holm's procedure, one may be found at most 5 % of the time; and the
smallest detectable difference that a plan states has to be found 77 to 83 % of the time (simulated twice as often).
"""

from __future__ import annotations

import argparse
import time

import numpy

from workload import finish, interval_checks, simulated_experiments

COVERAGE = (0.93, 0.97)
FAMILY_WISE = 0.05
POWER = (0.77, 0.83)

World, Design, Scenario = simulated_experiments.World, simulated_experiments.Design, interval_checks.Scenario


GROUPS = World(by_group=0.7, gain_by_group=0.5)
SEEDS = World(by_seed=0.1)
WILD_SEEDS = World(by_seed=0.3)
COVERED = {
    "no effect, one answer a question": Scenario(World(), Design([200]), 0),
    "no effect, 8 answers": Scenario(World(), Design([200], samples=8), 0),
    "no effect, 50 questions": Scenario(World(), Design([50]), 0),
    "1 point": Scenario(World(), Design([500], samples=4), 1),
    "3 points": Scenario(World(), Design([200], samples=4), 3),
    "6 points": Scenario(World(), Design([200], samples=4), 6),
    "2 points, 95 % right before": Scenario(World(mean=4.2), Design([200]), 2),
    "3 points, groups": Scenario(GROUPS, Design([400], samples=4, grouped=True), 3),
    "3 points, one seed of many": Scenario(WILD_SEEDS, Design([200], samples=4), 3),
    "no effect, 3 equal seeds": Scenario(World(), Design([200], samples=4, seeds=3), 0),
    "3 points, 3 seeds": Scenario(SEEDS, Design([200], samples=4, seeds=3), 3),
    "3 points, 3 wild seeds": Scenario(WILD_SEEDS, Design([200], samples=4, seeds=3), 3),
    "3 points, 5 wild seeds": Scenario(WILD_SEEDS, Design([200], samples=4, seeds=5), 3),
    "1 point, 1000 questions, 3 wild seeds": Scenario(WILD_SEEDS, Design([1000], samples=2, seeds=3), 1),
    "6 points, groups, 3 seeds": Scenario(
        World(by_group=0.7, gain_by_group=0.5, by_seed=0.15),
        Design([300], samples=4, seeds=3, grouped=True),
        6,
    ),
    "3 points, mean of 4 tasks, 3 seeds": Scenario(SEEDS, Design([200, 100, 60, 40], samples=2, seeds=3), 3),
    "another method, 3 points, 3 seeds": Scenario(
        World(by_seed=0.15), Design([200], samples=4, seeds=3), 3, against_method=True
    ),
}
DETECTED = {
    "200 questions": Scenario(World(), Design([200])),
    "200 questions, 8 answers": Scenario(World(), Design([200], samples=8)),
    "groups": Scenario(GROUPS, Design([400], samples=4, grouped=True)),
    "3 tasks, 3 seeds": Scenario(SEEDS, Design([200, 100, 60], samples=4, seeds=3)),
    "5 wild seeds": Scenario(WILD_SEEDS, Design([200], samples=4, seeds=5)),
    "3 wild seeds": Scenario(WILD_SEEDS, Design([200], samples=4, seeds=3)),
    "another method, 3 seeds": Scenario(SEEDS, Design([300], samples=4, seeds=3), 0, against_method=True),
}
FAMILIES = {"no effect": [0, 0, 0, 0], "two of four without": [0, 6, 0, 6]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=2000)
    experiments = parser.parse_args().experiments
    rng, started = numpy.random.default_rng(20260101), time.perf_counter()
    covered = {name: interval_checks.coverage(one, experiments, rng) for name, one in COVERED.items()}
    families = {
        f"{name}, {seeds} seeds": interval_checks.family_wise_errors(
            points, SEEDS if seeds > 1 else World(), Design([200, 100, 60], samples=2, seeds=seeds), experiments, rng
        )
        for seeds in (1, 3)
        for name, points in FAMILIES.items()
    }
    detected = {name: interval_checks.power(one, 2 * experiments, rng) for name, one in DETECTED.items()}
    errors = [error for family in families.values() for error in family.values()]
    met = (
        all(COVERAGE[0] <= share <= COVERAGE[1] for share in covered.values())
        and max(errors) <= FAMILY_WISE
        and all(POWER[0] <= share <= POWER[1] for _, share in detected.values())
    )
    finish(
        "interval_coverage",
        {
            "coverage": covered,
            "family_wise_error": families,
            "smallest_detectable": {
                name: {"points": round(100 * smallest, 1), "found": share}
                for name, (smallest, share) in detected.items()
            },
            "experiments": experiments,
            "seconds": round(time.perf_counter() - started),
        },
        target="coverage 93-97 %, family-wise error at most 5 %, smallest detectable difference found 77-83 %",
        met=met,
    )


if __name__ == "__main__":
    main()
