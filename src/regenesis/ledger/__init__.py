"""The durable record of every request and its completion.

with Ledger.open(run_dir / "ledger.sqlite") as ledger:
completion = ledger.get(request.key)
await ledger.put(request, completion)     # returns once it is on disk
"""

from regenesis.ledger.rows import Recorded, StageTotals
from regenesis.ledger.store import Ledger

__all__ = ["Ledger", "Recorded", "StageTotals"]
