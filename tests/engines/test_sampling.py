"""Drawing tokens: laws over made-up logits, with no model."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

import torch

from regenesis.engines.transformers.sampling import draw

LOGITS = st.lists(st.floats(-8, 8), min_size=2, max_size=40)
SHARE = st.floats(0, 1, exclude_max=True)


def nucleus(logits: Sequence[float], temperature: float, top_p: float) -> list[tuple[int, float]]:
    """Tokens and their probabilities, likeliest first, in the fewest that reach the mass: by the book, in doubles."""
    weights = [math.exp((logit - max(logits)) / temperature) for logit in logits]
    ordered = sorted(((weight / sum(weights), token) for token, weight in enumerate(weights)), reverse=True)
    kept: list[tuple[int, float]] = []
    mass = 0.0
    for probability, token in ordered:
        if kept and mass >= top_p:
            break
        kept.append((token, probability))
        mass += probability
    return kept


@given(LOGITS, st.floats(0.1, 2), st.floats(0.05, 1), SHARE)
@settings(deadline=None)
def test_a_token_is_drawn_from_the_nucleus_of_the_tempered_distribution(
    logits: list[float], temperature: float, top_p: float, number: float
) -> None:
    [token] = draw(torch.tensor([logits]), [temperature], [top_p], [number])
    # a hair more than the nucleus, since rounding decides which token reaches it
    kept = dict(nucleus(logits, temperature, min(top_p + 1e-4, 1)))
    equals = [other for other in kept if abs(logits[other] - logits[token]) < 1e-4]
    assert token in kept or equals


@given(LOGITS, st.floats(0, 1), SHARE)
@settings(deadline=None)
def test_without_temperature_the_likeliest_is_taken(logits: list[float], top_p: float, number: float) -> None:
    [token] = draw(torch.tensor([logits]), [0.0], [top_p], [number])
    assert logits[token] == pytest.approx(max(logits))


@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 1.0), (0.7, 1.0), (1.0, 0.8), (0.5, 0.9)])
def test_evenly_spread_numbers_draw_each_token_as_often_as_it_is_likely(temperature: float, top_p: float) -> None:
    logits = [0.3, 2.0, -1.0, 1.5, 0.0, -3.0]
    kept = nucleus(logits, temperature, top_p)
    mass = sum(probability for _, probability in kept)
    many = 4000
    drawn = draw(
        torch.tensor([logits] * many), [temperature] * many, [top_p] * many, [(n + 0.5) / many for n in range(many)]
    )
    expected = {token: probability / mass for token, probability in kept}
    assert set(drawn) == set(expected)
    for token, share in expected.items():
        assert drawn.count(token) / many == pytest.approx(share, abs=1e-3)


@pytest.mark.parametrize("top_p", [0.9, 1.0])
def test_a_flat_distribution_is_drawn_from_whole_however_large_the_vocabulary(top_p: float) -> None:
    vocabulary = 5000
    numbers = [(n + 0.5) / 1000 for n in range(1000)]
    drawn = draw(torch.zeros(1000, vocabulary), [1.0] * 1000, [top_p] * 1000, numbers)
    assert len(set(drawn)) == 1000


def test_rows_do_not_touch_each_other() -> None:
    logits = torch.randn(6, 900, generator=torch.Generator().manual_seed(0))
    heats, shares, numbers = (
        [0.0, 0.5, 1.0, 0.0, 2.0, 1.0],
        [1.0, 0.9, 1.0, 0.5, 0.95, 1e-6],
        [0.1, 0.9, 0.5, 0.3, 0.99, 0.7],
    )
    together = draw(logits, heats, shares, numbers)
    alone = [draw(logits[row : row + 1], [heats[row]], [shares[row]], [numbers[row]])[0] for row in range(6)]
    assert together == alone
    assert together[5] == int(logits[5].argmax())


@pytest.mark.parametrize("temperature", [0.0, 1e-4, 1.0])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_row_without_numbers_is_told_from_the_others(temperature: float, bad: float) -> None:
    logits = torch.tensor([[0.0, 9.0, 1.0], [0.0, bad, 1.0], [5.0, 0.0, 1.0]])
    assert draw(logits, [temperature] * 3, [0.5] * 3, [0.2] * 3) == [1, -1, 0]


def test_half_precision_is_drawn_from_in_full() -> None:
    assert draw(torch.tensor([[0.0, 300.0, 299.0]], dtype=torch.float16), [1e-3], [1.0], [0.999]) == [1]
