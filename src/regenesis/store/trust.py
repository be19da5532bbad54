"""Whose config it is that lies in a run's folder.

    remember(folder / "config.yaml")                       # written by this user, on this machine
    require_known_code(folder / "config.yaml", text)       # raises where it is not, and reading it would run code
    require_trust(folder / "config.yaml", config)          # raises where it is not, and would reach out

A run's folder may come from somebody else. Its config can then name a program, a server, a variable that holds a key,
or files of this user; none of them is used before the user has said so. What a config reaches for is trusted by the
contents of its file: those that this user's runs were started with are noted in the user's state folder, so that one's
own runs work wherever they are moved, and a config that was changed since is asked about again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from regenesis.config import RunConfig
from regenesis.engines.catalogue import CATALOGUE as ENGINES
from regenesis.errors import RunError
from regenesis.methods.catalogue import CATALOGUE as METHODS
from regenesis.section import Reach

_NAMES_CODE = {
    "method.name": METHODS,
    "engine.kind": ENGINES,
    "evaluation.engine.kind": ENGINES,
    "evaluation.tuned_engine.kind": ENGINES,
}
"""Fields that can name a class of another package, which is imported as soon as the config is checked."""


def remember(file: Path) -> None:
    """Notes that a config is this user's own; where that cannot be noted, it is asked about later.

    Args:
        file: The `config.yaml` of a run.
    """
    with suppress(OSError):
        mark = _mark(file)
        if not mark.exists():
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text(f"{file.absolute()}\n", encoding="utf-8", errors="replace")


def is_trusted(file: Path) -> bool:
    """Whether a config is noted as this user's own, exactly as it now is."""
    try:
        return _mark(file).is_file()
    except OSError:
        return False


def require_trust(
    file: Path, config: RunConfig, overrides: Sequence[str] = (), only: Sequence[str] | None = None
) -> None:
    """Makes sure that nothing a config in a run's folder reaches for is used without the user's word.

    Args:
        file: The `config.yaml` of the run.
        config: What it says, with the overrides.
        overrides: What the user said in its place, as `name.of.field=value`; it needs no trust.
        only: The sections that are going to be used; all if left out.

    Raises:
        RunError: The file is not known as this user's own, and reaches for something; it is named.
    """
    found = [] if is_trusted(file) else reaches(config, overrides, only)
    if found:
        raise _untrusted(file, found)


def require_known_code(
    file: Path, text: str, overrides: Sequence[str] = (), known: Collection[str] = frozenset()
) -> None:
    """Makes sure that reading a config runs nobody's code without the user's word.

    A method or engine of another package is imported as soon as a config that names it is checked, so this comes first.

    Args:
        file: The `config.yaml` of a run.
        text: What it holds.
        overrides: What the user said in its place.
        known: Names of code that the user named elsewhere.

    Raises:
        RunError: The file is not known as this user's own, and names somebody's code.
    """
    found = [reach for reach in code_of(text, known) if not _is_said(reach.field, overrides)]
    if found and not is_trusted(file):
        raise _untrusted(file, found)


def code_of(text: str, known: Collection[str] = frozenset()) -> list[Reach]:
    """The code of others that a config names, found without importing it.

    Args:
        text: A config; one that is no YAML names nothing, as loading it will say.
        known: Names to pass over.
    """
    return [Reach(field, f"runs the code of {name}") for field, name in _code_in(text) if name not in known]


@lru_cache(maxsize=8)
def _code_in(text: str) -> tuple[tuple[str, str], ...]:
    try:
        stated = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        return ()
    return tuple(code_named(stated).items())


def code_named(stated: Any) -> dict[str, str]:
    """The names that a config gives of other packages' code, by field; `stated` is the config in plain types."""
    found = {}
    for field, catalogue in _NAMES_CODE.items():
        value = stated
        for part in field.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, str) and not catalogue.comes_along(value):
            found[field] = value
    return found


def without_code(stated: Mapping[str, Any]) -> dict[str, Any]:
    """A config in plain types without the sections that name other packages' code."""
    left = deepcopy(dict(stated))
    for field in code_named(stated):
        *above, section, _ = field.split(".")
        around = left
        for part in above:
            around = around[part]
        del around[section]
    return left


def reaches(config: RunConfig, overrides: Sequence[str] = (), only: Sequence[str] | None = None) -> list[Reach]:
    """What a config names outside of its folder: programs, servers, keys, files of this user."""
    return [
        reach
        for reach in _reaches(config)
        if not _is_said(reach.field, overrides)
        and (only is None or any(_within(reach.field, section) for section in only))
    ]


def _is_said(field: str, overrides: Sequence[str]) -> bool:
    """Whether the user said what stands in a field."""
    return any(_within(field, override.partition("=")[0]) for override in overrides)


def _untrusted(file: Path, found: Sequence[Reach]) -> RunError:
    listed = "\n".join(f"  {reach.field}: {reach.does}" for reach in found)
    return RunError(
        f"{file}: was not written by a run that you started on this machine, and it:\n{listed}\n"
        f"If that is fine: regenesis trust {file.parent}\nOr override it with --set {found[0].field}=…"
    )


def _within(field: str, section: str) -> bool:
    return field == section or field.startswith(section + ".")


def _reaches(config: RunConfig) -> Iterator[Reach]:
    yield from config.reaches()
    for field, name in code_named(config.model_dump(mode="json")).items():
        yield Reach(field, f"runs the code of {name}")


def _mark(file: Path) -> Path:
    import platformdirs

    digest = hashlib.blake2b(file.read_bytes(), digest_size=20).hexdigest()
    return Path(platformdirs.user_state_dir("regenesis")) / "trusted" / digest
