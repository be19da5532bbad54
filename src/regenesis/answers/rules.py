"""What a user may decide about grading; everything else is fixed and written down in `docs/answers.md`.

grade(response, "50", rules=Rules(percent="fraction"))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PercentRule = Literal["either", "face", "fraction"]


@dataclass(frozen=True, slots=True)
class Rules:
    """The choices that reasonable people make differently.

    Attributes:
        percent: When one side carries a percent sign and the other does not: `face` reads 50 % as 50, `fraction`
            reads it as 0.5, `either` takes both as right. With a sign on both sides only the figures count.
        tolerance: Largest relative difference at which two numbers are the same; 0 compares exactly.
        rounded_digits: A decimal of at least so many significant digits equals a fraction or root that rounds to it
            (0.333333 and 1/3); 0 turns that off.
        plain_sentence: Whether the one number of a plain last sentence ("Ann had 54 beads at first.") is the answer if
            nothing else is. It finds more answers, and some wrong ones: good for measuring, not for training.
        window: Only so many characters at the end of a response are read.
        symbolic: Whether `math` answers that exact comparison leaves open go to the worker pool.
        symbolic_seconds: How long the pool may think about one answer, or about all answers of one vote together.
        run_programs: Whether kind `code` runs the model's program against the gold tests, as `grade_program` does; read
            there what that does not protect from.
    """

    percent: PercentRule = "either"
    tolerance: float = 0.0
    rounded_digits: int = 6
    plain_sentence: bool = False
    window: int = 10_000
    symbolic: bool = True
    symbolic_seconds: float = 5.0
    run_programs: bool = False


DEFAULT_RULES = Rules()
