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

    from regenesis.report.blocks import View
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

    if entry.hub is None:
        return True
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
    from regenesis.report.views.catalogue import task_view

    if as_json:
        print(json.dumps(details, indent=2, ensure_ascii=False, default=str))
    else:
        _print_view([group for detail in details for group in task_view(detail)])


def _print_reasoning_gym(as_json: bool) -> None:
    from regenesis.tasks.reasoning_gym import PREFIX, reasoning_gym_missing, reasoning_gym_names

    names = [PREFIX + name for name in reasoning_gym_names()]
    if as_json:
        print(json.dumps(names))
    else:
        print("\n".join(names) or reasoning_gym_missing())


def _print_catalogue() -> None:
    from regenesis.report.views.catalogue import tasks_view
    from regenesis.tasks import catalogue, reasoning_gym_missing

    gym = reasoning_gym_missing() or "reasoning-gym is installed: --reasoning-gym lists its tasks."
    _print_view(tasks_view(catalogue(), gym))


def _print_view(view: View) -> None:
    from regenesis.cli.terminal import console
    from regenesis.report.terminal import print_view

    print_view(console(), view)
