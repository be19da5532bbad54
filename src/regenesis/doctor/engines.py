"""Can each engine that the config names start? Each one says so itself (`EngineConfig.check`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from regenesis.doctor.subject import Subject
from regenesis.findings import Finding


def check_engines(subject: Subject) -> Iterator[Finding]:
    """Whether the run's engine can start, and those that an evaluation has of its own."""
    yield from subject.engine.check()
    if subject.config is None:
        return
    evaluation = subject.config.evaluation
    own = {"evaluation engine": evaluation.engine, "tuned engine": evaluation.tuned_engine}
    for name, engine in own.items():
        if engine is not None and engine != subject.engine:
            for finding in engine.check():
                yield replace(finding, check=name)
    measuring = evaluation.engine or subject.engine
    if evaluation.tasks and not measuring.takes_adapters and evaluation.tuned_engine is None:
        yield Finding(
            "tuned engine",
            "warn",
            "A server cannot load the tuned model by itself, and evaluation.tuned_engine is not set.",
            "After training, serve it next to the base model and set evaluation.tuned_engine, or evaluate on another "
            "engine.",
        )
