r"""Takes a completion apart into what the model thought and what it replied.

    split("<think>\nper week?\n</think>\n\n12")    # Split(thought="per week?", reply="12")
    split("per week?\n</think>\n\n12", "<think>")    # the same: the chat template had opened the thought
    opening_at_end("<|Assistant|><think>\n")          # "<think>"
    closing_of("<seed:think>")                        # "</seed:think>"

Thinking models write their thought before the reply, each family between marks of its own. A thought stands at the
very beginning: marks in the middle of a reply are text like any other. A thought that is not closed was cut, and
leaves no reply. Model output is untrusted: whatever the text, the outcome is a pair of texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Split:
    """A completion taken apart; `reply` is the text as it came where there is no thought in it."""

    thought: str
    reply: str


@dataclass(frozen=True, slots=True)
class _Family:
    """How a family of models marks its thoughts, as patterns.

    Attributes:
        opening: What a thought begins with.
        closing: What ends it, with what introduces the reply; `{name}` stands for the name of the opening tag.
        lone: The closing where the prompt held the opening; `None` where that cannot be told from a reply.
        written: What the model itself writes between a thought and its reply, as text; `None` where the family opens
            with plain words, which no chat template holds.
        closes: Whether a thought that the model opened must be closed to be one, since it opens with plain words.
    """

    opening: str
    closing: str
    lone: str | None
    written: str | None
    closes: bool = False


_TAG = r"(?i:(?:[\w-]{1,20}[:_])?(?:think(?:ing)?|thoughts?|reason(?:ing)?|analysis|reflection|scratchpad))"
_PRIMED_TAG = r"(?i:(?:[\w-]{1,20}[:_])?(?:think(?:ing)?|thoughts?))"
_CHANNEL = (
    r"(?:<\|start\|>\s*assistant\s*)?<\|channel\|>\s*(?:{})\b[^<>]{{0,60}}"
    r"(?:<\|constrain\|>[^<>]{{0,60}})?<\|message\|>"
)
_FINAL = _CHANNEL.format("final")
_RESPONSE = r"<\|START_(?:RESPONSE|TEXT)\|>"

_FAMILIES = (
    # Qwen3, DeepSeek-R1, GLM, Phi-4, SmolLM3, MiniMax and most others; <thought> of EXAONE Deep, <seed:think>
    # of Seed-OSS, <longcat_think>, <Thought> of Marco-o1
    _Family(rf"<(?P<name>{_TAG})(?:\s[^<>]{{0,80}})?>", r"</{name}>", rf"</{_PRIMED_TAG}>", "</{name}>"),
    # Magistral
    _Family(r"\[THINK\]", r"\[/THINK\]", r"\[/THINK\]", "[/THINK]"),
    # Kimi
    _Family(r"◁think▷", r"◁/think▷", r"◁/think▷", "◁/think▷"),
    # Gemma 4
    _Family(r"<\|channel>thought\b", r"<channel\|>", r"<channel\|>", "<channel|>"),
    # gpt-oss (harmony), where a thought ends with its message and another one may follow
    _Family(
        _CHANNEL.format("analysis|commentary"),
        rf"(?:<\|end\|>\s*)?{_FINAL}|<\|end\|>|<\|call\|>|(?=<\|start\|>)|(?=<\|channel\|>)",
        rf"(?:<\|end\|>\s*)?{_FINAL}",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
    ),
    # the same, decoded without special tokens
    _Family(
        r"(?:analysis|commentary)(?=[A-Z\"'(*])",
        r"assistantfinal|assistant(?=analysis|commentary)",
        "assistantfinal",
        None,
    ),
    # Command A
    _Family(
        r"<\|START_THINKING\|>",
        rf"<\|END_THINKING\|>(?:\s*{_RESPONSE})?",
        rf"<\|END_THINKING\|>(?:\s*{_RESPONSE})?",
        "<|END_THINKING|>",
    ),
    # OpenThinker, Sky-T1
    _Family(
        r"<\|begin_of_thought\|>",
        r"<\|end_of_thought\|>(?:\s*<\|begin_of_solution\|>)?",
        r"<\|end_of_thought\|>(?:\s*<\|begin_of_solution\|>)?",
        "<|end_of_thought|>",
    ),
    # Apertus
    _Family(r"<\|inner_prefix\|>", r"<\|inner_suffix\|>", r"<\|inner_suffix\|>", "<|inner_suffix|>"),
    # Solar Open
    _Family(
        r"<\|think\|>",
        r"<\|end\|>(?:\s*<\|begin\|>\s*assistant\s*<\|content\|>)?|<\|/think\|>",
        None,
        "<|end|><|begin|>assistant<|content|>",
    ),
    # the same marks as special tokens
    _Family(rf"<\|(?P<name>{_TAG})\|>", r"<\|/{name}\|>", rf"<\|/{_PRIMED_TAG}\|>", "<|/{name}|>"),
    # openPangu
    _Family(r"\[unused16\]", r"\[unused17\]", r"\[unused17\]", "[unused17]"),
    # Apriel, whose chat template opens the thought
    _Family(
        r"Here are my reasoning steps:",
        r"\[BEGIN FINAL RESPONSE\]",
        r"\[BEGIN FINAL RESPONSE\]",
        "\n[BEGIN FINAL RESPONSE]\n",
        closes=True,
    ),
    # Granite 3
    _Family(r"Here(?:'s| is) my thought process:", r"Here(?:'s| is) my response:", None, None, closes=True),
    # HuatuoGPT-o1
    _Family(r"## Thinking\n", r"\n## Final Response\n", None, None, closes=True),
)


def _any_of(patterns: Iterable[str]) -> str:
    """One pattern for several; the names of groups go, since they would clash."""
    return "(?:" + "|".join(pattern.replace("?P<name>", "?:") for pattern in patterns) + ")"


_WRITTEN = [(family.opening, family.written) for family in _FAMILIES if family.written is not None]
OPENING = _any_of(opening for opening, _ in _WRITTEN)
"""Pattern of what opens a thought in a chat template and in what it renders."""
CLOSING = _any_of(re.escape(written).replace(r"\{name\}", _TAG) for _, written in _WRITTEN)
"""Pattern of what stands there between a thought and its reply."""
_OPENINGS = tuple(re.compile(rf"\s*(?:{family.opening})") for family in _FAMILIES)
_ANY_OPENING = re.compile(rf"\s*{_any_of(family.opening for family in _FAMILIES)}")
_LONE = tuple(re.compile(family.lone) if family.lone else None for family in _FAMILIES)
_LONE_CUES = ("<", "[/THINK]", "◁", "assistantfinal", "[unused17]", "[BEGIN FINAL RESPONSE]")
"""One of these is in every text with a closing mark: most replies hold none, and need not be searched for each mark."""
_OPENING_AT_END = re.compile(rf"{OPENING}\s*\Z")
_LONGEST_OPENING = 250

_REPLY_HEAD = re.compile(rf"\s*(?:{_FINAL}|{_RESPONSE})")
_REPLY_TAIL = re.compile(
    r"(?:<\|(?:return|end|END_(?:RESPONSE|TEXT)|end_of_solution)\|>|\[END FINAL RESPONSE\](?:\s*<\|end\|>)?)\s*\Z"
)
_REPLY_TAGS = re.compile(r"\s*<(answer|response|output)>(.*?)(?:</\1>\s*)?\Z", re.DOTALL | re.IGNORECASE)
"""Hunyuan, Ernie and models trained in the manner of R1-Zero put the reply between tags, too."""

_QUOTES = frozenset("`'\"“”‘’")
_SENTENCE_ENDS = frozenset(".!?:;…)]}>*。！？」")


def split(text: str, opened: str = "") -> Split:
    """Takes a completion apart.

    Args:
        text: What the model wrote.
        opened: The opening mark that the prompt ended in (see `opening_at_end`), empty if it did not.
    """
    thoughts, end = _closed_thoughts(text, opened)
    lone = _lone_closing(text, end)
    if lone is not None:
        thoughts.append(text[end : lone.start()])
        end = lone.end()
    head = _REPLY_HEAD.match(text, end)
    if not thoughts and head is None:
        return Split("", text)
    rest = _REPLY_TAIL.sub("", text[head.end() if head else end :])
    tagged = _REPLY_TAGS.match(rest)
    if tagged is not None and f"</{tagged[1]}>" not in tagged[2]:
        rest = tagged[2]
    return Split("\n\n".join(part for part in map(str.strip, thoughts) if part), rest.strip())


def opening_at_end(prompt: str) -> str:
    """The mark at the end of a prompt that opens a thought, empty if there is none: the model goes on inside it."""
    found = _OPENING_AT_END.search(prompt[-_LONGEST_OPENING:])
    return found.group().rstrip() if found else ""


def closing_of(opening: str) -> str:
    """What a model writes at the end of a thought that began with this mark; the usual tag for one that is unknown."""
    found = _opening(opening, 0)
    written = found[0].written if found is not None else None
    if found is None or written is None:
        return "</think>"
    return written.replace("{name}", found[1].groupdict().get("name") or "")


def share_of_thought(tokens: int, thought: str, reply: str) -> int:
    """How many of a completion's tokens went into its thought, by its share of the bytes."""
    thinking, replying = len(thought.encode("utf-8", "replace")), len(reply.encode("utf-8", "replace"))
    return tokens * thinking // (thinking + replying) if thinking else 0


def _closed_thoughts(text: str, opened: str) -> tuple[list[str], int]:
    """The thoughts that a text begins with, one after another, and where the last of them ends."""
    thoughts: list[str] = []
    end = 0
    found = _opening(text, 0)
    start = found[1].end() if found else 0
    if found is None and opened:
        found = _opening(opened, 0)
    while found is not None:
        family, opening = found
        closing = re.compile(family.closing.replace("{name}", opening.groupdict().get("name", ""))).search(text, start)
        if closing is None and family.closes and start:
            break  # opened by the model, not by the prompt
        thoughts.append(text[start : closing.start() if closing else len(text)])
        end = closing.end() if closing else len(text)
        found = _opening(text, end)
        start = found[1].end() if found else 0
    return thoughts, end


def _opening(text: str, start: int) -> tuple[_Family, re.Match[str]] | None:
    if _ANY_OPENING.match(text, start) is None:
        return None  # as most texts, which need not be compared with each family in turn
    for family, pattern in zip(_FAMILIES, _OPENINGS, strict=True):
        opening = pattern.match(text, start)
        if opening is not None:
            return family, opening
    return None


def _lone_closing(text: str, start: int) -> re.Match[str] | None:
    """The last closing mark whose opening can only have stood in the prompt."""
    if not any(cue in text for cue in _LONE_CUES):
        return None
    found = []
    for lone, opening in zip(_LONE, _OPENINGS, strict=True):
        marks = list(lone.finditer(text, start)) if lone else []
        first = opening.search(text, start) if marks else None
        border = first.start() if first else len(text)
        found += [mark for mark in marks if mark.start() < border and _stands_alone(text, mark)]
    return max(found, key=re.Match[str].start, default=None)


def _stands_alone(text: str, mark: re.Match[str]) -> bool:
    """Whether a mark parts two texts, as special tokens always do: `write </think> last` only speaks of it."""
    if not mark.group().startswith(("</", "[/")):
        return True
    before, after = text[max(mark.start() - 40, 0) : mark.start()], text[mark.end() : mark.end() + 40]
    if before[-1:] in _QUOTES or after[:1] in _QUOTES:
        return False
    line_before, line_after = before.rpartition("\n")[2].rstrip(), after.partition("\n")[0].strip()
    return not line_after or not line_before or line_before[-1] in _SENTENCE_ENDS
