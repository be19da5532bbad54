"""What a user can do about a refusal, where the server's words name a field that the config can change."""

from __future__ import annotations

import re

_ADVICE = (
    (r"max_completion_tokens", "Set engine.max_tokens_field to max_completion_tokens."),
    (r"\bseed\b", "Set engine.send_seed to false."),
    (
        r"\btop_p\b",
        "Leave the field out: set method.sampling.top_p (and evaluation.sampling.top_p) to null.",
    ),
    (
        r"\btemperature\b",
        "Leave the field out: set method.sampling.temperature, method.hint.temperature (and "
        "evaluation.sampling.temperature) to null.",
    ),
    (r"roles? must alternate|system (?:role|message)", "Choose a prompt set whose chats the model's template takes."),
    (
        r"context|too long|max_tokens|token limit",
        "Serve the model with a longer context, or lower method.sampling.max_tokens.",
    ),
    (r"\bn\b.{0,20}(?:field|parameter|param)", "Set `n: null` in engine.extra_body."),
)


def advice_on(words: str) -> str:
    """A sentence of advice with a blank after it, empty where the words suggest none."""
    return next((f"{advice} " for pattern, advice in _ADVICE if re.search(pattern, words, re.IGNORECASE)), "")
