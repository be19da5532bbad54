from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.played import question

from regenesis.curation.leaks import find_leak
from regenesis.curation.text import phrase
from regenesis.errors import ConfigError
from regenesis.methods.regenesis import ReGenesis, ReGenesisConfig
from regenesis.methods.regenesis.prompts import BUILT_IN, load_prompts
from regenesis.prompts import load_answering
from regenesis.types import ANSWER_KINDS, Choice, Message

HINT = "Shibboleth-17"
VALUES: dict[str, dict[str, Any]] = {
    "select": {"guidelines": ["First think.", "Then write."]},
    "adapt": {"guideline": "First think."},
    "structure": {"adapted": "Count the shelves first."},
    "solve": {"structure": "1. Count.\n2. Add."},
    "summarise": {"path": "It is \\boxed{42}."},
    "judge": {"path": "It is \\boxed{42}.", "gold": "42"},
}
STAGES = tuple(VALUES)
HOSTILE = [
    "What is {{ 7 * 7 }} and {% for x in y %}?",
    "Say {# nothing #} of {{ hint }}.",
    "{% include 'hint.j2' %} {{ question.gold }} {{ self }}",
    "Line one\r\n\ttab <b>&amp;</b> \\boxed{} $x$ 'quoted' \"twice\"",
    "{{",
    "{% raw %}",
]


@pytest.fixture
def own_set(tmp_path: Path) -> Path:
    """A copy of the default set, to be changed."""
    folder = tmp_path / "mine"
    with resources.as_file(
        resources.files("regenesis.methods.regenesis").joinpath("prompt_sets", "one-chat")
    ) as default:
        shutil.copytree(default, folder)
    return folder


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("kind", ANSWER_KINDS)
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("hint", [None, HINT])
def test_every_stage_can_be_asked_for_every_kind_of_answer(name: str, kind: str, stage: str, hint: str | None) -> None:
    one = question(kind=kind, choices=(Choice("A", "30"), Choice("B", "42")) if kind == "choice" else ())
    (message,) = load_prompts(name).messages(stage, one, hint=hint, **VALUES[stage])
    assert message.role == "user"
    assert len(message.content) > 40
    assert message.content == message.content.strip()


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_question_stands_word_for_word_whatever_braces_it_holds(name: str, text: str) -> None:
    one = question(text=text)
    prompts = load_prompts(name)
    for stage in ("select", "adapt", "summarise", "judge"):
        (message,) = prompts.messages(stage, one, hint=None, **VALUES[stage])
        assert text in message.content
    assert text in load_answering().messages(one)[0].content


@given(st.text(min_size=1, max_size=60).filter(lambda text: text == text.strip()))
def test_in_the_default_set_any_question_stands_first_and_word_for_word(text: str) -> None:
    prompts = load_prompts("one-chat")
    for stage in ("select", "adapt", "summarise", "judge"):
        (message,) = prompts.messages(stage, question(text=text), hint=None, **VALUES[stage])
        assert message.content.startswith(f"{text}\n")


@pytest.mark.parametrize("text", ["{{ hint }}", "{% raw %}", "{{ 1/0 }}"])
@pytest.mark.parametrize("stage", ["select", "adapt", "summarise", "judge"])
def test_what_a_model_or_a_gold_answer_says_is_no_template_either(stage: str, text: str) -> None:
    values = {name: [text] if isinstance(value, list) else text for name, value in VALUES[stage].items()}
    (message,) = load_prompts("one-chat").messages(stage, question(), hint=text, **values)
    assert text in message.content


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_hint_reaches_the_stages_and_never_the_answering_prompt(name: str) -> None:
    prompts, one = load_prompts(name), question(gold=HINT, text="How many?")
    (adapt,) = prompts.messages("adapt", one, hint=HINT, **VALUES["adapt"])
    assert HINT in adapt.content
    assert HINT not in "".join(message.content for message in load_answering().messages(one))


@pytest.mark.parametrize("stage", ["adapt", "structure", "solve"])
def test_the_paper_set_puts_the_answer_into_every_stage_of_the_hint_pass(stage: str) -> None:
    (message,) = load_prompts("paper").messages(stage, question(), hint=HINT, **VALUES[stage])
    assert HINT in message.content


def test_the_guided_set_asks_each_stage_in_a_chat_of_its_own_and_for_the_path_as_a_plain_answer_is_asked_for() -> None:
    prompts, one = load_prompts("guided"), question()
    for stage in ("adapt", "structure", "solve"):
        (message,) = prompts.messages(stage, one, (Message("user", "earlier"),), hint=None, **VALUES[stage])
        assert message.content.startswith(one.text)
    asked = load_answering().messages(one)[-1].content
    assert message.content.rpartition(", and end")[2] == asked.rpartition(", and end")[2]


def test_a_run_may_ask_for_ends_or_not_with_the_set_it_began_with() -> None:
    asking, not_asking = (load_prompts("guided", ReGenesisConfig(repair=repair)) for repair in (True, False))
    assert (asking.repairs, not_asking.repairs) == (True, False)
    assert asking.digest == not_asking.digest


def test_one_call_with_a_guideline_asks_as_a_plain_sample_does_with_the_guideline_as_system_message() -> None:
    prompts = load_prompts("guided", ReGenesisConfig(stages=["solve"]))
    plain = load_answering().messages(question())
    system, turn = prompts.messages("solve_alone", question(), hint=None, guideline="First think.")
    assert (system.role, turn) == ("system", *plain)
    assert system.content.endswith("First think.")
    assert prompts.messages("solve_alone", question(), hint=None, guideline=None) == plain


def test_a_system_message_of_a_stage_comes_before_that_of_the_set(own_set: Path) -> None:
    (own_set / "set.yaml").write_text("conversation: false\nsystem: Be brief.\n", "utf-8")
    (own_set / "adapt.system.j2").write_text("Hold to this: {{ guideline }}", "utf-8")
    prompts = load_prompts(str(own_set))
    said = [prompts.messages(stage, question(), hint=None, **VALUES[stage])[0] for stage in ("adapt", "structure")]
    assert said == [Message("system", "Hold to this: First think."), Message("system", "Be brief.")]


@pytest.mark.parametrize("base", BUILT_IN)
def test_a_set_of_the_users_own_may_extend_any_that_comes_with_the_package(own_set: Path, base: str) -> None:
    for file in own_set.glob("*.j2"):
        file.unlink()
    (own_set / "solve.j2").write_text("Solve it: {{ question.text }}", "utf-8")
    (own_set / "set.yaml").write_text(f"conversation: true\nextends: {base}\n", "utf-8")
    extended, built_in = load_prompts(str(own_set)), load_prompts(base)
    asked = {"question": question(), "hint": None}
    for stage in ("select", "adapt"):
        assert extended.messages(stage, **asked, **VALUES[stage]) == built_in.messages(stage, **asked, **VALUES[stage])
    assert extended.messages("solve", **asked, **VALUES["solve"]) != built_in.messages(
        "solve", **asked, **VALUES["solve"]
    )


def test_a_set_that_extends_one_which_is_not_there_is_refused(own_set: Path) -> None:
    (own_set / "set.yaml").write_text("conversation: true\nextends: pepper\n", "utf-8")
    with pytest.raises(ConfigError, match="`extends` must be one of guided, one-chat, paper"):
        load_prompts(str(own_set))


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("stage", STAGES)
def test_without_a_hint_none_is_spoken_of(name: str, stage: str) -> None:
    (message,) = load_prompts(name).messages(stage, question(), hint=None, **VALUES[stage])
    for word in ("hint", ": none", "for your eyes", "the correct answer is", "keep it to yourself"):
        assert word.lower() not in message.content.lower()


def test_the_paper_set_keeps_the_published_order_guideline_first_question_last() -> None:
    prompts, one = load_prompts("paper"), question()
    for stage, first in (("adapt", "First think."), ("structure", "Count the shelves"), ("solve", "1. Count.")):
        (message,) = prompts.messages(stage, one, (Message("user", "earlier"),), hint=None, **VALUES[stage])
        assert message.content.index(first) < message.content.index(one.text)
        assert "earlier" not in message.content


def test_a_conversation_goes_on_from_its_history() -> None:
    history = (Message("user", "one"), Message("assistant", "two"))
    messages = load_prompts("one-chat").messages("solve", question(), history, hint=None, structure="1. Count.")
    assert messages[:2] == history
    assert messages[2].role == "user"


def test_a_set_of_the_users_own_is_taken(own_set: Path) -> None:
    (own_set / "adapt.j2").write_text(
        "Mine: {{ guideline }} / {{ question.text }}{% if hint %} ({{ hint }}){% endif %}"
    )
    (own_set / "set.yaml").write_text("conversation: true\nsystem: Be brief.\n")
    prompts = load_prompts(str(own_set))
    messages = prompts.messages("adapt", question(text="Q?"), hint=None, guideline="G")
    assert messages == (Message("system", "Be brief."), Message("user", "Mine: G / Q?"))
    assert prompts.digest != load_prompts("one-chat").digest


def test_the_digest_tells_sets_apart_by_every_file(own_set: Path) -> None:
    default = load_prompts("one-chat").digest
    assert load_prompts(str(own_set)).digest == default
    with (own_set / "hint.j2").open("a") as file:
        file.write(" ")
    assert load_prompts(str(own_set)).digest != default


def test_an_included_template_sees_what_the_including_one_sets(own_set: Path) -> None:
    (own_set / "adapt.j2").write_text("{% set tone = 'kind' %}{% include 'tone.j2' %}{{ guideline }}")
    (own_set / "tone.j2").write_text("[{{ tone }}] ")
    (message,) = load_prompts(str(own_set)).messages("adapt", question(), hint=None, guideline="G")
    assert message.content == "[kind] G"


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("solve.j2", None, "has no template solve.j2"),
        ("train.j2", "{{ question.text }}", "train.j2, the prompt of training and evaluation, now has a section"),
        ("set.yaml", None, "has no set.yaml"),
        ("set.yaml", "conversation: [", "set.yaml: is not valid YAML"),
        ("set.yaml", "conversation: often", "must say `conversation: true`"),
        ("set.yaml", "", "must say `conversation: true`"),
        ("set.yaml", "conversation: true\nsystm: x", "unknown key 'systm'"),
        ("set.yaml", "conversation: true\nsystem: 5", "`system` must be a text"),
        ("adapt.j2", "one\ntwo {{ guideline\n", "adapt.j2 line 2"),
        ("hint.j2", "one\n\n{% if hint %}", "hint.j2 line 3"),
        ("adapt.j2", "{{ guidelin }}", "adapt.j2: names 'guidelin', which adapt.j2 does not have"),
        ("adapt.j2", "{{ structure }}", "it has conversation, guideline, hint, question"),
        ("hint.j2", "{{ gold }}", "hint.j2: names 'gold'"),
        ("solve.j2", "{% include 'nowhere.j2' %}", "includes nowhere.j2, which is not there"),
        ("solv.system.j2", "Be brief.", "solv.system.j2 belongs to no stage; stages are adapt,"),
        ("adapt.system.j2", "{{ structure }}", "adapt.system.j2: names 'structure', which"),
    ],
)
def test_a_set_at_fault_is_refused_before_anything_is_asked(
    own_set: Path, file: str, content: str | None, said: str
) -> None:
    if content is None:
        (own_set / file).unlink()
    else:
        (own_set / file).write_text(content)
    with pytest.raises(ConfigError) as raised:
        load_prompts(str(own_set))
    assert said in str(raised.value)
    assert str(own_set) in str(raised.value)


def test_a_file_that_is_not_text_is_named(own_set: Path) -> None:
    (own_set / "adapt.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"adapt\.j2: cannot be read"):
        load_prompts(str(own_set))


def test_an_attribute_that_a_question_does_not_have_is_named_with_the_template(own_set: Path) -> None:
    (own_set / "adapt.j2").write_text("{{ question.txt }} {{ guideline }}")
    with pytest.raises(ConfigError, match=r"adapt\.j2 line 1: .*txt"):
        load_prompts(str(own_set)).messages("adapt", question(), hint=None, guideline="G")


def test_a_template_cannot_reach_into_python(own_set: Path) -> None:
    (own_set / "adapt.j2").write_text("{{ question.__class__.__mro__ }} {{ guideline }}")
    with pytest.raises(ConfigError, match=r"adapt\.j2"):
        load_prompts(str(own_set)).messages("adapt", question(), hint=None, guideline="G")


def test_the_model_does_not_see_the_answer_where_it_selects_guidelines_as_published() -> None:
    (message,) = load_prompts("paper").messages("select", question(), hint=HINT, **VALUES["select"])
    assert HINT not in message.content


ABLATIONS: list[dict[str, Any]] = [
    {"stages": ["structure", "solve"]},
    {"stages": ["adapt", "solve"]},
    {"stages": ["solve"]},
    {"fused": True},
    {"guidelines": "generate"},
    {"guidelines": 0, "unguided": 4},
]


@pytest.mark.parametrize("config", ABLATIONS)
@pytest.mark.parametrize("name", BUILT_IN)
def test_a_template_for_an_ablation_changes_nothing_where_it_is_not_used(
    own_set: Path, name: str, config: dict[str, Any]
) -> None:
    assert load_prompts(name, ReGenesisConfig(**config)).digest != load_prompts(name).digest
    for template in ("structure_alone", "solve_alone", "fused", "generate"):
        (own_set / f"{template}.j2").unlink()
    assert load_prompts(str(own_set)).digest == load_prompts("one-chat").digest


@pytest.mark.parametrize(
    ("config", "template"),
    [
        ({"stages": ["structure", "solve"]}, "structure_alone"),
        ({"stages": ["solve"]}, "solve_alone"),
        ({"stages": ["adapt", "solve"]}, "solve_alone"),
        ({"fused": True}, "fused"),
        ({"guidelines": "generate"}, "generate"),
        ({"unguided": 1, "stages": ["adapt", "structure", "solve"]}, "structure_alone"),
    ],
)
def test_a_set_that_lacks_a_template_that_the_config_needs_is_refused(
    own_set: Path, config: dict[str, Any], template: str
) -> None:
    (own_set / f"{template}.j2").unlink()
    with pytest.raises(ConfigError, match=rf"has no template {template}\.j2"):
        load_prompts(str(own_set), ReGenesisConfig(**config))


ALL_THREE = {"stages": ["adapt", "structure", "solve"]}


@pytest.mark.parametrize(
    ("config", "own", "unasked"),
    [
        ({}, [], []),
        ({}, ["solve_alone"], []),
        ({}, ["solve"], ["solve.j2"]),
        ({}, ["adapt", "solve_alone", "structure"], ["adapt.j2", "structure.j2"]),
        ({}, ["solv"], ["solv.j2"]),
        ({}, ["hint", "answer_form"], []),
        ({"stages": ["adapt", "solve"]}, ["adapt", "solve", "solve_alone"], ["solve.j2"]),
        ({"stages": ["structure", "solve"]}, ["structure", "structure_alone"], ["structure.j2"]),
        (ALL_THREE, ["adapt", "structure", "solve"], []),
        (ALL_THREE, ["structure_alone", "solve_alone"], ["solve_alone.j2", "structure_alone.j2"]),
        (ALL_THREE | {"unguided": 1}, ["structure", "structure_alone"], []),
        (ALL_THREE | {"fused": True}, ["fused", "solve"], ["solve.j2"]),
        ({}, ["fused", "generate"], ["fused.j2", "generate.j2"]),
        ({"guidelines": "generate"}, ["generate"], []),
        ({}, ["judge", "summarise", "select"], ["judge.j2", "select.j2", "summarise.j2"]),
        ({"self_judge": "and", "summarise": True, "selections": 1}, ["judge", "summarise", "select"], []),
        ({"hint": {"selections": 1}}, ["select"], []),
        ({"hint": {"selections": 1, "enabled": False}}, ["select"], ["select.j2"]),
        ({}, ["solve_alone.system"], []),
        ({}, ["solve.system"], ["solve.system.j2"]),
        ({}, ["repair"], []),
        ({"repair": False}, ["repair"], ["repair.j2"]),
    ],
)
def test_templates_of_the_users_own_that_nothing_is_asked_by_are_known(
    own_set: Path, config: dict[str, Any], own: list[str], unasked: list[str]
) -> None:
    for template in own:
        with (own_set / f"{template}.j2").open("a") as file:
            file.write("\nIn my own words.\n")
    assert load_prompts(str(own_set), ReGenesisConfig(**config)).unasked() == unasked


def test_a_note_names_the_templates_that_nothing_is_asked_by_and_what_to_set(own_set: Path) -> None:
    for template in ("solve", "judge"):
        (own_set / f"{template}.j2").write_text("{{ question.text }}")
    assert ReGenesis(ReGenesisConfig(prompts=str(own_set)), load_answering()).remarks() == [
        f"prompt set {own_set}: nothing is asked by judge.j2, solve.j2; this config asks by solve_alone.j2. Change "
        "method.self_judge and method.stages so that they are used, move the text to a template that is, or remove the "
        "file."
    ]
    assert ReGenesis(ReGenesisConfig(), load_answering()).remarks() == []


def test_a_set_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match="guided, one-chat, paper"):
        load_prompts("deflaut")


@pytest.mark.parametrize(
    ("sets", "part"),
    [
        *((("one-chat",), part) for part in load_prompts("one-chat").scaffold),
        *((("guided", "one-chat"), part) for part in load_prompts("guided").scaffold),
    ],
)
def test_what_no_path_may_repeat_stands_in_a_template(sets: tuple[str, ...], part: str) -> None:
    folders = [resources.files("regenesis.methods.regenesis").joinpath("prompt_sets", name) for name in sets]
    files = [file for folder in folders for file in folder.iterdir() if file.name.endswith(".j2")]
    assert any(phrase(part) in phrase(file.read_text("utf-8")) for file in files)


@pytest.mark.parametrize(
    "text",
    [
        "Step 3: Open the results for now, do no arithmetic, and write no equals sign.\n\nThe hats cost \\boxed{700}.",
        "4. Write the final answer, a number alone, in \\boxed{}: \\boxed{12}",
        "5. Write the final answer, in the form that the problem asks for and with nothing else.\n\\boxed{12}",
    ],
)
def test_a_path_that_repeats_what_a_stage_asks_for_is_found_out(text: str) -> None:
    assert find_leak(text, "What do the hats cost?", load_prompts("one-chat").scaffold) in ("scaffold", "prompt")
