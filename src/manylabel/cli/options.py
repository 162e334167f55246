"""Options that several commands share, described once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class UnknownLabels(StrEnum):
    """What to do with a label outside the label space."""

    error = "error"
    drop = "drop"
    keep = "keep"


Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Assign a configuration value, e.g. model.trees=3; repeatable."),
]
RunSet = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Assign a value of the section data or evaluate; repeatable."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on standard error.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output (metrics as fractions).")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.", show_default=False)]
Format = Annotated[
    str | None, typer.Option("--format", help="Format of the documents (list formats); found out by default.")
]
Unknown = Annotated[
    UnknownLabels | None,
    typer.Option(help="A label outside the label space: error, drop, or keep as one never seen."),
]


def assignments(given: list[str] | None, **options: object) -> list[str]:
    """The --set assignments, after those that single options stand for; None is left out."""
    short = {"format": "data.format", "unknown_labels": "data.unknown_labels"}
    own = [f"{short[name]}={_plain(value)}" for name, value in options.items() if value is not None]
    return [*own, *(given or [])]


def _plain(value: object) -> str:
    return str(value.value) if isinstance(value, StrEnum) else str(value)
