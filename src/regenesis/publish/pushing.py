"""Uploading a run's model or dataset to the hub, when the user asks for it.

    parcel = pack(RunDirectory("runs/x"), "model")      # what goes, what stays; looks for keys in it
    url = push(parcel, "org/name", private=True)

Only files that belong to a model or dataset go, by their kind: no ledger, log or checkpoint. A text file in which
something looks like an access key stops the whole, since what was on the hub once is known for ever.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from regenesis.errors import RunError
from regenesis.publish.cards import refresh_model_card
from regenesis.secrets import KEY
from regenesis.store.directory import RunDirectory, read_json
from regenesis.training.card import hub_repository

Kind = Literal["model", "dataset"]

_SUFFIXES: dict[Kind, frozenset[str]] = {
    "model": frozenset({".safetensors", ".json", ".jinja", ".txt", ".model", ".md", ".gguf"}),
    "dataset": frozenset({".parquet", ".jsonl", ".json", ".md"}),
}
_TEXT = frozenset({".json", ".jsonl", ".jinja", ".txt", ".md"})
_SHORTEST_SECRET = 12
"""Values of the environment shorter than this are found everywhere."""
_SECRET_NAME = re.compile(r"(?:^|_)(?:API_KEY|KEY|TOKEN|SECRET|PASSWORD)$")


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is to be uploaded.

    Attributes:
        kind: Of the repository.
        folder: Where the files are.
        files: Names of those that go, with their sizes in bytes.
        rewritten: Contents of those that go in another form than they have here.
        left: Names of what stays.
        notes: What to know before it goes.
    """

    kind: Kind
    folder: Path
    files: dict[str, int]
    rewritten: dict[str, bytes]
    left: tuple[str, ...]
    notes: tuple[str, ...]


def pack(directory: RunDirectory, kind: Kind) -> Parcel:
    """Says what goes, after bringing the model card up to date with the run's evaluation.

    Raises:
        RunError: There is nothing to push, or a file holds what looks like an access key.
        TrainingError: The model card cannot be read or written.
    """
    folder = directory.model if kind == "model" else directory.dataset
    _require_whole(directory, folder, kind)
    notes = tuple(refresh_model_card(directory)) if kind == "model" else ()
    entries = sorted(folder.iterdir())
    files = [path for path in entries if _belongs(path, kind)]
    for path in files:
        if path.suffix in _TEXT:
            _require_no_key(path)
    rewritten = _with_public_names(folder) if kind == "model" else {}
    return Parcel(
        kind,
        folder,
        {path.name: len(rewritten.get(path.name, b"")) or path.stat().st_size for path in files},
        rewritten,
        tuple(path.name for path in entries if path not in files),
        notes,
    )


def require_repository(name: str) -> str:
    """Checks the name of a repository.

    Raises:
        RunError: It is not `org/name` as the hub allows it.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise RunError(f"--to {name!r}: is not a valid Hub repository name. Write it as org/name.") from error
    if "/" not in name:
        raise RunError(f"--to {name!r}: add the owner: org/{name}, or your user name instead of org.")
    return name


def push(parcel: Parcel, repository: str, *, private: bool = True) -> str:
    """Makes the repository if need be and uploads a parcel to it.

    Args:
        parcel: What `pack` said.
        repository: `org/name`.
        private: Who may see a repository that is made. One that is there already and is public is written to only if
            this is false.

    Returns:
        Its address.

    Raises:
        RunError: There is no login, the hub refuses, or it cannot be reached.
    """
    from huggingface_hub import HfApi, constants, errors, get_token

    token = get_token()
    if not token:
        raise RunError(
            "Not logged in to the Hub on this machine: log in with `hf auth login`, or set HF_TOKEN to a token "
            "with write access."
        )
    api = HfApi(endpoint=constants.ENDPOINT, token=token)
    try:
        _require_as_private(api, repository, parcel.kind, private)
        url = api.create_repo(repository, repo_type=parcel.kind, private=private, exist_ok=True)
        with _laid_out(parcel) as folder:
            api.upload_folder(
                repo_id=repository,
                repo_type=parcel.kind,
                folder_path=folder,
                commit_message=f"Upload {parcel.kind} with regenesis",
            )
    except (OSError, ValueError, RuntimeError, errors.HTTPError) as error:
        raise RunError(_explain(error, repository, token)) from None
    return str(url)


def _require_whole(directory: RunDirectory, folder: Path, kind: Kind) -> None:
    wanted, verb = ("training.json", "train") if kind == "model" else ("train.parquet", "synthesize")
    if not (folder / wanted).is_file():
        what = "tuned model" if kind == "model" else "dataset with rows"
        raise RunError(f"{folder}: there is no {what} to push. Make it first: `regenesis {verb}` ({directory.path}).")


def _belongs(path: Path, kind: Kind) -> bool:
    if path.name.startswith(".") or path.is_symlink() or not path.is_file():
        return False
    return path.suffix in _SUFFIXES[kind] or path.name in ("LICENSE", "NOTICE")


def _require_no_key(path: Path) -> None:
    secrets = [
        value for name, value in os.environ.items() if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET
    ]
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if KEY.search(line) or any(secret in line for secret in secrets):
                raise RunError(
                    f"{path}: line {number} contains what looks like an access key, so nothing was uploaded. "
                    "Remove it; if the key is real, revoke it too."
                )


def _require_as_private(api: Any, repository: str, kind: Kind, private: bool) -> None:
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        found = api.repo_info(repository, repo_type=kind)
    except RepositoryNotFoundError:
        return
    if private and found.private is False:
        raise RunError(
            f"{repository}: already exists and is public: the upload would be public. Pass --public to allow it, or "
            "give another name."
        )


def _with_public_names(model: Path) -> dict[str, bytes]:
    """Files that name the base model, with its name on the hub in place of how it is named on this machine.

    The files here stay as they are: their contents are the model's identity.
    """
    rewritten = {}
    for name, field in {"adapter_config.json": "base_model_name_or_path", "training.json": "base"}.items():
        values = read_json(model / name) or {}
        stated = values.get(field)
        if isinstance(stated, str) and stated:
            public = hub_repository(stated) or (Path(stated).name if stated.startswith(("/", "~")) else stated)
            if public != stated:
                rewritten[name] = json.dumps({**values, field: public}, indent=2).encode() + b"\n"
    return rewritten


@contextmanager
def _laid_out(parcel: Parcel) -> Iterator[Path]:
    """A folder that holds exactly what goes: links, and the files that go in another form."""
    with TemporaryDirectory(prefix="regenesis-push-") as name:
        folder = Path(name)
        for file in parcel.files:
            if file in parcel.rewritten:
                (folder / file).write_bytes(parcel.rewritten[file])
            else:
                (folder / file).symlink_to((parcel.folder / file).resolve())
        yield folder


def _explain(error: Exception, repository: str, token: str) -> str:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    words = (str(getattr(error, "server_message", None) or "") or (str(error).strip().splitlines() or [""])[0]).strip()
    words = words.replace(token, "[token]").rstrip(".") or type(error).__name__
    if status == 401:
        return f"The Hub did not accept the login ({words}): log in again with `hf auth login`, or set HF_TOKEN."
    if status in (403, 404):
        return (
            f"{repository}: the Hub refused ({words}). The token needs write access there; if the namespace is yours, "
            "create a token with write access and log in with it."
        )
    if status is not None or isinstance(error, ValueError):
        return f"{repository}: the Hub refused ({words}). The upload failed or is incomplete."
    return (
        f"{repository}: the Hub cannot be reached ({words}). Check the network, HF_ENDPOINT and HF_HUB_OFFLINE, then "
        "rerun the command: uploaded files are not sent again."
    )
