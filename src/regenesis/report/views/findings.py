"""What checks found, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from regenesis.findings import Finding, Status
from regenesis.report.blocks import Note, Tone, View

_TONES: dict[Status, Tone] = {"ok": "plain", "warn": "caution", "fail": "bad"}


def findings_view(findings: Sequence[Finding]) -> View:
    """The findings in order."""
    return [[_finding(finding) for finding in findings]]


def _finding(finding: Finding) -> Note:
    advice = [f"{'':<14} → {finding.advice}"] if finding.advice else []
    text = f"{finding.status:<5}{finding.check:<11} {finding.summary}"
    return Note(text, _TONES[finding.status], details=advice)
