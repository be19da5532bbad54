"""How many new tokens a request may ask for, read from the words of a server that finds it too long.

    room = read_room("maximum context length is 4096 tokens … (4000 in the messages, 1000 in the completion)", 1000)
    room.new_tokens     # 96

Every kind of server words it its own way; what they have in common is a limit and what the prompt takes of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_N = r"[`'\"]?(\d[\d,]{0,11})[`'\"]?"
_NEAR = r"[^.\d]{0,40}?"
_MAX_TOKENS = r"(?<!\+ )(?<!\+ [`'\"])max_(?:completion_|output_|new_)?tokens[`'\"]?"
_AT_MOST = r"(?:no more than|at most|less than or equal to|smaller than or equal to|<=|between \d+ and|\[\d+,|exceed)"


def _patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


_LIMITS = _patterns(
    rf"\d[\d,]* \+ \d[\d,]* > {_N}",
    rf"context (?:length|window|size|limit){_NEAR}{_N}",
    rf"{_N}(?: tokens?)?[ )]*(?:maximum |model )?context",
    rf"max_new_tokens`? must be <= {_N}",
    rf"`inputs` must have less than {_N}",
    rf"(?:maximum|max)[ _](?:model |input |sequence |total |prompt )*(?:length|len|tokens){_NEAR}{_N}",
    rf"maximum number of (?:input )?tokens allowed{_NEAR}{_N}",
    rf"> {_N} maximum",
)
_PROMPTS = _patterns(
    rf"{_N} \+ \d[\d,]* >",
    rf"{_N} (?:tokens )?(?:in|from|of) (?:the |your )?(?:text )?(?:input|messages|prompt)",
    rf"(?:has|contains?|with|have)(?: at least)? {_N} (?:input |prompt )?tokens?",
    rf"messages resulted in {_N}",
    rf"{_N} (?:input|prompt|`inputs`) tokens",
    rf"\b(?:input|prompt|request)\b(?: token count| length)?[^.\d]{{0,16}}?\({_N}",
    rf"\b(?:input|prompt|request)(?: is too long| length| of| has)[^.\d]{{0,12}}?{_N}",
    rf"Given: {_N}",
    rf"{_N} tokens > ",
)
_TOTALS = _patterns(rf"(?:requested(?: tokens)?|total of|sum of)(?: about| at least)? \(?{_N}")
_CAPS = _patterns(
    rf"supports at most {_N} (?:completion|output|new)",
    rf"range of {_MAX_TOKENS} (?:is|should be) \[\d+, ?{_N}\]",
    rf"{_MAX_TOKENS}:? (?:must|should|has to|cannot|can't|can not)(?: be)? {_AT_MOST} ?{_N}",
    rf"{_MAX_TOKENS}: \d[\d,]* > {_N}",
    rf"maximum (?:allowed )?(?:number of )?(?:output|completion|new) tokens{_NEAR}{_N}",
)
_TOO_MANY_ASKED = re.compile(rf"{_MAX_TOKENS}(?: value)?(?: is)? too (?:large|big|high|many)", re.IGNORECASE)
"""Without saying how many would do."""
_ABOUT_LENGTH = re.compile(
    r"context[ _]?(?:length|window|size|limit)|too (?:long|large|many tokens)|max_(?:completion_|new_|output_)?tokens"
    r"|token (?:count|limit)|maximum (?:input |sequence |model )?length|input length|prompt length"
    r"|longer than|must have less than",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Room:
    """What a server's words say of a request that is too long for it.

    Attributes:
        new_tokens: Most new tokens that fit beside the prompt; 0 or less where the prompt alone is too long, `None`
            where the words do not tell.
    """

    new_tokens: int | None


def read_room(words: str, asked: int) -> Room | None:
    """What the words of a refusal say of the room for new tokens, `None` if they are about something else.

    Args:
        words: The server's words.
        asked: The new tokens that the refused request asked for.
    """
    if not _ABOUT_LENGTH.search(words):
        return None
    cap = _first(_CAPS, words)
    if cap is not None:
        return Room(cap)
    if _TOO_MANY_ASKED.search(words) and not re.search("context", words, re.IGNORECASE):
        return Room(asked // 2)
    limit = _first(_LIMITS, words)
    prompt = _first(_PROMPTS, words)
    if prompt is None and (total := _first(_TOTALS, words)) is not None:
        prompt = total - asked
    return Room(None if limit is None or prompt is None else limit - prompt)


def _first(patterns: tuple[re.Pattern[str], ...], words: str) -> int | None:
    for pattern in patterns:
        if found := pattern.search(words):
            return int(found[1].replace(",", ""))
    return None
