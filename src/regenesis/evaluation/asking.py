"""A question put to a model at evaluation, and what came of it: zero-shot, by the answering prompt.

request = request_for("model@sha256:…", question, exam)           # its key tells whether the ledger holds the answer
reply = await ask(question, ordinal, sampler, exam)
result = await mark("base", task.name, question, reply, exam)
"""

from __future__ import annotations

from dataclasses import dataclass

from regenesis.answers import Rules, check
from regenesis.prompts import AnsweringPrompt
from regenesis.prompts.harness import HarnessPrompt
from regenesis.scheduling import Reply, Sampler, request_of
from regenesis.types import Question, Request, Result, Sampling, Verdict

STAGE = "evaluate"


@dataclass(frozen=True, slots=True)
class Exam:
    """What is the same for every model and question.

    Attributes:
        answering: How a question is put to the model.
        sampling: How tokens are drawn.
        seed: The evaluation's seed.
        rules: How answers are checked.
        samples: Answers per question.
    """

    answering: AnsweringPrompt | HarnessPrompt
    sampling: Sampling
    seed: int
    rules: Rules
    samples: int = 1


def request_for(model: str, question: Question, exam: Exam, sample: int = 0) -> Request:
    """What `ask` asks a model of this identity."""
    messages = exam.answering.messages(question)
    return request_of(model, exam.seed, question, STAGE, STAGE, messages, exam.sampling, sample)


async def ask(question: Question, ordinal: int, sampler: Sampler, exam: Exam, sample: int = 0) -> Reply:
    """The model's answer, from the ledger or else from the engine.

    Raises:
        BudgetSpent: The budget of this start is used up.
        RequestFailed: The request failed every time it was tried.
        EngineError: The engine cannot go on.
        LedgerError: The completion could not be recorded.
    """
    async with sampler.chain(question, ordinal, STAGE, sample) as chain:
        return await chain.ask(STAGE, exam.answering.messages(question), exam.sampling, sample)


async def mark(model: str, task: str, question: Question, reply: Reply, exam: Exam, sample: int = 0) -> Result:
    """The answer with the checker's verdict on it."""
    completion = reply.completion
    text = exam.answering.cut(question, completion.text)
    if completion.refused:
        verdict = Verdict("unparsed", None, f"the engine refused the question: {completion.error}", "refused")
    elif completion.only_thought:
        how = "was cut inside its thought" if completion.finish_reason == "length" else "thought and replied nothing"
        verdict = Verdict("unparsed", None, f"the model {how}", "only-thought")
    else:
        verdict = await check(text, question, exam.rules)
    return Result(
        model=model,
        task=task,
        question_id=question.id,
        key=reply.key,
        response=text,
        finish_reason=completion.finish_reason,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        verdict=verdict,
        sample=sample,
    )
