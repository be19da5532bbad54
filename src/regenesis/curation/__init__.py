"""Curation: which right paths are fit to train on, which of them are kept, and the data set they make.

    curator = Curator(config.curation)
    text = curator.clean(path, question)
    judged = Judged(path, grade(text), curator.defect(path, text, question), text)
    kept = curator.select(all_judged, keep=5)
    funnel.finish_question(question, all_judged, kept, curator.near_duplicates(all_judged, kept))
    write_dataset(folder, (example(one, question, prompt) for one in kept), funnel, about)

Nothing here asks a model or checks an answer.
"""

from __future__ import annotations

from regenesis.curation.curator import DEFECTS, Curator
from regenesis.curation.dataset import DatasetSummary, write_dataset
from regenesis.curation.decontamination import Overlap, find_overlaps
from regenesis.curation.examples import example
from regenesis.curation.funnel import Funnel, Tally

__all__ = [
    "DEFECTS",
    "Curator",
    "DatasetSummary",
    "Funnel",
    "Overlap",
    "Tally",
    "example",
    "find_overlaps",
    "write_dataset",
]
