"""Cards as the hub reads them, through its own library: the data at the top of a card, and the Markdown below it.

text = card_text(DatasetCardData(language=["en"], **license_fields("MIT")), "# Title")
card = parse_model_card(text)
card.data.eval_results, card.text = results, body
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from huggingface_hub import CardData, ModelCard


def card_text(data: CardData, body: str) -> str:
    """A card: its data as YAML, then its Markdown."""
    return f"---\n{data.to_yaml()}\n---\n\n{body.strip()}\n"


def parse_model_card(text: str) -> ModelCard:
    """A model card, whoever wrote it; data that is not in the hub's form is left out."""
    import yaml
    from huggingface_hub import ModelCard
    from huggingface_hub.repocard import REGEX_YAML_BLOCK

    body = REGEX_YAML_BLOCK.sub("", text, count=1)
    if body != text:
        try:
            return ModelCard(text, ignore_metadata_errors=True)
        except (ValueError, TypeError, yaml.YAMLError):
            pass
    # the library warns of a card without data, so it is given an empty block
    return ModelCard(f"---\n\n---\n{body}", ignore_metadata_errors=True)


def license_fields(stated: str | Mapping[str, Any] | None, *, link: str | None = None) -> dict[str, str]:
    """A licence as the data of a card states it.

    What another card states is in the hub's terms already. A name is taken as an SPDX identifier where it is one; any
    other is `other` with that name and, where known, a link. None stated is `unknown`.

    Args:
        stated: An SPDX identifier or another name, or the `license`, `license_name` and `license_link` of another card.
        link: Where to read a licence without an identifier, if nothing says better.
    """
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    if not stated:
        return {"license": "unknown"}
    if isinstance(stated, str):
        try:
            return {"license": canonicalize_license_expression(stated).lower()}
        except InvalidLicenseExpression:
            fields: Mapping[str, Any] = {"license": "other", "license_name": stated}
    else:
        fields = stated
    identifier = str(fields.get("license") or "unknown")
    if identifier != "other":
        return {"license": identifier.lower()}
    own = re.sub(r"[^a-z0-9.-]+", "-", str(fields.get("license_name") or "").lower()).strip("-")
    found = {"license": "other", "license_name": own or "see-link"}
    where = str(fields.get("license_link") or link or "")
    # a bare file name means a file of the repository that the card stands in, which is another one now
    if where.startswith(("https://", "http://")):
        found["license_link"] = where
    return found
