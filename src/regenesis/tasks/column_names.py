"""What the columns of a question table are usually called, and which of a table's columns are called so.

    usual_columns("gold", ["id", "question", "Expected_Answer"])   # ["Expected_Answer"]

Names are compared without regard to case and separators. Those of one rank are alike; a later rank is looked at only
where no column bears a name of an earlier one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from regenesis.tasks.paths import last_step

_RANKS: dict[str, tuple[str, ...]] = {
    "text": (
        "question question_text question_stem question_content",
        "text prompt problem problem_text problem_statement query instruction input inputs stem task goal ctx sentence "
        "messages conversations conversation chat dialog dialogue",
    ),
    "gold": (
        "reward_model.ground_truth",
        "answer gold target expected_answer final_answer gold_answer golden_answer ground_truth ground_truth_answer "
        "correct_answer right_answer true_answer reference_answer answer_key answers gold_answers golden_answers "
        "correct_answers gold_target answer_text answer_label answer_idx answer_index answer_id correct_option "
        "correct_choice correct_label correct_idx correct_index gold_label gold_idx gold_index gold_option cop "
        "numeric_answer numerical_answer short_answer exact_answer ground_truths "
        "answer_number final_ans best_answer final_decision verified_answer standard_answer gt_answer",
        "label labels correct solution expected expected_output reference output response completion "
        "mc1_targets.labels multiple_choice_scores",
    ),
    "id": ("id uid qid", "question_id problem_id example_id sample_id item_id row_id unique_id uuid guid"),
    "choices": (
        "choices options answer_choices answer_options multiple_choice_options mc_options mc_choices endings "
        "candidates candidate_answers alternatives possible_answers multiple_choice_targets mc1_targets choice option",
        "answers targets",
    ),
    "solution": (
        "solution worked_solution reference_solution gold_solution ground_truth_solution solution_text full_solution",
        "rationale explanation worked_answer reasoning_steps chain_of_thought cot",
    ),
}
FIELDS = (*_RANKS, "group")
"""The fields of a question that a column can hold; a group is never told from a name."""
_CONTEXT = frozenset(
    {"context", "passage", "article", "premise", "hypothesis", "body", "background", "paragraph", "story", "facts"}
)
_GOLD_WORDS = re.compile(r"answer|gold|truth|solution|correct|label", re.IGNORECASE)


def fold(name: str) -> str:
    """A name without case and separators: `answer_key`, `answerKey` and `Answer Key` are one."""
    return re.sub(r"[\W_]+", "", name).casefold()


_FOLDED = {field: tuple([fold(name) for name in rank.split()] for rank in ranks) for field, ranks in _RANKS.items()}


def usual_columns(field: str, top: Sequence[str], nested: Sequence[str], suits: Callable[[str], bool]) -> list[str]:
    """The columns that are called as those of a field are, all of one rank; empty if there are none.

    Args:
        field: One of those that a name can tell.
        top: The columns.
        nested: Dotted names of what is inside them, looked at where no column itself is called so.
        suits: Whether a column's values are such as the field can have.
    """
    for rank in _FOLDED[field]:
        found = _in_rank(rank, [*top, *(name for name in nested if fold(name) in rank)], fold, suits)
        if found:
            return found
    for rank in _FOLDED[field]:
        found = _in_rank(rank, nested, lambda name: fold(last_step(name)), suits)
        if found:
            return found
    return []


def _in_rank(
    rank: Sequence[str], names: Iterable[str], called: Callable[[str], str], suits: Callable[[str], bool]
) -> list[str]:
    found = [name for name in names if called(name) in rank and suits(name)]
    return sorted(found, key=lambda name: rank.index(called(name)))


def may_be_context(name: str) -> bool:
    """Whether a column is called as those are without which a question cannot be understood."""
    return fold(name) in _CONTEXT


def may_be_gold(name: str) -> bool:
    """Whether a column is called as if it had to do with right answers."""
    return _GOLD_WORDS.search(name) is not None
