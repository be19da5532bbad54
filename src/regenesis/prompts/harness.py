"""Prompts of lm-evaluation-harness: its own tasks ask our questions, so that figures can be compared with its own.

    prompt = HarnessPrompt(AnsweringConfig(prompt="lm-eval/gsm8k_cot_zeroshot"), rows)
    prompt.messages(question)        # to the letter what the harness sends for the row of this question
    prompt.cut(question, reply)      # the reply up to where the harness stops it

The prompts are read from the installed package and rendered by its own code, from the rows that the questions were made
of. Tasks that compare log-likelihoods of given options have no prompt that a model answers, and are refused.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import inspect
import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regenesis.errors import ConfigError
from regenesis.prompts.answering import AnsweringConfig
from regenesis.types import Message, Question, SourceRow

PREFIX = "lm-eval/"
_MOST_STOPS = 4
"""Stop sequences that the harness sends to a server of chats."""
_DIGESTED = (
    *("description", "doc_to_text", "doc_to_choice", "process_docs", "num_fewshot", "fewshot_config"),
    *("fewshot_delimiter", "target_delimiter", "generation_kwargs"),
)


def is_harness_prompt(name: str | None) -> bool:
    """Whether a prompt is named as one of the harness."""
    return name is not None and name.startswith(PREFIX)


def require_harness(name: str) -> None:
    """Makes sure that the harness is installed, without loading it.

    Raises:
        ConfigError: It is not.
    """
    if importlib.util.find_spec("lm_eval") is None:
        raise ConfigError(
            f"evaluation.prompts {name}: lm-evaluation-harness is not installed. Install it: "
            "pip install 'regenesis[lm-eval]'"
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    """How one question is asked."""

    messages: tuple[Message, ...]
    stops: tuple[str, ...]


class HarnessPrompt:
    """How a task of the harness puts our questions to a model.

    Attributes:
        config: What it was made from.
        digest: Hash over all that shapes the prompts.
        shots: Worked examples before the question.

    Args:
        config: Names the harness' task or group of tasks, as `lm-eval/NAME`.
        rows: The row that each question was made of, by question id; `None` for one that was generated.

    Raises:
        ConfigError: The harness is not installed, has no such task, or its task does not fit the rows.
    """

    def __init__(self, config: AnsweringConfig, rows: Mapping[str, SourceRow | None]) -> None:
        self.config = config
        name = config.prompt.removeprefix(PREFIX)
        with _quiet():
            library = _Library(name)
            self._asked: dict[str, _Asked] = {}
            shaping: dict[str, Any] = {}
            self.shots = 0
            for leaf, members in _by_task(library, rows).items():
                task = library.made(leaf, [row.values for row in members.values()])
                self._asked |= dict(zip(members, _render(config, task, len(members)), strict=True))
                self.shots = max(self.shots, task.config.num_fewshot or 0)
                shaping[leaf] = {field: _plain(getattr(task.config, field, None)) for field in _DIGESTED}
        body = json.dumps([config.system, shaping], sort_keys=True, default=str)
        self.digest = hashlib.blake2b(body.encode(), digest_size=8).hexdigest()

    def messages(self, question: Question) -> tuple[Message, ...]:
        """The chat that the harness sends, ending with the user's message."""
        return self._asked[question.id].messages

    def cut(self, question: Question, reply: str) -> str:
        """A reply up to the first of the sequences at which the harness stops the model."""
        ends = [reply.find(stop) for stop in self._asked[question.id].stops]
        return reply[: min((end for end in ends if end >= 0), default=len(reply))]


class _Library:
    """The harness' tasks of one name: a task, the tasks of a group, or those of a tag."""

    def __init__(self, name: str) -> None:
        require_harness(PREFIX + name)
        try:
            import lm_eval
            from lm_eval.tasks import TaskManager
        except ImportError as error:
            raise ConfigError(
                f"evaluation.prompts {PREFIX}{name}: the installed lm-evaluation-harness cannot be used ({error}). "
                "Install a newer one: pip install --upgrade 'regenesis[lm-eval]'"
            ) from error
        self.name = name
        self._tasks = Path(lm_eval.__file__).parent / "tasks"
        self._folders: list[str] = []
        self.leaves: dict[str, Mapping[str, Any]] = {}
        missing: str | None = name
        while missing is not None:
            # an index of everything takes many seconds, and a group mostly lies in a folder of its own
            found = [folder for folder in _folders(self._tasks, missing) if folder not in self._folders]
            if not found:
                raise self._unknown(missing)
            self._folders += found
            self._manager: Any = TaskManager(include_defaults=False, include_path=self._folders)
            try:
                self.leaves, missing = self._leaves(name), None
            except KeyError as error:
                missing = error.args[0]

    def _unknown(self, name: str) -> ConfigError:
        said = re.compile(r"""^["']?(?:task|group)["']?\s*:\s*["']?([\w.-]+)["']?\s*$""", re.MULTILINE)
        names = {
            one for file in self._tasks.rglob("*.yaml") for one in said.findall(file.read_text("utf-8", "replace"))
        }
        near = difflib.get_close_matches(name, sorted(names), n=3)
        return ConfigError(
            f"evaluation.prompts {PREFIX}{self.name}: lm-evaluation-harness has no task {name!r}"
            + (f"; nearest: {', '.join(near)}." if near else ".")
        )

    def _leaves(self, member: str | Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """The settings of each task that a member of a group stands for.

        Raises:
            KeyError: A task, by its name, is not in the folders that were looked into.
        """
        if not isinstance(member, str) and "group" in member and member["group"] not in self._manager.task_index:
            settings: Mapping[str, Any] = member  # a group that is written out inside another
            tags: list[str] = []
        else:
            name = member if isinstance(member, str) else str(member.get("group") or member["task"])
            entry = self._manager.task_index[name]
            settings, tags = entry.cfg or {}, sorted(entry.tags)
            if isinstance(settings.get("task"), str):
                return {name: settings}
        found: dict[str, Mapping[str, Any]] = {}
        for child in settings.get("task") or tags:
            found |= self._leaves(child)
        return found

    def made(self, leaf: str, rows: Sequence[Mapping[str, Any]]) -> Any:
        """The harness' own task over these rows.

        Raises:
            ConfigError: It is of a kind that cannot ask them.
        """
        self._require_fit(leaf)
        import datasets

        table = datasets.Dataset.from_list([dict(row) for row in rows])
        overrides = {
            "custom_dataset": lambda **_: _AnySplit(table),
            "dataset_kwargs": None,
            # our checker grades; some metrics would be fetched from the Hub
            "metric_list": [{"metric": "bypass", "aggregation": "bypass", "higher_is_better": True}],
            "filter_list": None,
            "process_results": None,
        }
        try:
            # a group of one: only members of a group may override what a task says
            made = self._manager.load({"group": "regenesis", "task": [{"task": leaf, **overrides}]})
        except Exception as error:  # a task is code and templates of others, on rows of ours
            raise self._unfit(leaf, error, rows) from error
        return next(iter(made["tasks"].values()))

    def _unfit(self, leaf: str, error: Exception, rows: Sequence[Mapping[str, Any]]) -> ConfigError:
        columns = ", ".join(rows[0]) if rows else "none"
        return ConfigError(
            f"evaluation.prompts {PREFIX}{self.name}: the harness' task {leaf} cannot ask these questions "
            f"({' '.join(str(error).split())[:200] or type(error).__name__}); their rows have the columns {columns}."
        )

    def _require_fit(self, leaf: str) -> None:
        settings, shots = self.leaves[leaf], self.leaves[leaf].get("num_fewshot") or 0
        if "class" in settings:
            why = "is written as a program, not as a template"
        elif settings.get("output_type", "generate_until") != "generate_until":
            why = (
                f"compares log-likelihoods ({settings['output_type']}), and the model writes no answer; choose a task "
                "that has it write one"
            )
        elif settings.get("gen_prefix"):
            why = "begins the model's reply itself, which a chat server does not take"
        elif shots and not _brings_examples(settings):
            why = (
                f"draws its {shots} examples from another split of the dataset; choose a zero-shot task, or one whose "
                "examples stand in its file"
            )
        else:
            return
        raise ConfigError(f"evaluation.prompts {PREFIX}{self.name}: the harness' task {leaf} {why}.")


class _AnySplit(dict[str, Any]):
    """The questions under any split that the harness asks for; zero-shot it looks at the others and uses none."""

    def __init__(self, table: Any) -> None:
        super().__init__()
        self._table = table

    def __missing__(self, split: str) -> Any:
        return self._table


def _brings_examples(settings: Mapping[str, Any]) -> bool:
    examples = settings.get("fewshot_config") or {}
    return bool(examples.get("samples")) and examples.get("sampler") == "first_n" and not settings.get("fewshot_split")


def _folders(tasks: Path, name: str) -> list[str]:
    """The folders of files that hold a task or group of this name, or that carry it as a tag."""
    says = re.compile(
        rf"""^\s*(?:-\s+|["']?(?:task|group|tag)["']?\s*:\s*)["']?{re.escape(name)}["']?\s*$""", re.MULTILINE
    )
    files = (file for file in sorted(tasks.rglob("*.yaml")) if says.search(file.read_text("utf-8", "replace")))
    return list(dict.fromkeys(str(file.parent) for file in files))


def _by_task(library: _Library, rows: Mapping[str, SourceRow | None]) -> dict[str, dict[str, SourceRow]]:
    """The questions that each of the harness' tasks asks, told by dataset and part.

    Raises:
        ConfigError: None of the tasks is over the dataset of a question.
    """
    chosen: dict[str, dict[str, SourceRow]] = {}
    for question_id, row in rows.items():
        if row is None:
            raise ConfigError(
                f"evaluation.prompts {PREFIX}{library.name}: asks rows of a dataset, and {question_id} is generated. "
                "Evaluate it with another prompt, on its own."
            )
        leaf = next((leaf for leaf, settings in library.leaves.items() if _is_over(settings, row)), None)
        if leaf is None:
            asked = [_named(one.get("dataset_path"), one.get("dataset_name")) for one in library.leaves.values()]
            more = f" and {len(asked) - 1} others" if len(asked) > 1 else ""
            raise ConfigError(
                f"evaluation.prompts {PREFIX}{library.name}: asks questions of {asked[0]}{more}, and {question_id} is "
                f"one of {_named(row.dataset or 'a file', row.subset)}. Evaluate it with another prompt, on its own."
            )
        chosen.setdefault(leaf, {})[question_id] = row
    return chosen


def _is_over(settings: Mapping[str, Any], row: SourceRow) -> bool:
    part = settings.get("dataset_name")
    if part and row.subset and part != row.subset:
        return False
    # a dataset has copies under other owners
    return not row.dataset or _last(str(settings.get("dataset_path"))) == _last(row.dataset)


def _named(dataset: Any, part: Any) -> str:
    return f"{dataset} ({part})" if part else str(dataset)


def _last(dataset: str) -> str:
    return re.sub(r"[^a-z0-9]", "", dataset.rpartition("/")[2].casefold())


def _render(config: AnsweringConfig, task: Any, count: int) -> list[_Asked]:
    docs = list(task.eval_docs)
    if len(docs) != count:
        raise ConfigError(
            f"evaluation.prompts {config.prompt}: the harness asks {len(docs)} of these {count} questions, so they "
            "cannot be told apart. Choose a task that takes all rows."
        )
    until = (task.config.generation_kwargs or {}).get("until") or ()
    stops = tuple((until,) if isinstance(until, str) else until)[:_MOST_STOPS]
    asked = []
    for doc in docs:
        chat = task.fewshot_context(
            doc,
            num_fewshot=task.config.num_fewshot or 0,
            system_instruction=config.system,
            apply_chat_template=True,
            fewshot_as_multiturn=True,
            chat_template=lambda messages, **_: messages,
        )
        asked.append(_Asked(tuple(Message(turn["role"], turn["content"]) for turn in chat), stops))
    return asked


def _plain(value: Any) -> Any:
    """A setting in a form that is the same in every process: a function is its source."""
    if callable(value):
        return inspect.getsource(value)
    fields = getattr(value, "__dict__", None)
    return {name: _plain(one) for name, one in sorted(fields.items())} if fields else value


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the harness and `datasets` from reporting about what is done here on purpose."""
    import datasets

    logger, bars = logging.getLogger("lm_eval"), datasets.are_progress_bars_disabled()
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        logger.setLevel(level)
        if not bars:
            datasets.enable_progress_bars()
