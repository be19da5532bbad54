"""How fast this machine has been, as earlier runs of the same model tell.

speeds = measured_speeds(cell.config, [Path("experiments/x"), *Path("runs").glob("*")])
speeds.generated      # new tokens a second, None where nothing was measured
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regenesis.config import RunConfig
from regenesis.config.loading import read_mapping
from regenesis.errors import RegenesisError
from regenesis.ledger import Ledger
from regenesis.runs.earlier import CONFIG_FILES, MOST_FOLDERS
from regenesis.training.base_model import model_to_train
from regenesis.training.report import read_record


@dataclass(frozen=True, slots=True)
class Speeds:
    """Speeds of one model on this machine.

    Attributes:
        generated: New tokens a second, with their prompts; `None` where nothing was measured.
        generated_in: The folder that tells it.
        trained: Tokens trained on a second.
        trained_in: The folder that tells it.
    """

    generated: float | None = None
    generated_in: str | None = None
    trained: float | None = None
    trained_in: str | None = None


def measured_speeds(config: RunConfig, folders: Iterable[Path]) -> Speeds:
    """Looks for a run or experiment that asked, and one that trained, the model of a config.

    Args:
        config: The config.
        folders: Folders of runs and experiments, in the order of preference; others among them are passed over.
    """
    generated, trained = None, None
    for place, folder in enumerate(folders):
        if place >= MOST_FOLDERS or (generated and trained):
            break
        if generated is None and _asked(folder) == (config.engine.kind, config.engine.model):
            generated = _generated(folder)
        if trained is None:
            trained = next(_trained(folder, config), None)
    return Speeds(*(generated or (None, None)), *(trained or (None, None)))


def _asked(folder: Path) -> tuple[Any, Any] | None:
    """The engine and model that a folder's config names, read without running anything that it names."""
    for name in CONFIG_FILES:
        file = folder / name
        if file.is_file():
            with suppress(RegenesisError):
                stated = read_mapping(file)
                base = stated.get("base", stated)
                engine = base.get("engine") if isinstance(base, Mapping) else None
                if isinstance(engine, Mapping):
                    return engine.get("kind"), engine.get("model")
    return None


def _generated(folder: Path) -> tuple[float, str] | None:
    with suppress(RegenesisError):
        with Ledger.read(folder / "ledger.sqlite") as ledger:
            speed = ledger.tokens_per_second()
        return (speed, str(folder)) if speed else None
    return None


def _trained(folder: Path, config: RunConfig) -> Iterator[tuple[float, str]]:
    with suppress(RegenesisError):
        base = model_to_train(config.training, config.engine)
        for model in [folder / "model", *sorted(folder.glob("cells/*/*/*/model"))]:
            record = read_record(model)
            if record is not None and (record.get("base"), record.get("tuning")) == (base, config.training.tuning):
                tokens, seconds = record.get("tokens"), record.get("seconds")
                if isinstance(tokens, int) and isinstance(seconds, float) and tokens > 0 and seconds > 0:
                    yield tokens / seconds, str(model.parent)
