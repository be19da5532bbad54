"""How many chains a question starts next."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from regenesis.methods.waves import WavesConfig


class Keeping:
    """A judge that keeps what is 1 of what it is given."""

    def select(self, judged: list[int], keep: int) -> list[int]:
        return [one for one in judged if one][:keep]


@pytest.mark.parametrize(
    ("judged", "paths_a_chain", "wave"),
    [
        ([], 1, 3),  # as many as are missing
        ([1, 0], 1, 2),
        ([1, 1, 0, 0], 1, 1),
        ([0, 0, 0], 1, 4),  # and one more for every three that came to nothing
        ([1, 1, 0, 0, 0], 1, 2),
        ([1, 1, *[0] * 6], 1, 3),
        ([*[0] * 9], 1, 5),  # never more than a wave
        ([1, 1, 1, 0, 0, 0], 1, 0),
        ([], 2, 2),
        ([1, 1, 0, 0, 0], 2, 1),
    ],
)
def test_an_adaptive_wave(judged: list[int], paths_a_chain: int, wave: int) -> None:
    session: Any = SimpleNamespace(judge=Keeping())
    waves = WavesConfig(name="", keep=3, wave=5)
    assert waves.next_wave(session, judged, paths_a_chain) == wave  # type: ignore[arg-type]


@pytest.mark.parametrize(("judged", "wave"), [([], 5), ([1, 1, 0], 5), ([1, 1, 1], 0)])
def test_a_whole_wave(judged: list[int], wave: int) -> None:
    session: Any = SimpleNamespace(judge=Keeping())
    waves = WavesConfig(name="", keep=3, wave=5, adaptive_waves=False)
    assert waves.next_wave(session, judged) == wave  # type: ignore[arg-type]
