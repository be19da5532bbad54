"""A run on disk: what it was started with.

    with RunDirectory("runs/x").locked() as directory:
        directory.require_same(config)
        directory.freeze(config, digests)

The config is frozen with the first completion recorded; a later start that would ask something else is refused, naming
what differs.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from regenesis.config import (
    RunConfig,
    config_from_mapping,
    config_from_text,
    differences,
    extensions,
    going_on,
    section_differences,
)
from regenesis.errors import RunError
from regenesis.filesystems import read_bounded, replacing
from regenesis.ledger import Ledger
from regenesis.store import trust
from regenesis.store.folder import RunFolder
from regenesis.store.frozen_inputs import PARTS, require_same_inputs
from regenesis.store.plainness import require_no_pipes


@lru_cache(maxsize=8)
def _frozen(text: str, origin: str, base: Path) -> RunConfig:
    """A config as it was written down: one command looks at it several times, and to check it takes a while."""
    return config_from_text(text, origin, base=base, frozen=True)


class RunDirectory(RunFolder):
    """The folder of a run, and what the run in it was started with."""

    def begun(self) -> bool:
        """Whether a completion of the synthesis has been recorded. Until then nothing depends on the config and it may
        still change: an evaluation's answers are found by what they were asked.

        Raises:
            LedgerError: The ledger is damaged or none.
        """
        if not self.ledger.exists():
            return False
        with Ledger.read(self.ledger) as ledger:
            return any(stage != "evaluate" for stage in ledger.totals())

    def require_same(self, config: RunConfig) -> list[str]:
        """Makes sure that a config changes no request that the run has recorded.

        Returns:
            What differs all the same, a line each: what is asked besides, or made of what is recorded.

        Raises:
            RunError: It does; what differs is named. Or the ledger cannot be read.
        """
        if not self.begun():
            return []
        frozen = self.frozen_config(known=_code_of(config))
        if frozen is None:
            raise RunError(
                f"{self.path}: holds a ledger but no config.yaml. Restore its config, or give another --run-dir."
            )
        frozen, config = self._with_engine_of(frozen, frozen), self._as_begun(frozen, config)
        changed = differences(frozen, config)
        if changed:
            listed = "\n".join(f"  {line}" for line in changed)
            raise RunError(
                f"{self.path}: was started with another config. What differs (frozen → now):\n{listed}\n"
                "That changes what is asked. Use the frozen values to resume, or give another --run-dir, with "
                f"`--reuse {self.path}` to pay for no equal request twice."
            )
        return extensions(frozen, config)

    def as_begun(self, config: RunConfig) -> RunConfig:
        """A config as this run goes on with it.

        An engine that chooses by itself is the one that the run began with, and what the config leaves open is the
        default of then, where a later version has another one.

        Raises:
            RunError: The run's own config cannot be read, or may be somebody else's.
        """
        frozen = self.frozen_config(known=_code_of(config)) if self.begun() else None
        return config if frozen is None else self._as_begun(frozen, config)

    def earlier_defaults(self, config: RunConfig) -> list[str]:
        """What a config leaves open and this run goes on with as it began, by a default of then; a line each.

        Raises:
            RunError: The run's own config cannot be read, or may be somebody else's.
        """
        frozen = self.frozen_config(known=_code_of(config)) if self.begun() else None
        return [] if frozen is None else list(section_differences(config, going_on(config, frozen)).values())

    def _as_begun(self, frozen: RunConfig, config: RunConfig) -> RunConfig:
        return self._with_engine_of(frozen, going_on(config, frozen))

    def _with_engine_of(self, frozen: RunConfig, config: RunConfig) -> RunConfig:
        engine = config.engine.as_begun(frozen.engine.kind, self.frozen_model())
        return config if engine is config.engine else config.model_copy(update={"engine": engine})

    def freeze(
        self,
        config: RunConfig,
        digests: Mapping[str, str],
        parts: Mapping[str, Mapping[str, str]] | None = None,
        extended: Collection[str] = (),
    ) -> None:
        """Writes down the config and digests of what it points at; once begun, makes sure that those are the same.

        Args:
            config: The config.
            digests: What it points at, by name.
            parts: Of what may gain and lose parts, the digests of those by id.
            extended: Names of what is known to have changed no recorded request.

        What may differ between two starts, such as how the model is trained, is written down as it now is. The file is
        noted as this user's own, since it says what the user's config says.

        Raises:
            RunError: What the config points at has changed; it is named.
        """
        inputs = {**digests, **({PARTS: parts} if parts else {})}
        if self.begun():
            frozen = read_json(self.inputs_file) or {}
            require_same_inputs(self.path, frozen, inputs, extended)
            if frozen | inputs != frozen:
                write_whole(self.inputs_file, json.dumps(frozen | inputs, indent=1) + "\n")
            if self.frozen_config(known=_code_of(config)) != config:
                self._write_config(config)
        else:
            self._write_config(config)
            write_whole(self.inputs_file, json.dumps(inputs, indent=1) + "\n")
        trust.remember(self.config_file)

    def write_down(self, config: RunConfig) -> None:
        """Writes down the config of a run as it now is, where it differs in what may differ; the caller holds the run.

        Raises:
            RunError: It asks something else than the run was started with.
        """
        self.require_same(config)
        self._write_config(config)
        trust.remember(self.config_file)

    def _write_config(self, config: RunConfig) -> None:
        text = "# Frozen when the run was started. Start it again with the same config to go on.\n"
        text += yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        write_whole(self.config_file, text)

    def freeze_model(self, identity: str, own_engine: str | None = None) -> None:
        """Writes down the model's identity, as the engine gives it; once written, makes sure that it is the same.

        Args:
            identity: The model's identity.
            own_engine: The kind of the caller's own engine, where one stands in place of the config's.

        Raises:
            RunError: The config's model now means another one: a file with other weights, say.
        """
        inputs = read_json(self.inputs_file) or {}
        frozen = inputs.setdefault("model", identity)
        if frozen != identity:
            raise RunError(
                f"{self.path}: was started with the model {frozen}, and the config's model is now {identity}. "
                "Restore the first one to resume, or give another --run-dir."
            )
        inputs["own_engine"] = own_engine
        write_whole(self.inputs_file, json.dumps(inputs, indent=1) + "\n")

    def asked_model(self, config: RunConfig) -> tuple[str, str]:
        """The model that is asked and the kind of its engine: the config's, or the caller's own where that was used."""
        own_engine = (read_json(self.inputs_file) or {}).get("own_engine")
        if isinstance(own_engine, str):
            return self.frozen_model() or config.engine.model, own_engine
        engine = self.as_begun(config).engine
        return engine.model, engine.kind

    def frozen_questions(self) -> str | None:
        """The digest of the run's questions as written down, `None` before they were."""
        digest = (read_json(self.inputs_file) or {}).get("questions")
        return digest if isinstance(digest, str) else None

    def frozen_model(self) -> str | None:
        """The model's identity as written down, `None` before an engine has been opened."""
        identity = (read_json(self.inputs_file) or {}).get("model")
        return identity if isinstance(identity, str) else None

    def frozen_config(self, known: Collection[str] = frozenset()) -> RunConfig | None:
        """The config the run was started with, `None` if it was not started.

        Args:
            known: Names of other packages' methods and engines that may be imported, whosever the config is.

        Raises:
            RunError: It is there and cannot be read, or it may be somebody else's and reading it would run their code.
            ConfigError: It is not valid.
        """
        text = self.config_text()
        if text is None:
            return None
        trust.require_known_code(self.config_file, text, known=known)
        return _frozen(text, str(self.config_file), self.path)

    def config_text(self) -> str | None:
        """What `config.yaml` holds, `None` if it is not there.

        Raises:
            RunError: It is there and cannot be read.
        """
        try:
            return read_bounded(self.config_file).decode("utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise RunError(f"{self.config_file}: cannot be read ({error}). Restore it from a copy.") from error

    def require_started(self) -> RunConfig:
        """The frozen config of a run that is to be looked at.

        Raises:
            RunError: There is no run in this folder, or a pipe is put in the place of a file.
        """
        require_no_pipes(self.path)
        config = self.frozen_config()
        if config is None:
            if (self.path / "experiment.yaml").is_file():
                raise RunError(
                    f"{self.path}: is the folder of an experiment. `regenesis compare {self.path}` shows its tables; "
                    "for a cell, give its folder: cells/<training set>/<method>/seed-<n>."
                )
            raise RunError(f"{self.path}: is not a run folder (it has no config.yaml).")
        return config

    def require_own(self, using: Sequence[str], overrides: Sequence[str] = ()) -> RunConfig:
        """The frozen config of a run that is to be worked on by it.

        Args:
            using: Sections that are going to be used.
            overrides: Assignments of the user's to take the place of what it says, such as
                `training.num_train_epochs=1`.

        Raises:
            RunError: There is no run in this folder; or its config may be somebody else's and names a program, a
                server, a key or files outside.
            ConfigError: An override is not valid.
        """
        config = self.require_started()
        if overrides:
            config = config_from_mapping(config.model_dump(mode="json"), str(self.config_file), overrides=overrides)
        trust.require_trust(self.config_file, config, overrides, using)
        return config


def _code_of(config: RunConfig) -> Collection[str]:
    """Names of other packages' methods and engines in a config."""
    return trust.code_named(config.model_dump(mode="json")).values()


def write_whole(path: Path, text: str) -> None:
    """Writes a file so that it is there whole or not at all; the caller holds the run's lock.

    Raises:
        RunError: It cannot be written (no room on disk, say).
    """
    try:
        with replacing(path) as partial:
            partial.write_text(text, "utf-8")
    except OSError as error:
        raise RunError(
            f"{path}: cannot be written ({error}). Check free space and permissions on that disk, then rerun the "
            "command: nothing is requested twice."
        ) from error


def read_json(path: Path) -> dict[str, Any] | None:
    """A JSON file's mapping, `None` if it is not there.

    Raises:
        RunError: It holds something else.
    """
    try:
        value = json.loads(read_bounded(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path}: is damaged ({error}). Restore it from a copy, or remove it.") from error
    if not isinstance(value, dict):
        raise RunError(f"{path}: is damaged (it holds no mapping). Restore it from a copy, or remove it.")
    return value
