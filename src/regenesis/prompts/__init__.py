"""Prompts: templates that are checked before anything is asked, and the prompt that asks for an answer.

Prompts of a method's own stand beside the method.
"""

from __future__ import annotations

from regenesis.prompts.answering import AnsweringConfig, AnsweringPrompt, load_answering
from regenesis.prompts.templates import TemplateFolder

__all__ = ["AnsweringConfig", "AnsweringPrompt", "TemplateFolder", "load_answering"]
