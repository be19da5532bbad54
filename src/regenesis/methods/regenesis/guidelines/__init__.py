"""The general guidelines that every chain starts from.

    guidelines = load_guidelines()                    # the 25 that come with the package
    guidelines = load_guidelines(Path("mine.yaml"))   # the user's own

A file is a YAML list of mappings with `id`, `text` and, optionally, `revises: true`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from regenesis.errors import ConfigError, yaml_fault


@dataclass(frozen=True, slots=True)
class Guideline:
    """One general piece of advice on how to reason.

    Attributes:
        id: Short stable name; it enters seeds and provenance.
        text: The advice, one or two sentences, naming no task.
        revises: Whether it speaks of improving an attempt already made; the hint pass leaves such guidelines out.
    """

    id: str
    text: str
    revises: bool = False


def load_guidelines(file: Path | None = None) -> tuple[Guideline, ...]:
    """Reads guidelines, in the file's order.

    Args:
        file: A YAML file of the user's own, or `None` for the seed guidelines.

    Raises:
        ConfigError: The file cannot be read or does not hold a list of guidelines; the entry at fault is named.
    """
    origin = str(file) if file is not None else "the seed guidelines"
    try:
        text = (
            file.read_text("utf-8")
            if file is not None
            else resources.files(__package__).joinpath("seed.yaml").read_text("utf-8")
        )
        entries = yaml.safe_load(text)
    except OSError as error:
        raise ConfigError(f"{origin}: cannot be read ({error.strerror}). Give the path of a YAML file.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{origin}: is not UTF-8 text ({error.reason} at byte {error.start}).") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{origin}: cannot be read as YAML ({yaml_fault(error)}).") from error
    if not isinstance(entries, list) or not entries:
        raise ConfigError(f"{origin}: must be a YAML list of mappings with `id` and `text`.")
    guidelines = tuple(_guideline(entry, f"{origin}, entry {number}") for number, entry in enumerate(entries, 1))
    seen: set[str] = set()
    for guideline in guidelines:
        if guideline.id in seen:
            raise ConfigError(f"{origin}: the id {guideline.id!r} is used twice; every guideline needs its own.")
        seen.add(guideline.id)
    return guidelines


def _guideline(entry: Any, where: str) -> Guideline:
    if not isinstance(entry, dict):
        raise ConfigError(f"{where}: must be a mapping with `id` and `text`, not {type(entry).__name__}.")
    unknown = set(entry) - {"id", "text", "revises"}
    if unknown:
        raise ConfigError(f"{where}: unknown key {sorted(unknown)[0]!r}; known are id, text, revises.")
    identifier, text, revises = entry.get("id"), entry.get("text"), entry.get("revises", False)
    if not isinstance(identifier, str) or not identifier.strip() or "+" in identifier:
        raise ConfigError(f"{where}: `id` must be a non-empty text without '+'.")
    if not isinstance(text, str) or not text.strip():
        raise ConfigError(f"{where}: `text` must be a non-empty text.")
    if not isinstance(revises, bool):
        raise ConfigError(f"{where}: `revises` must be true or false.")
    return Guideline(identifier, " ".join(text.split()), revises)
