"""What became of a question as bytes, and back, whatever the bytes hold."""

from __future__ import annotations

import json
import zlib
from dataclasses import fields
from types import NoneType
from typing import Any, get_args

from regenesis.databases import unpacked
from regenesis.methods import Outcome
from regenesis.quoting import encoder
from regenesis.types import GradedPath, ReasoningPath, Status, Verdict

_LARGEST = 128 * 1024 * 1024
"""Bytes that a record is unpacked to at most; a question of 45 chains with the longest texts takes about a tenth."""
_JUDGED_FIELDS, _PATH_FIELDS, _VERDICT_FIELDS = (
    tuple(field.name for field in fields(noun)) for noun in (GradedPath, ReasoningPath, Verdict)
)
_HELD: dict[Any, tuple[type, ...]] = {
    "str": (str,),
    "str | None": (str, NoneType),
    "int": (int,),
    "bool": (bool,),
    "float": (int, float),
}
"""What a field of an annotation holds in JSON, for the plain ones."""
_CHECKED: dict[type, tuple[tuple[str, tuple[type, ...]], ...]] = {
    noun: tuple((field.name, _HELD[field.type]) for field in fields(noun) if field.type in _HELD)
    for noun in (GradedPath, ReasoningPath, Verdict)
}
"""Fields of a noun with what they hold."""
_STATUSES = frozenset(get_args(Status))
_encoded = encoder(", ", ": ")


def packed_outcome(outcome: Outcome) -> bytes:
    """An outcome without its question, small."""
    kept = [outcome.judged.index(one) for one in outcome.kept]
    record = _encoded({"judged": [_record(one) for one in outcome.judged], "kept": kept})
    return zlib.compress(record.encode(), 1)


def unpacked_paths(content: bytes) -> tuple[tuple[GradedPath, ...], tuple[GradedPath, ...]]:
    """All paths of an outcome, and those that are kept.

    Raises:
        ValueError: The bytes hold none.
    """
    try:
        record = json.loads(unpacked(content, _LARGEST))
        judged = tuple(_judged(one) for one in record["judged"])
        if not all(isinstance(index, int) and 0 <= index < len(judged) for index in record["kept"]):
            raise ValueError("it keeps paths that it does not hold")
        return judged, tuple(judged[index] for index in record["kept"])
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it is not an outcome ({type(error).__name__}: {error})") from error


def _record(judged: GradedPath) -> dict[str, Any]:
    # `dataclasses.asdict` copies all the way down, which shows when a large run is derived again
    record = {name: getattr(judged, name) for name in _JUDGED_FIELDS}
    record["path"] = {name: getattr(judged.path, name) for name in _PATH_FIELDS}
    record["verdict"] = {name: getattr(judged.verdict, name) for name in _VERDICT_FIELDS}
    return record


def _judged(record: dict[str, Any]) -> GradedPath:
    path, verdict = record["path"], record["verdict"]
    path["steps"] = tuple(_texts(step, 3) for step in path["steps"])
    path["retries"] = _texts(path["retries"])
    if verdict["status"] not in _STATUSES:
        raise ValueError(f"it holds a verdict {verdict['status']!r}")
    for noun, values in ((ReasoningPath, path), (Verdict, verdict), (GradedPath, record)):
        _require_types(noun, values)
    return GradedPath(**(record | {"path": ReasoningPath(**path), "verdict": Verdict(**verdict)}))


def _texts(values: Any, count: int | None = None) -> tuple[str, ...]:
    # by a plain loop: it is run for every step of every chain that is derived again
    if not isinstance(values, list):
        raise ValueError("it holds something other than texts")
    for value in values:
        if not isinstance(value, str):
            raise ValueError("it holds something other than texts")
    if count is not None and len(values) != count:
        raise ValueError(f"it holds {len(values)} texts where {count} are to be")
    return tuple(values)


def _require_types(noun: type, values: dict[str, Any]) -> None:
    for name, held in _CHECKED[noun]:
        if name in values and not isinstance(values[name], held):
            raise ValueError(f"its {name} is {values[name]!r:.40}")
