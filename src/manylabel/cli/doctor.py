"""``manylabel doctor``."""

from __future__ import annotations

from typing import Annotated

import typer

from manylabel.cli import options
from manylabel.cli.progress import make_progress


def doctor(
    run: options.Run,
    data: Annotated[
        str | None, typer.Option(help="Documents with labels; by default the test part that the run was measured on.")
    ] = None,
    train: Annotated[
        str | None, typer.Option(help="The training documents, where they have moved; known again by their content.")
    ] = None,
    format: options.Format = None,  # noqa: A002
    unknown_labels: options.Unknown = None,
    set_: options.RunSet = None,
    json_: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Say what is wrong with a run, why, and what to try.

    Asks the model about its test and training documents, reads the history, and goes through the rules of `manylabel
    list diagnoses`: fit, rare labels, label sets, leaks, learning curves, size of the test part, and whether the
    recorded metrics come out again. Nothing is changed.
    """
    from manylabel.report.doctor.diagnosis import diagnose
    from manylabel.report.doctor.reading import examine
    from manylabel.report.doctor.rendering import render

    progress = make_progress(quiet)
    overrides = options.assignments(set_, format=format, unknown_labels=unknown_labels)
    examined = examine(run, data, train, overrides=overrides, progress=progress)
    diagnosis = diagnose(examined, progress)
    if json_:
        import json

        print(json.dumps(diagnosis.to_dict(), ensure_ascii=False, allow_nan=False))
    else:
        print(render(diagnosis))
