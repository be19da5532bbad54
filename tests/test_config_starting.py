from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from regenesis.cli.app import load_verb
from regenesis.config import PRESETS, load_config
from regenesis.config.json_schema import as_text, json_schema
from regenesis.config.starting import SCHEMA, starter, starters
from regenesis.errors import ConfigError

EXAMPLES = [path for path in Path("examples").glob("*.yaml") if "experiment" not in path.name]


def validate(document: Any) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft7Validator(json_schema()).validate(document)


def invalid(document: Any) -> str:
    jsonschema = pytest.importorskip("jsonschema")
    with pytest.raises(jsonschema.ValidationError) as raised:
        validate(document)
    return str(raised.value.message)


def test_the_schema_that_is_shipped_is_that_of_the_code() -> None:
    assert SCHEMA.read_text("utf-8") == as_text(), "Write it anew: python -m regenesis.config.json_schema"


@pytest.mark.parametrize("name", starters())
def test_every_starter_is_a_valid_config(name: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(starter(name))
    load_config(tmp_path / "config.yaml")
    validate(yaml.safe_load(starter(name)))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_fit_the_schema(path: Path) -> None:
    validate(yaml.safe_load(path.read_text("utf-8")))


def test_a_whole_config_fits_the_schema() -> None:
    for preset in PRESETS:
        config = load_config({"preset": preset, "tasks": ["gsm8k:train", {"name": "svamp", "limit": 3}]})
        validate(config.model_dump(mode="json"))


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"curration": {}}, "curration"),
        ({"engine": {"kind": "openai", "base_urls": "http://x"}}, "base_urls"),
        ({"method": {"name": "rejection", "guidelines": 3}}, "guidelines"),
        ({"method": {"samples": 3}}, "samples"),
        ({"curation": {"min_steps": -1}}, "-1 is less than the minimum of 0"),
        ({"tasks": [{"name": "gsm8k", "limits": 3}]}, "is not valid under any of the given schemas"),
    ],
)
def test_mistakes_are_found_by_the_schema(parts: dict[str, Any], said: str) -> None:
    assert said in invalid({"tasks": ["gsm8k"], **parts})


def test_anothers_engine_may_have_any_fields() -> None:
    validate({"tasks": ["gsm8k"], "engine": {"kind": "my.engine:Echo", "anything": 1}})


def test_what_the_package_says_of_a_field_to_itself_is_not_in_the_schema() -> None:
    assert not {"may_differ", "extends", "reaches"} & set(json.dumps(json_schema()).split('"'))


def test_init_lists_and_writes_starters_and_overwrites_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load_verb("init")([], standalone_mode=False)
    assert all(name in capsys.readouterr().out for name in ("own",))
    target = tmp_path / "new" / "config.yaml"
    load_verb("init")(["own", "--to", str(target)], standalone_mode=False)
    first = target.read_text("utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={SCHEMA.as_uri()}"
    assert f"regenesis plan {target} --show 2" in capsys.readouterr().out
    with pytest.raises(ConfigError, match="is there already"):
        load_verb("init")(["own", "--to", str(target)], standalone_mode=False)
    with pytest.raises(ConfigError, match="no starter 'x'; there are gpu, local, own, server"):
        load_verb("init")(["x", "--to", str(tmp_path / "x.yaml")], standalone_mode=False)


def test_a_config_may_be_a_mapping() -> None:
    config = load_config({"tasks": ["gsm8k"]}, overrides=["method.keep=3"])
    assert (config.tasks[0].name, config.method.keep) == ("gsm8k", 3)
    with pytest.raises(ConfigError, match="config: "):
        load_config({"tasks": []})
