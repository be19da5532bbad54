"""Training in several processes, on one machine or several, or in the Python of another environment.

    command = launch_command(Path("runs/x"), config.training, Machines(count=2, rank=0, main="10.0.0.1:29500"))
    print(shlex.join(command))
    code = launch(command)

The processes themselves are started and watched by `accelerate launch`: where one of them ends, the others are ended.
Each runs `regenesis train` once more, and `inside_launch` tells it that it need not start anything.
"""

from __future__ import annotations

import difflib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import yaml

from regenesis.errors import ConfigError, RegenesisError, TrainingError
from regenesis.training.config import TrainingConfig

_FOLDER = Path(__file__).parent / "launchers"
_LAST_WORDS = "REGENESIS_LAST_WORDS"
"""Environment variable of a launched process: the file in which to leave an error for whoever launched it."""
_LOST_ANOTHER = ("connection closed by peer", "connection reset by peer", "remote process exited")
"""How gloo and NCCL say that another process of the group is gone."""
_PREFIX = "regenesis-launch-"
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_COUNT_DEVICES = "import torch; print(torch.accelerator.device_count())"


@dataclass(frozen=True, slots=True)
class Launcher:
    """A config for `accelerate launch` that comes with the package.

    Attributes:
        name: As `training.launcher` takes it.
        path: The file.
        purpose: What it is for, in a line.
    """

    name: str
    path: Path
    purpose: str


@dataclass(frozen=True, slots=True)
class Machines:
    """Where the processes of a launch run.

    Attributes:
        processes: How many on each machine; as many as it has GPUs if left out, or what the launch config says.
        count: How many machines; the command is started on each.
        rank: Which of them this one is, from 0.
        main: Address of machine 0 and a free port on it, `10.0.0.1:29500`; needed if there are several.
    """

    processes: int | None = None
    count: int = 1
    rank: int = 0
    main: str | None = None

    def __post_init__(self) -> None:
        if (self.processes is not None and self.processes < 1) or self.count < 1:
            raise ConfigError("A launch needs at least one process on at least one machine.")
        if not 0 <= self.rank < self.count:
            raise ConfigError(f"There is no machine {self.rank} among {self.count}; they are numbered from 0.")
        if self.count > 1 and self.main is None:
            raise ConfigError("Several machines need the address of machine 0 and a free port on it, 10.0.0.1:29500.")
        if self.main is not None and not self.main.rpartition(":")[2].isdigit():
            raise ConfigError(f"{self.main!r} is not an address with a port; write it as 10.0.0.1:29500.")


RAY = Launcher("ray", _FOLDER.with_name("on_ray.py"), "Ray Train: a process on each GPU of a Ray cluster.")
"""The launcher that is no config of `accelerate launch`."""


def launchers() -> list[Launcher]:
    """The launch configs that come with the package, by name."""
    return [
        Launcher(path.stem, path, path.read_text("utf-8").partition("\n")[0].removeprefix("# "))
        for path in sorted(_FOLDER.glob("*.yaml"))
    ]


def find_launcher(name: str) -> Path:
    """The file of a launch config, by the name of one that comes with the package or by the user's own path.

    Raises:
        ConfigError: There is none; the nearest name is offered.
    """
    known = {launcher.name: launcher.path for launcher in launchers()} | {RAY.name: RAY.path}
    if name in known:
        return known[name]
    path = Path(name).expanduser()
    if path.is_file():
        return path.absolute()
    close = difflib.get_close_matches(name.casefold(), known, n=1, cutoff=0.5)
    raise ConfigError(
        f"training.launcher: there is no launch config {name!r}"
        + (f"; did you mean {close[0]}?" if close else ".")
        + f" There are {', '.join(known)}; your own is named by its path."
    )


def launch_command(
    run: Path, config: TrainingConfig, machines: Machines | None = None, arguments: Sequence[str] = ()
) -> list[str]:
    """The command line by which a run is trained as its config says.

    Args:
        run: The run's folder.
        config: How to train: its `launcher` and `python` count here.
        machines: Where the processes run, for a config with a launcher.
        arguments: Further arguments of `regenesis train`.

    Raises:
        ConfigError: There is no such launch config or no such Python, or no GPU where one is needed.
    """
    python = _find_python(config.python)
    train = ["-m", "regenesis", "train", str(run), *arguments]
    if config.launcher is None:
        if machines is not None and machines != Machines():
            raise ConfigError("Several processes or machines need a launcher: set training.launcher, e.g. to fsdp.")
        return [python, *train]
    where = machines or Machines()
    if config.launcher == RAY.name:
        workers = [] if where.processes is None else ["--workers", str(where.processes * where.count)]
        return [python, "-m", "regenesis.training.on_ray", str(run), *workers, *arguments]
    path = find_launcher(config.launcher)
    options = _options(path, python, where)
    return [python, "-m", "accelerate.commands.launch", "--config_file", str(path), *options, *train]


def inside_launch() -> bool:
    """Whether this process is one of a launch's: of `launch`, `accelerate launch` or `torchrun`."""
    return launched() or "LOCAL_RANK" in os.environ


def launched() -> bool:
    """Whether `launch` started this process, and says for it how it ended and how to go on."""
    return _LAST_WORDS in os.environ


def needs_launch(config: TrainingConfig) -> bool:
    """Whether training has to happen in other processes than this one."""
    return (config.launcher is not None or config.python is not None) and not inside_launch()


def launch(command: Sequence[str], stdout: int | None = None) -> int:
    """Runs a launch command to its end; signals that end this process are passed on, in the main thread.

    Args:
        command: As `launch_command` gives it.
        stdout: File descriptor that it prints to; this process's standard output if left out.

    Returns:
        The command's exit code, or 128 and the signal's number if this process was told to end.

    Raises:
        TrainingError: The command failed: with the error of the process that ended first, where it left one.
    """
    received: list[int] = []
    _remove_left_folders()
    with TemporaryDirectory(prefix=_PREFIX) as folder:
        words = Path(folder) / "last-words"
        with _lifeline(words).open("w") as lifeline:
            fcntl.flock(lifeline, fcntl.LOCK_EX)
            # a session of its own: a terminal's Ctrl-C reaches it once, from here, and not a second time amid its
            # ending
            surroundings = {**os.environ, _LAST_WORDS: str(words)}
            child = subprocess.Popen(list(command), env=surroundings, stdout=stdout, start_new_session=True)

            def pass_on(number: int, _: Any) -> None:
                received.append(number)
                child.send_signal(number)

            # Python lets only the main thread handle signals; elsewhere they are the caller's to see to
            handled = _PASSED_ON if threading.current_thread() is threading.main_thread() else ()
            before = {number: signal.signal(number, pass_on) for number in handled}
            try:
                code = child.wait()
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)
        if received:
            return 128 + received[0]
        if code == 1 or code < 0:
            raise TrainingError(_why(words))
        return code


def end_with_launcher() -> None:
    """Sees to it that a launched process ends where the one that launched it was killed, which nobody could pass on.

    It would go on unseen otherwise, and hold the run against the command that is to go on with it.
    """
    words = os.environ.get(_LAST_WORDS)
    if words is not None:
        threading.Thread(target=_end_after, args=(_lifeline(Path(words)),), name="lifeline", daemon=True).start()


def _remove_left_folders() -> None:
    """Removes the folders of launching processes that were killed: nobody holds their lifeline any more."""
    for lifeline in Path(gettempdir()).glob(f"{_PREFIX}*/lifeline"):
        with suppress(OSError), lifeline.open() as held:
            # one made just now may not be held yet
            if os.fstat(held.fileno()).st_uid == os.getuid() and time.time() - os.fstat(held.fileno()).st_mtime > 60:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lifeline.parent, ignore_errors=True)


def _end_after(lifeline: Path) -> None:
    try:
        # the launcher holds it locked for as long as it lives, however it ends
        with lifeline.open() as held:
            fcntl.flock(held, fcntl.LOCK_SH)
    except OSError:  # the folder is gone, and so is the launcher; or its disk knows no locks, and nothing can be told
        if lifeline.exists():
            return
    os.kill(os.getpid(), signal.SIGTERM)


def _lifeline(words: Path) -> Path:
    return words.with_name("lifeline")


@contextmanager
def last_words() -> Iterator[None]:
    """Leaves an error to the process that launched this one, which says it once, below what launchers print.

    Raises:
        SystemExit: In place of the error, in a process that `launch` started.
    """
    try:
        yield
    except RegenesisError as error:
        path = os.environ.get(_LAST_WORDS)
        if path is None:
            raise
        _write_once(Path(path), "\n".join([str(error), *getattr(error, "__notes__", ())]))
        raise SystemExit(1) from None
    except RuntimeError as error:
        # what this process lost is another one, whose end is the thing to tell of
        if not launched() or not any(sign in str(error).lower() for sign in _LOST_ANOTHER):
            raise
        raise SystemExit(1) from None


def _write_once(path: Path, text: str) -> None:
    """The first error counts: those of the other processes follow from it."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError:  # another process was first, or the launcher is gone
        return


def _why(words: Path) -> str:
    try:
        return words.read_text("utf-8")
    except OSError:
        return (
            "A training process died without an error message, and the others were stopped; its output is above. "
            "Exit code -9 means that the system killed it, most often for lack of memory: lower "
            "training.per_device_train_batch_size, or take the launcher fsdp. Rerun the command to resume from "
            "the last checkpoint."
        )


def _options(path: Path, python: str, machines: Machines) -> list[str]:
    """What the command line says in place of the launch config."""
    here = machines.processes or _processes(path, python, machines)
    options = [] if here is None else ["--num_processes", str(here * machines.count)]
    if machines.main is not None:
        address, _, port = machines.main.rpartition(":")
        options += ["--num_machines", str(machines.count), "--machine_rank", str(machines.rank)]
        options += ["--main_process_ip", address, "--main_process_port", port]
    return options


def _processes(path: Path, python: str, machines: Machines) -> int | None:
    """Processes on this machine, `None` where the launch config tells how many there are in all."""
    settings = _settings(path)
    stated = settings.get("num_processes")
    if isinstance(stated, int) and stated > 0:
        if machines.count == 1 or settings.get("num_machines", 1) == machines.count:
            return None
        return stated
    count = _count_devices(python)
    if count == 0:
        raise ConfigError(
            f"training.launcher: {path.stem} is for machines with GPUs, and {python} sees none here. Say how "
            "many processes to start (--processes) if it will run elsewhere; on the CPU take two_processes."
        )
    return count


def _settings(path: Path) -> dict[str, Any]:
    try:
        settings = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"training.launcher: {path} cannot be read ({error}).") from error
    if not isinstance(settings, dict) or "distributed_type" not in settings:
        raise ConfigError(
            f"training.launcher: {path} is not an `accelerate launch` config (it has no distributed_type). "
            f"`accelerate config --config_file {path}` writes one."
        )
    return settings


def _count_devices(python: str) -> int:
    # torch itself, by the Python that will train: it knows every maker's devices, and which of them are hidden
    answer = subprocess.run([python, "-c", _COUNT_DEVICES], capture_output=True, text=True, check=False)
    if answer.returncode or not answer.stdout.strip().isdigit():
        said = (answer.stderr.strip().splitlines() or ["nothing"])[-1]
        raise ConfigError(
            f"{python} cannot tell how many GPUs there are ({said}). Say how many processes to start, or "
            "`pip install 'regenesis[train]'` in that environment."
        )
    return int(answer.stdout)


def _find_python(python: Path | None) -> str:
    if python is None:
        return sys.executable
    # not resolved: an environment's Python is a link to another one, and knows its environment by the link
    found = shutil.which(python.expanduser())
    if found is None:
        raise ConfigError(
            f"training.python: {python} cannot be started as Python. Give the path of an environment's Python, e.g. "
            "envs/train/bin/python, with `pip install 'regenesis[train]'` done in it."
        )
    return str(Path(found).absolute())
