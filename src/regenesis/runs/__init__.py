"""A run: a directory, its frozen config, and the stages that fill it.

report = await synthesize(config, "runs/x")
status = read_status("runs/x")
"""

from __future__ import annotations

from regenesis.runs.plan import Plan, plan
from regenesis.runs.status import Status, read_status
from regenesis.store.directory import RunDirectory
from regenesis.synthesis.progress import Progress
from regenesis.synthesis.report import SynthesisReport
from regenesis.synthesis.stage import synthesize

__all__ = ["Plan", "Progress", "RunDirectory", "Status", "SynthesisReport", "plan", "read_status", "synthesize"]
