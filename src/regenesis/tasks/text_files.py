"""Text files as people have them: compressed or not, and in whichever encoding their spreadsheet wrote.

    file = find_encoding(path)      # file.note says what was found, where it is not plain UTF-8
    with file.opened() as text: ...

UTF-8, UTF-16 and UTF-32 are told by their marks or by themselves. Everything else could be anything: it is read as
Windows-1252 only where that gives plausible words, with a note that shows one of them, and refused where it does not.
"""

from __future__ import annotations

import bz2
import codecs
import contextlib
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from regenesis.errors import TaskError
from regenesis.tasks.rows import shorten

_COMPRESSED: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
"""How compressed files begin, and what opens them."""
COMPRESSED_ENDINGS = (".gz", ".bz2", ".xz")

# UTF-32 first: its little-endian mark begins with that of UTF-16
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_NAMES = {"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-32": "UTF-32"}
_CHUNK = 1 << 20
# bytes of a file looked at for its encoding; a row behind them that is not UTF-8 is a bad row
_LOOKED_AT = 256 * _CHUNK
# lines with bytes beyond ASCII that are enough to tell an encoding by
_ENOUGH_LINES = 2000
_PLAUSIBLE = 0.9
_PUNCTUATION = frozenset("‘’‚“”„–—…•·«»\u00a0")
_SIGNS = frozenset("€£¥¢°×÷±²³½¼¾§©®™¿¡µ´ªº")
_INSIDE_WORDS = frozenset("’·–—\u00a0")


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file and the encoding it is read in."""

    path: Path
    encoding: str
    note: str | None = None

    @contextlib.contextmanager
    def opened(self, newline: str | None = None) -> Iterator[IO[str]]:
        """Opens it for reading; bytes that are not UTF-8 become lone surrogates, by which their row is found out.

        Raises:
            TaskError: It cannot be read, also where that shows only on the way.
        """
        # surrogates stand for single bytes, so only encodings of single bytes can have them
        errors = "surrogateescape" if self.encoding.startswith("utf-8") else "strict"
        try:
            with _opened(self.path) as raw, io.TextIOWrapper(raw, self.encoding, errors, newline) as text:
                yield text
        except UnicodeError as error:
            name = _NAMES.get(self.encoding, self.encoding)
            raise TaskError(f"{self.path}: starts as {name} but is damaged further on ({error}).") from error
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise _unreadable(self.path, error) from error


def find_encoding(path: Path) -> TextFile:
    """Tells the encoding of a text file.

    Raises:
        TaskError: The file cannot be read, or is in an encoding that cannot be told.
    """
    try:
        with _opened(path) as raw:
            head = raw.read(4096)
            marked = next((name for mark, name in _MARKS if head.startswith(mark)), None) or _by_zeros(head)
            if marked == "utf-8-sig":
                return TextFile(path, marked)
            if marked:
                return TextFile(path, marked, f"{path.name}: read as {_NAMES[marked]}")
            if _is_utf8(raw, head):
                return TextFile(path, "utf-8")
        with _opened(path) as raw:
            foreign = _foreign_lines(raw)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise _unreadable(path, error) from error
    return TextFile(path, "utf-8") if foreign is None else _windows(path, foreign)


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        head = file.read(6)
    opener = next((opener for mark, opener in _COMPRESSED.items() if head.startswith(mark)), None)
    opened: IO[bytes] = opener(path, "rb") if opener else path.open("rb")
    return opened


def _unreadable(path: Path, error: Exception) -> TaskError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return TaskError(f"{path}: cannot be read ({reason}).")


def _by_zeros(head: bytes) -> str | None:
    """UTF-16 without a mark: in Latin script every other byte is zero."""
    even, odd = head[0::2], head[1::2]
    for zeros, others, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if len(zeros) > 3 and zeros.count(0) > 0.6 * len(zeros) and others.count(0) < 0.1 * len(others):
            return name
    return None


def _is_utf8(raw: IO[bytes], head: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    chunk, seen = head, 0
    try:
        while chunk and seen < _LOOKED_AT:
            decoder.decode(chunk)
            seen += len(chunk)
            chunk = raw.read(_CHUNK)
        decoder.decode(b"", final=not chunk)
    except UnicodeDecodeError:
        return False
    return True


def _foreign_lines(raw: IO[bytes]) -> list[bytes] | None:
    """Lines beyond ASCII of a file none of which is UTF-8; `None` if some are, for then the others are bad rows."""
    lines: list[bytes] = []
    for line in raw:
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            return None
        except UnicodeDecodeError:
            lines.append(line)
        if len(lines) == _ENOUGH_LINES:
            break
    return lines


def _windows(path: Path, lines: list[bytes]) -> TextFile:
    advice = f"convert it, for example: iconv -f <its encoding> -t UTF-8 {path.name}"
    try:
        text = b"".join(lines).decode("cp1252")
    except UnicodeDecodeError:
        raise TaskError(f"{path}: is neither UTF-8, UTF-16 nor Windows-1252 text; {advice}.") from None
    foreign = re.search(r"[^\s,;\"]*[^\x00-\x7f][^\s,;\"]*", text)
    example = shorten(foreign[0] if foreign else "", 40)
    if _plausibility(text) < _PLAUSIBLE:
        raise TaskError(
            f"{path}: is neither UTF-8 nor UTF-16, and as Windows-1252 it would hold {example}; "
            f"save it as UTF-8, or {advice}."
        )
    return TextFile(
        path, "cp1252", f"{path.name}: is not UTF-8; read as Windows-1252, as in {example}. If that is wrong, {advice}"
    )


def _plausibility(text: str) -> float:
    """The share of characters beyond ASCII that stand where Western European languages have them."""
    found = [match.start() for match in re.finditer(r"[^\x00-\x7f]", text)]
    return sum(_is_plausible(text, at) for at in found) / max(len(found), 1)


def _is_plausible(text: str, at: int) -> bool:
    character = text[at]
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if character in _PUNCTUATION:
        return character in _INSIDE_WORDS or not (before.isalpha() and after.isalpha())
    if character in _SIGNS:
        alone = all(other.isascii() or other in _PUNCTUATION for other in (before, after))
        return alone and not (before.isalpha() and after.isalpha())
    if not character.isalpha():
        return False
    # other scripts in one-byte encodings come out as runs of accented letters, which no Western word has
    around = text[max(at - 2, 0) : at + 3]
    if re.search(r"[^\W\x00-\x7f]{3}", around):
        return False
    return character.islower() or not (before.isalpha() and before.islower())
