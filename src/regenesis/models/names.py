"""How a model is named: `pypi:<name>`, `hf:<org>/<repo>[:<file>]`, or the path of a GGUF file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from regenesis.errors import ModelError
from regenesis.models.known import KnownModel

# as the hub's own rules have it: no part begins or ends with a point or dash, and neither occurs twice in a row
_PART = r"(?!.*(?:--|\.\.))[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?"
_REPOSITORY = re.compile(rf"(?=.{{1,96}}$){_PART}/{_PART}", re.ASCII)
_FILE = re.compile(r"(?!/)(?!.*(?:^|/)\.\.?(?:/|$))[^\x00-\x1f\\]{1,400}")
FORMS = "`pypi:<name>`, `hf:<org>/<repo>[:<file>]` or the path of a GGUF file"


@dataclass(frozen=True, slots=True)
class PackageName:
    """A known model that comes in wheels."""

    model: KnownModel


@dataclass(frozen=True, slots=True)
class HubName:
    """A GGUF file of a repository on the hub; `file` is `None` where it is left to us to choose."""

    repository: str
    file: str | None


@dataclass(frozen=True, slots=True)
class LocalName:
    """A file of the user's own."""

    path: Path


def parse_name(spec: str, known: Mapping[str, KnownModel]) -> PackageName | HubName | LocalName:
    """Reads a model's name.

    Raises:
        ModelError: It has none of the three forms, names no known model, or is a path where no file is.
    """
    scheme, _, rest = spec.partition(":")
    if scheme == "pypi":
        return PackageName(_known_model(rest, known))
    if scheme == "hf":
        return _hub_name(spec, rest)
    try:
        path = Path(spec).expanduser()
        is_file, is_folder = path.is_file(), path.is_dir()
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"model {spec[:200]!r}: is not a valid path ({error}).") from error
    if is_file:
        return LocalName(path)
    if is_folder:
        raise ModelError(f"model {spec!r}: is a folder. Give the path of a GGUF file in it.")
    raise ModelError(f"model {spec!r}: there is no such file. A model is named as {FORMS}.")


def _known_model(name: str, known: Mapping[str, KnownModel]) -> KnownModel:
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = (
        f"did you mean `pypi:{close[0]}`?"
        if close
        else "known are " + ", ".join(f"`pypi:{one}`" for one in known) + "."
    )
    raise ModelError(f"model 'pypi:{name}': no such model; {hint} Give other models as `hf:…` or a path.")


def _hub_name(spec: str, rest: str) -> HubName:
    repository, separator, file = rest.partition(":")
    if not _REPOSITORY.fullmatch(repository) or (separator and not _FILE.fullmatch(file)):
        raise ModelError(f"model {spec!r}: write it as `hf:<org>/<repo>` or `hf:<org>/<repo>:<file>`.")
    if file and not file.endswith(".gguf"):
        raise ModelError(f"model {spec!r}: {file!r} is not a GGUF file; its name must end in `.gguf`.")
    if file and is_split(file):
        raise ModelError(f"model {spec!r}: {file!r} is one of several shards; choose a single-file quantisation.")
    return HubName(repository, file or None)


def is_split(file: str) -> bool:
    """Whether a GGUF file is one piece of a model that was split over several."""
    return re.search(r"-\d{5}-of-\d{5}\.gguf$", file) is not None
