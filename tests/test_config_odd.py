"""Configs that nobody means: each is one sentence that names the place, never anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from regenesis.config import RunConfig, config_from_mapping, config_from_text, load_config
from regenesis.errors import ConfigError

TASKS = "tasks: [gsm8k]\n"
SERVER = TASKS + "engine: {{kind: openai, model: m, base_url: 'http://h/v1'{0}}}\n"

ODD = {
    SERVER.format(", timeout: .inf"): "`engine.timeout`: must be a finite number",
    SERVER.format(", timeout: .nan"): "`engine.timeout`: must be a finite number",
    SERVER.format(", extra_body: {penalty: {of: -.inf}}"): "`engine.extra_body.penalty.of`: must be a finite number",
    SERVER.format(", extra_body: {a: &a [*a]}"): "contains itself",
    SERVER.format(", extra_body: {day: 2024-02-29}"): "`engine.extra_body.day`: is read as a date",
    SERVER.format(", extra_body: {day: 2024-02-30}"): "cannot read",
    SERVER.format(", extra_body: {1: x}"): "`engine.extra_body`: the key 1 must be plain text",
    SERVER.format(', extra_body: {a: "\\0"}'): "`engine.extra_body.a`: holds a null character",
    SERVER.format(', extra_body: {a: "\\ud800"}'): "`engine.extra_body.a`: holds half a character",
    SERVER.format(", extra_body: {a: !!set {x}}"): "`engine.extra_body.a`: is read as a set",
    SERVER.format(", extra_body: {a: !!binary aGk=}"): "`engine.extra_body.a`: is read as a bytes",
    SERVER.format(f", extra_body: {{a: {'9' * 30}}}"): "`engine.extra_body.a`: is a whole number beyond 2^53",
    SERVER.format(f", extra_body: {{a: {'9' * 5000}}}"): "cannot read",
    SERVER.format(", extra_body: !!python/object/apply:os.system [true]"): "not valid YAML",
    SERVER.format("").replace("http://h/v1", "http://[::1/v1"): "not a URL that can be used",
    SERVER.format("").replace("http://h/v1", "http://h:999999/v1"): "not a URL that can be used",
    SERVER.format("").replace("http://h/v1", "http:///v1"): "names no host",
    TASKS + "seed: 9999999999999999999999": "`seed`: is a whole number beyond 2^53",
    "tasks: [{name: mine, file: q.jsonl, limit: 99999999999999999999}]": "`tasks.0.limit`",
    TASKS + "x: " + "[" * 5_000 + "]" * 5_000: "nested too deeply",
    TASKS + "x: " + "{a: " * 100 + "1" + "}" * 100: "nested too deeply",
    TASKS + "x0: &x0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    + "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 8)): "expands to more than",
    TASKS + "preset: [quick]": "preset ['quick'] does not exist",
    TASKS + "training: {learning_rate: .nan}": "`training.learning_rate`: must be a finite number",
    "tasks: [{name: x, file: \"a\\0b\"}]": "`tasks.0.file`: holds a null character",
    "!!map [1]": "cannot read",
    "? [a]\n: b": "not valid YAML",
    "tasks: !!omap [a]": "not valid YAML",
    "": "must hold a mapping",
    "a" * (1 << 21): "must hold a mapping",
}  # fmt: skip


@pytest.mark.parametrize("text", ODD, ids=lambda text: text[-40:])
def test_an_odd_config_is_refused_in_one_sentence_that_names_the_place(text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        config_from_text(text, "c.yaml")
    assert ODD[text] in str(refusal.value)
    assert str(refusal.value).startswith("c.yaml: ")
    assert len(str(refusal.value)) < 1_000


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("engine.context=.inf", "must be a finite number"),
        ("seed=" + "9" * 5_000, "--set"),
        ("seed=" + "[" * 5_000, "--set"),
        ("tasks.99999999999999999999999.limit=1", "not a position"),
        ("tasks.².limit=1", "not a position"),
        ("=1", "write it as"),
        ("a.b=2024-02-30", "--set"),
    ],
)
def test_an_odd_override_is_refused(override: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config_from_mapping({"tasks": ["gsm8k"]}, overrides=[override])


@pytest.mark.parametrize("name", ["c\0.yaml", "c" * 5_000, ".", "nothing.yaml"])
def test_a_path_that_is_no_config_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        load_config(f"{tmp_path}/{name}")


def test_a_file_that_is_far_too_long_for_a_config_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(b"#" * (1 << 21))
    with pytest.raises(ConfigError, match="larger than"):
        load_config(tmp_path / "c.yaml")


def test_a_path_in_the_config_that_leads_back_to_itself_is_refused_or_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "c.yaml").write_text("tasks: [{name: x, file: loop/q.jsonl}]\n")
    try:
        load_config(tmp_path / "c.yaml")
    except ConfigError as error:
        assert "cannot be resolved" in str(error)  # noqa: PT017 - newer Pythons follow what can be followed


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["gsm8k", "openai", "off", "a.jsonl", "http://h/v1", "../x", "rg:", "~", "hf:a/b"])
    | st.dates()
    | st.binary(max_size=3)
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3))
SECTIONS = ("method", "curation", "training", "evaluation", "budget", "scheduling", "engine")
FIELDS = ("kind", "model", "base_url", "extra_body", "timeout", "prompts", "sampling", "tasks", "limit", "python")
TASK_FIELDS = ("name", "file", "hub", "limit", "offset", "fields", "parameters", "kind")
PLACES = st.sampled_from(
    [
        *RunConfig.model_fields,
        *(f"{section}.{field}" for section in SECTIONS for field in FIELDS),
        *(f"tasks.0.{field}" for field in TASK_FIELDS),
    ]
)


def placed(changes: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = {"tasks": [{"name": "gsm8k"}], "engine": {"kind": "llamacpp"}}
    for place, value in changes.items():
        *parents, last = place.split(".")
        target: Any = config
        for part in parents:
            below = target[int(part)] if isinstance(target, list) else target.setdefault(part, {})
            target = below if isinstance(below, dict | list) and below else {}
        if isinstance(target, dict):
            target[last] = value
    return config


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(PLACES, VALUES, max_size=4))
def test_any_mapping_is_a_config_or_refused(changes: dict[str, Any]) -> None:
    try:
        config_from_mapping(placed(changes))
    except ConfigError as error:
        assert str(error)  # noqa: PT017 - either outcome is right, another exception is not


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="tasks:gm8k \n-[]{}&*a!?|>'\"#,.%@0\t\\", max_size=60) | VALUES.map(yaml.dump))
def test_any_text_is_a_config_or_refused(text: str) -> None:
    try:
        config_from_text(text, "c.yaml")
    except ConfigError as error:
        assert "c.yaml" in str(error)  # noqa: PT017 - either outcome is right, another exception is not
