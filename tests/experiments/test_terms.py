"""What is equal for the methods of one training set and seed."""

from __future__ import annotations

from typing import Any

import pytest
from tests.helpers.experiments import stated

from regenesis.dataset.config import DatasetConfig
from regenesis.experiments.config import experiment_from_mapping
from regenesis.experiments.terms import Yielded, equal_terms

CAME_TO = {"ours": Yielded(120, 90_000), "star": Yielded(80, 300_000)}
TERMS: list[tuple[dict[str, Any], DatasetConfig]] = [
    ({"equal": "examples"}, DatasetConfig(max_rows=80)),
    ({"equal": "examples", "examples": 50}, DatasetConfig(max_rows=50)),
    ({"equal": "examples", "examples": 500}, DatasetConfig(max_rows=80)),
    ({"equal": "tokens"}, DatasetConfig(max_generated_tokens=90_000)),
    ({"equal": "tokens", "tokens": 10_000}, DatasetConfig(max_generated_tokens=10_000)),
    ({"equal": "yield"}, DatasetConfig()),
]


@pytest.mark.parametrize(("says", "draw"), TERMS)
def test_all_methods_are_drawn_to_what_the_least_of_them_has_or_what_is_asked_for(
    says: dict[str, Any], draw: DatasetConfig
) -> None:
    assert equal_terms(experiment_from_mapping(stated(**says)), CAME_TO).dataset == draw


def test_a_method_that_kept_nothing_is_left_out_and_told() -> None:
    terms = equal_terms(experiment_from_mapping(stated()), CAME_TO | {"lmsi": Yielded(0, 10)})
    assert terms.number == 80
    assert terms.notes == ["lmsi kept no paths, so it is left out."]


def test_where_no_method_kept_anything_nothing_is_drawn() -> None:
    terms = equal_terms(experiment_from_mapping(stated()), {"ours": Yielded(0, 10)})
    assert (terms.number, terms.dataset) == (None, DatasetConfig())


def test_a_number_that_a_method_does_not_reach_is_lowered_for_all_and_told() -> None:
    terms = equal_terms(experiment_from_mapping(stated(examples=100)), CAME_TO)
    assert terms.notes == ["star has only 80 of the 100 rows asked for, so all methods train on 80."]


def test_a_method_that_generates_nothing_has_no_say_in_equal_tokens() -> None:
    terms = equal_terms(experiment_from_mapping(stated(equal="tokens")), CAME_TO | {"gold": Yielded(60, 0)})
    assert terms.number == 90_000
