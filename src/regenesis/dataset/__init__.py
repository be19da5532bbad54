"""The dataset of a run, derived from outcomes without an engine: rows, files and card.

write_dataset(folder, (example(one, question, prompt) for one in kept), funnel, about)
"""

from __future__ import annotations

from regenesis.dataset.examples import example
from regenesis.dataset.writing import DatasetSummary, write_dataset

__all__ = ["DatasetSummary", "example", "write_dataset"]
