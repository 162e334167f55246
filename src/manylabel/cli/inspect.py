"""``manylabel data inspect``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from manylabel.cli import options
from manylabel.cli.progress import make_progress


def inspect(
    train: Annotated[str, typer.Argument(metavar="TRAIN", help="Training documents.", show_default=False)],
    test: Annotated[str | None, typer.Option(help="Test documents.")] = None,
    validation: Annotated[str | None, typer.Option(help="Validation documents.")] = None,
    labels: Annotated[str | None, typer.Option(help="Label file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with plots there.")] = None,
    skip: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="Leave out a rule (`list rules`); repeatable.")
    ] = None,
    format: options.Format = None,  # noqa: A002
    unknown_labels: options.Unknown = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Assign a value of the section data or inspect; repeatable."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the page.")] = False,
    json_: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Look at documents and labels before training.

    Prints the facts (how many, how long, how uneven) and what is noteworthy or wrong, worst first, with what to do:
    duplicates, contradictions, missing labels, leaks, drift between parts. To find missing labels, models are trained
    on parts of the training documents; --skip missing-labels saves the time.
    """
    from manylabel.runs.inspect import inspect_files

    if html is not None:
        from manylabel.report.page import require_extra

        require_extra("a page with plots")
        _check_place(html, overwrite)
    assigned = options.assignments(set_, format=format, unknown_labels=unknown_labels)
    data, chosen = _sections({"train": train, "test": test, "labels": labels}, assigned, skip)
    progress = make_progress(quiet)
    inspection = inspect_files(data, validation, chosen, progress)
    if html is not None:
        from manylabel.report.data_page import write_data_page

        write_data_page(inspection, html)
        progress.note(f"page: {html}")
    if json_:
        import json

        print(json.dumps(inspection.to_dict(), ensure_ascii=False))
    else:
        print(inspection.table())


def _check_place(page: Path, overwrite: bool) -> None:
    """Refuse a place that cannot be written before the work is done, not after it."""
    from manylabel.core.errors import InputError

    if page.is_dir():
        raise InputError("is a directory, expected a file", path=page, remedy="name a file in it")
    if page.exists() and not overwrite:
        raise InputError("exists already", path=page, remedy="choose another place or pass --overwrite")
    folder = next(parent for parent in page.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"cannot be written: {folder} is no folder that can be written to", path=page)


def _sections(paths: dict[str, str | None], assignments: list[str], skip: list[str] | None) -> tuple[Any, Any]:
    """The sections ``data`` and ``inspect`` that options and assignments make."""
    from manylabel.core.config import apply_overrides
    from manylabel.core.errors import ConfigError
    from manylabel.data.inspect.options import InspectOptions
    from manylabel.runs.data_config import DataConfig

    given = {"data": {name: path for name, path in paths.items() if path is not None}, "inspect": {}}
    if skip:
        given["inspect"] = {"skip": skip}
    values = apply_overrides(given, assignments)
    for name in values:
        if name not in given:
            raise ConfigError(f"--set {name}: expected data.NAME=VALUE or inspect.NAME=VALUE")
    return (
        DataConfig.parse(values["data"], source="data"),
        InspectOptions.parse(values["inspect"], source="inspect"),
    )
