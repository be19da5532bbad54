"""Reference pages that are written while the site is built, from the code itself, so that none can be stale."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic.fields import FieldInfo

import regenesis
from regenesis import errors
from regenesis.cli.app import VERBS, load_verb
from regenesis.config import RunConfig
from regenesis.engines.catalogue import CATALOGUE, engine_kinds
from regenesis.engines.config import EngineConfig
from regenesis.experiments.config import ExperimentConfig
from regenesis.methods.catalogue import method_class, method_names
from regenesis.methods.regenesis.guidelines import load_guidelines
from regenesis.section import Section, explanations

ROOT = Path(__file__).parents[1]
"""Of the project."""


def pages() -> dict[str, str]:
    """Generated pages, and those that lie outside of `docs/`, by their place in it."""
    return {
        "reference/commands.md": commands(),
        "reference/config.md": config_fields(),
        "reference/python.md": python_names(),
        "reference/errors.md": raised(),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text("utf-8"),
        "benchmarks.md": (ROOT / "benchmarks" / "README.md").read_text("utf-8").replace("](../docs/", "]("),
    }


def inside(text: str) -> str:
    """Leads links out of `docs/`, which readers of the repository need, to where the site has the page."""
    for outside, page in (("../benchmarks/README.md", "benchmarks.md"), ("../CHANGELOG.md", "changelog.md")):
        text = text.replace(f"]({outside}", f"]({page}")
    # what is not part of the site stays as its name
    return re.sub(r"\[([^\]]+)\]\((?:\.\./)+(?:examples|src|tests)/[^)]*\)", r"\1", text)


def commands() -> str:
    """Every command with its arguments and options."""
    parts = ["# Commands\n", *(f"- [`{verb}`](#regenesis-{verb}): {what}" for verb, what in VERBS.items())]
    for verb in VERBS:
        command = load_verb(verb)
        parts += [f"\n## regenesis {verb}\n", f"```\n{_usage(command, verb)}\n```\n"]
        parts += [_prose(command.help or ""), "", *_options(command)]
    return "\n".join(parts)


def _usage(command: Any, verb: str) -> str:
    with command.make_context(verb, [], resilient_parsing=True) as context:
        return " ".join(["regenesis", verb, *command.collect_usage_pieces(context)])


def _options(command: Any) -> Iterator[str]:
    yield "| | |\n|---|---|"
    for one in command.params:
        if getattr(one, "hidden", False):
            continue
        option = one.param_type_name == "option"
        names = ", ".join([*one.opts, *one.secondary_opts]) if option else one.name.upper()
        yield f"| `{names}` | {_cell(getattr(one, 'help', None) or '')} |"
    yield "| `--help` | Show the options and leave. |"


def config_fields() -> str:
    """Every field of a config, section by section."""
    parts = [
        "# Config",
        "\nOne YAML file; `--set section.field=value` sets a field on the command line. A field that is not here "
        "is an error.\n",
        *_section("The run", RunConfig, ""),
    ]
    for name in method_names():
        parts += _section(f"method: {{name: {name}}}", method_class(name).Config, "method.")
    for kind in engine_kinds():
        parts += _section(f"engine: {{kind: {kind}}}", CATALOGUE.load(kind, EngineConfig), "engine.")
    parts += _section("An experiment", ExperimentConfig, "")
    parts += [
        "\n## Guidelines\n\nWhat `method.guidelines` chooses from, unless `method.guidelines_file` names others.\n",
        "| id | |\n|---|---|",
    ]
    parts += [f"| `{one.id}` | {_cell(one.text)} |" for one in load_guidelines()]
    return "\n".join(parts)


def _section(title: str, section: type[Section], prefix: str, told: set[type] | None = None) -> Iterator[str]:
    told = set() if told is None else told
    yield f"\n## {title}\n\n{_prose(inspect.getdoc(section) or '')}\n\n| field | default | |\n|---|---|---|"
    inner: list[tuple[str, type[Section]]] = []
    explained = explanations(section)
    for name, field in section.model_fields.items():
        nested = _nested(field)
        if nested is not None and nested not in told:
            told.add(nested)
            inner.append((name, nested))
        yield f"| `{prefix}{name}` | {_default(field)} | {_cell(explained.get(name, ''))} |"
    for name, nested in inner:
        yield from _section(f"{prefix}{name}", nested, f"{prefix}{name}.", told)


def _nested(field: FieldInfo) -> type[Section] | None:
    """The section that a field holds, alone or in a list, where its type names one."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, Section) and kind.model_fields:
            return kind if kind.__name__ not in ("MethodSection", "EngineConfig") else None
    return None


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "*required*"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, Section):
        return "see below"
    if value is None:
        return "`null`"
    shown = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
    return f"`{shown}`"


def python_names() -> str:
    """What `import regenesis` gives."""
    parts = ["# Python\n", _prose(inspect.getdoc(regenesis) or "").replace("regenesis: a", "A", 1), ""]
    for name in regenesis.__all__:
        found = getattr(regenesis, name)
        if inspect.isclass(found) or callable(found):
            kind = "autoclass" if inspect.isclass(found) else "autofunction"
            # the fields of a section stand in the reference of the config
            members = [] if kind == "autofunction" or issubclass(found, Section) else ["   :members:"]
            lines = [f"```{{eval-rst}}\n.. {kind}:: {found.__module__}.{found.__qualname__}", *members, "```\n"]
            parts += [f"## {name}\n", "\n".join(lines)]
    return "\n".join(parts)


def raised() -> str:
    """The errors that are raised on purpose."""
    parts = [
        "# Errors\n",
        "Each says what happened, where, and what to do; the command line prints that alone, and",
        "[exits](../reading.md#exit-codes) with 1.\n\n| | |\n|---|---|",
    ]
    for name, one in vars(errors).items():
        if inspect.isclass(one) and issubclass(one, errors.RegenesisError):
            parts.append(f"| `{name}` | {_cell((inspect.getdoc(one) or '').partition(chr(10) * 2)[0])} |")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _prose(text: str) -> str:
    """A docstring or help text, its examples as code."""
    return re.sub(r"(?m)^\s*\\b\n", "", inspect.cleandoc(text))
