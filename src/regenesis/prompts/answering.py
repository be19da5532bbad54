"""The prompt that asks a model to answer a question: the same for plain samples, training rows and evaluation.

    answering = load_answering(config.answering)
    messages = answering.messages(question)

It belongs to no method, so that methods with prompts of their own are trained and measured alike.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import Field

from regenesis.errors import ConfigError
from regenesis.prompts.templates import TemplateFolder
from regenesis.section import A_PATH, Section
from regenesis.types import Message, Question

DEFAULT = "step-by-step"
BUILT_IN = (DEFAULT, "direct")
_FOLDER = "answering_prompts"
_ANSWER_FORM = "answer_form.j2"
_FORM_PHRASES = (
    "reason step by step and end with",
    "the final answer, a number alone",
    "the final answer alone in the place of",
    "the letter of the right option",
    "yes or no in boxed",
    "in the form that the problem asks for",
)
"""Wordings that ask for an answer and occur in none."""


class AnsweringConfig(Section):
    """The prompt that asks for an answer, where no method has a prompt of its own."""

    prompt: str = Field(default=DEFAULT, json_schema_extra=A_PATH)
    """A prompt that comes with the package (`step-by-step`, or `direct`, which asks for the answer alone), or the path
    of a Jinja2 template over `question`; `{% include "answer_form.j2" %}` in it says how to state the answer."""
    system: str | None = Field(default=None, min_length=1)
    """System message."""
    form: Literal["boxed", "stated"] = "boxed"
    """Format of the final answer: in `\\boxed{}`, or in a last sentence (`The answer is …`). With `stated` set
    `curation.require_box: false` too."""


class AnsweringPrompt:
    """How a question is put to a model for an answer.

    Attributes:
        config: What it was made from.
        source: Text of the template.
        form: Template of how the final answer is to be stated, by kind of question.
        digest: Hash over all that shapes the prompt.
        shots: Worked examples before the question.
    """

    shots = 0

    def __init__(self, config: AnsweringConfig, source: str, form: str) -> None:
        self.config = config
        self.source = source
        self.form = form
        self._templates = TemplateFolder(
            f"answering prompt {config.prompt}",
            {"answer.j2": source, _ANSWER_FORM: form},
            {"answer": frozenset({"question"})},
        )
        self.digest = hashlib.blake2b(repr([source, form, config.system]).encode(), digest_size=8).hexdigest()

    @property
    def asks_for_a_box(self) -> bool:
        return self.config.form == "boxed"

    @property
    def scaffold(self) -> tuple[str, ...]:
        """Phrases that ask for the form of the answer, which no path may repeat."""
        return _FORM_PHRASES

    def messages(self, question: Question) -> tuple[Message, ...]:
        """The chat, ending with the user's message.

        Raises:
            ConfigError: The template cannot be rendered for this question.
        """
        # a template of the user's own may name any attribute
        shown = replace(question, solution=None)
        turn = Message("user", self._templates.render("answer", question=shown))
        return (Message("system", self.config.system), turn) if self.config.system else (turn,)

    def cut(self, question: Question, reply: str) -> str:
        """The part of a reply that is graded: all of it."""
        return reply

    def with_prompt(self, prompt: str) -> AnsweringPrompt:
        """The same with another template.

        Raises:
            ConfigError: There is none, or it is not valid.
        """
        return load_answering(self.config.model_copy(update={"prompt": prompt}))


def load_answering(config: AnsweringConfig | None = None) -> AnsweringPrompt:
    """Loads the prompt that a config names.

    Raises:
        ConfigError: There is no such prompt, or it is not valid.
    """
    config = config or AnsweringConfig()
    folder = resources.files(__package__).joinpath(_FOLDER)
    form = folder.joinpath(f"answer_form.{config.form}.j2").read_text("utf-8")
    if config.prompt in BUILT_IN:
        return AnsweringPrompt(config, folder.joinpath(f"{config.prompt}.j2").read_text("utf-8"), form)
    file = Path(config.prompt)
    try:
        source = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(
            f"answering.prompt {config.prompt!r}: cannot be read as a template ({why}); prompts that come with "
            f"regenesis are {', '.join(BUILT_IN)}."
        ) from error
    return AnsweringPrompt(config, source, form)
