"""Commented configs to start from.

write_starter("own", Path("config.yaml"))

Each begins with a line by which editors find the config's JSON Schema.
"""

from __future__ import annotations

from pathlib import Path

from regenesis.errors import ConfigError

_FOLDER = Path(__file__).with_name("starters")
SCHEMA = Path(__file__).with_name("config.schema.json")


def starters() -> dict[str, str]:
    """The starters by name, each with what it is for."""
    return {
        path.stem: path.read_text("utf-8").partition("\n")[0].removeprefix("# ").partition(":")[0].rstrip(".")
        for path in sorted(_FOLDER.glob("*.yaml"))
    }


def starter(name: str) -> str:
    """The text of a starter.

    Raises:
        ConfigError: There is none of that name.
    """
    path = _FOLDER / f"{name}.yaml"
    if name not in starters():
        raise ConfigError(f"There is no starter {name!r}; there are {', '.join(starters())}.")
    return f"# yaml-language-server: $schema={SCHEMA.as_uri()}\n{path.read_text('utf-8')}"


def write_starter(name: str, target: Path) -> None:
    """Writes a starter.

    Raises:
        ConfigError: There is none of that name, there is a file already, or it cannot be written.
    """
    text = starter(name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ConfigError(f"{target}: is there already. Give another path: --to FILE.") from error
    except OSError as error:
        raise ConfigError(f"{target}: cannot be written ({error.strerror}).") from error
