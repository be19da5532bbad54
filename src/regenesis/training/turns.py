"""A row as text, in the parts that a trainer tells apart: what is given, what is learned, and the end of the turn.

    turn = TurnForm(tokenizer, thinking="off").of(prompt, "1. Add them. 2. It is 7.")
    turn.prompt + turn.given + turn.learned + turn.ending

The prompt is what an engine sends. What the chat template writes between it and the reply is read off a rendering
with a mark in the reply's place. For most models that is nothing; for those that think it is the tags of a thought that
was not kept. Such tags are given and never learned: they would teach the model not to think.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regenesis.checkpoints.chats import Chat
from regenesis.engines.thoughts import CLOSING, OPENING, closing_of
from regenesis.errors import TrainingError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from regenesis.types import Thinking

_REPLY, _THOUGHT = "regenesis-reply", "regenesis-thought"
_OPENING, _CLOSING = re.compile(OPENING), re.compile(CLOSING)
_THOUGHT_AT_THE_END = re.compile(
    rf"\s*(?:(?P<opening>{OPENING})(?P<gap>\s*)(?P<closing>{CLOSING})?|(?:{CLOSING}))\s*\Z"
)
_EMPTY_THOUGHT = re.compile(rf"\s*(?:{OPENING})?\s*(?:{CLOSING})\s*")


@dataclass(frozen=True, slots=True)
class Turn:
    """One row as text.

    Attributes:
        prompt: The chat as an engine sends it.
        given: What stands between it and what is learned, without being learned: a thought's tags around nothing.
        learned: The reply, and before it the thought where thoughts are kept.
        ending: What the template writes behind a reply.
    """

    prompt: str
    given: str
    learned: str
    ending: str


class TurnForm:
    """How a model's chat template writes a turn down.

    Args:
        tokenizer: With the template.
        thinking: What the template is told of thinking; `keep` puts thoughts into what is learned.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, thinking: Thinking = "off") -> None:
        self._chat = Chat(tokenizer, thinking)
        self._source = str(tokenizer.chat_template or "")
        self._keeps = thinking == "keep"

    def of(self, prompt: Sequence[Mapping[str, str]], reply: str, thought: str = "") -> Turn:
        """The turn that answers a prompt.

        Args:
            prompt: The chat up to the reply.
            reply: What the model is to reply.
            thought: What it thought before; left out unless thoughts are kept.

        Raises:
            TrainingError: The template renders the prompt in another way once a reply stands after it.
            jinja2.TemplateError: The template refuses the chat.
        """
        sent = self._chat.prompt(prompt)
        if self._keeps and thought.strip():
            return self._with_thought(sent, prompt, reply, thought.strip())
        before, _, ending = self._chat.whole([*prompt, _assistant(content=_REPLY)]).rpartition(_REPLY)
        given = _between(sent, before)
        # white space that the template writes before each reply is part of what the model has to write
        return Turn(sent, given, reply, ending) if given.strip() else Turn(sent, "", given + reply, ending)

    def _with_thought(self, sent: str, prompt: Sequence[Mapping[str, str]], reply: str, thought: str) -> Turn:
        for whole in self._renderings_of_a_thought(prompt):
            rest, _, ending = whole.rpartition(_REPLY)
            before, mark, between = rest.rpartition(_THOUGHT)
            if mark:
                return Turn(sent, "", _lead(sent, before) + thought + between + reply, ending)
        # the template drops thoughts, so the turn is written as the model writes it
        _, _, ending = self._chat.whole([*prompt, _assistant(content=_REPLY)]).rpartition(_REPLY)
        opened = _opened(sent)
        tag = opened or _tag_named_in(self._source)
        lead = "" if opened else f"{tag}\n"
        closing = _closing(tag, newline=not opened or sent.endswith("\n"))
        return Turn(sent, "", lead + thought + closing + reply, ending)

    def _renderings_of_a_thought(self, prompt: Sequence[Mapping[str, str]]) -> Iterator[str]:
        """The forms in which templates take a thought: a field of the message, or a part of its content."""
        from jinja2 import TemplateError

        fields = dict.fromkeys(("reasoning_content", "reasoning", "thinking"), _THOUGHT)
        parts = [{"type": "thinking", "thinking": _THOUGHT}, {"type": "text", "text": _REPLY}]
        for message in (_assistant(content=_REPLY, **fields), _assistant(content=parts)):
            try:
                yield self._chat.whole([*prompt, message])
            except (TemplateError, TypeError, ValueError, AttributeError):
                continue  # not a form that this template knows


def opens_a_thought(prompt: str) -> bool:
    """Whether a rendered prompt ends within a thought, which the model then has to go on with."""
    return bool(_opened(prompt))


def names_thoughts(template: str) -> bool:
    """Whether a chat template speaks of thoughts, so that its model was taught to think."""
    return bool(_OPENING.search(template) or _CLOSING.search(template))


def _assistant(**fields: Any) -> dict[str, Any]:
    return {"role": "assistant", **fields}


def _between(sent: str, before: str) -> str:
    """What follows the prompt up to the reply, so that a thought opened in the prompt is closed.

    Raises:
        TrainingError: The template renders the prompt in another way once a reply stands after it.
    """
    opened = _opened(sent)
    if before.startswith(sent):
        rest = before[len(sent) :]
        return rest if not opened or _CLOSING.search(rest) else _closing(opened, newline=sent.endswith("\n")) + rest
    rest = _after(_THOUGHT_AT_THE_END.sub("", sent), before)
    if not opened:
        # the prompt holds a whole thought, which the template leaves out of a reply
        return _EMPTY_THOUGHT.sub("", rest, count=1).lstrip()
    closing = _CLOSING.search(rest)
    if closing is None:
        return _closing(opened, newline=sent.endswith("\n")) + rest.lstrip()
    return rest[closing.start() :]


def _lead(sent: str, before: str) -> str:
    """What the template writes between prompt and thought."""
    if before.startswith(sent):
        return before[len(sent) :]
    rest = _after(_THOUGHT_AT_THE_END.sub("", sent), before)
    return "" if _opened(sent) else rest


def _after(base: str, before: str) -> str:
    base = base.rstrip()
    if not before.startswith(base):
        raise TrainingError(
            "the chat template renders the prompt in another way once the reply stands after it, so the model would be "
            "trained on prompts that no engine sends. Give the model a chat template that keeps them alike (the prompt "
            f"ends with {base[-40:]!r})."
        )
    return before[len(base) :]


def _opened(prompt: str) -> str | None:
    """The tag of the thought that a prompt ends within."""
    found = _THOUGHT_AT_THE_END.search(prompt)
    return found["opening"] if found is not None and found["opening"] and not found["closing"] else None


def _closing(opening: str, *, newline: bool) -> str:
    """What models write at the end of a thought: the closing tag, on a line of its own where the opening has one."""
    closing = closing_of(opening)
    return f"\n{closing}\n\n" if newline and closing.startswith(("</", "[/", "◁/")) else closing


def _tag_named_in(template: str) -> str:
    found = _OPENING.search(template)
    return found[0] if found is not None else "<think>"
