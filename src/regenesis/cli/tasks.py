"""`regenesis tasks`: list the available tasks.

regenesis tasks                       the catalogue
regenesis tasks bbh rg:countdown      details: licence, notes, and an example if the task is in the data root
regenesis tasks --reasoning-gym       the reasoning-gym tasks
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenesis.tasks import CatalogueEntry


def tasks_command(
    names: Annotated[list[str] | None, typer.Argument(help="Show these tasks in detail.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    reasoning_gym: Annotated[bool, typer.Option("--reasoning-gym", help="List the reasoning-gym tasks.")] = False,
) -> None:
    """List the available tasks."""
    # imported here and below, so that other commands do not pay for templates and YAML
    from regenesis.tasks import catalogue

    if names:
        _print_details([_details(name) for name in names], as_json)
    elif reasoning_gym:
        _print_reasoning_gym(as_json)
    elif as_json:
        print(json.dumps([_as_json(entry) for entry in catalogue()], indent=2, ensure_ascii=False))
    else:
        _print_catalogue()


def _details(name: str) -> dict[str, Any]:
    from regenesis.tasks.library import find_entry
    from regenesis.tasks.reasoning_gym import PREFIX, reasoning_gym_parameters

    if name.startswith(PREFIX):
        parameters = reasoning_gym_parameters(name.removeprefix(PREFIX))
        return {"name": name, "kind": "scorer", "parameters": parameters, "sample": _sample(name)}
    entry, configs = find_entry(name)
    kind = entry.kind_of(configs[0]) if len(configs) == 1 else entry.kind
    sample = _sample(name) if _lies_near(entry, configs) else None
    return {**_as_json(entry), "name": name, "configs": list(configs), "kind": kind, "sample": sample}


def _lies_near(entry: CatalogueEntry, configs: Sequence[str]) -> bool:
    """Whether the evaluation questions can be had without asking the hub."""
    from regenesis.tasks.hub import find_data_root

    root = find_data_root(None)
    splits = entry.hub_splits(entry.measuring_split)
    return root is not None and any(
        (root / entry.hub / config / f"{split}.jsonl").is_file() for config in configs for split in splits
    )


def _sample(name: str) -> dict[str, Any]:
    """The first question measured on."""
    from regenesis.config import TaskConfig
    from regenesis.tasks import load_questions, measuring

    [question] = load_questions([measuring(TaskConfig(name=name, limit=1))]).questions
    return {"id": question.id, "text": question.text, "gold": question.gold}


def _as_json(entry: CatalogueEntry) -> dict[str, Any]:
    shown = {"name", "title", "hub", "configs", "splits", "kind", "licence", "note"}
    return entry.model_dump(mode="json", include=shown) | {"measured_on": entry.measuring_split}


def _print_details(details: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print(json.dumps(details, indent=2, ensure_ascii=False, default=str))
        return
    for detail in details:
        for key, value in detail.items():
            if key != "sample":
                print(f"{key.replace('_', ' ') + ':':<13}{_in_a_line(value)}")
        _print_sample(detail["sample"])
        print()


def _print_sample(sample: dict[str, Any] | None) -> None:
    from regenesis.report.text import neutralise

    if sample is None:
        print("sample:      not available offline: the questions come from the Hub or the data root")
        return
    print(f"sample:      {neutralise(sample['id'])}")
    for line in [*sample["text"].splitlines(), "", f"gold answer: {sample['gold']}"]:
        print(f"    {neutralise(line)}".rstrip())


def _in_a_line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={item}" for key, item in value.items()) or "none"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _print_reasoning_gym(as_json: bool) -> None:
    from regenesis.tasks.reasoning_gym import PREFIX, reasoning_gym_missing, reasoning_gym_names

    names = [PREFIX + name for name in reasoning_gym_names()]
    if as_json:
        print(json.dumps(names))
    else:
        print("\n".join(names) or reasoning_gym_missing())


def _print_catalogue() -> None:
    from rich.console import Console
    from rich.table import Table

    from regenesis.tasks import catalogue, reasoning_gym_missing

    table = Table("task", "title", "answers", "splits", "evaluated on", box=None)
    table.columns[0].no_wrap = True
    for entry in catalogue():
        table.add_row(entry.name, entry.title, _kinds(entry), ", ".join(_main_splits(entry)), entry.measuring_split)
    console = Console()
    console.print(table)
    console.print(
        "\n`regenesis tasks NAME` shows a task's dataset, subsets, licence, notes and an example.", highlight=False
    )
    missing = reasoning_gym_missing()
    console.print(missing or "reasoning-gym is installed: --reasoning-gym lists its tasks.", markup=False)


def _kinds(entry: CatalogueEntry) -> str:
    return ", ".join(dict.fromkeys(entry.kind_of(config) for config in entry.configs))


def _main_splits(entry: CatalogueEntry) -> list[str]:
    """The splits, without those that are parts of another."""
    parts = {part for joined in entry.joined.values() for part in joined}
    return [split for split in entry.splits if split not in parts]
