"""The command line and environment of `vllm serve`, worked out from a config.

program = vllm_program(config.python)
arguments = serve_arguments(config, folder, "model@sha256:…", adapters, port)
surroundings = [environment(program, gpus) for gpus in gpus_by_replica(config)]
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from regenesis.engines.vllm.config import VLLMEngineConfig
from regenesis.errors import ConfigError, EngineError
from regenesis.filesystems import read_bounded

HOST = "127.0.0.1"
_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""Ranks of adapters that vLLM makes room for."""
_OFFLINE = {
    # weights are found beforehand, so nothing has to be asked of the network
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}
_OF_THIS_ENVIRONMENT = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")


def vllm_program(python: Path | None) -> Path:
    """The program `vllm` of the environment that a Python belongs to.

    Raises:
        EngineError: There is none.
    """
    # not resolved: the Python of an environment is often a link, and the program lies beside the link
    beside = (Path(sys.executable) if python is None else python.expanduser()).parent / "vllm"
    if os.access(beside, os.X_OK) and beside.is_file():
        return beside
    if python is None:
        raise EngineError(
            f"vLLM is not installed in this environment ({beside} is missing). Install it in an environment of its own "
            "(python -m venv /envs/vllm; /envs/vllm/bin/pip install vllm) and name its Python: "
            "engine.python: /envs/vllm/bin/python."
        )
    raise EngineError(
        f"engine.python: {python} belongs to no environment with vLLM ({beside} is missing). "
        f"Install it there with `{python} -m pip install vllm`, or correct the path."
    )


def serve_arguments(
    config: VLLMEngineConfig, folder: Path, name: str, adapters: Mapping[str, Path], port: int
) -> list[str]:
    """What stands behind `vllm`.

    Args:
        config: The engine's config.
        folder: The checkpoint.
        name: What the model is called in requests.
        adapters: LoRA adapters by what they are called in requests.
        port: Where to listen.

    Raises:
        EngineError: An adapter cannot be read, or its rank is larger than vLLM allows.
    """
    options = {
        "host": HOST,
        "port": port,
        "served-model-name": name,
        "enable-prefix-caching": True,
        # else the checkpoint's own file would fill in what a request leaves to the server
        "generation-config": "vllm",
        "disable-uvicorn-access-log": True,
        **config.args,
    }
    arguments = ["serve", str(folder)]
    if adapters:
        options = {"enable-lora": True, "max-lora-rank": lora_rank(adapters.values()), "max-loras": 1} | options
        modules = [f"{name}={path}" for name, path in adapters.items()]
        arguments += ["--lora-modules", *modules]
    for option, value in options.items():
        arguments += _option(option, value)
    return arguments


def _option(name: str, value: object) -> list[str]:
    match value:
        case None:
            return []
        case bool():
            return [f"--{name}" if value else f"--no-{name}"]
        case dict():
            return [f"--{name}", json.dumps(value)]
        case list():
            return [f"--{name}", *map(str, value)]
    # as one word, so that a value that begins with a dash is no option
    return [f"--{name}={value}"]


def lora_rank(adapters: Iterable[Path]) -> int:
    """The smallest rank that vLLM makes room for and that all of these adapters fit in.

    Raises:
        EngineError: One cannot be read, or has a rank beyond those.
    """
    largest = 1
    for adapter in adapters:
        file = adapter / "adapter_config.json"
        try:
            stated = json.loads(read_bounded(file))
            ranks = [stated["r"], *dict(stated.get("rank_pattern") or {}).values()]
            largest = max(largest, *(int(rank) for rank in ranks))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EngineError(
                f"engine.adapter: {file} cannot be read ({error!r}). Train or export it again."
            ) from error
    fitting = [rank for rank in _RANKS if rank >= largest]
    if not fitting:
        raise EngineError(
            f"engine.adapter: has rank {largest}, and vLLM serves adapters up to rank {_RANKS[-1]}. Merge it instead "
            "(`regenesis export RUN --to merged`) and give the merged folder as engine.model."
        )
    return fitting[0]


def visible_gpus(variables: Mapping[str, str] = os.environ, devices: Path = Path("/dev")) -> list[str]:
    """The GPUs that a program started here would see, as `CUDA_VISIBLE_DEVICES` names them; none without NVIDIA's."""
    stated = variables.get("CUDA_VISIBLE_DEVICES")
    if stated is not None:
        return [name.strip() for name in stated.split(",") if name.strip() not in {"", "-1", "NoDevFiles"}]
    numbers = [path.name.removeprefix("nvidia") for path in devices.glob("nvidia[0-9]*")]
    return sorted((number for number in numbers if number.isdigit()), key=int)


def gpus_by_replica(config: VLLMEngineConfig, gpus: Sequence[str] | None = None) -> list[list[str]]:
    """Which GPUs each replica gets; empty lists where there are none at all.

    Raises:
        ConfigError: There are too few.
    """
    there, each = visible_gpus() if gpus is None else gpus, config.gpus_per_replica
    if not there:
        return [[] for _ in range(config.replicas)]
    if config.replicas * each > len(there):
        wanted = f"{config.replicas} replicas" if config.replicas > 1 else "one server"
        of_each = f" of {each} GPUs" if each > 1 else ""
        raise ConfigError(
            f"engine.replicas: {wanted}{of_each} need {config.replicas * each} GPUs, and {len(there)} are visible here "
            "(CUDA_VISIBLE_DEVICES narrows them). Lower engine.replicas or engine.args.tensor_parallel_size."
        )
    return [list(there[place * each : (place + 1) * each]) for place in range(config.replicas)]


def environment(program: Path, gpus: Sequence[str], variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that `vllm serve` is started with: those of this process, as its own environment needs them."""
    kept = {name: value for name, value in variables.items() if name not in _OF_THIS_ENVIRONMENT}
    # compilers and tools of its environment are found as if that were activated
    path = os.pathsep.join([str(program.parent), kept.get("PATH", os.defpath)])
    placed = {"CUDA_VISIBLE_DEVICES": ",".join(gpus)} if gpus else {}
    return {**_OFFLINE, **kept, "PATH": path, **placed}
