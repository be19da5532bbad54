"""Reads what a chat-completions server sent back. All of it is untrusted.

    reply = read_reply(body, content_type)

Whatever the bytes, the outcome is a reply, `BrokenReply` (ask again, unless it is an `ErrorInReply` whose status says
otherwise) or `Withheld` (no text will come of asking again).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from regenesis.engines.openai.bodies import BrokenReply, read_object
from regenesis.engines.openai.complaints import words_of
from regenesis.engines.openai.finishes import finish_of
from regenesis.engines.thoughts import share_of_thought, split

_MOST_BYTES_A_TOKEN = 16
_UNWRITTEN_TOKENS = 8
_LARGEST_COUNT = 10_000_000
_LONGEST_HIDDEN_THOUGHT = 1_000_000
_THOUGHT_FIELDS = (
    "reasoning_content",
    "reasoning",
    "reasoning_text",
    "thinking",
    "reasoning_details",
    "thinking_blocks",
)
"""Where servers put a thought beside the content, several of them twice; the first that holds text is read."""
_THOUGHT_PARTS = frozenset({"thinking", "reasoning", "thought"})
_TEXT_KEYS = ("text", "thinking", "reasoning", "content", "summary")
_DEEPEST_PART = 4


class ErrorInReply(BrokenReply):
    """The body holds an error in the place of a completion, though the status says that all is well.

    Attributes:
        status: The status that the error names for itself, `None` where it names none.
    """

    def __init__(self, words: str, status: int | None) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True, slots=True)
class Reply:
    """What can be relied on in a chat completion.

    Attributes:
        text: What the model replied; always encodes as UTF-8.
        finish_reason: `length` if the server said so, `stop` otherwise.
        prompt_tokens: As the server counted, 0 if it did not say or cannot be believed.
        completion_tokens: Thought and reply as the server counted, or an estimate from the text.
        usage_estimated: Whether it is that estimate.
        thought: What the model thought before, in whichever way the server sent it; always encodes as UTF-8.
        thought_tokens: How many of the tokens were thought, which some servers count without showing it.
    """

    text: str
    finish_reason: Literal["stop", "length"]
    prompt_tokens: int
    completion_tokens: int
    usage_estimated: bool
    thought: str = ""
    thought_tokens: int = 0

    @property
    def says_nothing(self) -> bool:
        """Whether the model stopped by itself before it wrote anything, be it a thought."""
        return self.finish_reason == "stop" and not self.text.strip() and not (self.thought or self.thought_tokens)


def read_reply(body: bytes, content_type: str = "") -> Reply:
    """Reads the first choice of a chat completion.

    Raises:
        BrokenReply: The body is not JSON, holds no choices, its content is neither text nor parts of text, or the
            server broke off in the middle of it.
        ErrorInReply: It holds an error.
        Withheld: A content filter withheld the text, the model declined, or it called a tool instead.
    """
    reply = read_object(body, content_type)
    choices = reply.get("choices")
    if reply.get("error"):
        # also beside a choice: what that holds is what was written until then
        raise ErrorInReply(words_of(reply["error"]), _status(reply["error"]))
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise BrokenReply(f"the reply holds no choices: {words_of(reply)}")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        raise BrokenReply("the first choice of the reply holds no message")
    thought, text = _thought_and_reply(message)
    usage = reply.get("usage")
    tokens = _tokens(usage if isinstance(usage, dict) else {}, thought, text)
    return Reply(
        text=text,
        finish_reason=finish_of(choices[0], text),
        prompt_tokens=tokens.prompt,
        completion_tokens=tokens.completion,
        usage_estimated=tokens.estimated,
        thought=thought,
        thought_tokens=tokens.thought,
    )


def listed_models(body: bytes) -> list[str] | None:
    """Names in a reply to `GET /models`, or `None` if it lists none that can be read."""
    try:
        data = read_object(body).get("data")
    except BrokenReply:
        return None
    if not isinstance(data, list):
        return None
    names = [item["id"] for item in data if isinstance(item, dict) and isinstance(item.get("id"), str)]
    return names or None


def _status(error: Any) -> int | None:
    """The HTTP status that an error names as its code."""
    code = error.get("code", error.get("status")) if isinstance(error, dict) else None
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == 3:
        code = int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600 else None


def _thought_and_reply(message: dict[str, Any]) -> tuple[str, str]:
    """What the model thought and what it replied, by fields, by parts of the content, or by marks in the text."""
    beside = next(filter(None, [_flat(message[name]) for name in _THOUGHT_FIELDS if name in message]), "")
    among, text = _content(message.get("content"))
    parts = split(_encodable(text))
    if not (beside or among or parts.thought):
        return "", parts.reply
    thoughts = dict.fromkeys(_encodable(thought).strip() for thought in (beside or among, parts.thought))
    return "\n\n".join(filter(None, thoughts)), parts.reply


def _content(content: Any) -> tuple[str, str]:
    """The thought among the content's parts, and the text of the others."""
    if content is None:
        return "", ""
    if isinstance(content, str):
        return "", content
    if not isinstance(content, list):
        raise BrokenReply(f"the message's content is a JSON {type(content).__name__}, not text")
    thought = "".join(_flat(part) for part in content if _is_thought(part))
    return thought, "".join(_part(part) for part in content if not _is_thought(part))


def _is_thought(part: Any) -> bool:
    return isinstance(part, dict) and (part.get("type") in _THOUGHT_PARTS or part.get("thought") is True)


def _part(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else part
    return text if isinstance(text, str) else ""


def _flat(value: Any, depth: int = 0) -> str:
    """The text in a thought's field or part: a string, or objects and lists around strings."""
    if isinstance(value, str):
        return value
    if depth == _DEEPEST_PART:
        return ""
    if isinstance(value, list):
        return "".join(_flat(item, depth + 1) for item in value)
    if isinstance(value, dict):
        return next(filter(None, (_flat(value.get(key), depth + 1) for key in _TEXT_KEYS)), "")
    return ""


def _encodable(text: str) -> str:
    """The text with lone surrogates, which JSON can smuggle in, replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


@dataclass(frozen=True, slots=True)
class _Tokens:
    prompt: int
    completion: int
    thought: int
    estimated: bool


def _tokens(usage: dict[str, Any], thought: str, reply: str) -> _Tokens:
    """The server's counts, with an estimate where they cannot be true of the text.

    Tokens of a thought that is not shown are believed where they are stated: they are billed all the same.
    """
    prompt = _count(usage.get("prompt_tokens"), 0, _LARGEST_COUNT) or 0
    stated = _count(usage.get("completion_tokens"), 0, _LARGEST_COUNT)
    unaccounted = _unaccounted(usage, stated)
    shown, hidden = len(thought.encode()) + len(reply.encode()), max(_stated_thought(usage), unaccounted)
    completion = _count(
        None if stated is None else stated + unaccounted,
        shown / _MOST_BYTES_A_TOKEN,
        shown + _UNWRITTEN_TOKENS + hidden,
    )
    if completion is None:
        estimate = -(-shown // 4)
        return _Tokens(prompt, estimate, share_of_thought(estimate, thought, reply), estimated=True)
    return _Tokens(prompt, completion, _thought_tokens(completion, hidden, thought, reply), estimated=False)


def _stated_thought(usage: dict[str, Any]) -> int:
    """Tokens of thought as a server states them, 0 if it does not."""
    for detail in (usage.get("completion_tokens_details"), usage.get("output_tokens_details"), usage):
        if isinstance(detail, dict) and (count := _count(detail.get("reasoning_tokens"), 0, _LONGEST_HIDDEN_THOUGHT)):
            return count
    return 0


def _unaccounted(usage: dict[str, Any], completion: int | None) -> int:
    """Tokens in the total that are neither prompt nor completion: some servers count a thought there alone."""
    prompt, total = (_count(usage.get(name), 0, _LARGEST_COUNT) for name in ("prompt_tokens", "total_tokens"))
    if prompt is None or completion is None or total is None:
        return 0
    return _count(total - prompt - completion, 0, _LONGEST_HIDDEN_THOUGHT) or 0


def _thought_tokens(completion: int, stated: int, thought: str, reply: str) -> int:
    """How many of a completion's tokens were thought: as stated if the rest can be the reply, else by the texts."""
    if not stated and not thought:
        return 0
    written = len(reply.encode())
    if stated and _count(completion - stated, written / _MOST_BYTES_A_TOKEN, written + _UNWRITTEN_TOKENS) is not None:
        return stated
    if stated and not thought:
        return max(completion - -(-written // 4), 0)
    return share_of_thought(completion, thought, reply)


def _count(value: Any, least: float, most: float) -> int | None:
    kind = type(value)
    if kind is float and value.is_integer():
        return _count(int(value), least, most)
    # the very type, since true and false are integers
    return value if kind is int and least <= value <= most else None
