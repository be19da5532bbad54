from __future__ import annotations

import pytest

from regenesis.config import EvaluationConfig, TaskConfig
from regenesis.errors import ConfigError
from regenesis.evaluation.measuring import chosen_tasks, engine_kind, model_names

KNOWN = EvaluationConfig(tasks=[TaskConfig(name="gsm8k", split="test", limit=10), TaskConfig(name="svamp")])


@pytest.mark.parametrize(
    ("text", "tasks"),
    [
        ("arc_challenge", [TaskConfig(name="arc_challenge")]),
        ("arc_challenge:validation", [TaskConfig(name="arc_challenge", split="validation")]),
        ("bbh/navigate, rg:gsm_symbolic", [TaskConfig(name="bbh/navigate"), TaskConfig(name="rg:gsm_symbolic")]),
        # one that the config knows is what it says there
        ("gsm8k", [TaskConfig(name="gsm8k", split="test", limit=10)]),
        ("gsm8k:train", [TaskConfig(name="gsm8k", split="train")]),
        (None, list(KNOWN.tasks)),
    ],
)
def test_tasks_by_short_names(text: str | None, tasks: list[TaskConfig]) -> None:
    assert chosen_tasks(text, KNOWN) == tasks


def test_a_limit_and_an_order_go_for_all_tasks() -> None:
    found = chosen_tasks("gsm8k,aqua_rat", KNOWN, limit=3, shuffle=True)
    assert [(task.limit, task.shuffle, task.split) for task in found] == [(3, True, "test"), (3, True, None)]


@pytest.mark.parametrize("text", ["", " , "])
def test_no_task_is_an_error_that_names_the_way(text: str) -> None:
    with pytest.raises(ConfigError, match="--tasks gsm8k"):
        chosen_tasks(text, KNOWN)


@pytest.mark.parametrize(
    ("models", "stated", "kind"),
    [
        (["pypi:smollm2-135m-instruct"], None, "auto"),
        (["hf:Qwen/Qwen2.5-1.5B-Instruct-GGUF"], None, "auto"),
        (["hf:org/repo:model-q4.gguf", "other.gguf"], None, "auto"),
        (["hf:org/repo"], None, "transformers"),
        (["runs/x/model"], None, "transformers"),
        (["runs/x/model", "base.gguf"], "transformers", "transformers"),
    ],
)
def test_the_engine_is_told_from_the_models_form(models: list[str], stated: str | None, kind: str) -> None:
    assert engine_kind(models, stated) == kind


def test_models_of_unlike_forms_are_not_measured_on_unlike_engines() -> None:
    with pytest.raises(ConfigError, match="--engine transformers"):
        engine_kind(["base.gguf", "runs/x/model"], None)


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(ConfigError, match="--base-url"):
        engine_kind(["base.gguf"], "sglang")


def test_models_get_short_names_that_differ() -> None:
    given = ["pypi:smollm2-135m-instruct", "hf:org/repo:a b.gguf", "x/model/", "y/model", "..", "Model"]
    assert model_names(given) == ["smollm2-135m-instruct", "a-b", "model", "model-2", "model-3", "Model-4"]
