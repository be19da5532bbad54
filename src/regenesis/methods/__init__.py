"""Methods: how a question becomes reasoning paths. Each is one file or folder; `base` is the contract.

method = make_method(config.method, answering)
outcome = await method.solve(Session(question, judge, sampler, ordinal))
"""

from __future__ import annotations

from regenesis.methods.base import Author, Judge, Method, MethodSection, Opinion, Outcome, Session, TrainingRow
from regenesis.methods.catalogue import MethodField, make_method, method_class, method_names
from regenesis.methods.estimates import Estimate, StageEstimate

__all__ = [
    "Author",
    "Estimate",
    "Judge",
    "Method",
    "MethodField",
    "MethodSection",
    "Opinion",
    "Outcome",
    "Session",
    "StageEstimate",
    "TrainingRow",
    "make_method",
    "method_class",
    "method_names",
]
