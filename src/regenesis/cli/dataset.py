"""`regenesis dataset`: derive a run's dataset anew from what is recorded, under other settings if wanted.

regenesis dataset runs/x --set curation.min_steps=3 --set method.keep=2
regenesis dataset runs/x --set dataset.max_rows=500
regenesis dataset runs/x --form preference
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from regenesis.cli.options import AsJson, Overrides, RunFolder


def dataset_command(
    run: RunFolder,
    overrides: Overrides = None,
    form: Annotated[
        Literal["sft", "preference"],
        typer.Option(
            help="sft: the dataset that `train` takes. preference: pairs of a kept and a wrong path of one question, "
            "for DPO and the like, in RUN/preferences."
        ),
    ] = "sft",
    as_json: AsJson = False,
) -> None:
    """Derive a run's dataset anew from what is recorded, without an engine or a request.

    With --set, recorded completions are judged and drawn by other settings (curation.…, dataset.…, method.keep and
    other fields that change no recorded request), which are written down in the run's config.
    """
    from regenesis.cli.terminal import console, print_json
    from regenesis.report.terminal import print_view
    from regenesis.report.views.dataset import dataset_view, pairs_view
    from regenesis.runs.deriving import derive_anew, derive_pairs

    derived = derive_anew(run, overrides=overrides or ())
    document: dict[str, Any] = {
        "folder": str(derived.summary.folder),
        "rows": derived.summary.rows,
        "available": derived.available,
        "changed": derived.changed,
        "questions_with_unrecorded_requests": derived.missing,
        "funnel": derived.funnel.to_json(),
    }
    view = list(dataset_view(derived, str(run)))
    if form == "preference":
        pairs = derive_pairs(run)
        document["pairs"] = {"folder": str(pairs.folder), "rows": pairs.rows, "questions": pairs.questions}
        view += pairs_view(pairs)
    if as_json:
        print_json(document)
    else:
        print_view(console(), view)
