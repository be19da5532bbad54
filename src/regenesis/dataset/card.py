"""The data card: what a data set holds, how it came about, and what to beware of, as the hub expects it.

    text = render_card(contents, funnel, about)

The same arguments give the same text: no date is in it but one handed in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from regenesis.answers.judging import JUDGE_SAID_NO, JUDGE_UNCLEAR
from regenesis.curation.funnel import Funnel, Tally
from regenesis.report.markdown import cell, join_card, license_fields, table

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

_PLACED = frozenset({"title", "language", "license", "tasks"})
_TALLY_COLUMNS = ("questions", "chains", "parsed", "correct", "fit", "kept")


@dataclass(slots=True)
class Contents:
    """What the rows of a data set are, counted while they are written.

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
        return row


def render_card(contents: Contents, funnel: Funnel, about: Mapping[str, Any]) -> str:
    """The whole card: front matter for the hub, then Markdown."""
    parts = [
        f"# {cell(about.get('title', 'Verified reasoning paths'))}",
        _opening(contents),
        "## How many came through",
        _funnel_section(contents, funnel),
        "## What it was made from",
        _tasks_section(contents, funnel, about.get("tasks", ())),
        "## How it was made",
        table(("what", "value"), [(key, about[key]) for key in about if key not in _PLACED]),
        *(["## Guidelines", _guidelines_section(funnel)] if funnel.guidelines else []),
        *(["## Columns", _COLUMNS] if contents.rows else []),
        "## What to beware of",
        _caveats(contents, about),
    ]
    return join_card(_front_matter(contents, about), "\n\n".join(part for part in parts if part))


def _front_matter(contents: Contents, about: Mapping[str, Any]) -> dict[str, Any]:
    head: dict[str, Any] = {
        # the texts come under the terms of the questions and of the model, which nothing here can know
        **license_fields(about.get("license")),
        "language": list(about.get("language", ["en"])),
        "task_categories": ["text-generation", "question-answering"],
        "size_categories": [next((name for limit, name in _SIZES if contents.rows < limit), "1B<n<10B")],
        "tags": ["regenesis", "synthetic", "reasoning", "self-improvement", "sft"],
        "pretty_name": str(about.get("title", "Verified reasoning paths")),
    }
    if contents.rows:
        head["configs"] = [{"config_name": "default", "data_files": [{"split": "train", "path": PARQUET}]}]
    return head


def _opening(contents: Contents) -> str:
    if not contents.rows:
        return (
            "**Nothing was kept, so there are no rows and no train files.**"
            " The tables below say where the chains were lost."
        )
    return (
        f"{contents.rows:,} reasoning paths for {contents.questions:,} questions, {contents.tokens:,} tokens."
        " A language model wrote them itself, led from a general guideline to a guideline for the task, to a plan, to"
        " a worked solution; kept are those whose final answer was found right and which are fit to train on. Every row"
        " is a conversation: a question and one reply, in the prompt-completion form of TRL.\n\n"
        "```python\nfrom datasets import load_dataset\n\n"
        'train = load_dataset("<this folder>", split="train")\n```\n\n'
        f"`{JSONL}` holds the same rows as `{PARQUET}`, for reading and for other tools."
    )


def _funnel_section(contents: Contents, funnel: Funnel) -> str:
    total = funnel.total
    stages = [("chains begun", total.chains), ("answer could be read", total.parsed), ("answer right", total.correct)]
    stages += [("fit to train on", total.fit), ("kept", total.kept)]
    rows = [(name, f"{count:,}", _share(count, total.chains)) for name, count in stages]
    blocks = [table(("stage", "chains", "share"), rows)]
    blocks.append(
        f"{total.served:,} of {total.questions:,} questions have a path that was kept;"
        f" {contents.hinted:,} rows come from the pass with a hint."
    )
    if funnel.overruled:
        said_no, unclear = funnel.overruled[JUDGE_SAID_NO], funnel.overruled[JUDGE_UNCLEAR]
        blocks.append(
            f"Right by the checker and yet not counted as right are {funnel.overruled.total():,} chains: the model"
            f" as its own judge refused {said_no:,} of them and gave no clear opinion on {unclear:,}."
        )
    if funnel.failed:
        blocks.append(f"The checker failed on {funnel.failed.total():,} answers, which count as not read.")
    if funnel.defects:
        defects = [(name, f"{count:,}", f"{funnel.lost[name]:,}") for name, count in _by_count(funnel.defects)]
        blocks.append(table(("unfit because", "chains", "of them right"), defects))
    if funnel.dropped:
        blocks.append(
            table(("fit but not kept", "paths"), [(name, f"{count:,}") for name, count in _by_count(funnel.dropped)])
        )
    if funnel.retries:
        blocks.append(
            table(("asked twice", "times"), [(name, f"{count:,}") for name, count in _by_count(funnel.retries)])
        )
    return "\n\n".join(blocks)


def _tasks_section(contents: Contents, funnel: Funnel, sources: Iterable[Mapping[str, Any]]) -> str:
    columns = sorted({key for source in sources for key in source} - {"name", "split", "questions"})
    order = ["name", "split", "questions", *columns]
    origin = table(order, [[source.get(key, "") for key in order] for source in sources])
    yields = _tally_table("task", funnel.tasks)
    rules = table(
        ("answer found right by", "rows"), [(name, f"{count:,}") for name, count in _by_count(contents.rules)]
    )
    return "\n\n".join(block for block in (origin, yields, rules) if block)


def _guidelines_section(funnel: Funnel) -> str:
    note = (
        "A chain that joins several guidelines counts for each."
        " A question that has enough stops asking, so compare shares, not counts."
    )
    return f"{note}\n\n{_tally_table('guideline', funnel.guidelines)}"


def _tally_table(what: str, tallies: Mapping[str, Tally]) -> str:
    rows = [
        [name, *(f"{getattr(tally, column):,}" for column in _TALLY_COLUMNS), _share(tally.fit, tally.chains)]
        for name, tally in sorted(tallies.items())
    ]
    return table((what, *_TALLY_COLUMNS, "right and fit"), rows)


_COLUMNS = """\
| column | what |
|---|---|
| prompt | list of messages (`role`, `content`): what the path is the reply to, ending with the user's message |
| completion | list of one message: the reasoning path, as the assistant's |
| question_id, task | the question and the task it belongs to |
| guideline, method | the guideline the chain started from, if any, and the method |
| hinted | whether the right answer was shown to the model |
| gold, answer, rule | the right answer if known, the answer read out of the path, the rule that compared them |
| tokens | length of the path as written, by the engine's own tokenizer |
| ledger_keys | the recorded completions that led to the path |
| confidence | share of the question's readable answers that agree with this one, where a vote decided; else null |
| form | which of several forms of one path the row is, where there are several; else empty |"""


def _caveats(contents: Contents, about: Mapping[str, Any]) -> str:
    caveats = [
        "Only final answers were checked. Steps may be wrong, or luck, though the answer is right.",
        "Questions that the model could not solve are missing and easy ones are over-represented.",
        "Filters look for patterns; some unfit texts pass them, and some fit ones don't.",
        "Leaks, courtesies and invented turns are known by English wordings; in other languages they are not found."
        " Near-duplicates and overlaps are counted in words, so that without spaces between words only copies are.",
    ]
    if not about.get("decontamination"):
        caveats.append("Overlap with test sets was not looked for.")
    if contents.hinted:
        caveats.append(f"In {contents.hinted:,} rows the model had been shown the answer; leave them out by `hinted`.")
    if contents.rules["vote"]:
        caveats.append(
            f"For {contents.rules['vote']:,} rows the answer that most of the model's own paths gave"
            " was taken for the right one."
        )
    if not about.get("license"):
        caveats.append(
            "No licence is stated. The questions come under that of their source, the paths under that of the model."
        )
    return "\n".join(f"- {caveat}" for caveat in caveats)


def _by_count(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"
