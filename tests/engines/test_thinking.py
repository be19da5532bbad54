"""Engines inside this process with chat templates of thinking models: what they send, and how they read replies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec

import pytest

pytest.importorskip("transformers")

from tests.engines.embedded import ask
from tests.helpers import chat_templates as templates
from tests.helpers.tiny_models import write_tiny_gguf
from tests.helpers.trainable import save_tiny_checkpoint

from regenesis.checkpoints import load_tokenizer
from regenesis.config import EngineConfig, Thinking
from regenesis.engines.chat_tokens import ChatTokens
from regenesis.engines.llamacpp.config import LlamaCppEngineConfig
from regenesis.engines.openvino.config import OpenVINOEngineConfig
from regenesis.engines.thoughts import Split
from regenesis.engines.transformers.config import TransformersEngineConfig
from regenesis.models import locate_weights
from regenesis.types import Completion

pytestmark = pytest.mark.model

Made = Callable[[str, str], EngineConfig]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Makes an engine's config with a tiny random model that has a chat template."""
    patch, copies = pytest.MonkeyPatch(), tmp_path_factory.mktemp("copies")
    patch.setattr("regenesis.engines.openvino.copies.cache_folder", lambda: copies)
    # whose next token is whose is a matter of near ties in a random model, on some processors more than on others
    patch.setattr("regenesis.engines.agreement._SHARE", 0.0)

    def make(kind: str, template: str) -> EngineConfig:
        folder = tmp_path_factory.mktemp(kind)
        if kind == "transformers":
            save_tiny_checkpoint(folder, initializer_range=0.5)
            (folder / "chat_template.jinja").write_text(template)
            return TransformersEngineConfig(
                kind="transformers", model=str(folder), context=256, dtype="float32", device="cpu", threads=1
            )
        model = write_tiny_gguf(folder / "tiny.gguf", "qwen2", template=template)
        if kind == "openvino":
            return OpenVINOEngineConfig(kind="openvino", model=str(model), max_in_flight=2, context=256, threads=1)
        return LlamaCppEngineConfig(kind="llamacpp", model=str(model), max_in_flight=2, context=256, threads=1)

    yield make
    patch.undo()


async def answered(config: EngineConfig, thinking: Thinking) -> tuple[str, Completion]:
    """Who the model is, and a greedy completion of it."""
    engine = config.make(thinking)
    await engine.open()
    try:
        return engine.model, await engine.complete(ask("Why?", temperature=0, tokens=6))
    finally:
        await engine.close()


_WITH_OPENVINO = pytest.mark.skipif(find_spec("openvino_genai") is None, reason="openvino-genai is not installed")
KINDS = pytest.mark.parametrize("kind", ["transformers", "llamacpp", pytest.param("openvino", marks=_WITH_OPENVINO)])


@KINDS
async def test_a_template_with_a_switch_is_told_whether_to_think(kind: str, made: Made) -> None:
    config = made(kind, templates.QWEN3)
    off, kept_from_it = await answered(config, "off")
    on, free = await answered(config, "on")
    assert kept_from_it.prompt_tokens > free.prompt_tokens, "the prompt of `off` holds an empty thought"
    assert off != on


@KINDS
@pytest.mark.parametrize("template", [templates.CHATML, templates.MAGISTRAL], ids=["plain", "no switch"])
async def test_a_model_without_a_switch_is_asked_and_named_as_ever(kind: str, template: str, made: Made) -> None:
    config = made(kind, template)
    off, silent = await answered(config, "off")
    on, free = await answered(config, "on")
    assert off == on
    assert "thinking" not in off
    assert (silent.text, silent.prompt_tokens) == (free.text, free.prompt_tokens)


@KINDS
async def test_a_thought_that_the_template_opens_and_the_limit_cuts_is_no_reply(kind: str, made: Made) -> None:
    _, completion = await answered(made(kind, templates.DEEPSEEK_R1), "on")
    assert (completion.text, completion.finish_reason) == ("", "length")
    assert completion.thought
    assert completion.thought_tokens == completion.completion_tokens == 6
    assert completion.only_thought


async def test_marks_that_are_special_tokens_part_the_texts_and_are_in_neither(made: Made) -> None:
    from tokenizers import AddedToken

    config = made("transformers", templates.MAGISTRAL)
    assert isinstance(config, TransformersEngineConfig)
    chat = ChatTokens(load_tokenizer(locate_weights(config.model)), "on")
    chat.tokenizer.add_tokens([AddedToken("[THINK]", special=True), AddedToken("[/THINK]", special=True)], True)
    written = chat.tokenizer("[THINK]per week?[/THINK]1. Add.<|im_end|>", add_special_tokens=False)["input_ids"]
    assert chat.parts(written, "") == Split("per week?", "1. Add.")
    plain = chat.tokenizer("1. Add.<|im_end|>", add_special_tokens=False)["input_ids"]
    assert chat.parts(plain, "") == Split("", "1. Add.")
