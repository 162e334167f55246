"""``manylabel compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from manylabel.cli import options
from manylabel.cli.progress import make_progress


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Two or more run directories.")],
    data: Annotated[
        str | None, typer.Option(help="Documents with labels; by default the test part that all were evaluated on.")
    ] = None,
    format: options.Format = None,  # noqa: A002
    unknown_labels: options.Unknown = None,
    set_: options.RunSet = None,
    json_: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Compare runs on the same test documents.

    Prints differences with intervals and p-values.
    The first run is compared with each of the others, all measured as its section evaluate says. Runs with different
    test parts or label spaces are refused with the reason.
    """
    from manylabel.runs.compare import compare_runs

    overrides = options.assignments(set_, format=format, unknown_labels=unknown_labels)
    comparisons = compare_runs(runs, data, overrides=overrides, progress=make_progress(quiet))
    if json_:
        import json

        print(json.dumps({"comparisons": [item.to_dict() for item in comparisons]}, ensure_ascii=False))
    else:
        print("\n\n".join(item.table() for item in comparisons))
