"""Files as people have them: every format, delimiter and encoding gives the same rows, or a sentence says why not."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regenesis.errors import TaskError
from regenesis.tasks.files import open_file, stem_of
from regenesis.tasks.json_files import read_jsonl

ROWS = [
    {"question": "Zoë’s crate costs 5 €; how much are 3, in all?", "answer": "15"},
    {"question": 'She said "two", then four.\nHow many?', "answer": "6"},
    {"question": "A café sells 7 crêpes\tand 4 cakes. How many?", "answer": "11"},
]


def as_lines(rows: list[dict[str, str]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_array(rows: list[dict[str, str]]) -> str:
    return json.dumps(rows, ensure_ascii=False)


def delimited(delimiter: str) -> Callable[[list[dict[str, str]]], str]:
    def written(rows: list[dict[str, str]]) -> str:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()

    return written


FORMATS: dict[str, tuple[str, Callable[[list[dict[str, str]]], str]]] = {
    "lines": ("t.jsonl", as_lines),
    "ndjson": ("t.ndjson", as_lines),
    "lines called .json": ("t.json", as_lines),
    "array": ("t.json", as_array),
    "array called .jsonl": ("t.jsonl", as_array),
    "indented array": ("t.json", lambda rows: json.dumps(rows, ensure_ascii=False, indent=2)),
    "indented objects": ("t.jsonl", lambda rows: "\n".join(json.dumps(row, indent=1) for row in rows)),
    "object with a list": ("t.json", lambda rows: json.dumps({"version": "1", "data": rows})),
    "list of another name": ("t.json", lambda rows: json.dumps({"exercises": rows})),
    "data beside another list": ("t.json", lambda rows: json.dumps({"features": [{"name": "q"}], "rows": rows})),
    "columns": ("t.json", lambda rows: json.dumps({name: [row[name] for row in rows] for name in rows[0]})),
    "columns by position": (
        "t.json",
        lambda rows: json.dumps({name: {str(at): row[name] for at, row in enumerate(rows)} for name in rows[0]}),
    ),
    "commas": ("t.csv", delimited(",")),
    "semicolons": ("t.csv", delimited(";")),
    "tabs": ("t.tsv", delimited("\t")),
    "tabs called .csv": ("t.csv", delimited("\t")),
    "bars": ("t.csv", delimited("|")),
    "stated semicolons": ("t.csv", lambda rows: "sep=;\r\n" + delimited(";")(rows)),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_and_encoding_gives_the_same_rows(name: str, encoding: str, tmp_path: Path) -> None:
    file, written = FORMATS[name]
    (tmp_path / file).write_bytes(written(ROWS).encode(encoding))
    assert [row.values for row in open_file(tmp_path / file).read()] == ROWS


@pytest.mark.parametrize(
    ("ending", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)]
)
@pytest.mark.parametrize("name", ["lines", "array", "commas", "tabs"])
def test_compressed_files_are_looked_through(
    name: str, ending: str, compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    file, written = FORMATS[name]
    path = tmp_path / (file + ending)
    path.write_bytes(compress(written(ROWS).encode()))
    assert [row.values for row in open_file(path).read()] == ROWS
    assert stem_of(path) == "t"


def test_rows_can_be_read_again(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(delimited(",")(ROWS))
    source = open_file(tmp_path / "t.csv")
    assert list(source.read()) == list(source.read())


def test_an_object_of_objects_gives_its_keys_as_ids(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({"q1": ROWS[0], "q2": ROWS[1]}))
    assert [row.values for row in open_file(tmp_path / "t.json").read()] == [
        {"id": "q1", **ROWS[0]},
        {"id": "q2", **ROWS[1]},
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"question": "q", "steps": [{"text": "a"}, {"text": "b"}]},
        {"prompt": [{"role": "user", "content": "q"}], "answers": ["4"]},
        {"stem": "q", "choices": [{"label": "A", "text": "x"}, {"label": "B", "text": "y"}]},
    ],
)
def test_a_lone_row_with_lists_is_a_row(row: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(json.dumps(row))
    assert [found.values for found in open_file(tmp_path / "t.jsonl").read()] == [row]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("t.csv", b"question,answer\nq,1\n", ()),
        ("t.tsv", b"question\tanswer\nq\t1\n", ()),
        ("t.csv", "\ufeffquestion,answer\nq,1\n".encode(), ()),
        (
            "t.csv",
            b"question;answer\n1,5 m?;1\n",
            ("t.csv: its columns are assumed to be separated by a semicolon",),
        ),
        ("t.tsv", b"question,answer\nq,1\n", ("t.tsv: its columns are assumed to be separated by a comma",)),
        ("t.csv", "question,answer\nq,1\n".encode("utf-16"), ("t.csv: read as UTF-16",)),
        ("t.json", b'{"version": 1, "tests": [{"question": "q"}]}', ("t.json: its rows are the list 'tests'",)),
        (
            "t.csv",
            "question,answer\nZoë’s café?,1\n".encode("cp1252"),
            (
                "t.csv: is not UTF-8; read as Windows-1252, as in 'Zoë’s'. If that is wrong, convert it, "
                "for example: iconv -f <its encoding> -t UTF-8 t.csv",
            ),
        ),
    ],
)
def test_what_was_guessed_is_told(name: str, content: bytes, told: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert open_file(tmp_path / name).notes == told


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Роза заполняет три ящика"),
        ("shift_jis", "りんごは三つある"),
        ("gbk", "每箱四个瓜一共多少"),
        ("euc_kr", "사과가 세 개 있다"),
        ("cp1250", "Zażółć gęślą jaźń i małą łąkę"),
        ("mac_roman", "The café sells crêpes for Zoë"),
        ("cp1253", "Η Ρόζα έχει τρία μήλα"),
    ],
)
def test_other_encodings_are_refused_rather_than_garbled(encoding: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(f"question,answer\n{text},1\n".encode(encoding))
    with pytest.raises(TaskError, match=r"t\.csv: is neither UTF-8.*iconv"):
        open_file(tmp_path / "t.csv")


@pytest.mark.parametrize(
    "text",
    [
        "Wie viele Äpfel für Jörg?",
        "¿Cuántos años tiene el niño?",
        "L’été, combien d’œufs à 3 €?",
        "Zwölf ± 0,5 °C × 2",
        "NAÏVE ÉTÉ",
    ],
)
def test_western_text_is_read_as_windows_1252(text: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(f'question,answer\n"{text}",1\n'.encode("cp1252"))
    assert [row.values["question"] for row in open_file(tmp_path / "t.csv").read()] == [text]


def test_among_rows_of_utf8_one_that_is_not_is_bad(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(b'{"question": "caf\xc3\xa9"}\n{"question": "caf\xe9"}\n{"question": "ok"}\n')
    faults = [row.fault for row in open_file(tmp_path / "t.jsonl").read()]
    assert faults == [None, "is not UTF-8 text (at character 18 of the line)", None]


def test_tabs_without_quoting_keep_their_quotes(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text('question\tanswer\n"Ten" is what number?\t10\n"Twenty is what?\t20\n')
    assert [row.values for row in open_file(tmp_path / "t.tsv").read()] == [
        {"question": '"Ten" is what number?', "answer": "10"},
        {"question": '"Twenty is what?', "answer": "20"},
    ]


def test_columns_without_a_name_are_numbered(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(",question,answer,\n0,q,1,\n")
    assert [row.values for row in open_file(tmp_path / "t.csv").read()] == [
        {"column 1": "0", "question": "q", "answer": "1", "column 4": None}
    ]


def test_parquet_columns_of_every_shape_are_plain_values(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table(
        {
            "question": pyarrow.array(["Which?"]).dictionary_encode(),
            "answer": pyarrow.array(["é".encode()], pyarrow.binary()),
            "picture": pyarrow.array([b"\xff"], pyarrow.binary()),
            "choices": [["red", "blue"]],
            "labels": [{"A": "red", "B": None}],
            "pairs": pyarrow.array([[("A", "red")]], pyarrow.map_(pyarrow.string(), pyarrow.string())),
        }
    )
    parquet.write_table(table, tmp_path / "t.parquet")
    assert [row.values for row in open_file(tmp_path / "t.parquet").read()] == [
        {
            "question": "Which?",
            "answer": "é",
            "picture": b"\xff",
            "choices": ["red", "blue"],
            "labels": {"A": "red", "B": None},
            "pairs": {"A": "red"},
        }
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.xlsx", b"x", "no reader for .xlsx; use one of .jsonl, .ndjson, .json, .csv, .tsv, .parquet"),
        ("t.zip.gz", b"x", "no reader for .zip.gz"),
        ("t.parquet.gz", b"x", "no reader for .parquet.gz"),
        ("table", b"x", "no reader for a file without an ending"),
        ("t.json", b'[{"question": "q"},', "is not valid JSON (Expecting value at line 1, column 20)"),
        ("t.json", b'{"a": [{"x": 1}], "b": [{"x": 2}]}', "contains several lists of rows, a, b"),
        (
            "t.csv.gz",
            gzip.compress(b"question,answer\n" + b"q,1\n" * 9, mtime=0)[:-12],
            "cannot be read (Compressed file ended",
        ),
        ("t.csv.gz", b"\x1f\x8bnot really", "cannot be read"),
        ("t.csv", b"\xff\xfeq\x00,\x00a", "damaged further on"),
        ("t.csv", b"", "is empty; its first row must hold the column names"),
    ],
)
def test_what_cannot_be_read_says_why(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TaskError) as error:
        list(open_file(tmp_path / name).read())
    assert said in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"nowhere\.jsonl: does not exist"):
        open_file(tmp_path / "nowhere.jsonl")


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="cannot be read"):
        list(read_jsonl(tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        "\n\nquestion,answer\nq,1\n",
        'question, answer\n"q", "1"\n',
        "question,answer\nq,1,,\n",
        "question,answer\r\rq,1\r",
        "\ufeffsep=;\nquestion;answer\nq;1\n",
        "question,answer\nq,1",
    ],
)
def test_what_spreadsheets_do_to_tables_is_undone(text: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode())
    assert [row.values for row in open_file(tmp_path / "t.csv").read()] == [{"question": "q", "answer": "1"}]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="is a folder"):
        open_file(tmp_path)
