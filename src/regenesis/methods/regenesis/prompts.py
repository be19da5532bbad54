"""Prompt sets: folders of Jinja2 templates, one file a stage.

    prompts = load_prompts("guided")
    messages = prompts.messages("adapt", history=(), question=question, guideline="…", hint=None)

A set's `set.yaml` says how its stages are joined. `conversation: true` asks the stages of a chain as turns of one
chat: every stage repeats the earlier ones word for word, question first, so an engine that caches prefixes computes
only what is new. `conversation: false` asks each stage in a chat of its own. `system` is a system message; `scaffold`
lists phrases of the templates that no path may repeat; `extends` names a set that comes with the package, whose
templates are taken where the folder has none of its own.

A stage has a system message of its own where the set has a template `<stage>.system.j2`, which sees the same values as
the stage; rendered empty, it sends none.

Every set has `select`, `adapt`, `structure`, `solve`, `summarise` and `judge`. Ablations have templates of their own,
needed only by configs that ask for them: `structure_alone` and `solve_alone` where the stage before is left out,
`fused` for all stages in one call, `generate` for guidelines that the model writes. A set that has `repair` can have
the end of a path asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence, Set
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from regenesis.errors import ConfigError
from regenesis.methods.regenesis.config import ReGenesisConfig
from regenesis.prompts import AnsweringPrompt, TemplateFolder
from regenesis.types import Message, Question

_ALWAYS = frozenset({"question", "conversation", "hint"})
_VALUES = {
    "select": _ALWAYS | {"guidelines"},
    "adapt": _ALWAYS | {"guideline"},
    "structure": _ALWAYS | {"adapted"},
    "solve": _ALWAYS | {"structure"},
    "summarise": _ALWAYS | {"path"},
    "judge": _ALWAYS | {"path", "gold"},
}
"""The templates that every set has, and the values they are rendered with."""
_REPAIR = "repair"
_ABLATIONS = {
    "structure_alone": _ALWAYS | {"guideline"},
    "solve_alone": _ALWAYS | {"guideline"},
    "fused": _ALWAYS | {"guideline"},
    "generate": _ALWAYS | {"count"},
    _REPAIR: _ALWAYS | {"truncated"},
}
"""Templates that only some configs need; `guideline` is empty where a chain starts from none."""
BUILT_IN = ("guided", "one-chat", "paper")
_SETTING = {
    "select": "selections",
    "summarise": "summarise",
    "judge": "self_judge",
    "fused": "fused",
    "generate": "guidelines",
    _REPAIR: "repair",
}
"""The field of `method` that says whether a template is asked by, other than `stages`."""
_OF_SYSTEM = ".system"
"""Ends the name of a template of a stage's system message."""
_SETTINGS = frozenset({"conversation", "system", "scaffold", "extends"})
_SETS = resources.files(__package__).joinpath("prompt_sets")
_ONCE = "train.j2"
"""The prompt of training and evaluation, which stood in prompt sets before it had a section of its own."""


class PromptSet:
    """The templates of one set.

    Attributes:
        name: Name or folder of the set.
        digest: Hash over all that shapes what is asked: two sets with the same digest ask the same.
        conversation: Whether the stages of a chain are turns of one chat.
        repairs: Whether it is used to ask for the end of a path.
        asked: Templates that the config asks by.
        scaffold: Phrases of the templates that give a path away as the answer to them.
    """

    def __init__(
        self, name: str, files: Mapping[str, str], asked: Set[str] = frozenset(), own: Set[str] = frozenset()
    ) -> None:
        """Compiles and checks a set's files.

        Args:
            name: What the set is called in errors.
            files: Text of each file by its name.
            asked: Templates that the config asks by; those of ablations are needed only then.
            own: Those of the files that a user wrote.

        Raises:
            ConfigError: A template is missing or not valid.
        """
        self.name = name
        self.asked = asked
        needed = asked & _ABLATIONS.keys()
        self._own = own
        settings = _settings(name, files)
        if _ONCE in files:
            raise ConfigError(
                f"prompt set {name}: {_ONCE}, the prompt of training and evaluation, now has a section of its own. "
                f"Move the file out of the folder and name it in the config: `answering: {{prompt: path/to/{_ONCE}}}`."
            )
        self.conversation: bool = settings["conversation"]
        self.repairs = _REPAIR in needed
        self.scaffold: tuple[str, ...] = tuple(settings.get("scaffold", ()))
        self._system: str | None = settings.get("system")
        values = _VALUES | {template: _ABLATIONS[template] for template in sorted(needed)}
        self._with_system = frozenset(_with_system(name, files) & values.keys())
        values |= {f"{template}{_OF_SYSTEM}": values[template] for template in sorted(self._with_system)}
        self._templates = TemplateFolder(f"prompt set {name}", files, values)
        # a template that nothing asks by changes nothing, so that a set may gain some
        # and the end of a path may be asked for or not in one run, whose set stays the same
        unasked = _ABLATIONS.keys() - needed - {_REPAIR}
        unused = {f"{template}{end}.j2" for template in unasked for end in ("", _OF_SYSTEM)}
        self._asking = {file: text for file, text in files.items() if file.endswith(".j2") and file not in unused}
        self.digest = self._digest(self._asking)

    def unasked(self) -> list[str]:
        """The user's own templates of this set that the config never asks by, and that no other one includes."""
        asked = self.asked | {f"{template}{_OF_SYSTEM}" for template in self.asked & self._with_system}
        used = {file for template in asked for file in self._templates.files_of(template)}
        return sorted(file for file in self._own - used if file.endswith(".j2"))

    def _digest(self, files: Mapping[str, str], *more: object) -> str:
        asking = [sorted(files.items()), self.conversation, self._system, *more]
        return hashlib.blake2b(repr(asking).encode(), digest_size=8).hexdigest()

    def digest_with(self, answering: AnsweringPrompt) -> str:
        """Hash over this set and the answering prompt, as runs have it that began when they were one."""
        default = answering.config.system is None and answering.asks_for_a_box
        more = () if default else (answering.digest,)
        return self._digest(self._asking | {_ONCE: answering.source}, *more)

    def messages(
        self,
        template: str,
        question: Question,
        history: Sequence[Message] = (),
        *,
        same_chat: bool = False,
        **values: Any,
    ) -> tuple[Message, ...]:
        """The chat to send for a stage.

        Args:
            template: The stage's template.
            question: The question; templates see its `text`, `kind` and `choices`.
            history: The chain's chat so far, which a conversation goes on from and other sets leave out.
            same_chat: Go on from `history` even where the set asks each stage in a chat of its own.
            **values: What else the template names: `guideline`, `guidelines`, `adapted`, `structure`, `hint`, `path`,
                `gold`, `count`, `truncated`.

        Raises:
            ConfigError: The template names a value that the stage does not have.
        """
        values |= {"question": question, "conversation": bool(history)}
        turn = Message("user", self._templates.render(template, **values))
        if history and (self.conversation or same_chat):
            return (*history, turn)
        system = self._system
        if template in self._with_system:
            system = self._templates.render(f"{template}{_OF_SYSTEM}", **values)
        return (Message("system", system), turn) if system else (turn,)


def load_prompts(name: str, config: ReGenesisConfig | None = None) -> PromptSet:
    """Loads a prompt set.

    Args:
        name: A set that comes with the package, or the path of a folder with `set.yaml` and a template for each stage.
        config: What chains ask, which decides whether templates for ablations are needed too.

    Raises:
        ConfigError: There is no such set, a template is missing, or one is not valid.
    """
    folder: Traversable = _SETS.joinpath(name) if name in BUILT_IN else Path(name)
    if not folder.is_dir():
        raise ConfigError(
            f"prompt set {name!r}: there is no such folder; sets that come with regenesis are {', '.join(BUILT_IN)}."
        )
    files = _with_base(name, folder)
    asked = _asked(config, files) if config is not None else frozenset()
    return PromptSet(name, files, asked, _own(files) if name not in BUILT_IN else frozenset())


def told_of_unasked(prompts: PromptSet) -> list[str]:
    """What to tell of templates that a user wrote and that nothing is asked by, in a sentence; none where all are."""
    files = prompts.unasked()
    if not files:
        return []
    templates = [file.removesuffix(".j2").removesuffix(_OF_SYSTEM) for file in files]
    known = [one for one in templates if one in _VALUES or one in _ABLATIONS]
    settings = dict.fromkeys(f"method.{_SETTING.get(one, 'stages')}" for one in known)
    change = f"Change {' and '.join(settings)} so that they are used, move" if settings else "Move"
    return [
        f"prompt set {prompts.name}: nothing is asked by {', '.join(files)}; this config asks by "
        f"{', '.join(f'{one}.j2' for one in sorted(prompts.asked))}. {change} the text to a template that is, or "
        "remove the file."
    ]


def _with_base(name: str, folder: Traversable) -> dict[str, str]:
    """A set's files, and the templates that it takes from the set it extends, which may itself extend one."""
    files = _files(name, folder)
    base = _settings(name, files).get("extends")
    if base is None:
        return files
    inherited = _with_base(base, _SETS.joinpath(base))
    return {file: text for file, text in inherited.items() if file.endswith(".j2")} | files


def _with_system(name: str, files: Mapping[str, str]) -> set[str]:
    """The stages that have a system message of their own."""
    end = f"{_OF_SYSTEM}.j2"
    found = {file.removesuffix(end) for file in files if file.endswith(end)}
    unknown = sorted(found - _VALUES.keys() - _ABLATIONS.keys())
    if unknown:
        known = ", ".join(sorted(_VALUES.keys() | _ABLATIONS.keys()))
        raise ConfigError(f"prompt set {name}: {unknown[0]}{end} belongs to no stage; stages are {known}.")
    return found


def _files(name: str, folder: Traversable) -> dict[str, str]:
    entries = [entry for entry in folder.iterdir() if entry.name.endswith((".j2", ".yaml"))]
    return {entry.name: _read(name, entry) for entry in entries}


def _own(files: Mapping[str, str]) -> frozenset[str]:
    """Files that are no copy of one that comes with the package."""
    copies = {(file, text) for base in BUILT_IN for file, text in _files(base, _SETS.joinpath(base)).items()}
    return frozenset(file for file, text in files.items() if (file, text) not in copies)


def _asked(config: ReGenesisConfig, files: Mapping[str, str]) -> frozenset[str]:
    """Templates that chains of this config may ask by."""
    selects = config.selections > 0 or (config.hint.enabled and config.hint.selections > 0)
    guided = config.guidelines not in (0, []) or config.selections > 0
    adapts, structures = "adapt" in config.stages, "structure" in config.stages
    staged = not config.fused
    asked = {
        "generate": config.guidelines == "generate",
        "select": selects,
        "summarise": config.summarise,
        "judge": config.self_judge != "off",
        "fused": config.fused,
        "adapt": staged and adapts,
        "structure": staged and structures and adapts,
        "structure_alone": staged and structures and (not adapts or config.unguided > 0 or not guided),
        "solve": staged and structures,
        "solve_alone": staged and not structures,
        _REPAIR: staged and config.repair and f"{_REPAIR}.j2" in files,
    }
    return frozenset(template for template, is_asked in asked.items() if is_asked)


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
    if settings.get("extends") not in (None, *BUILT_IN):
        raise ConfigError(f"prompt set {name}, set.yaml: `extends` must be one of {', '.join(BUILT_IN)}.")
    if not isinstance(settings.get("system", ""), str):
        raise ConfigError(f"prompt set {name}, set.yaml: `system` must be a text.")
    return settings
