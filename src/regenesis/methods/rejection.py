"""Rejection sampling: plain samples of the model, of which the right ones are kept.

The strongest cheap rival of every longer method. Known as RFT (Yuan et al., arXiv 2308.01825) and, over several rounds,
as ReST-EM (Singh et al., arXiv 2312.06585).
"""

from __future__ import annotations

from regenesis.methods.base import Outcome, Session
from regenesis.methods.until_enough import UntilEnough, UntilEnoughConfig


class RejectionConfig(UntilEnoughConfig):
    """Plain samples, of which the right ones are kept."""

    name: str = "rejection"
    """`rejection`."""


class Rejection(UntilEnough[RejectionConfig]):
    """See the module's text. Questions without a gold answer keep nothing."""

    name = "rejection"
    title = "rejection sampling"
    Config = RejectionConfig
    source = "arXiv 2308.01825, 2312.06585"

    async def solve(self, session: Session) -> Outcome:
        judged = await self.draw(session)
        return Outcome(session.question, tuple(judged), tuple(session.judge.select(judged, self.config.keep)))
