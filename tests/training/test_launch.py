"""The command lines that training is launched with, and what becomes of what they start."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from regenesis.config import TrainingConfig
from regenesis.errors import ConfigError, TrainingError
from regenesis.training import launch as launching
from regenesis.training.launch import (
    Machines,
    find_launcher,
    inside_launch,
    last_words,
    launch,
    launch_command,
    launchers,
    needs_launch,
)

HERE = sys.executable
ACCELERATE = [HERE, "-m", "accelerate.commands.launch", "--config_file"]
TRAIN = ["-m", "regenesis", "train", "runs/x"]
RUN = Path("runs/x")


@pytest.fixture(autouse=True)
def outside_any_launch(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOCAL_RANK", "WORLD_SIZE", "RANK", "REGENESIS_LAST_WORDS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def four_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "_count_devices", lambda _: 4)


def test_without_launcher_or_python_the_command_is_the_plain_one() -> None:
    assert launch_command(RUN, TrainingConfig()) == [HERE, *TRAIN]


def test_another_environments_python_runs_the_command_unresolved(tmp_path: Path) -> None:
    # its own folder tells a virtual environment's Python which environment it is
    python = tmp_path / "python"
    python.symlink_to(HERE)
    assert launch_command(RUN, TrainingConfig(python=python), arguments=["--json"]) == [str(python), *TRAIN, "--json"]


@pytest.mark.usefixtures("four_devices")
@pytest.mark.parametrize(
    ("launcher", "machines", "options"),
    [
        ("multi_gpu", None, "--num_processes 4"),
        ("fsdp", Machines(processes=3), "--num_processes 3"),
        ("two_processes", None, ""),
        ("two_processes", Machines(processes=3), "--num_processes 3"),
        (
            "deepspeed_zero3",
            Machines(count=2, rank=1, main="10.0.0.1:29500"),
            "--num_processes 8 --num_machines 2 --machine_rank 1 --main_process_ip 10.0.0.1 --main_process_port 29500",
        ),
        (
            "two_processes",
            Machines(processes=1, count=2, main="head:1"),
            "--num_processes 2 --num_machines 2 --machine_rank 0 --main_process_ip head --main_process_port 1",
        ),
    ],
)
def test_a_launcher_is_started_by_accelerate(launcher: str, machines: Machines | None, options: str) -> None:
    command = launch_command(RUN, TrainingConfig(launcher=launcher), machines)
    assert command == [*ACCELERATE, str(find_launcher(launcher)), *options.split(), *TRAIN]


@pytest.mark.parametrize(
    ("machines", "options"),
    [
        (None, ""),
        (Machines(processes=2), "--workers 2"),
        (Machines(processes=2, count=2, main="head:1"), "--workers 4"),
    ],
)
def test_ray_is_asked_for_as_many_processes_as_there_are_to_be(machines: Machines | None, options: str) -> None:
    command = launch_command(RUN, TrainingConfig(launcher="ray"), machines, ["--set", "training.seed=3"])
    assert command[1:] == ["-m", "regenesis.training.on_ray", str(RUN), *options.split(), "--set", "training.seed=3"]


@pytest.mark.parametrize(
    ("settings", "machines", "processes"),
    [
        ({"num_processes": 6}, Machines(), None),
        ({"num_processes": 6, "num_machines": 2}, Machines(count=2, main="head:1"), None),
        ({"num_processes": 6}, Machines(count=2, main="head:1"), "12"),
        ({}, Machines(), "4"),
    ],
)
@pytest.mark.usefixtures("four_devices")
def test_the_users_own_launch_config_says_how_many_processes_if_it_does(
    tmp_path: Path, settings: dict[str, Any], machines: Machines, processes: str | None
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump({"distributed_type": "MULTI_GPU", **settings}))
    command = launch_command(RUN, TrainingConfig(launcher=str(own)), machines)
    assert command[4] == str(own)
    assert (command[command.index("--num_processes") + 1] if "--num_processes" in command else None) == processes


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("deepspeed_zero_3", "did you mean deepspeed_zero3?"),
        ("FSDP2", "did you mean fsdp?"),
        ("horovod", "There are deepspeed_zero2, deepspeed_zero3, fsdp, multi_gpu, two_processes"),
    ],
)
def test_an_unknown_launcher_is_refused_with_the_nearest_name(name: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        launch_command(RUN, TrainingConfig(launcher=name))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"), [("- fsdp\n", "not an `accelerate launch` config"), ("a: [", "cannot be read")]
)
def test_a_file_that_is_no_launch_config_is_refused(tmp_path: Path, text: str, said: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(text)
    with pytest.raises(ConfigError, match=said):
        launch_command(RUN, TrainingConfig(launcher=str(own)))


def test_a_launcher_for_gpus_is_refused_where_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "_count_devices", lambda _: 0)
    with pytest.raises(ConfigError, match=r"fsdp is for machines with GPUs.*two_processes"):
        launch_command(RUN, TrainingConfig(launcher="fsdp"))


def test_a_python_without_torch_cannot_count_gpus_and_says_so(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {HERE} -S "$@"\n')
    python.chmod(0o755)
    with pytest.raises(ConfigError, match=r"No module named 'torch'.*regenesis\[train\]"):
        launch_command(RUN, TrainingConfig(launcher="fsdp", python=python))


def test_a_python_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"training.python: nowhere/python cannot be started as Python"):
        launch_command(RUN, TrainingConfig(python=Path("nowhere/python")))


@pytest.mark.parametrize(
    ("machines", "said"),
    [
        ({"processes": 0}, "at least one process"),
        ({"count": 2}, "address of machine 0"),
        ({"count": 2, "rank": 2, "main": "a:1"}, "no machine 2 among 2"),
        ({"count": 2, "main": "10.0.0.1"}, "not an address with a port"),
    ],
)
def test_machines_that_cannot_be_are_refused(machines: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Machines(**machines)


def test_several_processes_need_a_launcher() -> None:
    with pytest.raises(ConfigError, match="need a launcher"):
        launch_command(RUN, TrainingConfig(), Machines(processes=2))


@pytest.mark.parametrize(
    ("settings", "environment", "expected"),
    [
        ({}, {}, False),
        ({"launcher": "fsdp"}, {}, True),
        ({"python": "python3"}, {}, True),
        ({"launcher": "fsdp"}, {"LOCAL_RANK": "0"}, False),
        ({"python": "python3"}, {"REGENESIS_LAST_WORDS": "x"}, False),
        # some clusters set it for every process, launched by something or not
        ({"launcher": "fsdp"}, {"WORLD_SIZE": "1"}, True),
    ],
)
def test_training_is_launched_once(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], environment: dict[str, str], expected: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert needs_launch(TrainingConfig(**settings)) is expected


def test_every_launcher_that_is_listed_says_what_it_is_for() -> None:
    assert [launcher.name for launcher in launchers()] == [
        "deepspeed_zero2",
        "deepspeed_zero3",
        "fsdp",
        "multi_gpu",
        "two_processes",
    ]
    assert all(launcher.purpose.endswith(".") and len(launcher.purpose) < 120 for launcher in launchers())


ENVIRONMENTS: dict[str, dict[str, str]] = {
    "multi_gpu": {},
    "two_processes": {"CUDA_VISIBLE_DEVICES": "-1,-1"},
    "fsdp": {
        "ACCELERATE_USE_FSDP": "true",
        "FSDP_VERSION": "2",
        "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
        "FSDP_RESHARD_AFTER_FORWARD": "true",
        "FSDP_STATE_DICT_TYPE": "FULL_STATE_DICT",
        "FSDP_CPU_RAM_EFFICIENT_LOADING": "true",
        "FSDP_OFFLOAD_PARAMS": "false",
    },
    "deepspeed_zero2": {"ACCELERATE_USE_DEEPSPEED": "true", "ACCELERATE_DEEPSPEED_ZERO_STAGE": "2"},
    "deepspeed_zero3": {
        "ACCELERATE_USE_DEEPSPEED": "true",
        "ACCELERATE_DEEPSPEED_ZERO_STAGE": "3",
        "ACCELERATE_DEEPSPEED_ZERO3_SAVE_16BIT_MODEL": "true",
    },
}
"""What accelerate tells the processes, by launcher."""


@pytest.mark.usefixtures("four_devices")
@pytest.mark.parametrize("name", [launcher.name for launcher in launchers()])
def test_accelerate_reads_every_launcher_as_it_is_meant(name: str) -> None:
    command = launch_command(RUN, TrainingConfig(launcher=name))
    arguments, environment = parse(command[3:])
    assert environment.items() >= ENVIRONMENTS[name].items()
    assert int(arguments.nproc_per_node) == (2 if name == "two_processes" else 4)
    assert arguments.module
    assert [arguments.training_script, *arguments.training_script_args] == TRAIN[1:]
    # the run's config says what is computed in, and a launch config must not contradict it
    assert environment["ACCELERATE_MIXED_PRECISION"] == "no"


@pytest.mark.usefixtures("four_devices")
@pytest.mark.parametrize("name", [launcher.name for launcher in launchers()])
def test_every_launcher_goes_over_several_machines(name: str) -> None:
    machines = Machines(processes=4, count=3, rank=2, main="10.0.0.1:29500")
    arguments, _ = parse(launch_command(RUN, TrainingConfig(launcher=name), machines)[3:])
    assert (arguments.nnodes, arguments.nproc_per_node, arguments.node_rank) == ("3", "4", 2)
    assert (arguments.rdzv_backend, arguments.rdzv_endpoint) == ("static", "10.0.0.1:29500")


def test_fsdp_builds_the_plugin_that_shards_by_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    from accelerate import FullyShardedDataParallelPlugin
    from torch.distributed.fsdp import StateDictType
    from torch.distributed.fsdp.wrap import transformer_auto_wrap_policy

    for name, value in ENVIRONMENTS["fsdp"].items():
        monkeypatch.setenv(name, value)
    plugin = FullyShardedDataParallelPlugin()
    assert plugin.fsdp_version == 2
    assert plugin.auto_wrap_policy is transformer_auto_wrap_policy
    # no names of layers: the model's own are taken
    assert plugin.transformer_cls_names_to_wrap is None
    assert plugin.state_dict_type == StateDictType.FULL_STATE_DICT


@pytest.mark.parametrize(("name", "stage"), [("deepspeed_zero2", 2), ("deepspeed_zero3", 3)])
def test_deepspeed_builds_the_plugin_of_its_stage(monkeypatch: pytest.MonkeyPatch, name: str, stage: int) -> None:
    pytest.importorskip("deepspeed")
    from accelerate import DeepSpeedPlugin

    for key, value in ENVIRONMENTS[name].items():
        monkeypatch.setenv(key, value)
    plugin = DeepSpeedPlugin()
    assert plugin.zero_stage == stage
    assert plugin.zero3_save_16bit_model is (stage == 3)


def parse(arguments: list[str]) -> tuple[Any, dict[str, str]]:
    """What `accelerate launch` makes of its arguments, short of starting anything."""
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser
    from accelerate.utils.launch import prepare_deepspeed_cmd_env, prepare_multi_gpu_env

    parsed, defaults, _ = _validate_launch_command(launch_command_parser().parse_args(arguments))
    if parsed.use_deepspeed:
        parsed.deepspeed_fields_from_accelerate_config = ",".join(defaults.deepspeed_config)
        command, environment = prepare_deepspeed_cmd_env(parsed)
        assert command is None, "deepspeed's own launcher would be needed, and ssh"
        return parsed, environment
    assert parsed.use_fsdp or parsed.multi_gpu, "accelerate would start one process alone"
    return parsed, prepare_multi_gpu_env(parsed)


def test_the_exit_code_is_handed_through() -> None:
    assert launch([HERE, "-c", "raise SystemExit(3)"]) == 3
    assert launch([HERE, "-c", ""]) == 0


def test_a_launched_process_knows_that_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    assert not inside_launch()
    assert launch([HERE, "-c", "from regenesis.training.launch import inside_launch; print(inside_launch())"]) == 0
    assert capfd.readouterr().out == "True\n"


def test_the_first_error_of_the_processes_is_the_one_that_is_said() -> None:
    script = """
from regenesis.errors import TrainingError
from regenesis.training.launch import last_words
for number in (1, 2):
    try:
        with last_words():
            raise TrainingError(f"error {number}")
    except SystemExit as ended:
        code = ended.code
raise SystemExit(code)
"""
    with pytest.raises(TrainingError) as failed:
        launch([HERE, "-c", script])
    assert str(failed.value) == "error 1"


def test_outside_a_launch_an_error_goes_its_way() -> None:
    with pytest.raises(TrainingError, match="as it is"), last_words():
        raise TrainingError("as it is")


@pytest.mark.parametrize("end", ["import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "raise SystemExit(1)"])
def test_processes_that_end_without_a_word_are_explained(end: str) -> None:
    with pytest.raises(TrainingError, match=r"without an error message.*per_device_train_batch_size.*last checkpoint"):
        launch([HERE, "-c", end])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_passed_on_and_shows_in_the_exit_code(tmp_path: Path, number: signal.Signals) -> None:
    child = f"""
import pathlib, signal, sys, time
def ended(number, _):
    pathlib.Path("ended").write_text(str(number))
    sys.exit(1)
signal.signal({int(number)}, ended)
print("ready", flush=True)
time.sleep(60)
"""
    parent = f"import sys; from regenesis.training.launch import launch; sys.exit(launch([{HERE!r}, '-c', {child!r}]))"
    process = subprocess.Popen([HERE, "-c", parent], cwd=tmp_path, stdout=subprocess.PIPE, env=dict(os.environ))
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.wait(60) == 128 + number
    assert (tmp_path / "ended").read_text() == str(int(number))


def test_what_was_launched_ends_where_the_launcher_is_killed() -> None:
    child = """
import os, sys, time
from regenesis.training.launch import end_with_launcher
end_with_launcher()
print(os.getpid(), flush=True)
time.sleep(60)
"""
    parent = f"from regenesis.training.launch import launch; launch([{HERE!r}, '-c', {child!r}])"
    process = subprocess.Popen([HERE, "-c", parent], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        launched_id = int(process.stdout.readline())
        process.kill()
        process.wait(60)
        # the launched process holds the other end of the pipe for as long as it lives
        try:
            ended, _, _ = select.select([process.stdout], [], [], 20)
            assert ended
            assert process.stdout.read() == b""
        finally:
            with suppress(ProcessLookupError):
                os.kill(launched_id, signal.SIGKILL)


def test_the_folder_of_a_launch_that_was_killed_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name, age in (("killed", 3600), ("begun", 0), ("held", 3600)):
        lifeline = tmp_path / f"regenesis-launch-{name}" / "lifeline"
        lifeline.parent.mkdir()
        lifeline.touch()
        os.utime(lifeline, (time.time() - age,) * 2)
    with (tmp_path / "regenesis-launch-held" / "lifeline").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert launch([sys.executable, "-c", "pass"]) == 0
    assert sorted(os.listdir(tmp_path)) == ["regenesis-launch-begun", "regenesis-launch-held"]
