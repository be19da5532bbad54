"""One chain of one question, with the real prompts and limits and one request a stage; nothing of it is kept.

await one_chain(config, question, engine)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from regenesis.engines import Engine
from regenesis.ledger import Ledger
from regenesis.methods import Opinion, Session
from regenesis.scheduling import Budget, BudgetConfig, Sampler
from regenesis.synthesis.inputs import method_of, shown_to
from regenesis.types import GradedPath, Question, ReasoningPath, Verdict

if TYPE_CHECKING:
    from regenesis.config import RunConfig


async def one_chain(config: RunConfig, question: Question, engine: Engine) -> None:
    """Leads a chain to its end.

    Args:
        config: The run's config.
        question: The question, as the tasks hold it.
        engine: An open engine; it sees what is asked.

    Raises:
        RegenesisError: The method's files cannot be used, or the engine cannot answer.
    """
    method = method_of(config.method, config.answering).one_chain()
    (question,) = shown_to(method, [question])
    with TemporaryDirectory(prefix="regenesis-chain-") as folder, Ledger.open(Path(folder) / "ledger.sqlite") as ledger:
        sampler = Sampler(engine, ledger, Budget(BudgetConfig()), config.seed, room_for_thought=config.room_for_thought)
        await method.prepare(sampler)
        await method.solve(Session(question, _NoJudge(), sampler, 0))


class _NoJudge:
    """Takes each path as it comes: only whether it is answered is looked at."""

    async def judge(
        self, path: ReasoningPath, question: Question, *, stand_ins: Sequence[str] = (), opinion: Opinion | None = None
    ) -> GradedPath:
        return GradedPath(path, Verdict("unparsed", None, "not looked at", "none"), path.defect, "")

    async def vote(self, judged: Sequence[GradedPath], question: Question, min_votes: int) -> list[GradedPath]:
        return list(judged)

    def select(self, judged: Sequence[GradedPath], keep: int) -> list[GradedPath]:
        return []

    def seldom_right(self, judged: Sequence[GradedPath]) -> bool:
        return False
