"""Prompt sets: folders of Jinja2 templates, one file a stage.

    prompts = load_prompts("default")
    messages = prompts.messages("adapt", history=(), question=question, guideline="…", hint=None)

A set's `set.yaml` says how its stages are joined. `conversation: true` asks the stages of a chain as turns of one
chat: every stage repeats the earlier ones word for word, question first, so an engine that caches prefixes computes
only what is new. `conversation: false` asks each stage in a chat of its own. `system` is a system message; `scaffold`
lists phrases of the templates that no path may repeat.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from regenesis.errors import ConfigError
from regenesis.nouns import Message, Question
from regenesis.prompts.templates import TemplateFolder

_ALWAYS = frozenset({"question", "conversation", "hint"})
_VALUES = {
    "select": _ALWAYS | {"guidelines"},
    "adapt": _ALWAYS | {"guideline"},
    "structure": _ALWAYS | {"adapted"},
    "solve": _ALWAYS | {"structure"},
    "summarise": _ALWAYS | {"path"},
    "judge": _ALWAYS | {"path", "gold"},
}
STAGES = tuple(_VALUES)
"""Stages of the method that ask the model, each with a template of its name."""
TRAINING = "train"
"""Template of the prompt that a kept path is trained as the answer to."""
BUILT_IN = ("default", "paper")
_SETTINGS = frozenset({"conversation", "system", "scaffold"})


class PromptSet:
    """The templates of one set.

    Attributes:
        name: Name or folder of the set.
        digest: Hash over all that shapes what is asked: two sets with the same digest ask the same.
        conversation: Whether the stages of a chain are turns of one chat.
        scaffold: Phrases of the templates that give a path away as the answer to them.
    """

    def __init__(self, name: str, files: Mapping[str, str]) -> None:
        self.name = name
        settings = _settings(name, files)
        self.conversation: bool = settings["conversation"]
        self.scaffold: tuple[str, ...] = tuple(settings.get("scaffold", ()))
        self._system: str | None = settings.get("system")
        self._templates = TemplateFolder(f"prompt set {name}", files, {**_VALUES, TRAINING: frozenset({"question"})})
        asking: list[object] = [sorted((file, text) for file, text in files.items() if file.endswith(".j2"))]
        asking += [self.conversation, self._system]
        self.digest = hashlib.blake2b(repr(asking).encode(), digest_size=8).hexdigest()

    def messages(
        self, stage: str, question: Question, history: Sequence[Message] = (), **values: Any
    ) -> tuple[Message, ...]:
        """The chat to send for a stage.

        Args:
            stage: One of `STAGES`.
            question: The question; templates see its `text`, `kind` and `choices`.
            history: The chain's chat so far, which a conversation goes on from and other sets leave out.
            **values: What else the stage's template names: `guideline`, `guidelines`, `adapted`, `structure`, `hint`,
                `path`, `gold`.

        Raises:
            ConfigError: The template names a value that the stage does not have.
        """
        text = self._templates.render(stage, question=question, conversation=bool(history), **values)
        turn = Message("user", text)
        if self.conversation and history:
            return (*history, turn)
        return (Message("system", self._system), turn) if self._system else (turn,)

    def training_prompt(self, question: Question) -> tuple[Message, ...]:
        """The chat that a kept path is trained as the answer to; no trace of the stages is in it."""
        return (Message("user", self._templates.render(TRAINING, question=question)),)


def load_prompts(name: str) -> PromptSet:
    """Loads a prompt set.

    Args:
        name: A set that comes with the package, or the path of a folder with `set.yaml` and a template for each stage.

    Raises:
        ConfigError: There is no such set, a template is missing, or one is not valid.
    """
    folder: Traversable = resources.files(__package__).joinpath(name) if name in BUILT_IN else Path(name)
    if not folder.is_dir():
        raise ConfigError(
            f"prompt set {name!r}: there is no such folder; sets that come with regenesis are {', '.join(BUILT_IN)}."
        )
    entries = [entry for entry in folder.iterdir() if entry.name.endswith((".j2", ".yaml"))]
    return PromptSet(name, {entry.name: _read(name, entry) for entry in entries})


def _read(name: str, entry: Traversable) -> str:
    try:
        return entry.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"prompt set {name}, {entry.name}: cannot be read as UTF-8 text ({error}).") from error


def _settings(name: str, files: Mapping[str, str]) -> dict[str, Any]:
    if "set.yaml" not in files:
        raise ConfigError(f"prompt set {name}: has no set.yaml, which says `conversation: true` or `false`.")
    try:
        settings = yaml.safe_load(files["set.yaml"])
    except yaml.YAMLError as error:
        raise ConfigError(f"prompt set {name}, set.yaml: is not valid YAML: {error}") from error
    if not isinstance(settings, dict) or not isinstance(settings.get("conversation"), bool):
        raise ConfigError(f"prompt set {name}, set.yaml: must say `conversation: true` or `conversation: false`.")
    unknown = settings.keys() - _SETTINGS
    if unknown:
        known = ", ".join(sorted(_SETTINGS))
        raise ConfigError(f"prompt set {name}, set.yaml: unknown key {sorted(unknown)[0]!r}; known are {known}.")
    scaffold = settings.get("scaffold", [])
    if not isinstance(scaffold, list) or not all(isinstance(phrase, str) for phrase in scaffold):
        raise ConfigError(f"prompt set {name}, set.yaml: `scaffold` must be a list of phrases.")
    if not isinstance(settings.get("system", ""), str):
        raise ConfigError(f"prompt set {name}, set.yaml: `system` must be a text.")
    return settings
