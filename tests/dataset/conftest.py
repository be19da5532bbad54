"""Graded paths to write down, as curation's tests have them."""

from __future__ import annotations

from tests.curation.conftest import judged_of, path_of, question

__all__ = ["judged_of", "path_of", "question"]
