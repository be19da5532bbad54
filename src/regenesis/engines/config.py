"""What an engine says of itself: the part of a config that names it, and what the rest may ask of it.

    class EchoConfig(EngineConfig):
        kind: str

        def make(self, thinking: Thinking = "off", fetching: Progress | None = None) -> Engine:
            return Echo(self)

Nobody outside asks which engine a config names. What can be done with it is asked for: whether it loads a tuned model
and in which form, whether it hands out weights to train, where it reaches, what speaks against starting it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field

from regenesis.findings import Finding
from regenesis.section import A_PATH, MAY_DIFFER, Section
from regenesis.types import Thinking

if TYPE_CHECKING:
    from regenesis.engines.base import Engine
    from regenesis.models import Progress


@dataclass(frozen=True, slots=True)
class Trained:
    """What an engine that trains its own models says of a training.

    Attributes:
        rows: Rows trained on.
        tokens: Tokens of all rows, prompts included.
        supervised_tokens: Those of them that are replies.
        longest: Most tokens of a row.
    """

    rows: int
    tokens: int
    supervised_tokens: int
    longest: int


class EngineConfig(Section):
    """What every engine's config has, and what is asked of it."""

    loads: ClassVar[Literal["gguf", "checkpoint"] | None] = None
    """In which form it loads weights that are on this machine, tuned ones too; `None` for one that cannot, such as a
    server. One that can has `with_adapter`, and its model is told by the contents of its weights."""

    trains: ClassVar[bool] = False
    """Whether it trains its own model by `train`, in place of the training of weights."""

    kind: str
    """Which engine: one that comes with the package, one that another package registers, or `module:Class`."""
    model: str
    """The model, by a name that the engine knows."""

    not_shaping: ClassVar[frozenset[str]] = frozenset({"max_in_flight", "threads"})
    """Settings that change how fast the engine is, and nothing of what it computes."""

    @abstractmethod
    def make(self, thinking: Thinking = "off", fetching: Progress | None = None) -> Engine:
        """The engine, not opened yet.

        Args:
            thinking: Whether a model that can think does so; `keep` asks the same as `on`.
            fetching: Told how far the model's download is.

        Raises:
            ConfigError: The config asks for something that the engine cannot do.
            EngineError: Something in the environment stands in its way.
        """

    @property
    def weights(self) -> str | None:
        """The model as a training can begin with it, by its name; `None` where the engine hands out no weights."""
        return self.model if self.loads is not None else None

    @property
    def loaded_adapter(self) -> Path | None:
        """The LoRA adapter that is laid over the model."""
        return None

    @property
    def takes_adapters(self) -> bool:
        """Whether `with_adapter` gives an engine that asks a tuned model, without anybody serving it first."""
        return self.loads is not None

    @property
    def context_length(self) -> int | None:
        """Most tokens of prompt and completion together; `None` where the engine finds out by itself."""
        return None

    @property
    def gpus(self) -> int:
        """GPUs that it takes for itself, where there are any."""
        return 0

    def with_model(self, model: str) -> Self:
        """The same engine with another model; an adapter stays."""
        return self.model_copy(update={"model": model})

    def with_adapter(self, adapter: Path | None) -> Self:
        """The same engine with a LoRA adapter over its model, peft's folder or a GGUF file as `loads` says, or none."""
        raise NotImplementedError(f"the engine {self.kind} lays no adapter over its model")

    def train(self, dataset: Path, output: Path, seed: int) -> Trained:
        """Trains the model, without its adapter, and writes a folder that `with_adapter` takes; for one that `trains`.

        Args:
            dataset: The Parquet file of a dataset.
            output: The folder, which is empty or missing.
            seed: Of the training.

        Raises:
            ModelError: The dataset cannot be read, or the model cannot be trained on it.
        """
        raise NotImplementedError(f"the engine {self.kind} trains no models")

    def identity(self, thinking: Thinking = "off") -> str | None:
        """Who the model is, as the opened engine would say, where a name alone tells; else it has to be opened."""
        return None

    def precision(self, identity: str) -> str:
        """In which precision it computes; two models are measured alike in the same one.

        Args:
            identity: Who the model is, as the opened engine says.

        Raises:
            ModelError: The weights cannot be found or fetched.
        """
        return "unknown"

    def conditions(self, identity: str) -> dict[str, Any]:
        """What has to be the same for two models to be measured alike, beside questions, prompts and sampling.

        Raises:
            ModelError: The weights cannot be found or fetched.
        """
        return {"engine": self.kind, "precision": self.precision(identity)}

    def as_begun(self, kind: str, identity: str | None) -> EngineConfig:
        """The engine with which something goes on that was begun before; another one only where it chooses by itself.

        Args:
            kind: Of the engine that it was begun with.
            identity: Who the model was, as the opened engine said; `None` where none was opened.
        """
        return self

    def check(self) -> Iterator[Finding]:
        """What speaks for and against starting it here, found out without starting it or fetching anything."""
        yield from ()

    def stop_setting(self, token: str) -> str | None:
        """What to set so that replies end at a token that the chat template ends turns with.

        `None` where the engine sees to that by itself.
        """
        return None


class LocalEngineConfig(EngineConfig):
    """An engine that runs weights on this machine, with a LoRA adapter over them or without."""

    max_in_flight: int | None = Field(default=None, ge=1, json_schema_extra=MAY_DIFFER)
    """Sequences decoded together, each with its own share of the context; if left out 16, on a GPU 256, with OpenVINO
    up to 48, as memory allows."""
    context: int = Field(default=4096, ge=256, json_schema_extra=MAY_DIFFER)
    """Tokens of context per sequence: prompt and completion together."""
    threads: int | None = Field(default=None, ge=1, json_schema_extra=MAY_DIFFER)
    """CPU threads; if left out, as many as there are cores that other work leaves free when the engine opens."""
    adapter: Path | None = Field(default=None, json_schema_extra=A_PATH | MAY_DIFFER)
    """A LoRA adapter, laid over the model."""

    @property
    def places(self) -> int:
        """Sequences decoded together on a CPU, as far as the model is not known."""
        return self.max_in_flight or 16

    @property
    def loaded_adapter(self) -> Path | None:
        return self.adapter

    @property
    def context_length(self) -> int | None:
        return self.context

    def with_adapter(self, adapter: Path | None) -> Self:
        return self.model_copy(update={"adapter": adapter})

    def conditions(self, identity: str) -> dict[str, Any]:
        return {**super().conditions(identity), "context": self.context}
