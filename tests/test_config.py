from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import Field

from regenesis.config import (
    PRESETS,
    CurationConfig,
    RunConfig,
    SamplingConfig,
    TaskConfig,
    config_from_mapping,
    config_from_text,
    differences,
    extensions,
    going_on,
    load_config,
    section_differences,
)
from regenesis.engines.auto import AutoEngineConfig
from regenesis.engines.openai.config import OpenAIEngineConfig
from regenesis.errors import ConfigError
from regenesis.methods import MethodSection
from regenesis.methods.regenesis import ReGenesisConfig
from regenesis.section import A_PATH, MAY_DIFFER, Section, absolute_path, explanations, sections_in

TOY: dict[str, Any] = {"tasks": [{"name": "gsm8k", "limit": 3}]}
SERVER = {"kind": "openai", "base_url": "http://127.0.0.1:8000/v1", "model": "my-model"}


def test_the_smallest_config_is_enough() -> None:
    config = config_from_text(
        "tasks: [{name: gsm8k, split: train, limit: 30}]\n"
        'engine: {kind: openai, base_url: "http://127.0.0.1:8000/v1", model: my-model}\n',
        "config.yaml",
    )
    assert isinstance(config.engine, OpenAIEngineConfig)
    assert config.tasks[0].limit == 30
    assert config.method.keep == 5


def test_without_an_engine_the_embedded_one_is_taken() -> None:
    assert isinstance(config_from_mapping(TOY).engine, AutoEngineConfig)


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"task": []}, "unknown key `task`; did you mean `tasks`?"),
        ({"method": {"kep": 3}}, "unknown key `method.kep`; did you mean `keep`?"),
        ({"method": {"hint": {"temprature": 3}}}, "unknown key `method.hint.temprature`; did you mean `temperature`?"),
        ({"tasks": [{"name": "a", "limits": 3}]}, "unknown key `tasks.0.limits`; did you mean `limit`?"),
        ({"engine": SERVER | {"max_inflight": 3}}, "unknown key `engine.max_inflight`; did you mean `max_in_flight`?"),
        (
            {"engine": SERVER | {"retry": {"attempt": 3}}},
            "unknown key `engine.retry.attempt`; did you mean `attempts`?",
        ),
        ({"engine": {"kind": "llamacpp", "contxt": 3}}, "unknown key `engine.contxt`; did you mean `context`?"),
        ({"budget": {"zzz": 3}}, "unknown key `budget.zzz`; known here: requests, tokens, minutes"),
        ({"tasks": None}, "`tasks`"),
        ({"tasks": []}, "`tasks`"),
        ({"tasks": [{}]}, "`tasks.0.name` is missing"),
        ({"engine": {"model": "m"}}, "`engine.kind` must be one of openai, auto, llamacpp, "),
        ({"engine": {"kind": "sglang"}}, "`engine.kind` must be one of openai, auto, llamacpp, "),
        ({"engine": {"kind": "openai", "model": "m"}}, "`engine.base_url` is missing"),
        ({"engine": SERVER | {"base_url": "localhost:8000"}}, "is not an http:// or https:// URL"),
        ({"engine": SERVER | {"base_url": []}}, "give at least one URL"),
        ({"method": {"keep": 0}}, "`method.keep`"),
        ({"method": {"sampling": {"temperature": float("nan")}}}, "`method.sampling.temperature`"),
        ({"method": {"name": "stra"}}, "there is no method 'stra'; there are regenesis, rejection, star"),
        ({"method": {"name": "star", "guidelines": 3}}, "unknown key `method.guidelines`"),
        ({"method": {"name": "star", "sampels": 3}}, "unknown key `method.sampels`; did you mean `samples`?"),
        ({"preset": "huge"}, "preset 'huge' does not exist; choose one of quick, default, paper"),
        ({"preset": ["quick"]}, "does not exist"),
        ({"tasks": [{"name": "a", "fields": {"text": "q"}}]}, "`fields` goes with `file`"),
        ({"tasks": [{"name": "a", "parameters": {"x": 1}}]}, "names start with `rg:`"),
        ({"tasks": "gsm8k"}, "`tasks` must be a list (got 'gsm8k')"),
        ({"tasks": [3]}, "`tasks.0` must be a mapping (got 3)"),
        ({"tasks": [{"name": "a", "kind": "n"}]}, "`tasks.0.kind` must be 'number', 'choice'"),
        ({"method": "paper"}, "`method` must be a mapping (got 'paper')"),
        ({"engine": "openai"}, "`engine` must be a mapping (got 'openai')"),
        ({"engine": SERVER | {"base_url": 3}}, "`engine.base_url` must be text or a list (got 3)"),
        ({"seed": 1.5}, "`seed` must be a whole number (got 1.5)"),
        ({"method": {"stop_early": "maybe"}}, "`method.stop_early` must be true or false (got 'maybe')"),
        ({"budget": {"minutes": -1}}, "`budget.minutes` must be at least 0 (got -1)"),
        ({"training": {"tuning": "qlora"}}, "`training.tuning` must be 'lora' or 'full' (got 'qlora')"),
        ({"training": {"lora": {"rang": 3}}}, "unknown key `training.lora.rang`; did you mean `r`?"),
        ({"evaluation": {"engine": {"kind": "sglang"}}}, "`evaluation.engine.kind` must be one of openai"),
        (
            {"evaluation": {"tuned_engine": {"kind": "llamacpp", "adaptr": "a"}}},
            "unknown key `evaluation.tuned_engine.adaptr`; did you mean `adapter`?",
        ),
    ],
)
def test_what_is_not_valid_is_named(stated: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        config_from_mapping(TOY | stated, "my.yaml")
    assert said in str(raised.value)
    assert str(raised.value).startswith("my.yaml: ")


TASKS: list[tuple[str, str, str | None]] = [
    ("gsm8k", "gsm8k", None),
    ("arc_challenge:validation", "arc_challenge", "validation"),
    ("rg:gsm_symbolic", "rg:gsm_symbolic", None),
    ("rg:gsm_symbolic:test", "rg:gsm_symbolic", "test"),
]


@pytest.mark.parametrize(("short", "name", "split"), TASKS)
def test_a_task_may_be_stated_by_its_name_alone(short: str, name: str, split: str | None) -> None:
    config = config_from_mapping({"tasks": [short], "evaluation": {"tasks": [short]}})
    assert config.tasks == config.evaluation.tasks == [TaskConfig(name=name, split=split)]


def test_an_override_reaches_into_a_task_stated_by_its_name_alone() -> None:
    stated = {"tasks": ["gsm8k:test"], "evaluation": {"tasks": ["svamp"]}}
    config = config_from_mapping(stated, overrides=["tasks.0.limit=3", "evaluation.tasks.0.limit=4"])
    assert config.tasks == [TaskConfig(name="gsm8k", split="test", limit=3)]
    assert config.evaluation.tasks == [TaskConfig(name="svamp", limit=4)]
    assert stated == {"tasks": ["gsm8k:test"], "evaluation": {"tasks": ["svamp"]}}


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        config_from_mapping(TOY | {"method": {"kep": 3, "wave": 0}, "sead": 1})
    assert all(name in str(raised.value) for name in ("method.kep", "method.wave", "sead"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tasks: [", r"is not valid YAML \(line 1, column 9: expected the node content"),
        ("tasks: [a]\n\tseed: 1", "line 2, column 1: found character"),
        ("seed: 1\nseed: 2", "line 2, column 1: the key 'seed' occurs twice"),
        ("", "is empty"),
        ("- tasks", "must hold a mapping"),
        ("", "must hold a mapping"),
        ("just words", "must hold a mapping"),
    ],
)
def test_text_that_is_no_config_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config_from_text(text, "my.yaml")


@pytest.mark.parametrize("text", ["seed: 1\nseed: 2\n", "tasks: [{name: gsm8k, limit: 2, limit: 3}]\n"])
def test_a_key_that_stands_twice_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"the key '(seed|limit)' occurs twice"):
        config_from_text(text, "mine.yaml")


def test_what_a_yaml_anchor_brings_may_be_overridden() -> None:
    text = "tasks:\n- &first {name: gsm8k, limit: 2}\n- {<<: *first, limit: 3}\n"
    assert [task.limit for task in config_from_text(text, "mine.yaml").tasks] == [2, 3]


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "config.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=str(file)):
        load_config(file)


OVERRIDES: list[tuple[str, str, Any]] = [
    ("method.keep=3", "method.keep", 3),
    ("method.sampling.temperature=0.1", "method.sampling.temperature", 0.1),
    ("tasks.0.limit=7", "tasks.0.limit", 7),
    ("tasks.0.limit=null", "tasks.0.limit", None),
    ("engine.base_url=[http://a/v1, http://b/v1]", "engine.base_url", ["http://a/v1", "http://b/v1"]),
    ("preset=paper", "method.selections", 20),
    ("budget.minutes=1.5", "budget.minutes", 1.5),
    ("engine.extra_body.top_k=20", "engine.extra_body.top_k", 20),
]


@pytest.mark.parametrize(("override", "name", "value"), OVERRIDES)
def test_an_override_wins_over_the_file(override: str, name: str, value: Any) -> None:
    stated = TOY | {"engine": SERVER}
    found: Any = config_from_mapping(stated, overrides=[override]).model_dump(mode="json")
    for part in name.split("."):
        found = found[int(part)] if part.isdigit() else found[part]
    assert found == value
    assert stated == {"tasks": [{"name": "gsm8k", "limit": 3}], "engine": SERVER}  # what was handed in is left alone


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("method.keep", "write it as path.to.field=value"),
        ("=3", "write it as path.to.field=value"),
        ("method.keep=[", "is not valid YAML"),
        ("tasks.1.limit=3", "'1' is not a position in a list of 1"),
        ("tasks.first.limit=3", "'first' is not a position"),
        ("tasks.0.limit.more=3", "tasks.0.limit is a plain value"),
        ("seed.more=3", "seed is a plain value"),
        ("method.kep=3", "did you mean `keep`"),
    ],
)
def test_an_override_that_cannot_be_applied_is_named(override: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        config_from_mapping(TOY | {"seed": 1}, overrides=[override])
    assert said in str(raised.value)


def test_what_a_config_states_wins_over_its_preset() -> None:
    config = config_from_mapping(TOY | {"preset": "paper", "method": {"sampling": {"temperature": 0.5}}})
    assert (config.method.sampling.temperature, config.method.sampling.top_p) == (0.5, 0.9)
    assert config.method.selections == 20


def test_the_paper_preset_holds_the_published_values() -> None:
    config = config_from_mapping(TOY | {"preset": "paper"})
    method = config.method
    assert (method.guidelines, method.selections, method.keep, method.stop_early) == (None, 20, 5, False)
    assert (method.sampling.temperature, method.sampling.top_p, method.sampling.max_tokens) == (1.2, 0.9, 2048)
    assert (method.hint.guidelines, method.hint.selections, method.hint.temperature) == (0, 20, 0.85)
    assert (method.summarise, method.self_judge, method.retry_unusable) == (True, "and", False)
    assert (config.curation.max_tokens, config.curation.numbered_list, config.curation.boxed) == (
        799,
        "require",
        "unwrap",
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_a_config_written_out_reads_back_the_same(preset: str, tmp_path: Path) -> None:
    stated = {
        "preset": preset,
        "tasks": [{"name": "mine", "file": "q.jsonl", "fields": {"text": "{{ a }}?"}}, {"name": "rg:chain_sum"}],
        "engine": SERVER | {"extra_body": {"top_k": 5}},
        "method": {
            "name": "regenesis",
            "prompts": "./set",
            "guidelines_file": "g.yaml",
            "sampling": {"temperature": 1e-5},
        },
    }
    config = config_from_mapping(stated, base=tmp_path)
    text = yaml.safe_dump(config.model_dump(mode="json"))
    again = config_from_text(text, "again", base=tmp_path / "elsewhere")
    assert again == config
    assert differences(config, again) == []


def test_relative_paths_start_at_the_config_file(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "config.yaml"
    file.write_text(
        "tasks: [{name: mine, file: ../questions.jsonl}]\ndata_root: data\n"
        "method: {guidelines_file: mine.yaml, prompts: ./prompts}\n"
    )
    config = load_config(file)
    assert config.tasks[0].file == tmp_path / "questions.jsonl"
    assert config.data_root == tmp_path / "deep" / "data"
    assert config.method.guidelines_file == tmp_path / "deep" / "mine.yaml"
    assert config.method.prompts == str(tmp_path / "deep" / "prompts")


def test_relative_paths_of_the_later_stages_start_at_the_config_file(tmp_path: Path) -> None:
    llamacpp, transformers = {"kind": "llamacpp", "adapter": "a.gguf"}, {"kind": "transformers", "model": "m"}
    stated = {
        "engine": llamacpp,
        "training": {"launcher": "./fsdp.yaml", "python": "env/bin/python"},
        "evaluation": {"tasks": [{"name": "own", "file": "q.csv"}], "tuned_engine": transformers | {"adapter": "peft"}},
    }
    found: Any = config_from_mapping(TOY | stated, base=tmp_path).model_dump(mode="json")
    assert found["engine"]["adapter"] == str(tmp_path / "a.gguf")
    assert found["training"]["launcher"] == str(tmp_path / "fsdp.yaml")
    assert found["training"]["python"] == str(tmp_path / "env/bin/python")
    assert found["evaluation"]["tasks"][0]["file"] == str(tmp_path / "q.csv")
    assert found["evaluation"]["tuned_engine"]["adapter"] == str(tmp_path / "peft")


def test_what_is_named_and_no_path_is_left_alone(tmp_path: Path) -> None:
    training = config_from_mapping(
        TOY | {"training": {"launcher": "fsdp", "python": "python3"}}, base=tmp_path
    ).training
    assert (training.launcher, str(training.python)) == ("fsdp", "python3")


def test_the_name_of_a_prompt_set_is_no_path(tmp_path: Path) -> None:
    assert config_from_mapping(TOY | {"method": {"prompts": "paper"}}, base=tmp_path).method.prompts == "paper"


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("seed=5", "seed: 0 → 5"),
        ("method.sampling.temperature=0.1", "method.sampling.temperature: 0.8 → 0.1"),
        ("method.hint.temperature=0.1", "method.hint.temperature: 0.7 → 0.1"),
        ("engine.model=other", "engine.model: 'my-model' → 'other'"),
        ("engine.extra_body.top_k=5", "engine.extra_body.top_k: None → 5"),
        ("engine.send_seed=false", "engine.send_seed: True → False"),
    ],
)
def test_a_field_that_shapes_the_run_is_named_as_a_difference(override: str, named: str) -> None:
    stated = TOY | {"engine": SERVER}
    assert named in differences(config_from_mapping(stated), config_from_mapping(stated, overrides=[override]))


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("method.keep=3", "method.keep: 5 → 3"),
        ("method.hint.enabled=false", "method.hint.enabled: True → False"),
        ("curation.max_tokens=9", "curation.max_tokens: 1000 → 9"),
        ("tasks.0.limit=9", "tasks.0.limit: 3 → 9"),
    ],
)
def test_a_field_that_changes_no_recorded_request_extends_the_run(override: str, named: str) -> None:
    before, after = config_from_mapping(TOY), config_from_mapping(TOY, overrides=[override])
    assert (differences(before, after), extensions(before, after)) == ([], [named])
    assert named in section_differences(before, after).values()  # an experiment compares more strictly


@pytest.mark.parametrize(
    "override",
    [
        "budget.requests=5",
        "budget.minutes=2",
        "scheduling.window=5",
        "data_root=/elsewhere",
        "engine.base_url=[http://a/v1, http://b/v1]",
        "engine.max_in_flight=3",
        "engine.timeout=1",
        "engine.connect_timeout=1",
        "engine.retry.attempts=2",
        "engine.api_key_env=OTHER",
    ],
)
def test_a_field_that_may_differ_is_no_difference(override: str) -> None:
    stated = TOY | {"engine": SERVER}
    assert differences(config_from_mapping(stated), config_from_mapping(stated, overrides=[override])) == []


CHAT = {"method": {"prompts": "one-chat", "stages": ["adapt", "structure", "solve"], "adapt_tokens": 80}}
"""Defaults of earlier versions."""


@pytest.mark.parametrize("stated", [{}, {"preset": "quick"}, {"method": {"keep": 2}}, {"method": {"sampling": {}}}])
def test_a_run_goes_on_with_the_defaults_that_it_began_with(stated: dict[str, Any]) -> None:
    begun, now = config_from_mapping(TOY | stated | CHAT), config_from_mapping(TOY | stated)
    assert differences(begun, now)
    assert differences(begun, going_on(now, begun)) == []
    assert isinstance(now.method, ReGenesisConfig)
    assert going_on(now, begun).method.keep == now.method.keep


def test_what_a_config_states_itself_is_not_taken_from_the_run() -> None:
    begun, now = (
        config_from_mapping(TOY | CHAT),
        config_from_mapping(TOY, overrides=["method.prompts=guided", "seed=3"]),
    )
    assert differences(begun, going_on(now, begun)) == ["method.prompts: 'one-chat' → 'guided'", "seed: 0 → 3"]


@pytest.mark.parametrize(
    "deleted",
    [
        {"seed": 3},
        {"thinking": "keep"},
        {"preset": "quick"},
        {"engine": SERVER},
        {"method": {"name": "star"}},
        {"method": {"fused": True}},
        {"method": {"adapt_tokens": 90}},
        {"method": {"sampling": {"temperature": 0.3}}},
        {"method": {"hint": {"temperature": 0.3}}},
    ],
    ids=str,
)
def test_a_line_that_was_deleted_is_a_change_like_any_other(deleted: dict[str, Any]) -> None:
    begun, now = config_from_mapping(TOY | deleted), config_from_mapping(TOY)
    assert going_on(now, begun) == now
    assert differences(begun, now)


@pytest.mark.parametrize(
    "deleted", [{"method": {"keep": 2}}, {"method": {"hint": {"enabled": False}}}, {"curation": {"max_tokens": 9}}]
)
def test_a_deleted_line_that_changes_no_recorded_request_extends_the_run(deleted: dict[str, Any]) -> None:
    begun, now = config_from_mapping(TOY | deleted), config_from_mapping(TOY)
    assert (differences(begun, going_on(now, begun)), len(extensions(begun, going_on(now, begun)))) == ([], 1)


def test_a_switch_that_came_later_stays_off_in_a_run_begun_before() -> None:
    begun = config_from_mapping(TOY | {"method": {"repair": False, "adaptive_waves": False}})
    now, stated = config_from_mapping(TOY), config_from_mapping(TOY, overrides=["method.repair=true"])
    assert extensions(begun, going_on(now, begun)) == []
    assert extensions(begun, going_on(stated, begun)) == ["method.repair: False → True"]


def test_another_task_extends_the_run() -> None:
    one, two = config_from_mapping(TOY), config_from_mapping({"tasks": [*TOY["tasks"], {"name": "svamp"}]})
    assert differences(one, two) == []
    assert any("tasks.1.name" in line and "svamp" in line for line in extensions(one, two))


def sections(whole: type[Section] = RunConfig) -> list[type[Section]]:
    """A section and all that its fields are made of, each once."""
    inner = [one for field in whole.model_fields.values() for one in sections_in(field.annotation)]
    return list(dict.fromkeys([whole, *(deeper for one in inner for deeper in sections(one))]))


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.__name__)
def test_every_field_is_explained(section: type[Section]) -> None:
    explained = explanations(section)
    for name in section.model_fields:
        assert explained.get(name) or name in ("kind", "name"), name


class OwnMethodConfig(MethodSection):
    """A method of someone else's, with marks on its fields."""

    name: str = "own"
    hints: str = Field(default="default", json_schema_extra=A_PATH)
    batch: int = Field(default=1, json_schema_extra=MAY_DIFFER)
    depth: int = 1


def test_a_section_of_someone_elses_says_itself_what_is_a_path_and_what_may_differ() -> None:
    base = config_from_mapping(TOY)
    one, two, three = (
        base.model_copy(update={"method": OwnMethodConfig(**stated)}) for stated in ({}, {"batch": 8}, {"depth": 2})
    )
    assert differences(one, two) == []
    assert differences(one, three) == ["method.depth: 1 → 2"]
    assert absolute_path(OwnMethodConfig.model_fields["hints"], "./mine.txt", Path("/there")) == "/there/mine.txt"
    assert absolute_path(OwnMethodConfig.model_fields["hints"], "default", Path("/there")) == "default"


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        config_from_mapping(TOY).method.keep = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("stated", "thinking", "room"),
    [
        ("", "off", 0),
        ("thinking: off\n", "off", 0),
        ("thinking: on\n", "on", 2048),
        ("thinking: keep\nthinking_tokens: 300\n", "keep", 300),
        ("thinking: off\nthinking_tokens: 300\n", "off", 0),
    ],
)
def test_thinking_is_said_once_and_leaves_a_thought_its_room(stated: str, thinking: str, room: int) -> None:
    config = config_from_text(f"tasks: [gsm8k]\n{stated}", "config.yaml")
    assert (config.thinking, config.room_for_thought) == (thinking, room)


def test_a_preset_applies_to_a_config_made_in_python_too() -> None:
    made = RunConfig(preset="paper", tasks=[TaskConfig(name="gsm8k")])
    assert made.method == config_from_mapping({"preset": "paper", "tasks": ["gsm8k"]}).method
    assert made.method.prompts == "paper"
    assert RunConfig(tasks=made.tasks).method == ReGenesisConfig()


def test_what_a_config_made_in_python_states_wins_over_its_preset() -> None:
    made = RunConfig(
        preset="paper",
        tasks=[TaskConfig(name="gsm8k")],
        method=ReGenesisConfig(keep=2, sampling=SamplingConfig(top_p=0.5)),
        curation=CurationConfig(max_tokens=300),
    )
    assert (made.method.keep, made.method.prompts, made.method.wave) == (2, "paper", 45)
    assert (made.method.sampling.top_p, made.method.sampling.temperature) == (0.5, 1.2)
    assert (made.curation.max_tokens, made.curation.boxed) == (300, "unwrap")
    assert RunConfig.model_validate(made.model_dump()) == made
