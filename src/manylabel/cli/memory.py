"""``manylabel memory``: what a finished run remembers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from manylabel.cli import options
from manylabel.cli.errors import Group
from manylabel.cli.progress import make_progress

app = typer.Typer(cls=Group, no_args_is_help=True, help="Add documents and labels to a finished run.")


@app.command()
def add(
    run: options.Run,
    data: Annotated[str, typer.Argument(metavar="DATA", help="Documents with labels, in any format.")],
    labels: Annotated[
        str | None, typer.Option(help="Label file with new labels, which the documents may have then.")
    ] = None,
    unknown_labels: options.Unknown = None,
    format: options.Format = None,  # noqa: A002
    set_: options.RunSet = None,
    json_: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Take documents, and new labels, into the memory of a run without training.

    They are found at once: new documents as neighbours, new labels through their text too. A label that neither the
    run nor --labels has is an error, or is dropped with --unknown-labels drop.
    """
    from manylabel.runs.memory import add_to_memory

    progress = make_progress(quiet)
    overrides = options.assignments(set_, format=format, unknown_labels=unknown_labels)
    added = add_to_memory(run, data, labels=labels, overrides=overrides, progress=progress)
    if json_:
        import json

        print(json.dumps({"run": str(Path(run)), "documents": added.documents, "labels": added.labels}))
        return
    progress.note(f"{run}: {added.documents:,} documents and {added.labels:,} labels added")
