"""Curation: which right paths are fit to train on, and which of them are kept.

    curator = Curator(config.curation)
    text = curator.clean(path, question)
    judged = GradedPath(path, grade(text), curator.defect(path, text, question), text)
    kept = curator.select(all_judged, keep=5)
    funnel.finish_question(question, all_judged, kept, curator.left_out(all_judged, kept))

Nothing here asks a model or checks an answer.
"""

from __future__ import annotations

from regenesis.curation.curator import DEFECTS, Curator
from regenesis.curation.decontamination import Overlap, find_overlaps
from regenesis.curation.funnel import Funnel, Tally

__all__ = [
    "DEFECTS",
    "Curator",
    "Funnel",
    "Overlap",
    "Tally",
    "find_overlaps",
]
