"""`regenesis status`: show the state of a run, also while it is running.

regenesis status runs/x
"""

from __future__ import annotations

import time
from dataclasses import asdict

from regenesis.cli.options import AsJson, RunFolder, Segments


def status_command(run: RunFolder, segments: Segments = None, as_json: AsJson = False) -> None:
    """Show the state of a run: questions, chains by verdict, kept paths, tuned model, evaluations, tokens, time.

    Of a run over several machines it shows every shard, also before they are merged.
    """
    from regenesis.cli.terminal import console, print_json
    from regenesis.report.terminal import print_view
    from regenesis.report.views.shards import shards_view
    from regenesis.report.views.status import status_view
    from regenesis.runs import read_status
    from regenesis.store.directory import RunDirectory
    from regenesis.synthesis.shard_states import shard_states
    from regenesis.synthesis.sharding import segments_folder

    shards = shard_states(segments_folder(run, segments))
    merged = not shards or RunDirectory(run).config_file.is_file()
    found = read_status(run) if merged else None
    if as_json:
        told = found.to_json() if found is not None else {"directory": str(run)}
        print_json(told | ({"shards": [asdict(one) | {"phase": one.phase} for one in shards]} if shards else {}))
        return
    if found is not None:
        print_view(console(), status_view(found))
    if shards:
        print_view(console(), shards_view(shards, time.time()))
