r"""Outputs that no program gave: a model that cannot run anything shows what its code is supposed to have printed.

    has_invented_output("```python\nprint(6 * 7)\n```\n```output\n42\n```", question)   # True

The figures of such a path are not worked out but made up, and whoever is trained on it learns to make them up. So does
one that announces a program ("then use Python to ensure our solution is accurate") and has none. Code without a result,
code as the answer, and the word "output" by itself are no such thing; nor is any of it where the question is about a
program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from regenesis.curation.text import asked_phrase, holds_any, lowered, mentions

_FENCE = re.compile(r"^[ \t]*(?:(?:[-*>]|\d{1,2}[.)])[ \t]*)?(?P<mark>`{3,}|~{3,})[ \t]*(?P<label>[\w+#./-]*)")
_OUTPUT_LABELS = frozenset(
    {"output", "outputs", "stdout", "stderr", "tool_output", "tool_response", "tool_result", "tool_results"}
    | {"code_output", "program_output", "execution_output", "execution_result", "execution_results"}
)
"""Of blocks that hold what a tool answered, wherever they stand."""
_AFTER_PROGRAM_LABELS = frozenset({"", "text", "txt", "plain", "plaintext", "console", "terminal", "result", "results"})
"""Of blocks that may hold anything, and right behind a program its output."""
_NO_PROGRAM = frozenset({"", "latex", "tex", "math", "markdown", "md", "json", "yaml", "csv"}) | _AFTER_PROGRAM_LABELS
_PRINTS = re.compile(r"\b(?:print|printf|println|puts|echo|cout|console\.log|System\.out|fmt\.Print\w*|WriteLine)\b")

_TAGS = re.compile(
    r"</?(?:tool_call|tool_response|tool_output|tool_results?|function_calls?|function_results?|function_response"
    r"|execution_results?|execution_output|code_output|interpreter|stdout)\b[^<>\n]{0,80}>",
    re.IGNORECASE,
)
_OBSERVATION = re.compile(
    r"^[ \t*]{0,4}Action(?: Input)?[ \t*]{0,4}\d{0,2}[ \t*]{0,4}:[^\n]{0,400}\n(?:[^\n]{0,400}\n){0,6}?"
    r"[ \t*]{0,4}Observation[ \t*]{0,4}\d{0,2}[ \t*]{0,4}:",
    re.MULTILINE,
)
_TYPED = re.compile(r"[ \t]*(?:>>>[ \t]\S|\$[ \t](?:python3?|node|ruby|bash|sh|java|gcc|\./)\b)")
_TYPED_ON = re.compile(r"[ \t]*(?:>>>|\.\.\.)")
_REPLY = re.compile(r"[ \t]*(?!```|~~~)\S")
_NUMBERED_REPLY = re.compile(r"^[ \t]*Out[ \t]?\[\d+\]:", re.MULTILINE)

_RESULT = r"(?:[*`\"'$\[(]|\\\(|\\\[|\\boxed\{|\\text\{){0,6}[-−]?(?:\d|True\b|False\b)"
_LINK = (
    r"(?:\s{1,3}(?:us|you|me|the|a|an|value|result|answer|number|total|output|final|correct|of|as|to|be|is|that)){0,6}"
)
_UNCONDITIONAL = r"(?![^\n.]{0,12}\b(?:if|when|whenever|for|otherwise|unless)\b)"
_SAYS_OUTPUT = re.compile(
    r"\b(?:(?:actual|expected|sample|final|console|program)\s)?outputs?\b[*_`]{0,3}"
    r"(?:\s{1,3}(?:of|from)\s[^\n.:]{0,40})?"
    rf"(?:\s{{0,2}}:|\s(?:is|was|will\sbe|would\sbe|should\sbe|shows))[*_`:]{{0,3}}{_LINK}\s{{0,4}}{_RESULT}",
    re.IGNORECASE,
)
_PROGRAM_SAYS = re.compile(
    r"\b(?:code|program|script|snippet)\b[^\n.:]{0,30}?\b(?:outputs?|prints?|printed|returns?|returned|displays?|gives?|"
    rf"gave|yields?|produces?|produced)\b{_LINK}\s{{0,2}}:?\s{{0,4}}{_RESULT}{_UNCONDITIONAL}",
    re.IGNORECASE,
)
_RUNNING = re.compile(
    r"\b(?:ran|run|runs|running|executed?|executes|executing|execution)\b[^\n.:]{0,30}"
    r"\b(?:code|program|script|snippet|it|this|calculation)\b[^\n.:]{0,40}?"
    r"\b(?:outputs?|prints?|returns?|displays?|gives?|gave|yields?|produces?|produced|get|got|obtain|see|find|found"
    rf"|results?\sin|shows?|confirms?)\b{_LINK}\s{{0,2}}:?\s{{0,4}}{_RESULT}",
    re.IGNORECASE,
)
_ANNOUNCES_OUTPUT = re.compile(r"\b(?:outputs?|prints?|returns?|displays?|run\w*|execut\w+)\b", re.IGNORECASE)
_COMMENT = re.compile(
    rf"(?:#|//)\s{{0,3}}(?:(?:(?:expected|sample|program)\s)?outputs?\s{{0,2}}[:=]|prints\b|=>|[-=]>|→)\s{{0,3}}{_RESULT}",
    re.IGNORECASE,
)
"""A comment that says what a line prints."""

_PROGRAMS = ("python", "code", "program", "script")
"""What is announced holds one of them."""
_ANNOUNCES_PROGRAM = re.compile(
    r"\b(?:us(?:e|es|ing)|writ(?:e|es|ing)|run(?:s|ning)?|implement(?:s|ing)?|with|in)\s(?:(?:a|an|some|the|simple|short)\s){0,3}"
    r"(?P<what>python\b|(?:computer\s|python\s)?(?:code|program|script)\sto\s"
    r"(?:ensure|verify|check|confirm|comput|calculat|find|solv|get|determin|obtain)\w*)"
)
_CODE = re.compile(r"```|~~~|\bprint\s?\(|\bdef \w+\(|^\s*\w+\s?=\s?\w", re.MULTILINE)

_ABOUT_PROGRAMS = re.compile(
    r"```|~~~|\bprint(?:f|ln)?\s?\(|\bconsole\.log\b|\bdef \w+\(|#include\b|\bpseudo-?code\b"
    r"|\b(?:python|javascript|typescript|java|ruby|rust|golang|bash|sql|c\+\+)\b(?:\s\w+)?\s"
    r"(?:code|program|script|function|snippet|interpreter|expression|statement)"
    r"|\b(?:code|program|script|snippet|function|algorithm)\b[^.?!]{0,40}\b(?:prints?|outputs?|returns?|displays?)\b"
    r"|\b(?:write|implement|complete|fix|debug|run|execute)\b[^.?!]{0,40}\b(?:code|program|script|function|snippet)\b"
    r"|\boutput of\b[^.?!]{0,40}\b(?:code|program|script|function|snippet|command|query|loop)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Prose, or the inside of a fenced block with the label of its fence."""

    text: str
    label: str | None = None


def has_invented_output(text: str, question: str) -> bool:
    """Whether the text shows the output of a program or tool that never ran, or relies on a program that is not there.

    Args:
        text: The text of a path.
        question: The question it answers; one about a program excuses everything.
    """
    if _is_about_programs(question):
        return False
    # most paths hold none of what each of these begins with
    return (
        ("<" in text and _TAGS.search(text) is not None)
        or ("Observation" in text and _OBSERVATION.search(text) is not None)
        or ("]:" in text and _NUMBERED_REPLY.search(text) is not None)
        or (holds_any(text, (">>>", "$ ", "$\t")) and _has_session(text.split("\n")))
        or (holds_any(text, ("```", "~~~")) and _shows_output(text, question))
        or _announces_program(text, question)
    )


@lru_cache(maxsize=256)
def _is_about_programs(question: str) -> bool:
    return _ABOUT_PROGRAMS.search(question) is not None


def _shows_output(text: str, question: str) -> bool:
    """Whether a block is one of output, by its label or by the program before it."""
    pieces = list(_pieces(text))
    return any(piece.label in _OUTPUT_LABELS for piece in pieces) or _follows_program(
        pieces, worded=not mentions(asked_phrase(question), "output")
    )


def _announces_program(text: str, question: str) -> bool:
    """Whether the text says that a program is used, and holds none."""
    said = lowered(text)
    announced = _ANNOUNCES_PROGRAM.search(said) if holds_any(said, _PROGRAMS) else None
    if announced is None or _CODE.search(text):
        return False
    # a snake, the code of a lock, a program on television
    asked = asked_phrase(question)
    return not any(mentions(asked, word) for word in announced["what"].split()[:2] if word != "to")


def _has_session(lines: list[str]) -> bool:
    """Whether an interpreter or a shell is shown replying to what was typed."""
    typing = False
    for line in lines:
        if typing and not _TYPED_ON.match(line) and _REPLY.match(line):
            return True
        typing = _TYPED.match(line) is not None or (typing and _TYPED_ON.match(line) is not None)
    return False


def _pieces(text: str) -> Iterator[_Piece]:
    """The text in parts; a fence that is never closed reaches to the end."""
    mark, label, lines = "", None, list[str]()
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        if fence is None or (mark and (not fence["mark"].startswith(mark) or fence["label"])):
            lines.append(line)
            continue
        yield _Piece("\n".join(lines), label)
        mark, label = ("", None) if mark else (fence["mark"], fence["label"].casefold())
        lines = []
    yield _Piece("\n".join(lines), label)


def _follows_program(pieces: list[_Piece], *, worded: bool) -> bool:
    """Whether what stands behind a program, or in a comment of it, is said to be what it printed.

    Args:
        pieces: The parts of the text.
        worded: Whether prose is looked at that speaks of an output without naming the program.
    """
    program: _Piece | None = None
    between = ""
    for piece in pieces:
        if piece.label is None:
            between = piece.text
            if program is not None and _claims(between, worded=worded):
                return True
        elif _is_program(piece):
            program = piece
            if _COMMENT.search(piece.text):
                return True
        elif program is not None and piece.label in _AFTER_PROGRAM_LABELS and _leads_to_output(between, program):
            return True
    return False


def _is_program(piece: _Piece) -> bool:
    return piece.label not in _NO_PROGRAM or _PRINTS.search(piece.text) is not None


def _leads_to_output(between: str, program: _Piece) -> bool:
    """Whether a block behind a program is its output: right behind one that prints, or announced as such."""
    if not between.strip():
        return _PRINTS.search(program.text) is not None
    announced = between.strip().rpartition("\n")[2]
    return announced.endswith(":") and _ANNOUNCES_OUTPUT.search(announced) is not None


def _claims(prose: str, *, worded: bool) -> bool:
    patterns = (_PROGRAM_SAYS, _RUNNING, *([_SAYS_OUTPUT] if worded else []))
    return any(pattern.search(prose) for pattern in patterns)
