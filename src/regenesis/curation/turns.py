r"""Turns that the model made up after its answer: a new question, another speaker, the marks of a chat template.

    without_invented_turns("… \\boxed{18}\n\nQuestion: What is 3 + 4?", question)  # "… \\boxed{18}"

What follows the final answer is cut from where the new turn starts. A speaker's turn before any final answer
cannot be cut: the path is not one solution, and `has_invented_turn` says so.
"""

from __future__ import annotations

import re

from regenesis.curation.boxes import first_box
from regenesis.curation.text import asked_phrase, holds_any, lowered, mentions

TEMPLATE_TOKEN = re.compile(
    r"<[|｜][^<>|｜\n]{1,40}[|｜]>|</?s>|\[/?INST\]|<</?SYS>>|<(?:bos|eos|pad|unk|start_of_turn|end_of_turn)>"
)
"""Marks of chat templates, which no reader should ever see."""

_MARKUP = r"[ \t]*(?:#{1,6}[ \t]*|>[ \t]*|\*{1,2}|_{1,2})?"
_SPEAKERS = ("user", "human", "assistant")
_SPEAKER = re.compile(rf"^{_MARKUP}(?P<label>{'|'.join(_SPEAKERS)})\b\s?\d*[*_]*[ \t]*:", re.IGNORECASE | re.MULTILINE)
_NEW_QUESTION = re.compile(
    rf"^{_MARKUP}(?:(?:new|next|another|follow-?up|similar|practice)[ \t]+)?"
    r"(?:question|problem|exercise|q|example|instruction|input|passage)"
    r"(?P<number>[ \t]*#?\d+)?[*_]*[ \t]*:"
    r"|^[^\S\n]*(?:now,?[ \t]+)?(?:let['’]s|let us|here['’]s|here is|here are|can you|could you|please)[ \t]+"
    r"(?:\w+[ \t]+){0,3}?(?:another|a similar|a new|the next|a different|more)[ \t]+(?:\w+[ \t]+)?"
    r"(?:problems?|questions?|exercises?|examples?)\b",
    re.MULTILINE,
)
_STATED_ANSWER = re.compile(
    r"####[ \t]*\S|\b(?:final|correct|right)[ \t]+answer\b[*_]*[ \t]*(?:is\b|:)|\bthe[ \t]+answer[ \t]+is\b|<answer>",
    re.IGNORECASE,
)
_LABELLED_ANSWER = re.compile(
    rf"^{_MARKUP}(?:answer|a|conclusion|result)[*_]*[ \t]*:[*_]*[ \t]*\S", re.IGNORECASE | re.MULTILINE
)


def without_invented_turns(text: str, question: str) -> str:
    """The text up to the first new turn after its final answer; the whole text if there is none."""
    turns = [*TEMPLATE_TOKEN.finditer(text), *_speakers(text, question)]
    questions = list(_NEW_QUESTION.finditer(lowered(text)))
    if not turns and not questions:
        return text
    answered = _answered(text, _STATED_ANSWER)
    labelled = min(answered, _answered(text, _LABELLED_ANSWER))
    starts = [match.start() for match in turns if match.start() >= labelled]
    # "Question 2:" may be a part of the same problem, so it takes more than a line "Answer: 5" before it
    starts += [match.start() for match in questions if match.start() >= (answered if match["number"] else labelled)]
    return text[: min(starts)].rstrip() if starts else text


def has_invented_turn(text: str, question: str) -> bool:
    """Whether another speaker has a turn in the text, unless the question itself holds such a speaker."""
    return bool(_speakers(text, question))


def _speakers(text: str, question: str) -> list[re.Match[str]]:
    if not holds_any(lowered(text), _SPEAKERS):
        return []
    asked = asked_phrase(question)
    return [match for match in _SPEAKER.finditer(text) if not mentions(asked, match["label"])]


def _answered(text: str, statement: re.Pattern[str]) -> int:
    """Where the first final answer of the text has been given; past its end if nowhere."""
    stated = statement.search(text)
    boxed = first_box(text)
    return min(stated.end() if stated else len(text) + 1, boxed if boxed is not None else len(text) + 1)
