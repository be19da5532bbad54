"""`regenesis show --evaluation TASK`: what the models answered, question by question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from regenesis.cli.answers import print_answers
from regenesis.cli.paging import paged
from regenesis.cli.terminal import print_json
from regenesis.errors import ConfigError, RunError
from regenesis.evaluation.answers import AnsweredQuestion, Change, RecordedAnswers, read_answers
from regenesis.report.terminal import print_view
from regenesis.report.text import neutralise
from regenesis.report.views.answers import agreement, answers_view
from regenesis.runs.reading import prompts_of, says, the_one
from regenesis.store.directory import RunDirectory
from regenesis.types import Message, Status

if TYPE_CHECKING:
    from regenesis.cli.show import Listing


@dataclass(frozen=True, slots=True)
class AnswersWanted:
    """Which answers are looked for; everything that is stated has to hold.

    Attributes:
        task: Name of the task.
        flips: What has to have changed from the first to the last model.
        models: The models shown; all if empty.
        status: The verdict on an answer of the last model.
        text: What the question or an answer has to say.
    """

    task: str
    flips: Change | None
    models: tuple[str, ...]
    status: Status | None
    text: str | None

    def takes(self, one: AnsweredQuestion, models: Sequence[str]) -> bool:
        """Whether a question is among those looked for."""
        rows = one.answers.get(models[-1], ())
        if self.flips is not None and one.change(models[0], models[-1]) != self.flips:
            return False
        if self.status is not None and not any(row.status == self.status for row in rows):
            return False
        written = (row.response for model in models for row in one.answers.get(model, ()))
        return self.text is None or says(self.text, one.text, *written)


def show_answers(listing: Listing, wanted: AnswersWanted) -> None:
    """Shows the questions of a task with what each model answered, or one of them or all in full."""
    recorded = read_answers(listing.run, wanted.task)
    models = _models(recorded, wanted)
    which = {"evaluation": wanted.task, "model": wanted.models}
    options = {**which, "flips": wanted.flips, "status": wanted.status, "search": wanted.text}
    if listing.question is not None:
        try:
            one = the_one(((one.id, one) for one in recorded.questions), listing.question, str(listing.run))
        except RunError as error:
            raise RunError(f"{error} `{listing.command(which)}` lists the questions.") from error
        _show(recorded, [one], models, listing)
        return
    chosen = [one for one in recorded.questions if wanted.takes(one, models)]
    page, after = listing.page(chosen[listing.offset : listing.offset + listing.limit + 1], options)
    if listing.as_json or listing.full or listing.prompts:
        _show(recorded, page, models, listing)
        return
    with paged() as out:
        print_view(out, answers_view(recorded, page, models, listing.command(which), after))


def _models(recorded: RecordedAnswers, wanted: AnswersWanted) -> Sequence[str]:
    for model in wanted.models:
        if model not in recorded.models:
            raise RunError(f"--model {model}: has no answers to {wanted.task}; there are {', '.join(recorded.models)}.")
    models = wanted.models or recorded.models
    if wanted.flips is not None and len(set(models)) == 1:
        raise ConfigError(f"--flips: compares two models, and there are only answers of {models[0]}.")
    return models


def _show(
    recorded: RecordedAnswers, questions: Sequence[AnsweredQuestion], models: Sequence[str], listing: Listing
) -> None:
    keys = [row.ledger_key for one in questions for model in models for row in one.answers.get(model, ())]
    prompts = prompts_of(RunDirectory(listing.run), keys) if listing.prompts else {}
    if listing.as_json:
        print_json(
            {
                "task": recorded.task,
                "models": list(models),
                "exploratory": recorded.exploratory,
                "questions": [_json(one, models, prompts) for one in questions],
            }
        )
        return
    with paged() as out:
        out.print(neutralise(agreement(recorded, models)))
        for one in questions:
            out.print()
            print_answers(out, one, models, prompts)


def _json(one: AnsweredQuestion, models: Sequence[str], prompts: Mapping[str, Sequence[Message]]) -> dict[str, Any]:
    rows = {
        model: [
            row._asdict() | {"prompt": [asdict(turn) for turn in prompts[row.ledger_key]]}
            if row.ledger_key in prompts
            else row._asdict()
            for row in one.answers.get(model, ())
        ]
        for model in models
    }
    changed = one.change(models[0], models[-1]) if len(models) > 1 else None
    return {"id": one.id, "text": one.text, "gold": one.gold, "kind": one.kind, "change": changed, "answers": rows}
