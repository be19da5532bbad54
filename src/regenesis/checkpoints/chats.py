"""A model's chat template, rendered in one way for whoever asks the model and whoever trains it.

    chat = Chat(tokenizer, thinking="off")
    chat.prompt(messages)                  # what an engine sends
    chat.switches                          # {"enable_thinking": False} where the template has such a switch

A template that lets a model think may have a switch for it. Its value is part of the prompt, so engine and trainer must
render with the same one, and only where the template has it: a model without one is asked as ever.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from regenesis.types import Thinking

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_OFF: dict[str, Any] = {
    "enable_thinking": False,  # Qwen3, GLM-4.5, SmolLM3, Hunyuan
    "thinking": False,  # DeepSeek-V3.1, Granite 3
    "thinking_budget": 0,  # Seed-OSS
    "reasoning_effort": "low",  # gpt-oss, which cannot be kept from thinking
}
_ON: dict[str, Any] = {"enable_thinking": True, "thinking": True}
"""The other switches think by default, as much as their model's makers chose."""


class Chat:
    """Renders chats through a tokenizer's template.

    Attributes:
        switches: What the template is told of thinking, by the names of its own variables.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, thinking: Thinking = "off") -> None:
        self._tokenizer = tokenizer
        self._thinking: Thinking = thinking
        self.switches = switch_values(str(tokenizer.chat_template or ""), thinking)

    def prompt(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """A chat as an engine sends it, up to where the reply begins.

        Raises:
            jinja2.TemplateError: The template refuses the chat.
        """
        return self._text(messages, add_generation_prompt=True)

    def whole(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """A chat that ends with a reply.

        Raises:
            jinja2.TemplateError: The template refuses the chat.
        """
        return self._text(messages, add_generation_prompt=False)

    def end_of_turn(self) -> set[int]:
        """The token behind an assistant's message, as the template writes it; none if that is no token of its own."""
        from jinja2 import TemplateError

        mark = "regenesis-answer"
        try:
            text = self.whole([{"role": "user", "content": "?"}, {"role": "assistant", "content": mark}])
        except TemplateError:
            return set()
        tail = self._tokenizer(text.rpartition(mark)[2].lstrip(), add_special_tokens=False)["input_ids"]
        return {tail[0]} & set(self._tokenizer.added_tokens_decoder) if tail else set()

    def mark(self) -> str:
        """What the template's switches add to the model's identity."""
        from jinja2 import TemplateError

        chat = [{"role": "user", "content": "?"}]
        try:
            told, untold = (
                self._tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False, **switches)
                for switches in (self.switches, {})
            )
        except (TemplateError, ValueError, TypeError):
            return ""
        return identity_mark(self._thinking, str(told), str(untold))

    def _text(self, messages: Sequence[Mapping[str, Any]], *, add_generation_prompt: bool) -> str:
        rendered = self._tokenizer.apply_chat_template(
            [dict(message) for message in messages],
            add_generation_prompt=add_generation_prompt,
            tokenize=False,
            **self.switches,
        )
        return str(rendered)


def switch_values(template: str, thinking: Thinking) -> dict[str, Any]:
    """What a chat template is to be told of thinking; nothing where it has no switch for it."""
    names = _variables(template)
    return {name: value for name, value in (_OFF if thinking == "off" else _ON).items() if name in names}


def unseen_switches(model: str, thinking: Thinking) -> dict[str, Any]:
    """What to tell a chat template that is not at hand: the switches of most families, which others pass over."""
    # only gpt-oss's own name shows that it takes the last one
    names = ["enable_thinking", "thinking", *(["reasoning_effort"] if "gpt-oss" in model.lower() else [])]
    values = _OFF if thinking == "off" else _ON
    return {name: values[name] for name in names if name in values}


def identity_mark(thinking: Thinking, told: str, untold: str) -> str:
    """What a switch adds to a model's identity: nothing where a chat reads the same without it.

    Args:
        thinking: The setting.
        told: A chat rendered with the switches.
        untold: The same chat rendered without them.
    """
    if told == untold:
        return ""
    return "+thinking-off" if thinking == "off" else "+thinking-on"


def stop_tokens(stated: int | Sequence[int] | None, tokenizer: PreTrainedTokenizerBase, chat: Chat) -> set[int]:
    """Ids of the tokens that end a reply: those that the model's files name, and what its template writes there.

    A base checkpoint often names the end of a text alone, while its template ends turns with another token.

    Args:
        stated: What `generation_config.json` says.
        tokenizer: The model's.
        chat: Its template.
    """
    return named_ends(stated, tokenizer) | chat.end_of_turn()


def name_ends(model: PreTrainedModel, stops: Collection[int]) -> None:
    """Has a model that is going to be saved name all tokens that end a reply, so that others stop there, too.

    A base checkpoint names the end of a text alone, while the turns of its template end with another token.
    """
    if not set(stops) <= _as_set(model.generation_config.eos_token_id):
        model.generation_config.eos_token_id = sorted(stops)


def named_ends(stated: int | Sequence[int] | None, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """Ids of the tokens that a model's files name as ends, whatever its template writes; see `stop_tokens`."""
    return _as_set(stated) | _as_set(tokenizer.eos_token_id)


def _as_set(tokens: int | Sequence[int] | None) -> set[int]:
    return {tokens} if isinstance(tokens, int) else set(tokens or ())


def _variables(template: str) -> set[str]:
    """Names that a template takes from whoever renders it."""
    from jinja2 import Environment, TemplateError, meta

    # transformers' own block: nothing but a mark around what an assistant writes
    plain = re.sub(r"\{%-?\s*(end)?generation\s*-?%\}", "", template)
    try:
        return meta.find_undeclared_variables(Environment(extensions=["jinja2.ext.loopcontrols"]).parse(plain))
    except TemplateError:
        return set()
