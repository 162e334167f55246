"""``manylabel labels``: the labels of a finished run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from manylabel.cli import options
from manylabel.cli.errors import Group
from manylabel.cli.progress import make_progress

app = typer.Typer(
    cls=Group, no_args_is_help=True, help="Add labels to a finished run of a dual encoder, or remove some."
)


@app.command()
def add(
    run: options.Run,
    labels: Annotated[str, typer.Argument(metavar="LABELS", help="Label file with new labels and their texts.")],
    json_: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Take new labels into a run without training: they are predicted at once, by what their texts mean.

    Scores of the labels that are there stay as they are.
    """
    from manylabel.runs.labels import add_labels

    progress = make_progress(quiet)
    added = add_labels(run, labels, progress=progress)
    if json_:
        print(json.dumps({"run": str(Path(run)), "added": list(added.names)}))
        return
    progress.note(f"{run}: {len(added):,} labels added")


@app.command()
def remove(
    run: options.Run,
    names: Annotated[list[str] | None, typer.Argument(metavar="[LABEL]...", help="Names of labels.")] = None,
    file: Annotated[str | None, typer.Option("--file", help="Label file with labels to remove.")] = None,
    json_: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Take labels out of a run: they are not predicted any more, and scores of the others stay as they are."""
    from manylabel.data.reading import read_labels
    from manylabel.runs.labels import remove_labels

    progress = make_progress(quiet)
    wanted = [*(names or []), *(read_labels(file).names if file is not None else [])]
    left = remove_labels(run, wanted)
    gone = list(dict.fromkeys(wanted))
    if json_:
        print(json.dumps({"run": str(Path(run)), "removed": gone, "labels": left}))
        return
    progress.note(f"{run}: {len(gone):,} labels removed, {left:,} are left")
