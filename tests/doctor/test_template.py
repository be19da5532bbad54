"""Whether a model's chat template suits training is told before anything is asked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.helpers import chat_templates as templates
from tests.helpers.runs import write_questions
from tests.helpers.trainable import save_tiny_checkpoint

from regenesis.config import RunConfig, config_from_mapping
from regenesis.doctor import Finding, Subject, before_a_run
from regenesis.doctor.template import check_context, check_template

pytestmark = pytest.mark.model

SERVER = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "served"}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def checkpoint(tiny: Path, tmp_path: Path) -> Callable[..., Path]:
    """Makes a checkpoint with another chat template, or with none, and with another end of the text."""

    def make(template: str | None, *, end: int | None = None) -> Path:
        folder = tmp_path / "checkpoint"
        shutil.copytree(tiny, folder)
        (folder / "chat_template.jinja").unlink(missing_ok=True)
        if template is not None:
            (folder / "chat_template.jinja").write_text(template)
        if end is not None:
            change(folder / "tokenizer_config.json", eos_token="<|endoftext|>")
            change(folder / "generation_config.json", eos_token_id=end)
            change(folder / "config.json", eos_token_id=end)
        return folder

    return make


def change(file: Path, **values: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def config(model: Path | None, **fields: Any) -> RunConfig:
    training = {"training": {"model": str(model)} | fields.pop("training", {})} if model is not None else {}
    return config_from_mapping({"tasks": ["gsm8k"], "engine": SERVER, **training, **fields})


def looked_at(made: RunConfig) -> list[Finding]:
    return list(check_template(Subject(made, Path())))


@pytest.mark.parametrize(
    ("template", "thinking", "told"),
    [
        (templates.CHATML, "off", "rows end with '<|im_end|>'."),
        (templates.QWEN3, "off", "rows end with '<|im_end|>'; enable_thinking: false."),
        (templates.QWEN3, "on", "; enable_thinking: true."),
        (templates.DEEPSEEK_V31, "off", "; thinking: false."),
        (templates.DEEPSEEK_R1, "on", "rows end with '<|im_end|>'."),
        (templates.DEEPSEEK_R1, "keep", "rows end with '<|im_end|>'."),
        (templates.GPT_OSS, "keep", "rows end with '<|im_end|>'."),
    ],
)
def test_a_template_that_suits_says_how_it_is_told_and_how_rows_end(
    checkpoint: Callable[..., Path], template: str, thinking: str, told: str
) -> None:
    (finding,) = looked_at(config(checkpoint(template), thinking=thinking))
    assert (finding.status, finding.summary.endswith(told)) == ("ok", True)


@pytest.mark.parametrize("template", [templates.DEEPSEEK_R1, templates.GPT_OSS, templates.MAGISTRAL])
def test_a_model_that_cannot_be_kept_from_thinking_is_a_warning(checkpoint: Callable[..., Path], template: str) -> None:
    warning, last = looked_at(config(checkpoint(template)))
    assert (warning.status, last.status) == ("warn", "ok")
    assert "has no switch" in warning.summary
    assert "`thinking: on`" in warning.advice


def test_a_model_without_a_chat_template_fails(checkpoint: Callable[..., Path]) -> None:
    (finding,) = looked_at(config(checkpoint(None)))
    assert finding.status == "fail"
    assert "has no chat template" in finding.summary


def test_a_template_that_ends_no_turn_fails_and_names_the_setting(checkpoint: Callable[..., Path]) -> None:
    endless = checkpoint(templates.CHATML.replace("<|im_end|>", ""))
    (finding,) = looked_at(config(endless))
    assert finding.status == "fail"
    assert "training.end_of_turn" in finding.summary
    (finding,) = looked_at(config(endless, training={"end_of_turn": "<|im_end|>"}))
    assert finding.status == "ok"


def test_a_served_base_model_with_another_end_of_text_is_a_warning(checkpoint: Callable[..., Path]) -> None:
    warning, last = looked_at(config(checkpoint(templates.CHATML, end=0)))
    assert (warning.status, last.status) == ("warn", "ok")
    assert "stop: ['<|im_end|>']" in warning.advice


@pytest.mark.parametrize(("trains", "status"), [(False, "warn"), (True, "fail")])
def test_a_folder_that_is_no_checkpoint_fails_where_a_training_follows(
    trains: bool, status: str, tmp_path: Path
) -> None:
    (finding,) = check_template(Subject(config(tmp_path), Path(), trains=trains))
    assert finding.status == status
    assert "config.json" in finding.summary


def test_a_model_that_a_server_keeps_to_itself_is_not_looked_at() -> None:
    assert looked_at(config(None)) == []


def test_before_a_run_only_what_stands_in_the_way_is_told(checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    assert before_a_run(config(checkpoint(templates.CHATML)), tmp_path, trains=True) == []


def test_a_missing_package_fails_where_a_training_follows(
    checkpoint: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = config(checkpoint(templates.CHATML))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found = {trains: before_a_run(made, tmp_path, trains=trains) for trains in (True, False)}
    assert {trains: [finding.status for finding in findings] for trains, findings in found.items()} == {
        True: ["fail"],
        False: ["warn"],
    }


@pytest.mark.parametrize(("layers", "status"), [(["q_proj"], []), ("q_proj", []), (["q_proj", "c_attn"], ["fail"])])
def test_layers_that_the_model_lacks_fail(
    checkpoint: Callable[..., Path], tmp_path: Path, layers: Any, status: list[str]
) -> None:
    made = config(checkpoint(templates.CHATML), training={"lora": {"target_modules": layers}})
    findings = before_a_run(made, tmp_path, trains=True)
    assert [finding.status for finding in findings] == status
    assert all("no layer 'c_attn'; there are" in finding.summary for finding in findings)


@pytest.mark.parametrize(("context", "status"), [(4096, "ok"), (1024, "warn")])
def test_the_longest_chain_is_compared_with_the_engines_context(context: int, status: str, tmp_path: Path) -> None:
    tasks = [{"name": "toy", "file": str(write_questions(tmp_path, 4)), "kind": "number"}]
    engine = {"kind": "llamacpp", "model": "pypi:smollm2-135m-instruct", "context": context}
    made = config_from_mapping({"tasks": tasks, "engine": engine})
    (finding,) = check_context(Subject(made, tmp_path))
    assert finding.status == status
    assert "engine.context" in (finding.advice or finding.summary)
