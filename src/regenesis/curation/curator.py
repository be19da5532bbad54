"""The curator: which right paths are fit to train on, and which of the fit ones are kept.

    curator = Curator(config.curation)
    text = curator.clean(path, question)
    judged = GradedPath(path, grade(text), curator.defect(path, text, question), text)
    kept = curator.select(all_judged, keep=5)

Cleaning may cut text, so the verdict that counts is that on the cleaned text: the caller has its answer checked
again. Everything here is a pure function of its arguments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from regenesis.curation.boxes import first_box, has_broken_box, unwrap
from regenesis.curation.config import CurationConfig
from regenesis.curation.equations import has_false_equation, leaves_open
from regenesis.curation.garbage import is_garbage
from regenesis.curation.leaks import find_leak
from regenesis.curation.numbered import list_start, opened_with_list
from regenesis.curation.openings import without_opening
from regenesis.curation.opposed import has_opposed_answers
from regenesis.curation.outputs import has_invented_output
from regenesis.curation.rejected import chooses_what_it_rejects
from regenesis.curation.repetition import loops
from regenesis.curation.selection import left_out, seldom_right, select
from regenesis.curation.steps import too_few_steps
from regenesis.curation.text import tidy
from regenesis.curation.turns import has_invented_turn, without_invented_turns
from regenesis.types import GradedPath, Question, ReasoningPath, storable

DEFECTS = (
    "truncated",
    "empty",
    "no_steps",
    "too_short",
    "too_long",
    "repetition",
    "garbage",
    "broken_box",
    "unboxed",
    "invented_turn",
    "invented_output",
    "leak",
    "opposed_answers",
    "false_equation",
    "no_list",
)
"""What a path can be unfit for, in the order looked at; what broke its chain (`defect`) comes before all."""

_BEGINNING = 100
"""Characters of a path that tell which reply it begins as."""


class Curator:
    """Cleans paths, names what makes them unfit, and chooses among the fit ones.

    Args:
        config: The limits and options.
        scaffold: Phrases of the prompt set that no path may repeat, compared word by word whatever their case.
    """

    def __init__(self, config: CurationConfig, *, scaffold: Sequence[str] = ()) -> None:
        self._config = config
        self._scaffold = tuple(scaffold)
        self._checks: tuple[Callable[[ReasoningPath, str, Question], bool], ...] = (
            lambda path, text, question: path.truncated,
            lambda path, text, question: not text.strip(),
            lambda path, text, question: too_few_steps(text, question.text, config.min_steps, led_by=_led_by(path)),
            lambda path, text, question: path.tokens < config.min_tokens,
            lambda path, text, question: path.tokens > config.max_tokens,
            lambda path, text, question: loops(text, config.max_repetition),
            lambda path, text, question: is_garbage(text, question.text),
            lambda path, text, question: has_broken_box(text) or (question.kind == "number" and leaves_open(text)),
            lambda path, text, question: config.require_box and first_box(path.text) is None,
            lambda path, text, question: has_invented_turn(text, question.text),
            # where a program is asked for, what it prints may well be shown
            lambda path, text, question: question.kind != "code" and has_invented_output(text, question.text),
            lambda path, text, question: find_leak(text, question.text, self._scaffold) is not None,
            lambda path, text, question: has_opposed_answers(text, question) or chooses_what_it_rejects(text, question),
            # a program's assignments are no equations
            lambda path, text, question: question.kind != "code" and has_false_equation(text, question.text),
            lambda path, text, question: config.numbered_list == "require" and list_start(text) is None,
        )

    def clean(self, path: ReasoningPath, question: Question) -> str:
        """The text that would be trained on.

        Turns invented after the final answer and openings that say nothing of the question are cut; with the
        options of the published procedure the text is also opened with its numbered list and its boxes are taken
        off. Cleaning a cleaned text changes nothing. The final answer must be checked again on what is returned.
        """
        text = path.text
        # what is cut may uncover what was hidden behind it: an opening "Sure! Answer:" a labelled answer
        while (again := self._cleaned_once(text, question)) != text:
            text = again
        return text

    def _cleaned_once(self, text: str, question: Question) -> str:
        tidied = text = without_invented_turns(tidy(storable(text)), question.text)
        if self._config.boxed == "unwrap":
            text = unwrap(text).strip()
        text = without_opening(text, question.text, self._scaffold)
        if self._config.numbered_list == "require":
            text = opened_with_list(text)
        return text if text is tidied else tidy(text)

    def defect(self, path: ReasoningPath, text: str, question: Question) -> str | None:
        """Short stable name of the first reason why a path is unfit, `None` if it is fit.

        Args:
            path: The path. Its length is what the engine's own tokenizer counted, before cleaning.
            text: Its cleaned text.
            question: The question it answers, which excuses words that it uses itself.

        Returns:
            `path.defect` if the chain broke, else a name out of `DEFECTS`, else `None`.
        """
        if path.defect is not None:
            return path.defect
        unfit = (name for name, check in zip(DEFECTS, self._checks, strict=True) if check(path, text, question))
        return next(unfit, None)

    def select(self, judged: Sequence[GradedPath], keep: int) -> list[GradedPath]:
        """The paths of one question that are kept, at most `keep`; see `regenesis.curation.selection`."""
        return select(judged, keep, self._config.near_duplicate, self._config.min_pass_rate)

    def seldom_right(self, judged: Sequence[GradedPath]) -> bool:
        """Whether a question is right too seldom for any of its paths to be kept."""
        return seldom_right(judged, self._config.min_pass_rate)

    def left_out(self, judged: Sequence[GradedPath], kept: Sequence[GradedPath]) -> Counter[str]:
        """How many fit and right paths are not kept for a reason of their own; see `regenesis.curation.selection`."""
        return left_out(judged, kept, self._config.near_duplicate, self._config.min_pass_rate)


def _led_by(path: ReasoningPath) -> tuple[str, ...]:
    """What the model wrote on the way to a path, such as its plan: repeated, it works nothing out."""
    # a path may have been given its end by a later reply, and then only begins as the reply that it is
    begins = path.text[:_BEGINNING]
    own = [place for place, (_, _, written) in enumerate(path.steps) if begins in written]
    return tuple(written for _, _, written in path.steps[: own[0]]) if own else ()
