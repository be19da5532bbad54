"""What is to be trained, on what, and how to tell whether that has been done already.

job = TrainingJob(dataset=run / "dataset" / "train.parquet", model="hf:org/repo", config=config.training, seed=0,
                  output=run / "model", work=run / "training")
job.settings(identity)     # what the result depends on
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regenesis.errors import TrainingError
from regenesis.renames import current_names, former_names
from regenesis.training.config import TrainingConfig
from regenesis.training.trl_arguments import WITHOUT_EFFECT as ARGUMENTS_WITHOUT_EFFECT
from regenesis.types import Thinking

WITHOUT_EFFECT = frozenset(
    {
        "gradient_checkpointing",
        "launcher",
        "model",
        "per_device_train_batch_size",
        "python",
        "report_to",
        "save_steps",
        "save_total_limit",
    }
)
"""Fields that say where and how fast, not what; the model counts by its identity."""
_ADDED_LATER = frozenset({"end_of_turn", "objective", "trl"})
"""Fields that count only where they say something else than was done before there were such fields."""
_PREFIX = "training."


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """One training, from a dataset to a model.

    Attributes:
        dataset: Parquet file with the columns `prompt` and `completion`, each a list of messages.
        model: What to train, as `regenesis.models.locate_weights` takes it.
        config: How.
        seed: Of the adapter's beginning, the order of rows and dropout.
        output: Folder of the result; replaced once the new one is whole.
        work: Folder for checkpoints and the history of figures.
        thinking: What the model's chat template is told of thinking; `keep` trains on thoughts.
        facts: What the model card says of the data, besides what is known here.
    """

    dataset: Path
    model: str
    config: TrainingConfig
    seed: int
    output: Path
    work: Path
    thinking: Thinking = "off"
    facts: Mapping[str, Any] = field(default_factory=dict)

    def settings(self, identity: str) -> dict[str, Any]:
        """All that the result depends on, by name.

        Args:
            identity: Of the base model's weights.

        Raises:
            TrainingError: There is no dataset.
        """
        plain = self.config.model_dump(mode="json")
        plain["trl"] = {name: value for name, value in plain["trl"].items() if name not in ARGUMENTS_WITHOUT_EFFECT}
        defaults = TrainingConfig().model_dump(mode="json")
        training = {
            _PREFIX + name: value
            for name, value in plain.items()
            if name not in WITHOUT_EFFECT
            and not (name == "lora" and self.config.tuning == "full")
            and not (name in _ADDED_LATER and value == defaults[name])
        }
        thinking = {"thinking": self.thinking} if self.thinking != "off" else {}
        return {"data set": _digest(self.dataset), "base model": identity, "seed": self.seed, **thinking, **training}


def fingerprint(settings: Mapping[str, Any]) -> str:
    """Settings as 24 hex digits; the same ones give the same digits."""
    # under their first names, so that what was trained before a renaming stays valid
    first = _renamed(settings, former_names)
    return hashlib.blake2b(json.dumps(first, sort_keys=True).encode(), digest_size=12).hexdigest()


def settings_by_current_names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a training, which may be one of before a renaming, under the names of now."""
    return _renamed(settings, current_names)


def _renamed(settings: Mapping[str, Any], rename: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    training = {name.removeprefix(_PREFIX): settings[name] for name in settings if name.startswith(_PREFIX)}
    others = {name: settings[name] for name in settings if not name.startswith(_PREFIX)}
    return {**others, **{_PREFIX + name: value for name, value in rename(TrainingConfig, training).items()}}


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two settings, a line each."""
    lines = []
    for name in [*now, *(name for name in before if name not in now)]:
        old, new = before.get(name), now.get(name)
        if old != new:
            lines.append(f"{name}: changed" if name == "data set" else f"{name}: {_shown(old)} → {_shown(new)}")
    return lines


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except FileNotFoundError as error:
        raise TrainingError(
            f"{path}: does not exist, so there is nothing to train on. Run `regenesis synthesize` first; if it has "
            "run, it kept nothing (`regenesis status` says why)."
        ) from error
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read ({error.strerror}).") from error
    return digest.hexdigest()
