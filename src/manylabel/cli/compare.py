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
    html: Annotated[
        Path | None, typer.Option(help="Write an HTML page with charts, too; complete or not at all.")
    ] = None,
    json_: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Compare runs on the same test documents.

    Prints differences with intervals and p-values, and the mean F1 of labels by their number of training documents.
    The first run is compared with each of the others, all measured as its section evaluate says. Runs with different
    test parts or label spaces are refused with the reason.
    """
    from manylabel.runs.compare import compare_runs

    if html is not None:
        from manylabel.report.page import require_extra

        require_extra("a page about compared runs")
    overrides = options.assignments(set_, format=format, unknown_labels=unknown_labels)
    comparisons = compare_runs(runs, data, overrides=overrides, progress=make_progress(quiet))
    if html is not None:
        from manylabel.data.formats.streams import open_output
        from manylabel.report.comparison import comparison_page

        with open_output(html) as file:
            file.write(comparison_page(comparisons))
    if json_:
        import json

        print(json.dumps({"comparisons": [item.to_dict() for item in comparisons]}, ensure_ascii=False))
    else:
        print("\n\n".join(item.table() for item in comparisons))
