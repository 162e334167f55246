"""The label-wise table of an evaluation as a CSV file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from manylabel.data.formats.streams import open_output
from manylabel.metrics.label_table import LabelTable

COLUMNS = ("label", "support", "training", "tp", "fp", "fn", "precision", "recall", "F1")


def write_label_table(table: LabelTable, path: str | Path) -> None:
    """Write all labels, the best supported first; the file appears complete, or not at all.

    Raises:
        InputError: the place cannot be written.
    """
    with open_output(Path(path)) as file:
        file.write(_csv_line(COLUMNS))
        for row in table.rows(everything=True):
            file.write(_csv_line([row[name] for name in COLUMNS]))


def _csv_line(cells: object) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(cells)  # type: ignore[arg-type]
    return buffer.getvalue()
