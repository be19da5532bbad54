"""Markdown as cards are written in: tables whose cells cannot break them, and the YAML that a hub reads at the top.

table(("what", "value"), [("rank", 16)])
head, body = split_card(path.read_text())
path.write_text(join_card({**head, "license": "mit"}, body))
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

_MARKUP = re.compile(r"[\\`|*\[\]~]|!(?=\[)|(?<!\w)_|_(?!\w)|^[#>+-](?=\s)|(?<=^\d)[.)](?=\s)")
"""What Markdown would not show as it stands; an underscore inside a word is one."""
_ADDRESS = re.compile(r"\b(https?|ftp):(?=//)", re.IGNORECASE)
"""Where an address starts that a reader's program makes a link of by itself."""
_OBEYED = frozenset({"Cc", "Cf", "Cs", "Co"})
_FRONT = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*\r?\n", re.DOTALL | re.MULTILINE)


class Markdown(str):
    """Our own Markdown, which a cell holds as it stands."""

    __slots__ = ()


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table, or nothing where there are no rows."""
    if not rows:
        return ""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell(value) for value in line) + " |" for line in lines)


def cell(value: Any) -> str:
    """A value on one line that cannot break a table or smuggle in markup."""
    if isinstance(value, Mapping):
        return ", ".join(f"{cell(key)} = {cell(item)}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(cell(item) for item in value)
    if value is None:
        return "–"
    if isinstance(value, Markdown):
        return value
    text = "".join(map(_visible, " ".join(str(value).split())))
    return _ADDRESS.sub(r"\1&#58;", _MARKUP.sub(r"\\\g<0>", text).replace("&", "&amp;").replace("<", "&lt;"))


def _visible(character: str) -> str:
    """The character, or its escape where a reader's program would obey it rather than show it."""
    if unicodedata.category(character) not in _OBEYED:
        return character
    return f"\\u{ord(character):04x}" if ord(character) > 0xFF else f"\\x{ord(character):02x}"


def join_card(head: Mapping[str, Any], body: str) -> str:
    """A card: its front matter, then its Markdown."""
    front = yaml.safe_dump(dict(head), sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{front}---\n\n{body.strip()}\n"


def split_card(text: str) -> tuple[dict[str, Any], str]:
    """A card's front matter and the Markdown after it; front matter that is none, or no mapping, is empty."""
    found = _FRONT.match(text)
    if found is None:
        return {}, text
    try:
        head = yaml.safe_load(found[1])
    except yaml.YAMLError:
        head = None
    return (head if isinstance(head, dict) else {}), text[found.end() :].lstrip("\n")


def license_fields(stated: str | Mapping[str, Any] | None, *, link: str | None = None) -> dict[str, str]:
    """A licence as the hub's front matter wants it.

    A licence without an identifier of the hub's is `other` with a name and, where known, a link; none stated is
    `unknown`. Source: the hub's specification of model and data set cards.

    Args:
        stated: An SPDX name, or the `license`, `license_name` and `license_link` of another card.
        link: Where to read a licence that the hub has no identifier for, if nothing says better.
    """
    fields = {"license": stated} if isinstance(stated, str) else dict(stated or {})
    name = str(fields.get("license") or "unknown")
    if name.lower() in _LICENSES.split():
        return {"license": name.lower()}
    own = str(fields.get("license_name") or ("" if name == "other" else name)) or "see-link"
    found = {"license": "other", "license_name": re.sub(r"[^a-z0-9.-]+", "-", own.lower()).strip("-") or "see-link"}
    where = str(fields.get("license_link") or link or "")
    # a bare file name means a file of the repository that the card stands in, which is another one now
    if where.startswith(("https://", "http://")):
        found["license_link"] = where
    return found


_LICENSES = """
afl-3.0 agpl-3.0 apache-2.0 apple-amlr apple-ascl artistic-2.0 bigcode-openrail-m
bigscience-bloom-rail-1.0 bigscience-openrail-m
bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 c-uda cc cc-by-2.0 cc-by-2.5
cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0
cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0
cdla-permissive-2.0 cdla-sharing-1.0 creativeml-openrail-m deepfloyd-if-license ecl-2.0 epl-1.0 epl-2.0 eupl-1.1
eupl-1.2 gemma gfdl gpl gpl-2.0 gpl-3.0 intel-research isc lgpl lgpl-2.1 lgpl-3.0 lgpl-lr llama2 llama3 llama3.1
llama3.2 llama3.3 lppl-1.3c mit mpl-2.0 ms-pl ncsa odbl odc-by ofl-1.1 open-mdw openrail openrail++ osl-3.0 pddl
postgresql unknown unlicense wtfpl zlib
"""
"""The hub's identifiers of licences."""
