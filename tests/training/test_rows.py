from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.helpers.chat_templates import QWEN3
from tests.helpers.trainable import SUMS, write_rows

from regenesis.errors import TrainingError
from regenesis.training.rows import IGNORED, Rows, tokenise

pytestmark = pytest.mark.model

QUESTION, REPLY = SUMS[3]
TURN = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
CHARACTERS = st.characters(codec="latin-1", exclude_categories=["Cc"]) | st.sampled_from("\n\t→∑√π≤≠€漢字한글Ω")
"""Not all: this tokenizer has no token for some bytes that rare characters begin with."""
OPEN = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"


@pytest.fixture(scope="module")
def loaded(tiny: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny)


@pytest.fixture
def tokenizer(loaded: Any) -> Iterator[Any]:
    """One whose chat template a test may replace."""
    template = loaded.chat_template
    yield loaded
    loaded.chat_template = template


def sent_by_an_engine(tokenizer: Any) -> list[int]:
    prompt = [{"role": "user", "content": QUESTION}]
    return list(tokenizer.apply_chat_template(prompt, add_generation_prompt=True)["input_ids"])


@pytest.fixture
def read(tokenizer: Any, tmp_path: Path) -> Callable[..., Rows]:
    def read(*rows: tuple[str, str], template: str | None = None, **options: Any) -> Rows:
        if template is not None:
            tokenizer.chat_template = template
        path = write_rows(tmp_path / "train.parquet", rows or [SUMS[3]])
        settings = {"max_length": None, "too_long": "drop", "context": 4096, **options}
        return tokenise(path, tokenizer, {tokenizer.eos_token_id}, **settings)

    return read


def counted(rows: Rows, row: int = 0) -> list[int]:
    return [label for label in rows.labels[row] if label != IGNORED]


def test_rows_that_all_spell_control_tokens_are_told(read: Callable[..., Rows]) -> None:
    with pytest.raises(TrainingError, match=r"no tokens are left .*control token"):
        read(("<|im_start|>", "1"), context=None)


def test_the_loss_counts_the_reply_and_the_end_of_its_turn_alone(read: Callable[..., Rows], tokenizer: Any) -> None:
    rows = read()
    assert tokenizer.decode(counted(rows)) == REPLY + "<|im_end|>"
    assert (
        rows.supervised
        == len(counted(rows))
        == sum(label == token for label, token in zip(rows.labels[0], rows.input_ids[0], strict=True))
    )


def test_the_prompt_is_what_an_engine_sends(read: Callable[..., Rows], tokenizer: Any) -> None:
    rows = read()
    sent = sent_by_an_engine(tokenizer)
    assert rows.input_ids[0][: len(sent)] == sent
    assert rows.labels[0][: len(sent)] == [IGNORED] * len(sent)
    assert rows.labels[0][len(sent)] != IGNORED


def test_what_a_template_writes_after_the_turn_is_not_learnt(read: Callable[..., Rows], tokenizer: Any) -> None:
    rows = read(template=TURN + OPEN + "{% if not add_generation_prompt %}That was all.{% endif %}")
    assert rows.input_ids[0][-1] == tokenizer.eos_token_id
    assert rows.input_ids[0].count(tokenizer.eos_token_id) == 2


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reply=st.text(CHARACTERS, min_size=1, max_size=60))
def test_whatever_the_reply_its_every_character_counts_and_the_prompt_stays(
    read: Callable[..., Rows], tokenizer: Any, reply: str
) -> None:
    rows, plain = read((QUESTION, reply)), read()
    prompt = plain.labels[0].count(IGNORED)
    assert tokenizer.decode(counted(rows)) == reply + "<|im_end|>"
    assert rows.input_ids[0][:prompt] == plain.input_ids[0][:prompt]


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("<|im_start|><|im_start|>" + TURN + OPEN, "two beginning-of-text tokens"),
        (TURN.replace("<|im_end|>", "") + OPEN, "does not end with a token that ends the turn"),
        ("{% if add_generation_prompt %}Answer!{% endif %}" + TURN + OPEN, "renders the prompt in another way"),
        ("{{ raise_exception('no user here') }}", "refuses the row (no user here)"),
    ],
    ids=["second beginning", "missing end", "another prompt", "refused"],
)
def test_a_chat_template_that_would_teach_something_else_is_an_error(
    read: Callable[..., Rows], template: str, complaint: str
) -> None:
    with pytest.raises(TrainingError) as error:
        read(template=template)
    assert complaint in str(error.value)
    assert "row 1" in str(error.value)


def test_a_named_end_of_turn_is_written_where_the_template_writes_none(
    read: Callable[..., Rows], tokenizer: Any
) -> None:
    rows = read(template=TURN.replace("<|im_end|>", "") + OPEN, end_of_turn="<|im_end|>")
    assert tokenizer.decode(counted(rows)) == REPLY + "<|im_end|>"


def test_a_thought_is_learned_where_thoughts_are_kept(tokenizer: Any, tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "train.parquet"
    prompt = [{"role": "user", "content": QUESTION}]
    completion = [{"role": "assistant", "content": REPLY, "reasoning_content": "Hm."}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([{"prompt": prompt, "completion": completion}]), path)
    tokenizer.chat_template = QWEN3
    settings: dict[str, Any] = {"max_length": None, "too_long": "drop", "context": 4096}
    learned = {
        thinking: tokenizer.decode(counted(tokenise(path, tokenizer, {2}, thinking=thinking, **settings)))
        for thinking in ("off", "on", "keep")
    }
    reply = REPLY + "<|im_end|>"
    assert learned == {"off": reply, "on": reply, "keep": f"<think>\nHm.\n</think>\n\n{reply}"}


def test_tokens_do_not_merge_over_the_end_of_the_prompt(read: Callable[..., Rows], tokenizer: Any) -> None:
    template = TURN.replace("}}\n{{", "}}: {{") + OPEN.replace("assistant\n", "assistant: ")
    rows = read((QUESTION, "  two spaces first"), template=template)
    sent = sent_by_an_engine(tokenizer)
    assert rows.input_ids[0][: len(sent)] == sent
    assert tokenizer.decode(counted(rows)) == "  two spaces first<|im_end|>"


def test_text_that_spells_a_control_token_is_left_out_and_counted(read: Callable[..., Rows]) -> None:
    rows = read(SUMS[0], ("What?", "Done.<|im_end|>\n<|im_start|>user\nMore?"), ("<|endoftext|>", "No."))
    assert (len(rows.input_ids), rows.unfit) == (1, 2)
    assert rows.notes() == [
        "2 rows left out: the text contains a control token of the model, or characters it has no token for."
    ]


LONG = ("Count.", " ".join(map(str, range(60))))


def test_the_longest_row_sets_the_length(read: Callable[..., Rows]) -> None:
    rows = read(*SUMS, LONG)
    assert rows.max_length == rows.longest == max(map(len, rows.input_ids)) == len(rows.input_ids[-1])
    assert rows.left_out == rows.truncated == 0
    assert rows.notes() == []


def test_rows_that_are_too_long_are_left_out_and_counted(read: Callable[..., Rows]) -> None:
    rows = read(*SUMS, LONG, max_length=100)
    assert (len(rows.input_ids), rows.left_out, rows.truncated) == (len(SUMS), 1, 0)
    assert rows.notes() == ["1 row left out: longer than 100 tokens."]


def test_or_cut_and_counted(read: Callable[..., Rows]) -> None:
    whole, rows = read(*SUMS, LONG), read(*SUMS, LONG, max_length=100, too_long="truncate")
    assert (len(rows.input_ids), rows.left_out, rows.truncated) == (len(SUMS) + 1, 0, 1)
    assert rows.input_ids[-1] == whole.input_ids[-1][:100]
    assert rows.labels[-1] == whole.labels[-1][:100]
    assert "1 row cut at 100 tokens" in rows.notes()[0]


def test_a_row_whose_reply_would_be_cut_off_altogether_is_left_out(read: Callable[..., Rows]) -> None:
    rows = read(SUMS[0], (" ".join(["why"] * 200), "Because."), max_length=100, too_long="truncate")
    assert (len(rows.input_ids), rows.left_out, rows.truncated) == (1, 1, 0)


def test_or_an_error(read: Callable[..., Rows]) -> None:
    with pytest.raises(TrainingError, match=r"a row has [0-9]+ tokens, and at most 100 are allowed"):
        read(*SUMS, LONG, max_length=100, too_long="error")


def test_no_row_is_longer_than_the_model_can_look_at(read: Callable[..., Rows]) -> None:
    assert read(*SUMS, LONG, context=100).left_out == 1
    assert read(*SUMS, LONG, max_length=1000, context=100).max_length == 100


def test_nothing_that_the_loss_would_count_is_an_error(read: Callable[..., Rows]) -> None:
    with pytest.raises(TrainingError, match="no tokens are left for the loss"):
        read(*SUMS, max_length=20)


def test_no_rows_are_an_error(tokenizer: Any, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "train.parquet", [])
    with pytest.raises(TrainingError, match=r"holds no rows.*regenesis synthesize"):
        tokenise(path, tokenizer, {2}, max_length=None, too_long="drop", context=None)


def test_a_file_that_is_no_data_set_is_an_error(tokenizer: Any, tmp_path: Path) -> None:
    path = tmp_path / "train.parquet"
    path.write_bytes(b"PAR1 no more")
    with pytest.raises(TrainingError, match="cannot be read"):
        tokenise(path, tokenizer, {2}, max_length=None, too_long="drop", context=None)


def test_columns_that_are_missing_are_named(tokenizer: Any, tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "train.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a"], "prompt": ["b"]}), path)
    with pytest.raises(TrainingError, match="has no column completion"):
        tokenise(path, tokenizer, {2}, max_length=None, too_long="drop", context=None)


@pytest.mark.parametrize("prompt", [None, [], [{"role": "user", "content": None}]])
def test_a_row_that_is_no_chat_is_named(tokenizer: Any, tmp_path: Path, prompt: Any) -> None:
    import pyarrow
    import pyarrow.parquet

    path, reply = tmp_path / "train.parquet", [{"role": "assistant", "content": "Yes."}]
    good = {"prompt": [{"role": "user", "content": "Hm?"}], "completion": reply}
    table = pyarrow.Table.from_pylist([good, {"prompt": prompt, "completion": reply}])
    pyarrow.parquet.write_table(table, path)
    with pytest.raises(TrainingError, match="row 2"):
        tokenise(path, tokenizer, {2}, max_length=None, too_long="drop", context=None)
