"""How many sequences are decoded together: of models by their numbers, on machines by their memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from regenesis.engines import places as module
from regenesis.engines.places import bytes_a_token, usual_places

HALF_B = {"block_count": 24, "embedding_length": 896, "attention.head_count": 14, "attention.head_count_kv": 2}
ONE_AND_A_HALF_B = {
    "block_count": 28,
    "embedding_length": 1536,
    "attention.head_count": 12,
    "attention.head_count_kv": 2,
}


@dataclass
class File:
    """The metadata of a GGUF file."""

    numbers: dict[str, Any]

    def value(self, name: str, default: Any = None) -> Any:
        if name == "general.architecture":
            return "qwen2"
        return self.numbers.get(name.removeprefix("qwen2."), default)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (HALF_B, 24 * 2 * 64 * 2 * 2),
        (ONE_AND_A_HALF_B, 28 * 2 * 128 * 2 * 2),
        (HALF_B | {"attention.key_length": 128, "attention.value_length": 32}, 24 * 2 * 160 * 2),
        ({"block_count": 2, "embedding_length": 64, "attention.head_count": 4}, 2 * 4 * 32 * 2),
        ({}, 0),
    ],
)
def test_keys_and_values_are_counted_from_the_models_numbers(numbers: dict[str, Any], expected: int) -> None:
    assert bytes_a_token(File(numbers)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("numbers", "gigabytes", "context", "expected"),
    [
        (HALF_B, 8, 4096, 42),
        (HALF_B, 32, 4096, 48),
        (ONE_AND_A_HALF_B, 8, 4096, 18),
        (ONE_AND_A_HALF_B, 4, 4096, 16),
        (ONE_AND_A_HALF_B, 24, 32_768, 16),
        (HALF_B, None, 2048, 16),
    ],
)
def test_as_many_places_as_pay_and_memory_allows(
    monkeypatch: pytest.MonkeyPatch, numbers: dict[str, Any], gigabytes: int | None, context: int, expected: int
) -> None:
    monkeypatch.setattr(module, "_memory", lambda: None if gigabytes is None else gigabytes << 30)
    assert usual_places(File(numbers), context, 16, 48) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(("gigabytes", "expected"), [(64, 16), (8, 4), (2, 1), (None, 16)])
def test_few_where_their_memory_is_taken_at_once(
    monkeypatch: pytest.MonkeyPatch, gigabytes: int | None, expected: int
) -> None:
    # 128 KiB a token, as models of 7B with keys for every fourth head have
    numbers = {"block_count": 32, "embedding_length": 4096, "attention.head_count": 32, "attention.head_count_kv": 8}
    monkeypatch.setattr(module, "_memory", lambda: None if gigabytes is None else gigabytes << 30)
    assert usual_places(File(numbers), 4096, 1, 16) == expected  # type: ignore[arg-type]
