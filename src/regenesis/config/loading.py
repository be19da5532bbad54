"""From YAML text, a preset and overrides to a checked config; every fault named where it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from regenesis.config.faults import name_faults
from regenesis.config.plain import LARGEST_FILE, check_plain
from regenesis.config.presets import PRESETS, with_preset
from regenesis.config.schema import RunConfig
from regenesis.errors import ConfigError, yaml_fault
from regenesis.evaluation.config import EvaluatingConfig
from regenesis.renames import current_names
from regenesis.section import Section, absolute_path, going_on
from regenesis.tasks.config import spell_out_task

SectionT = TypeVar("SectionT", bound=Section)


class _UniqueKeysLoader(yaml.SafeLoader):
    """YAML as usual, but a key that occurs twice is a fault: the first value would go unnoticed."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            # a merged anchor (`<<`) may stand twice, and what it brings may be overridden
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} occurs twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def load_config(path: str | Path | Mapping[str, Any], overrides: Sequence[str] = ()) -> RunConfig:
    """Reads a config.

    Args:
        path: A YAML file, or the same as a mapping, whose relative paths start at the current folder.
        overrides: Dotted assignments such as `method.keep=3`; values are YAML.

    Returns:
        The checked config, with absolute paths: those of a file start at its folder.

    Raises:
        ConfigError: The file cannot be read, is not YAML, or holds something that is not valid; every fault is named.
    """
    if isinstance(path, Mapping):
        return config_from_mapping(path, overrides=overrides)
    source = Path(path)
    stated = read_mapping(source)
    frozen = written_by_a_run(source)
    return config_from_mapping(stated, str(source), source.parent, overrides, frozen=frozen)


def read_mapping(source: Path) -> dict[str, Any]:
    """What a YAML file states, not checked yet.

    Raises:
        ConfigError: It cannot be read, or holds no mapping in YAML.
    """
    try:
        with source.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        text = content.decode()
    except OSError as error:
        raise ConfigError(
            f"{source}: cannot be read ({error.strerror}). Give the path of a YAML config file."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{source}: is not UTF-8 text ({error.reason} at byte {error.start}).") from error
    except ValueError as error:
        raise ConfigError(f"{str(source)!a}: is not a valid file path ({error}).") from error
    if len(content) > LARGEST_FILE:
        raise ConfigError(f"{source}: is larger than {LARGEST_FILE:,} bytes, so it is not a config.")
    return _mapping_in(text, str(source))


def written_by_a_run(file: Path) -> bool:
    """Whether a config file lies in a run's folder as the one that the run was started with."""
    return file.name == "config.yaml" and any(
        (file.parent / name).exists() for name in ("inputs.json", "ledger.sqlite")
    )


def config_from_text(
    text: str, origin: str, base: Path | None = None, overrides: Sequence[str] = (), *, frozen: bool = False
) -> RunConfig:
    """Reads a config from YAML text.

    Args:
        text: The YAML.
        origin: What it is called in errors.
        base: Where its relative paths start.
        overrides: See `load_config`.
        frozen: Whether a run wrote it: fields that had another name then are read under it.
    """
    return config_from_mapping(_mapping_in(text, origin), origin, base, overrides, frozen=frozen)


def _mapping_in(text: str, origin: str) -> dict[str, Any]:
    try:
        stated = yaml.load(text, _UniqueKeysLoader)  # a safe loader, stricter than the usual one
    except yaml.YAMLError as error:
        raise ConfigError(f"{origin}: is not valid YAML ({yaml_fault(error)}).") from error
    except RecursionError as error:
        raise ConfigError(f"{origin}: is nested too deeply.") from error
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        # what YAML's reader lets through: a date that does not exist, a number of thousands of digits, an odd tag
        raise ConfigError(f"{origin}: holds a value that YAML cannot read ({error}).") from error
    if stated is None:
        raise ConfigError(
            f"{origin}: is empty; it must hold a mapping of fields to values. `regenesis init` writes one."
        )
    if not isinstance(stated, dict):
        what = "a list" if isinstance(stated, list) else f"the value {str(stated)[:40]!r}"
        raise ConfigError(f"{origin}: must hold a mapping of fields to values, not {what}.")
    return stated


def config_from_mapping(
    stated: Mapping[str, Any],
    origin: str = "config",
    base: Path | None = None,
    overrides: Sequence[str] = (),
    *,
    frozen: bool = False,
) -> RunConfig:
    """Checks a config given as a mapping; see `config_from_text`."""
    named = current_names(RunConfig, stated) if frozen else stated
    merged = with_overrides(named, origin, overrides)
    preset = merged.get("preset", "default")
    if not isinstance(preset, str) or preset not in PRESETS:
        raise ConfigError(f"{origin}: preset {preset!r} does not exist; choose one of {', '.join(PRESETS)}.")
    config = validated(RunConfig, with_preset(merged), origin)
    return absolute_paths(going_on(config) if frozen else config, base or Path.cwd())


def evaluating_config(stated: Mapping[str, Any], origin: str, overrides: Sequence[str] = ()) -> EvaluatingConfig:
    """Checks what evaluating models without a run depends on; relative paths start at the current folder.

    Raises:
        ConfigError: Something in it is not valid; every fault is named.
    """
    merged = with_overrides(stated, origin, overrides)
    return absolute_paths(validated(EvaluatingConfig, merged, origin), Path.cwd())


def with_overrides(stated: Mapping[str, Any], origin: str, overrides: Sequence[str]) -> dict[str, Any]:
    """What a config states, of plain values only, with `--set` assignments over it.

    Raises:
        ConfigError: A value is not plain, or an assignment cannot be made.
    """
    merged = dict(stated)
    check_plain(merged, origin)
    for override in overrides:
        _apply_override(merged, override)
    check_plain(merged, "--set")
    return merged


def validated(section: type[SectionT], stated: Mapping[str, Any], origin: str) -> SectionT:
    """A section of what is stated.

    Raises:
        ConfigError: Something in it is not valid; every fault is named.
    """
    try:
        return section.model_validate(stated)
    except ValidationError as error:
        raise ConfigError(f"{origin}: " + "; ".join(name_faults(error, stated, section))) from error


def _apply_override(config: dict[str, Any], override: str) -> None:
    name, separator, raw = override.partition("=")
    if not separator or not name:
        raise ConfigError(f"--set {override!r}: write it as path.to.field=value.")
    try:
        value = yaml.safe_load(raw)
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ConfigError(f"--set {override[:80]!r}: the value is not valid YAML ({yaml_fault(error)}).") from error
    target: Any = config
    *parents, last = name.split(".")
    for position, part in enumerate(parents):
        target = _descend(target, part, override, ".".join(parents[: position + 1]))
    if isinstance(target, list):
        target[_index(target, last, override)] = value
    else:
        target[last] = value


def _descend(target: Any, part: str, override: str, so_far: str) -> Any:
    if isinstance(target, list):
        index = _index(target, part, override)
        child = target[index]
        if isinstance(child, str) and re.fullmatch(r"(evaluation\.)?tasks\.\d+", so_far):
            child = spell_out_task(child)
        target[index] = child = dict(child) if isinstance(child, dict) else child
    else:
        child = target.get(part)
        # copied, so that an override never writes into the mapping the caller handed in
        child = (
            {}
            if child is None
            else (dict(child) if isinstance(child, dict) else list(child) if isinstance(child, list) else child)
        )
        target[part] = child
    if not isinstance(child, dict | list):
        raise ConfigError(f"--set {override!r}: {so_far} is a plain value without fields.")
    return child


def _index(target: list[Any], part: str, override: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", part) or int(part) >= len(target):
        raise ConfigError(
            f"--set {override!r}: {part!r} is not a position in a list of {len(target)}; positions start at 0."
        )
    return int(part)


def absolute_paths(section: SectionT, base: Path) -> SectionT:
    """A section with its relative paths resolved against `base`.

    Raises:
        ConfigError: A path cannot be followed.
    """
    try:
        return _with_absolute_paths(section, base)
    except (OSError, RuntimeError) as error:
        # older Pythons raise RuntimeError for links that lead back to themselves
        raise ConfigError(f"a path in the config cannot be resolved ({error}).") from error


def _with_absolute_paths(section: SectionT, base: Path) -> SectionT:
    absolute = {
        name: _absolute(getattr(section, name), field, base) for name, field in type(section).model_fields.items()
    }
    changed = {name: value for name, value in absolute.items() if value is not getattr(section, name)}
    return section.model_copy(update=changed) if changed else section


def _absolute(value: Any, field: FieldInfo, base: Path) -> Any:
    if isinstance(value, Section):
        return _with_absolute_paths(value, base)
    if isinstance(value, list) and any(isinstance(item, Section) for item in value):
        return [_absolute(item, field, base) for item in value]
    return absolute_path(field, value, base)
