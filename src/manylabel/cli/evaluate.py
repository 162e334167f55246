"""``manylabel evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from manylabel.cli import options
from manylabel.cli.progress import make_progress


def evaluate(
    run: options.Run,
    data: Annotated[
        str | None,
        typer.Argument(metavar="DATA", help="Documents with labels; by default the run's own test part."),
    ] = None,
    format: options.Format = None,  # noqa: A002
    unknown_labels: options.Unknown = None,
    set_: options.RunSet = None,
    label_table: Annotated[Path | None, typer.Option(help="CSV file for every label's counts and F1.")] = None,
    json_: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Measure a run on documents with labels.

    Which metrics, on which lists and label sets, is the section evaluate of the run's configuration; --set
    evaluate.metrics=[P@1,PSP@5] and the like change it.
    """
    from manylabel.runs.evaluate import evaluate_run

    overrides = options.assignments(set_, format=format, unknown_labels=unknown_labels)
    evaluation = evaluate_run(run, data, overrides=overrides, progress=make_progress(quiet))
    if label_table is not None:
        from manylabel.runs.label_table_file import write_label_table

        write_label_table(evaluation.label_table, label_table)
    if json_:
        import json

        print(json.dumps(evaluation.to_dict(), ensure_ascii=False))
    else:
        print(evaluation.table())
