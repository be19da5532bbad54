from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.helpers import chat_templates as templates

from regenesis.checkpoints import load_tokenizer
from regenesis.checkpoints.chats import Chat
from regenesis.engines.transformers import TransformersEngine
from regenesis.engines.transformers.config import TransformersEngineConfig
from regenesis.errors import TrainingError
from regenesis.models import locate_weights
from regenesis.training.rows import RowTemplate
from regenesis.training.turns import Turn, TurnForm, opens_a_thought
from regenesis.types import Message, Request, Sampling

pytestmark = pytest.mark.model

PROMPT = [{"role": "user", "content": "What is 3 and 4?"}]
REPLY, THOUGHT = "1. Add them.\n2. It is \\boxed{7}.", "Three. Four more."
END = "<|im_end|>"

DROPPED = [
    # template, thinking, what the prompt ends with, what is given after it
    (templates.CHATML, "off", "assistant\n", ""),
    (templates.CHATML, "on", "assistant\n", ""),
    (templates.QWEN3, "off", "assistant\n<think>\n\n</think>\n\n", ""),
    (templates.QWEN3, "on", "assistant\n", "<think>\n\n</think>\n\n"),
    (templates.DEEPSEEK_R1, "off", "assistant\n<think>\n", "\n</think>\n\n"),
    (templates.DEEPSEEK_R1, "on", "assistant\n<think>\n", "\n</think>\n\n"),
    (templates.DEEPSEEK_V31, "off", "assistant</think>", ""),
    (templates.DEEPSEEK_V31, "on", "assistant<think>", "</think>"),
    (templates.GPT_OSS, "off", "<|im_start|>assistant", "<|channel|>final<|message|>"),
    (templates.GPT_OSS, "on", "<|im_start|>assistant", "<|channel|>final<|message|>"),
    (templates.MAGISTRAL, "off", "[/INST]", ""),
    (templates.GLM, "on", "<|assistant|>", "\n<think></think>\n"),
    (templates.SMOLLM3, "off", "assistant\n<think>\n\n</think>\n", ""),
    (templates.SMOLLM3, "on", "assistant\n", ""),
]

KEPT = [
    # template, what is learned
    (templates.QWEN3, f"<think>\n{THOUGHT}\n</think>\n\n{REPLY}"),
    (templates.DEEPSEEK_R1, f"{THOUGHT}\n</think>\n\n{REPLY}"),
    (templates.DEEPSEEK_V31, f"{THOUGHT}</think>{REPLY}"),
    (
        templates.GPT_OSS,
        f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|im_start|>assistant<|channel|>final<|message|>{REPLY}",
    ),
    (templates.MAGISTRAL, f"[THINK]{THOUGHT}[/THINK]{REPLY}"),
    (templates.GLM, f"\n<think>{THOUGHT}</think>\n{REPLY}"),
    (templates.SMOLLM3, f"<think>\n{THOUGHT}\n</think>\n\n{REPLY}"),
    (templates.CHATML, f"<think>\n{THOUGHT}\n</think>\n\n{REPLY}"),
]


@pytest.fixture(scope="module")
def loaded(tiny: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny)


@pytest.fixture
def form(loaded: Any) -> Iterator[Callable[..., TurnForm]]:
    own = loaded.chat_template

    def make(template: str, thinking: Any = "off") -> TurnForm:
        loaded.chat_template = template
        return TurnForm(loaded, thinking)

    yield make
    loaded.chat_template = own


@pytest.mark.parametrize(("template", "thinking", "tail", "given"), DROPPED)
def test_the_reply_alone_is_learned_and_the_tags_of_a_dropped_thought_are_given(
    form: Callable[..., TurnForm], template: str, thinking: str, tail: str, given: str
) -> None:
    turn = form(template, thinking).of(PROMPT, REPLY, THOUGHT)
    assert turn.prompt.endswith(tail)
    assert (turn.given, turn.learned, turn.ending.strip()) == (given, REPLY, END)


def test_a_line_break_that_the_template_writes_before_each_reply_is_learned(form: Callable[..., TurnForm]) -> None:
    turn = form(templates.GLM).of(PROMPT, REPLY)
    assert (turn.given, turn.learned) == ("", "\n" + REPLY)


@pytest.mark.parametrize(("template", "learned"), KEPT)
def test_a_kept_thought_is_learned_in_the_templates_own_form(
    form: Callable[..., TurnForm], template: str, learned: str
) -> None:
    turn = form(template, "keep").of(PROMPT, REPLY, THOUGHT)
    assert (turn.given, turn.learned, turn.ending.strip()) == ("", learned, END)


@pytest.mark.parametrize("template", [template for template, _ in KEPT])
@pytest.mark.parametrize("thinking", ["off", "on", "keep"])
def test_the_prompt_is_what_an_engine_sends(
    form: Callable[..., TurnForm], loaded: Any, template: str, thinking: Any
) -> None:
    turn = form(template, thinking).of(PROMPT, REPLY, THOUGHT)
    assert turn.prompt == Chat(loaded, thinking).prompt(PROMPT)


@pytest.mark.parametrize("thinking", ["off", "on"])
async def test_rows_begin_with_the_tokens_that_the_engine_reads_and_end_where_it_stops(
    tiny: Path, tmp_path: Path, thinking: Any
) -> None:
    folder = shutil.copytree(tiny, tmp_path / "thinking")
    (folder / "chat_template.jinja").write_text(templates.QWEN3)
    engine = TransformersEngine(TransformersEngineConfig(kind="transformers", model=str(folder)), thinking=thinking)
    await engine.open()
    message = Message("user", PROMPT[0]["content"])
    request = Request(engine.model, (message,), Sampling(0.0, 1.0, 1), 0, 0, "q", "solve")
    prompt_tokens = (await engine.complete(request)).prompt_tokens
    await engine.close()
    tokenizer = load_tokenizer(locate_weights(str(folder)))
    row = {"prompt": PROMPT, "completion": [{"role": "assistant", "content": REPLY}]}
    rendered = RowTemplate(tokenizer, {2}, thinking).render(row, "row 1")
    assert rendered is not None
    sent = tokenizer(Chat(tokenizer, thinking).prompt(PROMPT), add_special_tokens=False)["input_ids"]
    assert rendered[0][: len(sent)] == sent
    assert len(sent) == prompt_tokens
    assert tokenizer.decode(rendered[0][rendered[1] :]) == REPLY + END


def test_keeping_thoughts_a_reply_without_one_is_learned_alone(form: Callable[..., TurnForm]) -> None:
    without = form(templates.QWEN3, "keep").of(PROMPT, REPLY)
    assert without == Turn("<|im_start|>user\nWhat is 3 and 4?<|im_end|>\n<|im_start|>assistant\n",
                           "<think>\n\n</think>\n\n", REPLY, "<|im_end|>\n")  # fmt: skip


def test_a_template_that_writes_another_prompt_before_a_reply_is_an_error(form: Callable[..., TurnForm]) -> None:
    template = "{% if add_generation_prompt %}Answer!{% endif %}" + templates.CHATML
    with pytest.raises(TrainingError, match="renders the prompt in another way"):
        form(template).of(PROMPT, REPLY)


@pytest.mark.parametrize(
    ("template", "opens"),
    [
        (templates.DEEPSEEK_R1, True),
        (templates.QWEN3, False),
        (templates.DEEPSEEK_V31, False),
        (templates.CHATML, False),
    ],
)
def test_whether_the_prompt_opens_a_thought(form: Callable[..., TurnForm], template: str, opens: bool) -> None:
    assert opens_a_thought(form(template).of(PROMPT, REPLY).prompt) is opens
