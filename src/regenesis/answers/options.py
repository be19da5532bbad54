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
from regenesis.nouns import Choice

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
    r"\s*(?:,|/|&|\+|or|and|and/or|nor)\s*(?:(?:option|choice)\s+)?[(\[]?(?P<second>[A-Za-z]"
    r"|[0-9]{1,2})[)\]]?(?![A-Za-z0-9'])",
    re.IGNORECASE,
)
_TAIL_REASON = re.compile(r"\s*(?:because|since|as|which|so|given|due)\b", re.IGNORECASE)
_REMARK = re.compile(r"\s+\(([^()]*)\)$")
_LABEL_A = re.compile(r"\(?[Aa][).:]\s")
_BECAUSE = re.compile(r"\s*(?:because|since)\b", re.IGNORECASE)
_DENIED = re.compile(r"\s*(?:is|are)\s+(?:not|wrong|incorrect|false|n't)|\s*isn't", re.IGNORECASE)


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
    if isinstance(choices, Mapping):
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


def _letter(index: int) -> str:
    return chr(ord("A") + index) if index < 26 else str(index + 1)


@lru_cache(maxsize=1024)
def options_from(choices: tuple[Choice, ...]) -> Options:
    """Prepares options; texts that two options share name neither."""
    by_label: dict[str, str] = {}
    by_text: dict[str, str] = {}
    shared: set[str] = set()
    for choice in choices:
        by_label.setdefault(folded(choice.label), choice.label)
        text = folded(choice.text)
        if text in by_text:
            shared.add(text)
        elif text:
            by_text[text] = choice.label
    for text in shared:
        del by_text[text]
    return Options(
        tuple(choice.label for choice in choices), tuple(choice.text for choice in choices), by_label, by_text
    )


def read_option(text: str, options: Options) -> str | None:
    """Label of the one option that `text` names, or `None`.

    Without options any single capital letter is a label.
    """
    if len(text) > _LONGEST:
        return None
    if len(text) == 1 and text in options.by_label.values():
        return text if folded(text) not in options.by_text or options.by_text[folded(text)] == text else None
    text = _strip_label_dots(undress(text))
    remark = _REMARK.search(text)
    by_text = _named_by_text(text[: remark.start()] if remark else text, options) or _named_by_text(text, options)
    if by_text is not None and remark and options.by_label.get(remark[1].lower(), by_text) != by_text:
        return None
    by_label = _named_by_label(text, options)
    if by_text is not None and by_text != by_label and (by_label is not None or _LABEL_A.match(text)):
        return None
    return by_label or by_text


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


def _named_by_label(text: str, options: Options) -> str | None:
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
    if _SEVERAL.match(rest.lstrip(")] ")) or _DENIED.match(rest.lstrip(")] ")):
        return None
    rest = rest.lstrip(")].:,;- \t\n")
    if not rest or _TAIL_REASON.match(rest) or (marked and not options.by_text):
        sure = marked or not rest or match["label"].isupper() or match["label"].isdigit()
        return label if sure or _BECAUSE.match(rest) else None
    return _label_with_text(label, rest, marked, options)


def _label_with_text(label: str, rest: str, marked: bool, options: Options) -> str | None:
    """A label followed by words: sound if the words are the option's own, or at least no other option's."""
    words = folded(rest)
    owner = options.by_text.get(words)
    if owner is not None:
        return label if owner == label else None
    if rest[0] == "(" or rest.startswith(("is the", "is correct")):
        return label
    own = folded(options.texts[options.labels.index(label)]) if options else ""
    if own and (own.startswith(words) or words.startswith(own)):
        return label
    return label if marked else None
