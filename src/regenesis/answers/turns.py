"""Which part of a response can hold its final answer.

Reasoning marked off by think tags is left out, and so is everything after an end-of-turn token. A text that runs on
into a question of its own making has given its answer before that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_THINK_NAMES = ("think", "thinking", "thought", "thoughts", "reasoning", "scratchpad", "reflection")
_THINK = re.compile(
    rf"<(/?)(?:[a-z]{{1,12}}:)?(?:{'|'.join(_THINK_NAMES)})>|\[(/?)THINK\]|<\|(begin|end)_of_thought\|>|◁(/?)think▷"
    r"|<\|channel\|>(analysis|commentary|final)(?:<\|message\|>)?",
    re.IGNORECASE,
)
_END_OF_TURN = re.compile(
    r"<\|[a-z_]{1,30}\|>|</s>|<(?:eos|eot|pad|end_of_turn|start_of_turn|end_of_utterance|endoftext|end_of_text)>"
    r"|\[(?:EOS|EOT|/?INST)\]|<｜[^｜<>]{1,40}｜>",
    re.IGNORECASE,
)
_NEXT_QUESTION = re.compile(
    r"^[ \t>#*_-]*(?:(?:next|new|another|follow-up|bonus|similar)\s+)?"
    r"(?:question|problem|exercise|query|human|user|student|instruction|q|问题|题目|问)(?:\s*#?\s*[0-9]{1,3})?[*_]{0,3}"
    r"(?:[ \t]*[:：]|(?<=[0-9*])[.)]?[ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
_MOST_QUESTIONS = 4
_WORKING = re.compile(r"<<[^<>\n]{0,200}>>")


def final_part(response: str, window: int, *, keep_workings: bool = False) -> str | None:
    """The part of a response in which its answer must stand: the end of it, after any marked-off reasoning.

    Returns `None` where marked-off reasoning was begun and never ended. `keep_workings` leaves `<<...>>` alone, which
    mean something else in a program.
    """
    text = response[-window:]
    if "<<" in text and not keep_workings:
        text = _WORKING.sub("", text)
    if "<" in text or "[" in text or "◁" in text:
        last = _last(_THINK, text)
        if last is not None:
            ends = (
                last[1] or last[2] or last[4] or (last[3] or "").lower() == "end" or (last[5] or "").lower() == "final"
            )
            if not ends:
                return None
            return _first_turn(text[last.end() :])
        text = _first_turn(text)
    if len(response) > window and _left_open(response, len(response) - window):
        return None
    return text


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = list(pattern.finditer(text))
    return found[-1] if found else None


def _first_turn(text: str) -> str:
    for match in _END_OF_TURN.finditer(text):
        if text[: match.start()].strip():
            return text[: match.start()]
    return text


def _left_open(response: str, end: int) -> bool:
    return any(response.rfind(f"<{name}>", 0, end) > response.rfind(f"</{name}>", 0, end) for name in _THINK_NAMES)


def before_invented_questions(text: str) -> Iterator[str]:
    """What stands before each line that poses a question, and at last the whole text."""
    for count, match in enumerate(_NEXT_QUESTION.finditer(text)):
        if count == _MOST_QUESTIONS:
            break
        if text[: match.start()].strip():
            yield text[: match.start()]
    yield text
