"""Reads which option of a multiple-choice question an answer names.

read_option("(B) banana", options_from(choices_from(["apple", "banana"])))  # "B"
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from regenesis.answers.markup import undress
from regenesis.answers.numbers import read_number, same_number
from regenesis.answers.rules import DEFAULT_RULES
from regenesis.answers.words import folded
from regenesis.types import Choice

ChoicesLike = Sequence[Choice] | Sequence[str] | Sequence[Mapping[str, str]] | Mapping[str, str]
"""Options as `Choice`s, as texts (labelled A, B, C … in order), as `{"label", "text"}` rows, or as label → text."""

_LONGEST = 2_000
_LABEL = re.compile(
    r"(?:(?:option|choice|answer|letter|alternative|number|statement"
    r"|response)\s+)?(?P<open>[(\[])?\s*(?P<label>[A-Za-z]|[0-9]{1,2})\s*"
    r"(?P<close>[)\]]|[.:,;](?=\s|$)|\s*[-:]\s|\s|$)",
    re.IGNORECASE,
)
_PREFIXED = re.compile(r"(?:option|choice|letter|alternative)\s", re.IGNORECASE)
_SAYING = re.compile(
    r"[:=\s]*(?:(?:(?:i|we)(?:'d|\s+would)?\s+(?:think|believe|say|conclude|choose)\s+(?:that\s+)?)?it(?:'s|\s+is)\s+"
    r"|(?:i|we)(?:'d|\s+would)?\s+(?:think|believe|say|conclude)\s+(?:that\s+)?"
    r"|(?:therefore|thus|clearly|most likely|probably|definitely|indeed|for sure|surely|certainly|simply),?\s+)*",
    re.IGNORECASE,
)
_NAMING = re.compile(
    r"(?:(?:is|are|that|the|correct|right|best)\s+)*(?=(?:option|choice|letter|alternative|response)\b)", re.IGNORECASE
)
_SEVERAL = re.compile(
    r"(?:\s*(?:,|/|&|\+|;)(?:\s*(?:or|and|nor)\b)?|\s+(?:or|and|and/or|nor)\b)\s*(?:both\s+)?"
    r"(?:(?:option|choice)\s+)?(?:[(\[](?P<marked>[A-Za-z]|[0-9]{1,2})[)\]]|(?P<second>[A-Z]|[0-9]{1,2}|[a-z](?!\s*\w))"
    r"(?![A-Za-z0-9'])[).]?)"
)
_OTHER_LABEL = re.compile(
    r"[(\[]\s*([A-Za-z]|[0-9]{1,2})\s*[)\]]|(?<![\w'])([A-Z])\)|\b(?:option|choice)\s+([A-Za-z0-9]{1,2})\b",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"[\s,;]+(?:because|since|as|which|so|given|due|not|rather|instead|over|unlike|while|whereas|but|cannot|it cannot"
    r"|than|it is not|and not)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_TAIL_REASON = re.compile(r"\s*(?:because|since|as|which|so|given|due)\b", re.IGNORECASE)
_REMARK = re.compile(r"\s+\(([^()]*)\)$")
_LABEL_A = re.compile(r"\(?[Aa][).:]\s")
_BECAUSE = re.compile(r"\s*(?:because|since)\b", re.IGNORECASE)
_BRACKETED = re.compile(r"(?:option |choice |answer )?[(\[]\s*([A-Za-z]|[0-9]{1,2})\s*[)\]]", re.IGNORECASE)
_DENIED = re.compile(r"\s*(?:is|are)\s+(?:not|wrong|incorrect|false|n't)|\s*isn't", re.IGNORECASE)
_VERB = re.compile(
    r"(?:is|are|was|were|has|have|had|can|could|may|might|would|should|will|seems|appears|does|do|did)\b", re.IGNORECASE
)
_AFFIRMED = re.compile(
    r"(?:is|are|was|would be|must be|should be|will be|seems|appears)\s+(?:to be\s+)?"
    r"(?:(?:therefore|thus|clearly|indeed|definitely|then|the|our|my|only|most|single|one|more|final)\s+)*"
    r"(?:correct|right|best|true|answers?|appropriate|accurate|logical|likely|suitable|valid|choice|option|solution|one)\b",
    re.IGNORECASE,
)
HEDGED = re.compile(
    r"\b(?:also|possib\w+|plausib\w+|may be|might be|could be|unlikely|eliminated|ruled out)\b", re.IGNORECASE
)
_RULED_OUT = re.compile(r"\b(?:not|cannot|wrong|incorrect|eliminated|false|isn t|can t|doesn t)\b")
_SEPARATOR = re.compile(r"\A(?:[)\].:,;\s]|-+(?![0-9.$]))*")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one question, ready to be recognised."""

    labels: tuple[str, ...]
    texts: tuple[str, ...]
    by_label: Mapping[str, str]
    by_text: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.labels)


def choices_from(choices: ChoicesLike) -> tuple[Choice, ...]:
    """Options in whatever form a row holds them, as `Choice`s; forms that make no sense are skipped."""
    if isinstance(choices, tuple) and choices and type(choices[0]) is Choice:
        return choices  # read already
    if isinstance(choices, tuple | list):
        if all(type(choice) is str for choice in choices):
            return _lettered(tuple(choices))
    elif isinstance(choices, Mapping):
        if isinstance(choices.get("label"), list | tuple) and isinstance(choices.get("text"), list | tuple):
            return tuple(
                Choice(str(label), str(text)) for label, text in zip(choices["label"], choices["text"], strict=False)
            )
        return tuple(Choice(str(label), str(text)) for label, text in choices.items())
    made: list[Choice] = []
    for index, choice in enumerate(choices):
        if isinstance(choice, Choice):
            made.append(choice)
        elif isinstance(choice, Mapping):
            made.append(Choice(str(choice.get("label", _letter(index))), str(choice.get("text", ""))))
        else:
            made.append(Choice(_letter(index), str(choice)))
    return tuple(made)


@lru_cache(maxsize=1024)
def _lettered(texts: tuple[str, ...]) -> tuple[Choice, ...]:
    # the same objects each time, so that looking them up in other caches compares no text
    return tuple(Choice(_letter(index), text) for index, text in enumerate(texts))


def _letter(index: int) -> str:
    return chr(ord("A") + index) if index < 26 else str(index + 1)


@lru_cache(maxsize=1024)
def options_from(choices: tuple[Choice, ...]) -> Options:
    """Prepares options; texts that two options share name neither."""
    by_label: dict[str, str] = {}
    by_text: dict[str, str] = {}
    shared: set[str] = set()
    seen: set[str] = set()
    for choice in choices:
        by_label.setdefault(folded(choice.label), choice.label)
        for text in {folded(choice.text), folded(undress(choice.text))} - {""}:
            if by_text.setdefault(text, choice.label) != choice.label or choice.label in seen:
                shared.add(text)
        seen.add(choice.label)
    for text in shared:
        del by_text[text]
    return Options(
        tuple(choice.label for choice in choices), tuple(choice.text for choice in choices), by_label, by_text
    )


def read_option(text: str, options: Options, *, stated: bool = True) -> str | None:
    """Label of the one option that `text` names, or `None`.

    Args:
        text: A final answer.
        options: The options; without any, a single capital letter is a label.
        stated: Whether `text` is known to be the answer. The mark of an enumeration looks like a label, so elsewhere a
            label counts only alone or with its option's own words.
    """
    if len(text) > _LONGEST:
        return None
    if len(text) == 1 and text in options.by_label.values():
        return text if folded(text) not in options.by_text or options.by_text[folded(text)] == text else None
    text = _strip_label_dots(undress(text))
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed is not None and options and bracketed[1].lower() in options.by_label:
        return options.by_label[bracketed[1].lower()]
    remark = _REMARK.search(text)
    by_text = _named_by_text(text[: remark.start()] if remark else text, options) or _named_by_text(text, options)
    if by_text is not None and remark and options.by_label.get(remark[1].lower(), by_text) != by_text:
        return None
    by_label = _named_by_label(text, options, stated)
    if by_text is not None and by_text != by_label and (by_label is not None or _LABEL_A.match(text)):
        return None
    return by_label or by_text


def label_marks(text: str, options: Options) -> list[tuple[str, int]]:
    """Options that a text names by a marked label, `(B)` or `B)`, with where each mark begins."""
    found = []
    for match in _OTHER_LABEL.finditer(text):
        label = options.by_label.get((match[1] or match[2] or match[3]).lower())
        if label is not None:
            found.append((label, match.start()))
    return found


def names_another(after: str, label: object, options: Options) -> bool:
    """Whether what follows an option is another one, label and text: `(A) rock. (C) space.`."""
    second = _OTHER_LABEL.match(after.lstrip(" .,;?!")[:_LONGEST])
    if second is None:
        return False
    other = options.by_label.get((second[1] or second[2] or second[3]).lower())
    line = after.lstrip(" .,;?!").partition("\n")[0]
    return other not in (None, label) and options.by_text.get(folded(line[second.end() :])) == other


def mentions_option(text: str, options: Options) -> bool:
    """Whether a text names any option, by label or by text, or something that looks like one."""
    if label_marks(text, options) or re.search(r"(?<![\w'])(?:[B-HJ-Z]|A(?!\s+[a-z]))(?![\w'])", text[:_LONGEST]):
        return True
    words = f" {folded(text[:_LONGEST])} "
    return any(f" {own} " in words for own in options.by_text)


def _strip_label_dots(text: str) -> str:
    return text.replace("$", "").strip().strip("\"'").rstrip(".!").removesuffix("です").strip()


def _named_by_text(text: str, options: Options) -> str | None:
    if not options.by_text:
        return None
    found = options.by_text.get(folded(text))
    if found is not None:
        return found
    number = read_number(text)
    if number is None:
        return None
    same = [
        label
        for label, written in zip(options.labels, options.texts, strict=True)
        if (value := read_number(written)) is not None and same_number(number, value, DEFAULT_RULES)
    ]
    return same[0] if len(same) == 1 else None


def _named_by_label(text: str, options: Options, stated: bool) -> str | None:
    for lead in (_SAYING.match(text), _NAMING.match(text)):
        text = text[lead.end() :] if lead else text
    match = _LABEL.match(text)
    if match is None:
        return None
    label = options.by_label.get(match["label"].lower()) if options else match["label"].upper()
    if label is None or (not options and not match["label"].isalpha()):
        return None
    if label == "I" and not options and match["open"] is None and text[match.end("label") :].strip(" .):"):
        return None
    rest = text[match.end("label") :]
    marked = (
        match["open"] is not None
        or match["close"].strip() in (")", "]", ":", ".", ",", ";")
        or _PREFIXED.match(text) is not None
    )
    words = _SEPARATOR.sub("", rest, count=1)
    if words and options and options.by_text.get(folded(words)) == label:
        return label
    if _names_a_second(rest.lstrip(")] "), options) or _DENIED.match(rest.lstrip(")] ")):
        return None
    if not words or _TAIL_REASON.match(words) or (marked and stated and not options.by_text):
        sure = marked or not words or match["label"].isupper() or match["label"].isdigit()
        return label if sure or _BECAUSE.match(words) else None
    if not marked and match["label"] in "Aa" and not _AFFIRMED.match(words):
        return None  # an article
    return _label_with_text(
        label, words, marked, stated and (match["label"].isupper() or match["open"] is not None), options
    )


def _names_a_second(rest: str, options: Options) -> bool:
    match = _SEVERAL.match(rest)
    return match is not None and (
        not options or match["marked"] is not None or match["second"].lower() in options.by_label
    )


def _label_with_text(label: str, rest: str, marked: bool, stated: bool, options: Options) -> str | None:
    """A label followed by words: sound if the words are the option's own, or at least no other option's."""
    words = folded(rest)
    owner = options.by_text.get(words)
    if owner is not None:
        return label if owner == label else None
    head = _TAIL.sub("", rest)
    if (
        any(other != label for other, _ in label_marks(head, options))
        or _ends_in_another(rest, label, options)
        or HEDGED.search(head)
    ):
        return None
    if _VERB.match(rest):
        return label if _AFFIRMED.match(rest) and not _names_a_second(head, options) else None
    if rest[0] == "(":
        return label
    text = options.texts[options.labels.index(label)] if options else ""
    own, said = folded(text), folded(head)
    if not stated and _RULED_OUT.search(words.removeprefix(own)):
        return None
    numbers = read_number(text), read_number(head)
    if numbers[0] is not None and numbers[1] is not None:
        return label if same_number(numbers[0], numbers[1], DEFAULT_RULES) else None
    if own and (own.startswith(said) or said.startswith(own)):
        return None if _starts_another(said[len(own) :], own, options) else label
    return label if marked and (stated or _shares_words(said, own)) else None


def _ends_in_another(rest: str, label: str, options: Options) -> bool:
    """Whether the last that a text says is another option, label and text."""
    return any(
        other != label and options.by_text.get(folded(_OTHER_LABEL.sub("", rest[start:], count=1))) == other
        for other, start in label_marks(rest, options)
    )


def _starts_another(rest: str, own: str, options: Options) -> bool:
    """Whether another option's text is joined to an option's own."""
    rest = re.sub(r"\A\s*(?:and|or)\b", "", rest).strip()
    return bool(rest) and any(text != own and f"{rest} ".startswith(f"{text} ") for text in options.by_text)


def _shares_words(said: str, own: str) -> bool:
    """Whether a text says at least half of the words of an option."""
    wanted = set(_WORD.findall(own))
    return bool(wanted) and 2 * len(wanted & set(_WORD.findall(said))) >= len(wanted)
