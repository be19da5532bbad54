"""The dataset card: contents, provenance and limitations of a dataset, in the form the Hub expects.

    text = render_card(contents, funnel, about)

The same arguments give the same text: no date is in it but one handed in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from regenesis.curation.funnel import Funnel
from regenesis.report.blocks import Note, View
from regenesis.report.hub_cards import card_text, license_fields
from regenesis.report.markdown import cell, markdown, table
from regenesis.report.provenance import Provenance
from regenesis.report.views.funnel import counts_table, funnel_view, guidelines_table, tasks_table

if TYPE_CHECKING:
    from huggingface_hub import DatasetCardData

PARQUET = "train.parquet"
JSONL = "train.jsonl"
CARD = "README.md"

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
)
"""The hub's classes of sizes; it refuses any other."""

_PLACED = frozenset({"title", "language", "license", "provenance", "tasks"})
_GUIDELINES = (
    "A chain that joins several guidelines counts for each of them."
    " Questions stop sampling once they have enough paths, so compare shares, not counts."
)


@dataclass(slots=True)
class Contents:
    """What the rows of a dataset are, counted while they are written.

    Attributes:
        rows: All of them.
        questions: Questions they answer, those of a question following each other.
        hinted: Rows whose model had been shown the answer.
        tokens: Tokens of the paths, as the engine counted them before cleaning.
        tasks: Rows by task.
        rules: Rows by the rule that found the answer right.
    """

    rows: int = 0
    questions: int = 0
    hinted: int = 0
    tokens: int = 0
    tasks: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    first_question: str | None = None
    last_question: str | None = None

    def count(self, row: dict[str, Any]) -> dict[str, Any]:
        """Counts a row in, and hands it on."""
        self.rows += 1
        self.questions += row["question_id"] != self.last_question
        self.hinted += row["hinted"]
        self.tokens += row["tokens"]
        self.tasks[row["task"]] += 1
        self.rules[row["rule"]] += 1
        self.last_question = row["question_id"]
        if self.first_question is None:
            self.first_question = self.last_question
        return row

    def __iadd__(self, other: Contents) -> Contents:
        """Counts in the rows that follow."""
        if other.rows:
            self.questions += other.questions - (self.last_question == other.first_question)
            self.last_question = other.last_question
            self.first_question = other.first_question if self.first_question is None else self.first_question
        self.rows += other.rows
        self.hinted += other.hinted
        self.tokens += other.tokens
        self.tasks.update(other.tasks)
        self.rules.update(other.rules)
        return self


def render_card(contents: Contents, funnel: Funnel, about: Mapping[str, Any]) -> str:
    """The whole card: front matter for the hub, then Markdown."""
    provenance = Provenance.from_record(about.get("provenance"))
    parts = [
        f"# {cell(about.get('title', 'Verified reasoning paths'))}",
        _opening(contents, provenance),
        "## Yield",
        markdown(_yield_view(contents, funnel)),
        "## Source data",
        _tasks_section(contents, funnel, about.get("tasks", ())),
        "## How it was generated",
        table(("what", "value"), [(key, about[key]) for key in about if key not in _PLACED]),
        *(["## Guidelines", _GUIDELINES, markdown([[guidelines_table(funnel)]])] if funnel.guidelines else []),
        *(["## Columns", _columns(provenance)] if contents.rows else []),
        "## Limitations",
        _caveats(contents, about, provenance),
    ]
    return card_text(_data(contents, about, provenance), "\n\n".join(part for part in parts if part))


def _data(contents: Contents, about: Mapping[str, Any], provenance: Provenance) -> DatasetCardData:
    from huggingface_hub import DatasetCardData

    configs = [{"config_name": "default", "data_files": [{"split": "train", "path": PARQUET}]}]
    return DatasetCardData(
        # the texts come under the terms of the questions and of the model, which nothing here can know
        **license_fields(about.get("license")),
        language=list(about.get("language", ["en"])),
        task_categories=["text-generation", "question-answering"],
        size_categories=[next((name for limit, name in _SIZES if contents.rows < limit), "1B<n<10B")],
        pretty_name=str(about.get("title", "Verified reasoning paths")),
        tags=["regenesis", *(["synthetic", "self-improvement"] if provenance.by_model else []), "reasoning", "sft"],
        configs=configs if contents.rows else None,
    )


def _opening(contents: Contents, provenance: Provenance) -> str:
    if not contents.rows:
        return (
            "**No paths were kept, so there are no rows and no train files.**"
            " The tables below show where the chains were lost."
        )
    texts, tokens, origin = (
        ("reasoning paths", "tokens", "A language model generated them itself")
        if provenance.by_model
        else ("worked solutions", "tokens (estimated)", "People wrote them: they come with the questions")
    )
    return (
        f"{contents.rows:,} {texts} for {contents.questions:,} questions, {contents.tokens:,} {tokens}."
        f" {origin}; only those were kept that {provenance.criterion} and passed the filters."
        " Every row is a conversation with one reply, in TRL's conversational prompt-completion format.\n\n"
        "```python\nfrom datasets import load_dataset\n\n"
        'train = load_dataset("<this folder>", split="train")\n```\n\n'
        f"`{JSONL}` holds the same rows as `{PARQUET}`, for reading and for other tools."
    )


def _tasks_section(contents: Contents, funnel: Funnel, sources: Iterable[Mapping[str, Any]]) -> str:
    columns = sorted({key for source in sources for key in source} - {"name", "split", "questions"})
    order = ["name", "split", "questions", *columns]
    origin = table(order, [[source.get(key, "") for key in order] for source in sources])
    counts = markdown([[tasks_table(funnel), counts_table(("correct by rule", "rows"), contents.rules)]])
    return "\n\n".join(block for block in (origin, counts) if block)


def _yield_view(contents: Contents, funnel: Funnel) -> View:
    hinted = Note(f"{contents.hinted:,} rows come from the hint pass.")
    return [*funnel_view(funnel), [hinted] if contents.hinted else []]


def _columns(provenance: Provenance) -> str:
    length = "as generated, in the engine's own tokens" if provenance.by_model else "in tokens, estimated"
    return _COLUMNS.format(length=length)


_COLUMNS = """\
| column | what |
|---|---|
| prompt | list of messages (`role`, `content`) that the path replies to, ending with the user's message |
| completion | list of one message: the reasoning path, as the assistant's |
| question_id, task | the question and the task it belongs to |
| guideline, method | the guideline the chain started from, if any, and the method |
| hinted | whether the gold answer was shown to the model |
| gold, answer, rule | the gold answer if known, the answer extracted from the path, the rule that extracted it |
| tokens | length of the path {length} |
| ledger_keys | the recorded completions that led to the path |
| confidence | if a vote decided, the share of the question's parsed answers that agree with this one; else null |
| form | which of several formats of the same path the row is; empty if there is only one |"""


def _caveats(contents: Contents, about: Mapping[str, Any], provenance: Provenance) -> str:
    caveats = [
        "Only final answers were checked. Steps may be wrong, or the answer lucky, even where it is correct.",
        "Questions that the model could not solve are missing, and easy ones are over-represented."
        if provenance.by_model
        else "Questions without a worked solution are missing.",
        "Filters match patterns: some unfit texts pass, and some fit ones are dropped.",
        "Leaks, courtesies and invented turns are matched by English wording and are not found in other languages."
        " Near-duplicates and overlaps are measured in words; in scripts without spaces only exact copies are found.",
    ]
    if not about.get("decontamination"):
        caveats.append("Overlap with test sets was not checked.")
    if contents.hinted:
        caveats.append(
            f"In {contents.hinted:,} rows the model had been shown the answer; filter on `hinted` to drop them."
        )
    if contents.rules["vote"]:
        caveats.append(
            f"In {contents.rules['vote']:,} rows the gold answer is a pseudo-label:"
            " the majority answer of the model's own paths."
        )
    if not about.get("license"):
        paths = "; generated text is also subject to the model's" if provenance.by_model else ""
        caveats.append(f"No licence is stated. Questions are under the licence of their source{paths}.")
    return "\n".join(f"- {caveat}" for caveat in caveats)
