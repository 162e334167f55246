"""``manylabel report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from manylabel.cli import options
from manylabel.cli.progress import make_progress


def report(
    run: options.Run,
    data: Annotated[
        str | None, typer.Option(help="Documents with labels to measure on; by default the run's own test part.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="HTML file, complete or not at all; by default RUN.html beside the run."),
    ] = None,
    examples: Annotated[
        int, typer.Option(min=0, help="Right, wrong and missing predictions to show, of each; 0 shows no texts.")
    ] = 3,
    format: options.Format = None,  # noqa: A002
    unknown_labels: options.Unknown = None,
    set_: options.RunSet = None,
    quiet: options.Quiet = False,
) -> None:
    """Write one HTML page about a run, for managers and engineers.

    It needs no network: what was trained on what, metrics with intervals, rare labels, best and worst labels,
    calibration, example predictions with the words that spoke for them, time and memory, how to load it. Prints the
    path of the page. A page that lies there is replaced.
    """
    from manylabel.data.formats.streams import open_output
    from manylabel.report.run.page import report_run

    overrides = options.assignments(set_, format=format, unknown_labels=unknown_labels)
    page = report_run(run, data, examples=examples, overrides=overrides, progress=make_progress(quiet))
    whole = run.resolve()
    target = output if output is not None else whole.with_name(f"{whole.name}.html")
    with open_output(target) as file:
        file.write(page.removesuffix("\n"))
    print(target)
