"""Checks of what comes before and after the synthesis: where questions are, and whether the model can be trained here.

Sizes are estimates, and say so: what a training takes beyond its weights depends on the rows, which are not there yet.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator, Sequence
from importlib import metadata, util
from math import prod
from pathlib import Path

from regenesis.config import TaskConfig, TrainingConfig
from regenesis.doctor.subject import Subject
from regenesis.errors import ModelError, RegenesisError, TaskError
from regenesis.filesystems import free_bytes
from regenesis.findings import Finding, Status, version
from regenesis.models import KNOWN, cached
from regenesis.models.names import HubName, LocalName, PackageName, parse_name
from regenesis.training.by_engine import trains_itself
from regenesis.training.trackers import how_to_get, missing_trackers
from regenesis.training.trl_arguments import fault_in
from regenesis.types import Question

_PACKAGES = ("torch", "transformers", "peft", "accelerate", "gguf", "trl")
_LORA_SHARE = 0.2
"""Of the weights' memory: adapter, its optimiser state, and activations of short rows."""
_FULL_BYTES = 16
"""A parameter: weights, gradients, two moments of the optimiser, in float32 or with a float32 copy of the weights."""
_CHECKPOINT_BYTES = {"lora": 0.4, "full": 12}
"""On disk, a parameter of the model: what is trained, and two moments of each of it."""


def check_tasks(subject: Subject) -> Iterator[Finding]:
    """Whether the questions of the config's tasks can be had, as far as that can be told without fetching them."""
    if subject.config is None:
        return
    config = subject.config
    for name, tasks in {"tasks": config.tasks, "evaluation": config.evaluation.tasks}.items():
        if not tasks:
            continue
        found = [_place_of(task, config.data_root, measured=name == "evaluation") for task in tasks]
        faults = [text for there, text in found if not there]
        summary = "; ".join(faults or [text for _, text in found]).rstrip(".") + "."
        yield Finding(name, "fail" if faults else "ok", summary)


def questions_at_hand(tasks: Sequence[TaskConfig], seed: int, data_root: Path | None) -> list[Question] | None:
    """The questions of tasks, where all of them are on this machine; `None` else, or where they cannot be read."""
    from regenesis.tasks import load_questions

    if any(
        task.file is None and "in the data root" not in _place_of(task, data_root, measured=False)[1] for task in tasks
    ):
        return None
    try:
        return load_questions(tasks, seed=seed, data_root=data_root).questions
    except RegenesisError:
        return None


def _place_of(task: TaskConfig, data_root: Path | None, *, measured: bool) -> tuple[bool, str]:
    """Whether a task's questions can be had, and where they are, or why not."""
    from regenesis.tasks import measuring, reasoning_gym_missing
    from regenesis.tasks.hub import find_data_root
    from regenesis.tasks.library import find_entry

    if task.file is not None:
        return task.file.is_file(), f"{task.name}: {task.file} is {'there' if task.file.is_file() else 'not there'}"
    if task.name.startswith("rg:"):
        missing = reasoning_gym_missing()
        return missing is None, f"{task.name}: {missing or 'made by reasoning-gym'}"
    try:
        root = find_data_root(data_root)
        if task.hub is not None:
            hub, folders = task.hub, [task.config or "default"]
        else:
            entry, folders_of = find_entry(task.name)
            hub, folders = entry.hub, [folder or "default" for folder in folders_of]
            split = (measuring(task) if measured else task).split or entry.splits[0]
            if split not in entry.splits:
                return False, f"{task.name}: has no split {split!r}; there are {', '.join(entry.splits)}"
    except TaskError as error:
        return False, str(error)
    if root is not None and any((root / hub / folder).is_dir() for folder in folders):
        return True, f"{task.name}: in the data root"
    return True, f"{task.name}: {hub} comes from the Hub or its cache"


def check_training(subject: Subject) -> Iterator[Finding]:
    """Whether the config's model can be trained here: packages, hardware, memory and room."""
    config = subject.config
    model = config.training.model or config.engine.weights if config is not None else None
    if config is None or model is None:
        return
    training = config.training
    if trains_itself(training, config.engine):
        yield Finding("training", "ok", f"The engine `{config.engine.kind}` trains its own model.")
        return
    if training.python is not None:
        there = os.access(training.python, os.X_OK) or len(training.python.parts) == 1
        summary = f"Training uses {training.python}, which is {'there' if there else 'no program'}."
        yield Finding("training", "ok" if there else "fail", summary, "" if there else "Correct training.python.")
        return
    # a run that ends with its dataset needs none of this
    status: Status = "fail" if subject.trains else "warn"
    missing = [name for name in _PACKAGES if util.find_spec(name) is None]
    if missing:
        advice = "`regenesis train` needs them: `pip install 'regenesis[train]'`, here or in training.python."
        yield Finding("training", status, f"Not installed: {', '.join(missing)}.", advice)
        return
    old = _too_old()
    if old:
        advice = "Upgrade: `pip install --upgrade 'regenesis[train]'`."
        yield Finding("training", status, f"Too old for training: {', '.join(old)}.", advice)
        return
    untracked = missing_trackers(training.report_to)
    if untracked:
        summary = f"training.report_to: not installed: {', '.join(untracked)}."
        yield Finding("training", status, summary, f"{how_to_get(untracked)}.")
        return
    fault = fault_in(training.trl)
    if fault:
        yield Finding("training", status, fault, "Correct it, or leave it out.")
        return
    yield Finding("training", "ok", ", ".join(f"{name} {version(name)}" for name in _PACKAGES) + ".")
    yield from _check_layers(training, model, status)
    yield from _check_room(training, model, subject.run_dir)


def _check_layers(training: TrainingConfig, model: str, status: Status) -> Iterator[Finding]:
    """Whether the model has the layers that are to get an adapter, by the names in a checkpoint's headers."""
    wanted = training.lora.target_modules
    folder = Path(model).expanduser()
    if training.tuning != "lora" or wanted == "all-linear" or not folder.is_dir():
        return
    try:
        shapes = [item for path in folder.glob("*.safetensors") for item in _safetensors_shapes(path).items()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error):
        return  # what is wrong with the files is said of the model
    layers = [name.removesuffix(".weight") for name, shape in shapes if name.endswith(".weight") and len(shape) == 2]
    for one in [wanted] if isinstance(wanted, str) else wanted:
        if layers and not any(layer == one or layer.endswith(f".{one}") for layer in layers):
            known = ", ".join(sorted({layer.rpartition(".")[2] for layer in layers}))
            summary = f"training.lora.target_modules: the model has no layer {one!r}; there are {known}."
            yield Finding("training", status, summary, "`all-linear` takes every one but the output's.")


def _too_old() -> list[str]:
    """Packages of the `train` extra whose version is not one that it asks for."""
    from packaging.requirements import Requirement

    stated = [Requirement(text) for text in metadata.requires("regenesis") or ()]
    return [
        f"{one.name} {found} (wanted: {one.specifier})"
        for one in stated
        if one.name in _PACKAGES
        and (found := version(one.name)) is not None
        and not one.specifier.contains(found, prereleases=True)
    ]


def _check_room(training: TrainingConfig, model: str, run_dir: Path) -> Iterator[Finding]:
    bf16, memory, where = _hardware(training)
    computes = "bf16" if bf16 else "float32"
    yield Finding("hardware", "ok", f"Training computes in {computes} on {where}.")
    parameters = count_parameters(model)
    if parameters is None:
        return
    weights = parameters * (2 if bf16 else 4)
    need = weights * (1 + _LORA_SHARE) if training.tuning == "lora" else parameters * _FULL_BYTES
    summary = (
        f"Training {parameters / 1e6:,.0f} million parameters ({training.tuning}) takes about {need / 2**30:.1f} GiB "
        f"of memory plus what longer rows add (estimate); available: {memory / 2**30:.1f} GiB."
    )
    if need > memory:
        advice = "Set training.tuning: lora" if training.tuning == "full" else "Use a smaller model"
        yield Finding("memory", "warn", summary, f"{advice}, or use more memory (training.launcher shards the model).")
    else:
        yield Finding("memory", "ok", summary)
    # checkpoints that are kept, one being written, and the model
    room = parameters * (_CHECKPOINT_BYTES[training.tuning] * (training.save_total_limit + 1) + 4)
    if training.tuning == "lora":
        room -= parameters * 4
    if room > free_bytes(run_dir):
        summary = (
            f"Checkpoints take about {room / 1e9:.1f} GB (an estimate); {free_bytes(run_dir) / 1e9:.1f} GB are free."
        )
        yield Finding("room", "warn", summary, "Free some space, or lower training.save_total_limit.")


def _hardware(training: TrainingConfig) -> tuple[bool, int, str]:
    """Whether training computes in bf16, the bytes of memory it has, and a description."""
    import torch

    from regenesis.checkpoints.loading import computes_in_bfloat16

    if torch.cuda.is_available():
        gpus = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
        names = ", ".join(f"{gpu.name} ({gpu.total_memory / 2**30:.0f} GiB)" for gpu in gpus)
        # one process trains on one GPU; several share the work by a launcher
        memory, device, where = gpus[0].total_memory, "cuda", f"{len(gpus)} GPU{'s' * (len(gpus) > 1)}: {names}"
    else:
        memory, device, where = _memory(), "cpu", "the CPU (torch sees no GPU)"
    bf16 = training.precision == "bf16" or (training.precision == "auto" and computes_in_bfloat16(device))
    return bf16, memory, where


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def count_parameters(spec: str) -> int | None:
    """Parameters of a model that is on this machine, from its header alone; `None` where it is not, or unreadable."""
    folder = Path(spec).expanduser()
    try:
        if folder.is_dir():
            return sum(_safetensors_parameters(path) for path in folder.glob("*.safetensors")) or None
        match parse_name(spec, KNOWN):
            case PackageName(model):
                path = cached(model)
            case LocalName(path):
                pass
            case HubName():
                path = None
        if path is None:
            return None
        from regenesis.checkpoints.gguf_files import read_gguf

        return sum(prod(tensor.shape) for tensor in read_gguf(path).tensors.values())
    except (ModelError, OSError, ValueError, KeyError, TypeError, AttributeError, struct.error):
        return None


def _safetensors_parameters(path: Path) -> int:
    return sum(prod(shape) for shape in _safetensors_shapes(path).values())


def _safetensors_shapes(path: Path) -> dict[str, list[int]]:
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > 100_000_000:
            raise ValueError("the header is implausibly long")
        header = json.loads(file.read(length))
    return {name: tensor["shape"] for name, tensor in header.items() if name != "__metadata__"}
