"""``manylabel predict``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from manylabel.cli import options
from manylabel.cli.progress import make_progress


def predict(
    run: options.Run,
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="Documents in any format, labels not needed; - for standard input.")
    ],
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="Labels for each document.")] = 10,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write, complete or not at all; by default standard output."),
    ] = None,
    format: options.Format = None,  # noqa: A002
    set_: options.RunSet = None,
    quiet: options.Quiet = False,
) -> None:
    """Predict labels, a JSON line a document.

    The lines stand in the order of the documents, each with the best label first.
    A .txt file and standard input hold one text a line. A document without an id is called by its position, from 0.
    Where a text is made of several fields (data.text_fields of the training), it is so here, where the format has
    fields. --set data.X changes how the documents are read.
    """
    import sys

    from manylabel.runs.predict import predict_run

    def write(line: str) -> None:
        sys.stdout.write(line + "\n")

    overrides = options.assignments(set_, format=format)
    progress = make_progress(quiet)
    n = predict_run(run, data, k=k, output=output, write=write, overrides=overrides, progress=progress)
    progress.note(f"{n:,} documents" + (f" in {output}" if output is not None else ""))
