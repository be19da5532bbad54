"""Chats as questions: the messages of OpenAI's, TRL's and ShareGPT's layouts, as lists or as text.

    chat = as_chat([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 1 + 1?"}])
    question_in(chat)      # "What is 1 + 1?"

The last turn of the user is the question. What it is answered by, if anything, is the last turn of the assistant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from regenesis.tasks.literals import read_literal
from regenesis.tasks.rows import RowError, shorten

_KEYS = (("role", "content"), ("from", "value"))
_ROLES = {
    "user": ("user", "human", "prompter"),
    "assistant": ("assistant", "gpt", "model", "chatgpt", "bot", "ai"),
    "system": ("system", "developer"),
}
_ROLE_OF = {name: role for role, names in _ROLES.items() for name in names}


@dataclass(frozen=True, slots=True)
class Message:
    """One turn; `role` is `user`, `assistant`, `system`, or what else it is called."""

    role: str
    content: Any


Chat = list[Message]


def as_chat(value: Any) -> Chat | None:
    """The messages of a cell, `None` if it holds no chat."""
    if isinstance(value, str):
        if not value.lstrip().startswith("[") or not any(role in value for role, _ in _KEYS):
            return None
        try:
            value = read_literal(value)
        except ValueError:
            return None
    if isinstance(value, Mapping) and len(value) == 1:
        value = next(iter(value.values()))
    if not isinstance(value, list | tuple) or not value:
        return None
    for role, content in _KEYS:
        if all(isinstance(item, Mapping) and role in item and content in item for item in value):
            return [Message(_role(item[role]), item[content]) for item in value]
    return None


def _role(name: Any) -> str:
    return _ROLE_OF.get(str(name).casefold(), str(name))


def question_in(chat: Chat) -> str:
    """The last turn of the user.

    Raises:
        RowError: The user says nothing, or something that is not text.
    """
    said = [message.content for message in chat if message.role == "user"]
    if not said:
        raise RowError(f"its chat has no user message, only {', '.join(message.role for message in chat)}")
    return _text(said[-1])


def reply_in(chat: Chat) -> str | None:
    """What the assistant says at the end, `None` if the user has the last word."""
    return _text(chat[-1].content) if chat[-1].role == "assistant" else None


def system_turn(chat: Chat) -> str:
    """What stands before the talk: the system's turns, empty if there are none."""
    return "\n\n".join(_text(message.content) for message in chat if message.role == "system").strip()


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if isinstance(content, list) and all(isinstance(part, Mapping) for part in content):
        others = [part.get("type") for part in content if part.get("type", "text") != "text"]
        if others:
            raise RowError(f"its chat contains parts that are not text ({', '.join(map(str, others))})")
        return "".join(str(part.get("text", "")) for part in content)
    raise RowError(f"a message of its chat is {shorten(content)}, not text")
