"""What there is to name in a config: the catalogued tasks, one of them in detail, and the known models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regenesis.report.blocks import Block, Column, Facts, Note, Table, View

if TYPE_CHECKING:
    from regenesis.models import KnownModel
    from regenesis.tasks import CatalogueEntry


def tasks_view(entries: Sequence[CatalogueEntry], reasoning_gym: str) -> View:
    """The catalogue; `reasoning_gym` says how to come by the generated tasks."""
    columns = [Column("task"), *(Column(name, wraps=True) for name in ("title", "answers", "splits"))]
    rows = [
        [entry.name, entry.title, _kinds(entry), ", ".join(_main_splits(entry)), entry.measuring_split]
        for entry in entries
    ]
    advice = "`regenesis tasks NAME` shows a task's dataset, subsets, licence, notes and an example."
    return [[Table([*columns, Column("evaluated on")], rows)], [Note(advice), Note(reasoning_gym)]]


def _kinds(entry: CatalogueEntry) -> str:
    return ", ".join(dict.fromkeys(entry.kind_of(config) for config in entry.configs))


def _main_splits(entry: CatalogueEntry) -> list[str]:
    """The splits, without those that are parts of another."""
    parts = {part for joined in entry.joined.values() for part in joined}
    return [split for split in entry.splits if split not in parts]


def task_view(detail: Mapping[str, Any]) -> View:
    """One task in detail, with its first question where that is at hand."""
    stated = {name: value for name, value in detail.items() if name != "sample" and value is not None}
    facts = [(name.replace("_", " "), _in_words(value)) for name, value in stated.items()]
    return [[Facts(facts), _sample(detail["sample"])]]


def _sample(sample: Mapping[str, Any] | None) -> Block:
    if sample is None:
        return Note("No example offline: the questions come from the Hub or the data root.")
    lines = [*sample["text"].splitlines(), "", f"gold answer: {sample['gold']}"]
    return Note(f"Example: {sample['id']}", details=lines)


def _in_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={item}" for key, item in value.items()) or "none"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def models_view(models: Sequence[tuple[KnownModel, Path | None]]) -> View:
    """The models that have a short name, each with its file if it has been downloaded."""
    others = "For other models give `hf:<org>/<repo>[:<file>]` (a GGUF file on the Hub) or the path of a GGUF file."
    return [*([_model(model, path)] for model, path in models), [Note(others)]]


def _model(model: KnownModel, path: Path | None) -> Note:
    details = [
        model.ability,
        f"{model.size / 1e9:.2f} GB, {model.licence}, by {model.publisher}; wheels by {model.packager}",
        *([f"byte-identical to {model.same_as}"] if model.same_as else []),
        f"cached: {path}" if path else f"not downloaded: `regenesis models --fetch {model.spec}`",
    ]
    return Note(model.spec, "strong", details=details)
