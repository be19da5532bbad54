r"""Finds where a response states its final answer, last statement first.

    [s.text for s in statements("The answer is 5. Wait: \\boxed{6}")]  # ["6", "5"]

Explicit statements are a box, an answer tag, `####`, and phrases such as "the answer is". What a response without any
of them ends in is the business of `endings`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from regenesis.answers.cues import mentions, positions
from regenesis.answers.marks import MOST_STATEMENTS, Found, Manner, Place, marked

_TAIL = 400
LONGEST_STATEMENT = 2_000

_MARKS = r"[*_`\"')\]}]{0,6}"
_VERB = (
    r"(?:is|are|was|equals|would be|should be|must be|will be|has to be|comes to|comes out to be|turns out to be"
    r"|(?:appears|seems) to be|(?:would|will|should|must) (?:most )?(?:likely|probably) be)\b"
    r"(?:\s+(?:therefore|thus|then|hence|simply|indeed|clearly|now|also|still|just|found to be|given by|equal to"
    r"|(?:most )?likely|probably|actually|definitely)(?:\s+to be)?\b)?"
)
_NOUN = (
    r"(?:(?:final|correct|predicted)_answer|answers?"
    r"|(?:correct|right|best|final|correct answer) (?:option|choice|letter|alternative|result|value|solution"
    r"|response|statement)|ans(?![a-z])\.?|solution(?: set)?|option|choice|label|verdict|classification|conclusion"
    r"|结论|結論|答案|答え|正解|정답|réponse|respuesta|antwort|resposta|risposta|ответ)"
)
# how every noun begins
_NOUN_CUES = (
    "ans", "correct", "predicted_", "right", "best", "final", "solution", "option", "choice", "label", "verdict",
    "classif", "conclusion", "respuesta", "antwort", "resposta", "risposta",
)  # fmt: skip
_NOUN_CUES_ELSEWHERE = ("réponse", "ответ", "结论", "結論", "答案", "答え", "正解", "정답")
_CHOICE_CUES = ("choose", "pick", "select", "prefer", " with ", "vote", "opt ", " say ", "\tsay ", "say\t")
_CONDITION_CUES = ("if", "unless", "ssum", "rovided", "epend", "uppose", "hen", "therwise", "case", "If", "Unless")
_NOUN_AT = re.compile(
    rf"(?<![a-z0-9_<\\/])(?<!possible )(?<!plausible )(?<!potential )(?<!following )(?<!available )(?<!given ){_NOUN}"
)
_PHRASE = re.compile(
    rf"(?P<noun>{_NOUN}(?:\s*\((?:choice|option|letter)\))?)(?![a-z]){_MARKS}"
    r"(?:[ \t]*(?:is|are|是|为|est|es|ist|è|é)?[ \t]*(?:[:：]|[=→⇒](?!=))|(?:是|为|は|은)"
    r"|[ \t]+(?:est|es|ist|lautet|è|é)[ \t]"
    r"|[ \t]+-[ \t]+|[ \t]*[-=]>|[ \t]*\$?\\(?:longrightarrow|rightarrow|implies|to)\b\$?"
    rf"|(?:[ \t]+[^\s.:;!?=<>]{{1,40}}){{0,12}}?[ \t]+{_VERB}[ \t]*:?"
    r"|(?:[ \t]+[^\s.:;!?=<>]{1,40}){1,12}[ \t]*:(?!\w)"
    r"|(?P<bare>[ \t]*(?=\\[\[(]|\$|\*\*|[-−+]?[0-9½¼¾][^\n]{0,12}(?:\n|$)|[a-j][.*]*(?:\n|$)|\([a-j]\)))"
    r"|(?P<heading>[ \t]*(?=\n)))"
    r"[*_`]{0,4}"
)
_LISTS = re.compile(r"[ \t]*(?:choices|options|candidates|possibilities|alternatives)\b")
_REASON = re.compile(r"\b(?:because|since|which)\b")
_RESTATED = re.compile(r"[ \t]+[*_]*[(\[]?(?:[a-z]|[0-9]{1,2})[)\]]?[*_]*[ \t]*:")
_FIRM = re.compile(
    r"(?:\w+[ _])?answer|ans\b|\w+ (?:option|choice|letter)|label|verdict|classif|答|정|r[eé]|antwort|ответ"
)
_ANSWER_LINE = re.compile(r"(?:^|\n)[ \t*_>]*(?P<mark>a[*_]*[ \t]*[:：])[ \t*_]*(?=\S)")
_SECOND_LABEL = re.compile(r"(?:^|\n)[ \t*_>(-]*b[*_]*[ \t]*[:).：]")
_REMARK_LINE = re.compile(r"[ \t*_]*(?:\((?!\w{1,2}\))|\W*note\b)", re.IGNORECASE)
_HEADING = re.compile(r"[#>*_\s0-9.]*(?:the\s+)?(?:final|correct|my)?\s*", re.IGNORECASE)
_CHOSEN = re.compile(
    r"(?<![a-z])(?:i|we)(?:'d|'ll| would| will| must| should)?[ \t]+(?:choose|pick|select|prefer|go with"
    r"|went with|vote for|opt for)"
    r"[ \t]+(?:the )?|(?<![a-z])i(?:'d| would)[ \t]+say[ \t]+(?:that )?"
)
_IS_CORRECT = re.compile(
    r"[ \t]is[ \t]+(?:therefore |thus |indeed |clearly |hence )?(?:the |our |my )?(?:only |most )?(?:final )?"
    r"(?:(?:correct|right|best|true|accurate|appropriate)\b(?: (?:answer|option|choice|one|statement|response"
    r"|solution))?"
    r"|(?:answer|solution)\b)"
)
_CLAIMED = re.compile(
    r"(?:^|[\s,:;*_(])(?:(?:[Oo]ption|[Cc]hoice|[Aa]nswer|[Ll]etter|[Ss]tatement)\s)?[*_`\"']{0,3}"
    r"(\$[^$]{1,200}\$|\\\(.{1,200}?\\\)|[-+]?\$?[0-9][0-9.,/%]{0,30}|[A-HJ-Z]|(?<=ption )[a-z]|\([A-Za-z0-9]\)"
    r"|[A-Za-z0-9][).:])"
    r"(?<=[^\s])[*_`\"']{0,3}(?:(?<=[).:])\s[^.]{1,80})?$",
    re.DOTALL,
)
_CLAIMED_WORDS = re.compile(
    r"(?:^|,)\W*(?:(?:so|thus|therefore|hence)\b[\s,]*)?((?!(?:it|this|that|which|what|none|neither|here|there|both)\b)"
    r"[^,:]{1,80})$",
    re.IGNORECASE,
)
_SPACE = re.compile(r"[ \t_*]*(?:\n[\s>#_*]*)?")
_FENCE = re.compile(r"(```[a-z]*|\"\"\"|\'\'\')\s*")
_KEY = re.compile(r'"[ \t]*:\s*$')
_ENTRY = re.compile(r'"([^"\n]+)"(?=\s*[,}])|([^",{}\[\s][^",}\n]*)(?=[,}\n])')
_MAY_BE_CONDITION = re.compile(
    r"\b(?:[Ii]f|[Uu]nless|[Aa]ssum|[Pp]rovided|[Dd]epend|[Ss]uppose|[Ww]hen|[Oo]therwise|case)"
)
_LABEL_DOT = re.compile(r"[\s*(]*[A-J]$")
_DISPLAY = re.compile(r"\\\[|\$\$")
SENTENCE_END = re.compile(r"(?<!\.)[.!?](?!\.)(?=[\"')\]*_$]*(?:\s|$))|[。！？\n]")
_ABBREVIATED = re.compile(r"\b(?:approx|e\.g|i\.e|vs|cf|no|Mr|Mrs|Mt|Jr|Sr|Prof|Ms|Dr|St|U\.S|Rs|etc)$")
_ECHO = re.compile(
    r"(?:\\text\{)?\s*[\[<]?(?:your |the )?(?:final )?(?:answer|number|result|letter|option|value"
    r"|choice)(?: here)?[\]>]?\s*\}?"
    r"|\.\.\.|…|\\l?dots|[#?_\s]*",
    re.IGNORECASE,
)
_DISPLAY_ENDS = {"\\[": "\\]", "$$": "$$"}


@dataclass(frozen=True, slots=True)
class Statement:
    """One place where an answer is stated.

    Attributes:
        text: What is stated, as written.
        place: What marks it as an answer.
        manner: How a phrase says it.
        before: What the sentence that holds a phrase says before it, where that may be a condition.
        after: What follows what is stated.
    """

    text: str
    place: Place
    manner: Manner = "marked"
    before: str = ""
    after: str = ""


def statements(text: str) -> Iterator[Statement]:
    """Explicit statements of a final answer in `text`, the last first; empty and echoed placeholders are left out."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := character.lower()) == 1 else character for character in text)
    marks = list(marked(text, lowered))
    first_mark = min(found.position for found in marks) if marks else len(text)
    # most answers stand at the very end: the rest is searched only if that yields nothing
    tail = max(0, len(text) - _TAIL)
    seen = 0
    for start, end in ((tail, len(text)), (0, tail)) if tail else ((0, len(text)),):
        found = [*_phrases(text, lowered, start, end), *(item for item in marks if start <= item.position < end)]
        for item in sorted(found, key=_position, reverse=True):
            if item.place != "phrase" or not (first_mark < item.position and _in_a_remark(text, item.position)):
                stated = _statement(text, item)
                if len(stated.text) > 80 or not _ECHO.fullmatch(stated.text):
                    yield stated
            seen += 1
            if seen == MOST_STATEMENTS:
                return


def _statement(text: str, found: Found) -> Statement:
    stop = found.content
    content = found.text
    if content is None:
        content, stop = content_at(text, found.content)
    if found.place != "phrase":
        return Statement(content.strip(), found.place)
    before = ""
    begin = max(0, found.position - 120)
    if mentions(text[begin : found.position], _CONDITION_CUES) and _MAY_BE_CONDITION.search(
        text, begin, found.position
    ):
        before = _sentence_before(text, found.position)
    return Statement(content.strip(), found.place, found.manner, before, text[stop : stop + LONGEST_STATEMENT])


def _in_a_remark(text: str, position: int) -> bool:
    """Whether a line in brackets or a note holds a place: behind a marked answer it states no other."""
    return _REMARK_LINE.match(text, text.rfind("\n", 0, position) + 1) is not None


def _position(found: Found) -> int:
    return found.position


def _phrases(text: str, lowered: str, start: int, end: int) -> Iterator[Found]:
    """Phrases that begin between `start` and `end`."""
    if "a:" in lowered or "a：" in lowered:
        for mark in list(_ANSWER_LINE.finditer(lowered, start, end))[-MOST_STATEMENTS:]:
            if not _SECOND_LABEL.search(lowered):
                yield Found(mark.start("mark"), "phrase", None, mark.end(), "headed")
    for noun in _nouns(lowered, start, end)[-MOST_STATEMENTS:]:
        match = _PHRASE.match(lowered, noun.start())
        if match is None:
            continue
        if (match["heading"] is not None or match["bare"] is not None) and not _heads_a_line(match, lowered):
            continue
        if _REASON.search(lowered, noun.end(), match.end()):
            continue  # "the right answer because it is red" does not say what the answer is
        if _LISTS.match(lowered, noun.end()) or (
            match["noun"] in ("option", "choice") and _RESTATED.match(lowered, noun.end())
        ):
            continue  # "answer choices: …" and "Option B: …" restate the question
        yield Found(match.start(), "phrase", None, match.end(), _manner(match))
    chosen = _CHOSEN.finditer(lowered, start, end) if mentions(lowered, _CHOICE_CUES) else ()
    for match in list(chosen)[-MOST_STATEMENTS:]:
        yield Found(match.start(), "phrase", None, match.end(), "named")
    for match in list(_IS_CORRECT.finditer(lowered, start, end))[-MOST_STATEMENTS:]:
        sentence = _sentence_before(text, match.start())
        claimed = _CLAIMED.search(sentence)
        if claimed is None and match[0].endswith((" answer", " option", " choice")):
            claimed = _CLAIMED_WORDS.search(sentence)
        if claimed is not None and not _in_brackets(sentence):
            yield Found(match.start(), "phrase", claimed[1], match.end(), "called")


def _nouns(lowered: str, start: int, end: int) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    cues = _NOUN_CUES if lowered.isascii() else _NOUN_CUES + _NOUN_CUES_ELSEWHERE
    for position in positions(lowered, cues, start, end):
        noun = _NOUN_AT.match(lowered, position, end) if not found or position >= found[-1].end() else None
        if noun is not None:
            found.append(noun)
    return found


def _manner(match: re.Match[str]) -> Manner:
    if not _FIRM.match(match["noun"]):
        return "loose"
    return "headed" if match["heading"] is not None or match[0].rstrip(" \t*_`").endswith((":", "：")) else "named"


def _in_brackets(text: str) -> bool:
    return text.count("(") > text.count(")")


def _heads_a_line(match: re.Match[str], lowered: str) -> bool:
    """Whether a noun without verb or colon begins its line, as a heading does; "Option 2" is no heading."""
    if (
        match["bare"] is not None
        and not match["noun"].startswith("ans")
        and lowered[match.end() : match.end() + 1].isdigit()
    ):
        return False
    line_start = lowered.rfind("\n", max(0, match.start() - 40), match.start()) + 1
    return match.start() - line_start <= 30 and _HEADING.fullmatch(lowered, line_start, match.start()) is not None


def _sentence_before(text: str, end: int) -> str:
    begin = max(0, end - 120)
    breaks = [found.end() for found in SENTENCE_END.finditer(text, begin, end)]
    return text[breaks[-1] if breaks else begin : end]


def content_at(text: str, start: int) -> tuple[str, int]:
    """What is stated from `start` on and where that ends: a display formula, a fence, or the rest of the sentence."""
    space = _SPACE.match(text, start)
    start = space.end() if space else start
    entry = _ENTRY.match(text, start) if _KEY.search(text, max(0, start - 6), start) else None
    if entry is not None:
        return entry[1] or entry[2], entry.end()
    # one character more than any reader takes: what is cut off in the middle must not be read
    stop = min(len(text), start + LONGEST_STATEMENT + 1)
    fence = _FENCE.match(text, start)
    if fence is not None:
        start = fence.end()
        closing = text.find(fence[1][:3], start, stop)
        if closing > start:
            return text[start:closing], closing + 3
    display = _DISPLAY.match(text, start)
    if display is not None:
        end = text.find(_DISPLAY_ENDS[display[0]], display.end(), stop)
        stop = end if end >= 0 else stop
        return text[display.end() : stop], stop
    end = sentence_end(text, start, stop)
    return text[start:end], end


def sentence_end(text: str, start: int, stop: int) -> int:
    """Where the sentence that begins at `start` ends, before its full stop."""
    for match in SENTENCE_END.finditer(text, start, stop):
        if match[0] == "." and (
            _ABBREVIATED.search(text, max(start, match.start() - 8), match.start())
            or (match.start() - start < 6 and _LABEL_DOT.match(text, start, match.start()))
        ):
            continue
        return match.start()
    return stop
