"""What the tests of several processes launch: trains one run after another, with a mishap where one is asked for.

accelerate launch … worker.py [--fsdp] [--kill-after STEP] [--fail] RUN…       # a mishap befalls the last run
"""

from __future__ import annotations

import argparse
import os
import signal
from typing import Any

from regenesis.errors import TrainingError
from regenesis.training import processes
from regenesis.training.launch import last_words
from regenesis.training.stage import train_run


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fsdp", action="store_true", help="take the CPU for an accelerator, which FSDP is for")
    parser.add_argument("--kill-after", type=int, help="kill the last process after this step of the last run")
    parser.add_argument("--fail", action="store_true", help="the last process fails when all is done")
    parser.add_argument("runs", nargs="+")
    asked = parser.parse_args()
    last = not processes.is_first()
    if asked.fsdp:
        _take_the_cpu_for_an_accelerator()
    with last_words():
        for run in asked.runs:
            if asked.kill_after is not None and last and run == asked.runs[-1]:
                _kill_after(asked.kill_after)
            train_run(run)
        if asked.fail:
            if last:
                raise TrainingError("there is no room on the disk of this process")
            import torch

            torch.distributed.barrier()


def _take_the_cpu_for_an_accelerator() -> None:
    """accelerate shards on accelerators alone, though torch shards on CPUs as well."""
    import torch
    from accelerate import PartialState
    from accelerate.utils import DistributedType

    torch.distributed.init_process_group("gloo")
    os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"
    PartialState._prepare_backend = lambda *_, **__: ("gloo", DistributedType.MULTI_GPU)


def _kill_after(step: int) -> None:
    from regenesis.training.trainer import StepWatch

    ended = StepWatch.on_step_end

    def end_or_die(self: Any, args: Any, state: Any, control: Any, **named: Any) -> None:
        ended(self, args, state, control, **named)
        if state.global_step == step:
            os.kill(os.getpid(), signal.SIGKILL)

    StepWatch.on_step_end = end_or_die  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
