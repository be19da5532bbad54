"""Steps: lines and sentences of a path that work something out.

    too_few_steps(text, question, 2)

An equation with an operation in it is a step, each of several in one line; so is a sentence or bullet that says
something of its own. Headings, announcements ("Let us go through it."), repetitions of the question or of a plan, and
bare statements of the final answer are not. Instructions ("Calculate the total.") are steps beside something that was
worked out or stated; by themselves they are a plan. Nothing here judges whether a step is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set

from regenesis.curation.boxes import unwrap
from regenesis.curation.text import asked_phrase, grams, holds_any, lowered, words

_SENTENCE_END = re.compile(r"(?<=[.!?;])[\s*_)]+(?=[^\s\d(),.;])|(?<=[。!?])")
_MARKER = re.compile(r"^\s*(?:[-*•–>+]\s+|(?:step\s*)?\(?\d{1,2}[.):]\s+|\(?[a-z][.)]\s+)?", re.IGNORECASE)
_HEADING = re.compile(r"^\s*(?:#{1,6}\s.*|\*\*[^*]*\*\*:?|__[^_]*__:?|[^=]{0,80}:)\s*$")
_OPERATION = re.compile(
    r"[\w)}\]%]\s*(?:[-+*/×÷·∙−–^%<>]|\\(?:times|cdot|div|pm|mod|frac|dfrac|tfrac|sqrt))|\\(?:d|t)?frac|\\sqrt|√|\bmod\b"
    r"|\b(?:plus|minus|times|divided|and|or|not|xor)\b"
)
_EQUATION = re.compile(r"=|≈|≡|⇒|→|\\(?:approx|equiv|implies|Rightarrow|iff)\b")
_WORDED_EQUATION = re.compile(r"\b(?:equals|gives|makes|leaves|leaving|is)\b", re.IGNORECASE)
_CONNECTIVE = re.compile(r"\b(?:because|since|so|therefore|thus|hence|which|meaning|leaving)\b|:\s*\w", re.IGNORECASE)
_UNSPACED_SCRIPT = re.compile("[\u3040-\u9fff]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_ANNOUNCEMENT = re.compile(
    r"^(?:(?:first|now|next|so|then|ok|okay|sure|certainly|alright)\b,?\s*){0,4}"
    r"(?:let['’]?s|let us|let me|we (?:will|can|need to|must|should|have to|are going to)|we['’]ll"
    r"|i (?:will|need to)|i['’]ll|to (?:solve|find|answer|determine)"
    r"|here(?:'s| is| are)|the (?:question|problem) (?:asks|is asking|requires|wants)|step[- ]by[- ]step)\b",
    re.IGNORECASE,
)
_INSTRUCTION = re.compile(
    r"^[*_]*(?:(?:first|second|third|next|then|now|finally|lastly)\b,?\s*)?(?:add|analy[sz]e|apply|assess|break|calculate"
    r"|check|choose|combine|compare|compute|conclude|consider|convert|count|decide|define|determine|divide|draw"
    r"|eliminate|estimate|evaluate|examine|explain|express|figure out|find|gather|give|identify|list|look|multiply|note"
    r"|observe|output|provide|read|recall|repeat|review|round|select|set up|simplify|solve|state|substitute|subtract"
    r"|sum|think|translate|understand|use|verify|work out|write)\b",
    re.IGNORECASE,
)
_RESULT = re.compile(
    r"\b(?:to (?:get|give|obtain|find that)|gives?|yields?|equals?|results? in|is|are)\b[^\d\n]{0,60}\d", re.IGNORECASE
)
_FINALLY = ("answer", "####", "result", "conclusion")
_FINAL = re.compile(
    r"\b(?:final |correct |right )?answer\b[^.]{0,20}(?:\bis\b|:|=|\bshould be\b)"
    r"|^\s*(?:####|answer\s*:|final answer|result\s*:|conclusion\s*:)",
    re.IGNORECASE,
)
_BOX = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])")
_FEWEST_WORDS = 3
_FEWEST_UNSPACED = 6
"""Letters that make a sentence in a script that puts no spaces between its words."""
_FEWEST_COPIED = 4
_COPIED_SHARE = 0.8
"""Share of a line's word 3-grams that come from a plan where the line is copied from it."""


def too_few_steps(text: str, question: str, minimum: int, *, led_by: Sequence[str] = ()) -> bool:
    """Whether a path holds fewer steps than `minimum`.

    Args:
        text: A path.
        question: The question's text.
        minimum: How many steps are enough.
        led_by: What the path was led by, such as a plan.
    """
    steps, something_said = 0, False
    for count, instructs in _steps(text, asked_phrase(question), led_by):
        steps += count
        something_said |= not instructs
        if something_said and steps >= minimum:
            return False  # most paths, after a few of their lines
    return minimum > 0


def _steps(text: str, asked: str, led_by: Sequence[str]) -> Iterator[tuple[int, bool]]:
    """The steps of each part of the text that holds any, and whether it is only an instruction."""
    plan: Set[tuple[str, ...]] | None = None
    for line in text.split("\n"):
        for unit in _units(line):
            equations = _equations(unit)
            if not equations:
                if plan is None:
                    plan = {gram for earlier in led_by for gram in grams(words(earlier))}
                if plan and _is_of(unit, plan):
                    continue
            if count := _steps_in(unit, asked):
                yield count, not equations and _instructs(unit)


def _is_of(unit: str, plan: Set[tuple[str, ...]]) -> bool:
    said = grams(words(unit))
    return len(said) > 1 and sum(gram in plan for gram in said) >= _COPIED_SHARE * len(said)


def _units(line: str) -> list[str]:
    if not line.strip() or _is_heading(line):
        return []
    return [unit for unit in _SENTENCE_END.split(_MARKER.sub("", line, count=1)) if unit.strip()]


def _is_heading(line: str) -> bool:
    return _HEADING.match(line) is not None and not _equations(line)


def _steps_in(unit: str, asked: str) -> int:
    before_box, *boxed = _BOX.split(unit)
    equations = _equations(before_box)
    if equations or boxed:
        return equations
    says_nothing = _copied(unit, asked) or _states_answer(unit) or _announces(unit)
    return int(_says_something(unit) and not says_nothing)


def _equations(unit: str) -> int:
    """Equations that work something out: one in `3 + 4 = 7`, none in `x = 7`, two in `2 * 3 + 1 = 6 + 1 = 7`."""
    signs = len(_EQUATION.findall(unit))
    if not signs and (len(_NUMBER.findall(unit)) < 3 or _WORDED_EQUATION.search(unit) is None):
        return 0
    return max(signs, 1) if _OPERATION.search(unit) else 0


def _states_answer(unit: str) -> bool:
    return holds_any(lowered(unit), _FINALLY) and _FINAL.search(unit) is not None


def _announces(unit: str) -> bool:
    """Whether the unit only says what will be done: it gives no reason and brings fewer than two numbers together."""
    return _ANNOUNCEMENT.match(unit) is not None and _CONNECTIVE.search(unit) is None and len(_NUMBER.findall(unit)) < 2


def _instructs(unit: str) -> bool:
    """Whether the unit says what to do and not what comes of it."""
    return _INSTRUCTION.match(unit) is not None and not (_CONNECTIVE.search(unit) or _RESULT.search(unit))


def _says_something(unit: str) -> bool:
    if _UNSPACED_SCRIPT.search(unit):
        return sum(character.isalpha() for character in unit) >= _FEWEST_UNSPACED
    return len(words(unwrap(unit))) >= _FEWEST_WORDS


def _copied(unit: str, asked: str) -> bool:
    said = words(unit)
    return len(said) >= _FEWEST_COPIED and f" {' '.join(said)} " in asked
