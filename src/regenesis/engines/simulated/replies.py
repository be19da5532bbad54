"""What a simulated model writes: each kind of reply that a method or an evaluation asks for.

    kind = asked_for(messages)             # "solution", "plan", "guideline", …
    solution(worked, rng, with_answer=True)

What is asked for is told by the words of the last message, as a model would: it knows nothing of stages.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from typing import Literal

from regenesis.engines.simulated.arithmetic import Worked
from regenesis.types import Message

Kind = Literal[
    "judgement", "final answer", "selection", "guidelines", "parts", "answer alone", "solution", "plan", "guideline"
]

TOKENS_A_WORD = 4 / 3
"""As a simulated model counts them."""

_BOXED = re.compile(r"\\boxed\{(-?\d+)\}")
_STATED = re.compile(r"\b(?:right|correct) answer (?:is|was):?\s*(-?\d+)", re.IGNORECASE)
_COUNT = re.compile(r"\b(?:write|list|give) (\d{1,3}) ", re.IGNORECASE)
_GUIDELINE = re.compile(r"\bguidelines? for reasoning\b|\bgeneral guidelines?\b|\bguideline:", re.IGNORECASE)

_ADVICE = (
    ("Look first at", "Begin with", "Keep an eye on", "Sort out", "Write down", "Take apart"),
    ("the innermost brackets", "the numbers that are given", "the order of operations", "what is asked for"),
    ("then go on from the inside to the outside", "then work from left to right", "then do one operation at a time"),
    ("and check each result by its size", "and carry every sign along", "and lose no number on the way"),
)
_PLANS = (
    (
        "List the numbers that are given.",
        "Note the given numbers and their signs.",
        "Copy the expression as it stands.",
    ),
    (
        "Work out what is in brackets.",
        "Find the operations that come first.",
        "Multiply before the rest.",
    ),
    ("Combine what is left, from left to right.", "Add and subtract in the order written."),
    ("Compare the size of the result with a rough guess.", "Read off the result that was asked for."),
)
_OPENINGS = (
    "The expression names its numbers, and brackets come first",
    "We take the operations one by one, multiplications before sums",
    "First we look at what is given and in which order it belongs",
    "Every operation is done on its own so that none is lost",
    "Reading from the inside to the outside shows what to do",
)
_LINKS = ("Here we find", "This part gives", "Now we get", "Next comes", "It follows that", "Working this out,")
_ENDINGS = (
    "Nothing is left to be done, so this is the result",
    "With this all operations are used up",
    "That was the last operation of the expression",
    "All numbers have been used exactly once",
)
_FINAL = ("The final answer is", "So the answer is", "This makes the answer", "Hence the answer is")


def asked_for(messages: Sequence[Message]) -> Kind:
    """What the last message of a chat asks for."""
    last = messages[-1].content if messages else ""
    words = last.lower()
    if "yes or no" in words and _BOXED.search(last) and stated_answer(last) is not None:
        return "judgement"
    if "a solution of this problem" in words or "does this solution come to" in words:
        return "final answer"
    if "separated by commas" in words:
        return "selection"
    if _COUNT.search(words) and "guideline" in words:
        return "guidelines"
    if "three parts" in words:
        return "parts"
    if "\\boxed" in words or '"the answer is' in words:
        return "answer alone" if "nothing else" in words else "solution"
    if re.search(r"\b(?:plan|structure)\b", words):
        return "plan"
    return "guideline" if "guideline" in words else "solution"


def stated_answer(text: str) -> int | None:
    """The right answer, where a text gives it away."""
    found = _STATED.findall(text)
    return int(found[-1]) if found else None


def boxed(text: str) -> str | None:
    """The last boxed number in a text."""
    found = _BOXED.findall(text)
    return found[-1] if found else None


def holds_guideline(text: str) -> bool:
    """Whether a chat holds a guideline, general or adapted."""
    return _GUIDELINE.search(text) is not None or any(opening in text for opening in _ADVICE[2])


def holds_plan(text: str) -> bool:
    """Whether a chat holds a plan, as this model writes it."""
    return any(line in text for line in _PLANS[0])


def guideline(rng: random.Random) -> str:
    """One sentence of advice."""
    start, subject, middle, end = (rng.choice(part) for part in _ADVICE)
    return f"{start} {subject}, {middle}, {end}."


def guidelines(last: str, rng: random.Random) -> str:
    """As many sentences of advice as the message asks for, all different as long as there are enough."""
    count = _COUNT.search(last)
    sentences = dict.fromkeys(guideline(rng) for _ in range(20 * int(count[1] if count else 1)))
    return _numbered(list(sentences)[: int(count[1] if count else 1)])


def plan(rng: random.Random) -> str:
    """Numbered steps without results."""
    return _numbered([rng.choice(lines) for lines in _PLANS])


def selection(rng: random.Random) -> str:
    """Two numbers of a list."""
    return ", ".join(map(str, sorted(rng.sample(range(1, 11), 2))))


def solution(worked: Worked, rng: random.Random, *, with_answer: bool) -> str:
    """Numbered steps, and the answer at the end where it is to be stated."""
    links = [f"{rng.choice(_LINKS)} {step}." for step in worked.steps]
    steps = [f"{rng.choice(_OPENINGS)}.", *links, f"{rng.choice(_ENDINGS)}."]
    last = f"{rng.choice(_FINAL)} \\boxed{{{worked.answer}}}." if with_answer else "That is how it is worked out."
    return f"{_numbered(steps)}\n\n{last}"


def preparation(rng: random.Random) -> str:
    """Guideline and plan under headings, as they precede a solution in one reply."""
    return f"Guideline: {guideline(rng)}\n\nPlan:\n{plan(rng)}\n\nSolution:\n"


def count_tokens(text: str) -> int:
    """Tokens of a text."""
    return math.ceil(len(text.split()) * TOKENS_A_WORD)


def _numbered(lines: Sequence[str]) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))
