"""Rows as a trainer takes them: token ids, and which of them the loss counts.

    rows = tokenise(parquet, tokenizer, stops, max_length=None, too_long="drop", context=4096)
    rows.columns["input_ids"], rows.columns["labels"]

The prompt is rendered through the model's own chat template exactly as an engine sends it, the reply follows as the
template has it (see `turns`), and the row ends with the token that ends the turn: the loss counts the reply and that
token, and the thought before it where thoughts are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from regenesis.errors import TrainingError
from regenesis.training.turns import Turn, TurnForm

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from regenesis.types import Thinking

IGNORED = -100
"""The label of a token that the loss does not count."""

_BATCH = 1000


@dataclass(slots=True)
class Rows:
    """A dataset, ready to train on, with what was counted on the way.

    Attributes:
        input_ids: Token ids of each row.
        labels: The same where the loss counts, else `IGNORED`.
        max_length: Most tokens of a row that were allowed.
        left_out: Rows left out because they are too long.
        truncated: Rows cut because they are too long.
        unfit: Rows left out because their text spells a token that means something to the model.
        longest: Tokens of the longest row before any was left out or cut.
    """

    input_ids: list[list[int]] = field(default_factory=list)
    labels: list[list[int]] = field(default_factory=list)
    max_length: int = 0
    left_out: int = 0
    truncated: int = 0
    unfit: int = 0
    longest: int = 0

    @property
    def tokens(self) -> int:
        return sum(map(len, self.input_ids))

    @property
    def supervised(self) -> int:
        """Tokens that the loss counts; the first of a row is predicted from nothing and never counts."""
        return sum(label != IGNORED for labels in self.labels for label in labels[1:])

    def notes(self) -> list[str]:
        """What was left out or cut, in words."""
        notes = []
        if self.left_out:
            notes.append(f"{_rows(self.left_out)} left out: longer than {self.max_length:,} tokens.")
        if self.truncated:
            notes.append(
                f"{_rows(self.truncated)} cut at {self.max_length:,} tokens; truncated rows do not teach the model "
                "where to stop."
            )
        if self.unfit:
            why = "the text contains a control token of the model, or characters it has no token for"
            notes.append(f"{_rows(self.unfit)} left out: {why}.")
        return notes


def tokenise(
    path: Path,
    tokenizer: PreTrainedTokenizerBase,
    stops: Set[int],
    *,
    max_length: int | None,
    too_long: Literal["drop", "truncate", "error"],
    context: int | None,
    thinking: Thinking = "off",
    end_of_turn: str | None = None,
) -> Rows:
    """Reads a dataset and turns it into token ids.

    Args:
        path: Parquet file with `prompt` and `completion`, each a list of messages; the thought before a reply is its
            message's `reasoning_content`.
        tokenizer: With the model's chat template.
        stops: Ids of the tokens that end a turn.
        max_length: Most tokens of a row; the longest row sets it if left out.
        too_long: What becomes of longer rows.
        context: Tokens that the model can look at, a bound on `max_length`.
        thinking: What the chat template is told of thinking; `keep` trains on thoughts.
        end_of_turn: The token to end each row with, where the chat template writes none.

    Raises:
        TrainingError: There are no rows, a row is not in the form that is trained on, the chat template does not suit,
            a row is too long and that is an error, or nothing is left that the loss would count.
    """
    template = RowTemplate(tokenizer, stops, thinking, end_of_turn)
    rows = Rows()
    wholes: list[tuple[list[int], int]] = []
    for number, row in enumerate(_read(path), 1):
        whole = template.render(row, f"{path}, row {number}")
        if whole is None:
            rows.unfit += 1
        else:
            wholes.append(whole)
    if not wholes and not rows.unfit:
        raise TrainingError(
            f"{path}: holds no rows, so there is nothing to train on. Run `regenesis synthesize` first."
        )
    rows.longest = max((len(ids) for ids, _ in wholes), default=0)
    rows.max_length = min((limit for limit in (max_length or rows.longest, context) if limit), default=0)
    for ids, prompt in wholes:
        _add(rows, ids, prompt, too_long, path)
    if not rows.supervised:
        why = " ".join(rows.notes()).rstrip(".") or "all rows are empty"
        raise TrainingError(
            f"{path}: no tokens are left for the loss ({why}). "
            f"The longest row has {rows.longest:,} tokens: raise training.max_length, or look at the dataset."
        )
    return rows


def _add(rows: Rows, ids: list[int], prompt: int, too_long: str, path: Path) -> None:
    """Adds a row, as far as it may be as long as it is."""
    if len(ids) > rows.max_length:
        if too_long == "error":
            raise TrainingError(
                f"{path}: a row has {len(ids):,} tokens, and at most {rows.max_length:,} are allowed. Raise "
                "training.max_length, or set training.too_long to drop or truncate."
            )
        # a row whose reply is cut off altogether teaches nothing
        if too_long == "drop" or prompt >= rows.max_length:
            rows.left_out += 1
            return
        rows.truncated += 1
        ids = ids[: rows.max_length]
    rows.input_ids.append(ids)
    rows.labels.append([IGNORED] * prompt + ids[prompt:])


class RowTemplate:
    """A model's chat template, and the checks that what it renders can be trained on.

    Args:
        tokenizer: With the chat template.
        stops: Ids of the tokens that end a turn.
        thinking: What the template is told of thinking; `keep` trains on thoughts.
        end_of_turn: The token to end each row with, in place of what the template writes there.

    Raises:
        TrainingError: There is no token that ends a turn.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        stops: Set[int],
        thinking: Thinking = "off",
        end_of_turn: str | None = None,
    ) -> None:
        if not stops:
            raise TrainingError(
                "The model names no token that ends a turn (eos_token_id), so it could never be taught to stop. "
                "Use an instruction-tuned model, or the token as training.end_of_turn."
            )
        self._tokenizer = tokenizer
        self._stops = stops
        self._form = TurnForm(tokenizer, thinking)
        self._end = self._end_token(end_of_turn) if end_of_turn is not None else None
        self._control = {id_ for id_, token in tokenizer.added_tokens_decoder.items() if token.special}
        self._control |= set(tokenizer.all_special_ids)

    def render(self, row: Mapping[str, Any], where: str) -> tuple[list[int], int] | None:
        """A row as token ids and how many of them are not learned: the prompt, and what the template gives after it.

        `None` where a message spells a control token: the model would take data for the end of a turn.

        Raises:
            TrainingError: The row is not in the form that is trained on, or the chat template does not suit.
        """
        prompt, completion = (_messages(row, part, where) for part in ("prompt", "completion"))
        texts = [text for message in prompt + completion for text in (message["content"], message["thought"])]
        if any(self._spells_control(text) for text in texts):
            return None
        reply = completion[-1]
        turn = self._turn([*prompt, *completion[:-1]], reply, where)
        given = self._follow(self._ids(turn.prompt), turn.prompt, turn.given)
        ending = turn.ending if self._end is None else ""
        ids = self._follow(given, turn.prompt + turn.given, turn.learned + ending)
        self._require_one_beginning(ids, where)
        return self._up_to_the_end(ids, len(given), where), len(given)

    def _turn(self, prompt: list[dict[str, str]], reply: Mapping[str, str], where: str) -> Turn:
        from jinja2 import TemplateError

        chat = [{"role": message["role"], "content": message["content"]} for message in prompt]
        try:
            return self._form.of(chat, reply["content"], reply["thought"])
        except TrainingError as error:
            raise TrainingError(f"{where}: {error}") from error
        except TemplateError as error:
            raise TrainingError(f"{where}: the model's chat template refuses the row ({error}).") from error

    def _ids(self, text: str) -> list[int]:
        # the template writes what stands at the beginning by itself
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _follow(self, ids: list[int], text: str, more: str) -> list[int]:
        """The ids of a text and what follows it, where those of the text are certain."""
        together = self._ids(text + more)
        if together[: len(ids)] == ids:
            return together
        # tokens merge over the boundary; an engine never sees that, since it sends the prompt alone
        return ids + self._ids(more)

    def _spells_control(self, text: str) -> bool:
        return not self._control.isdisjoint(self._ids(text))

    def _require_one_beginning(self, ids: list[int], where: str) -> None:
        beginning = self._tokenizer.bos_token_id
        if beginning is not None and ids[:2] == [beginning, beginning]:
            raise TrainingError(
                f"{where}: begins with two beginning-of-text tokens ({self._tokenizer.bos_token!r}), which no engine "
                "sends. Remove one from the model's chat template."
            )

    def _up_to_the_end(self, ids: list[int], given: int, where: str) -> list[int]:
        """The row without what the template writes after the end of the turn, which no engine ever sees."""
        if self._end is not None:
            return [*ids, self._end]
        for place in range(given, len(ids)):
            if ids[place] in self._stops:
                return ids[: place + 1]
        raise TrainingError(
            f"{where}: does not end with a token that ends the turn ({self._names()}), so the model would not learn to "
            "stop. Name the token as training.end_of_turn, or look at the model's chat template and its eos_token_id."
        )

    def _end_token(self, token: str) -> int:
        ids = self._ids(token)
        if len(ids) != 1:
            raise TrainingError(
                f"training.end_of_turn: {token!r} is not a token of the model. Engines stop at {self._names()}."
            )
        if ids[0] not in self._stops:
            raise TrainingError(
                f"training.end_of_turn: engines would not stop at {token!r}; they stop at {self._names()}. Name one of "
                "these, or add its id to eos_token_id in the model's generation_config.json."
            )
        return ids[0]

    def _names(self) -> str:
        return ", ".join(repr(self._tokenizer.convert_ids_to_tokens(stop)) for stop in sorted(self._stops))


def _messages(row: Mapping[str, Any], part: str, where: str) -> list[dict[str, str]]:
    """The messages of a part of a row, each with its role, its text, and its thought where there is one."""
    messages = row.get(part)
    if not isinstance(messages, Sequence) or isinstance(messages, str) or not messages:
        raise TrainingError(f"{where}: `{part}` must be a list of messages, each with `role` and `content`.")
    if not all(isinstance(message.get("content"), str) and message.get("role") for message in messages):
        raise TrainingError(f"{where}: a message of `{part}` lacks its `role` or its text.")
    return [
        {
            "role": message["role"],
            "content": message["content"],
            "thought": str(message.get("reasoning_content") or message.get("thinking") or ""),
        }
        for message in messages
    ]


def _read(path: Path) -> Iterator[Mapping[str, Any]]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            missing = {"prompt", "completion"} - set(file.schema_arrow.names)
            if missing:
                raise TrainingError(f"{path}: has no column {' and no column '.join(sorted(missing))}.")
            for batch in file.iter_batches(batch_size=_BATCH, columns=["prompt", "completion"]):
                yield from batch.to_pylist()
    except FileNotFoundError as error:
        raise TrainingError(f"{path}: is not there. Run `regenesis synthesize` first.") from error
    except (pyarrow.ArrowException, OSError) as error:
        raise TrainingError(f"{path}: cannot be read ({error}).") from error


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
