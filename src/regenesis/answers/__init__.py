"""Reads a final answer out of a model's text and compares it with gold.

from regenesis.answers import grade
grade("... The answer is $18.00.", "18")   # Verdict(status="correct", extracted="18", ...)
"""

from __future__ import annotations

from regenesis.answers.checking import check
from regenesis.answers.gold import Gold, GoldError, NoGold, read_gold
from regenesis.answers.grading import GradingKind, equivalent, extract, grade
from regenesis.answers.judging import JudgeMode, combine, read_judgement
from regenesis.answers.kinds import infer_kind
from regenesis.answers.options import ChoicesLike, choices_from
from regenesis.answers.pool import score_with_reasoning_gym
from regenesis.answers.programs import grade_program
from regenesis.answers.rules import DEFAULT_RULES, Rules
from regenesis.answers.scorer import final_answer, grade_with_scorer
from regenesis.answers.voting import Vote, vote

__all__ = [
    "DEFAULT_RULES",
    "ChoicesLike",
    "Gold",
    "GoldError",
    "GradingKind",
    "JudgeMode",
    "NoGold",
    "Rules",
    "Vote",
    "check",
    "choices_from",
    "combine",
    "equivalent",
    "extract",
    "final_answer",
    "grade",
    "grade_program",
    "grade_with_scorer",
    "infer_kind",
    "read_gold",
    "read_judgement",
    "score_with_reasoning_gym",
    "vote",
]
