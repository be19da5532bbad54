"""Makes reasoning-gym's entries, in a process of its own: `python -m regenesis.tasks.generator < request.json`.

Some generators walk over sets of text, whose order changes from one Python process to the next. The caller starts this
module with a fixed `PYTHONHASHSEED`, so that one seed gives one set of questions for ever.

The request is `{"task", "parameters", "seed", "size"}`; the answer is one JSON object on standard output, either
`{"entries": [...], "templates": [...]}` (packed, see `portable`; no templates where questions are not made from any) or
`{"fault": ..., "known": [...]}`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
from typing import Any

from regenesis.tasks.portable import pack


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Makes the entries that were asked for, or says why not."""
    from reasoning_gym.factory import DATASETS, create_dataset

    task, parameters = request["task"], request["parameters"]
    if task not in DATASETS:
        return {"fault": "unknown task", "known": sorted(DATASETS)}
    known = sorted({field.name for field in dataclasses.fields(DATASETS[task][1])} - {"seed", "size"})
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        return {"fault": f"unknown parameter {', '.join(unknown)}", "known": known}
    try:
        made = create_dataset(task, **parameters, seed=request["seed"], size=request["size"])
        # which of a set's templates each question is made from
        templates = [str(one) for one in getattr(made, "task_indices", ())]
        return {"entries": [pack(made[index]) for index in range(request["size"])], "templates": templates}
    except (AssertionError, ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        return {"fault": f"{type(error).__name__}: {error}", "known": known}


def main() -> None:
    """Reads the request and writes the answer; what generators print on their own goes to standard error."""
    request = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        reply = answer(request)
    json.dump(reply, sys.stdout)


if __name__ == "__main__":
    main()
