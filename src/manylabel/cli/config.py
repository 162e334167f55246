"""``manylabel config check|dump|schema|import-libmultilabel``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from manylabel.cli import options
from manylabel.cli.errors import say

app = typer.Typer(no_args_is_help=True, help="Look at configuration files.", rich_markup_mode=None)

_PLACE_OF_DATA = "train.jsonl"


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Configuration files (YAML).")],
    set_: options.Set = None,
) -> None:
    """Check configuration files.

    Every mistake is said with its line. The data need not be there.
    """
    from manylabel.core.errors import ManylabelError
    from manylabel.runs.config import read_config

    bad = 0
    for file in files:
        try:
            read_config(file, set_ or [])
        except ManylabelError as error:
            bad += 1
            for line in getattr(error, "mistakes", None) or [str(error)]:
                say(f"error: {line}")
        else:
            print(f"{file}: ok")
    if bad:
        raise typer.Exit(2)


@app.command()
def dump(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Configuration file; without one, the defaults.")
    ] = None,
    set_: options.Set = None,
) -> None:
    """Print a configuration with its defaults.

    This is what a training would record.
    """
    from manylabel.core.config import to_yaml
    from manylabel.runs.config import parse_config, read_config

    overrides = set_ or []
    if file is None:
        config = parse_config({"data": {"train": _PLACE_OF_DATA}}, overrides)
    else:
        config = read_config(file, overrides)
    print(to_yaml(config), end="")


@app.command()
def schema() -> None:
    """Print the JSON schema of configuration files, for editors."""
    import json

    from manylabel.runs.config import config_schema

    print(json.dumps(config_schema(), indent=2))


@app.command(name="import-libmultilabel")
def import_libmultilabel(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Configuration file (YAML) of LibMultiLabel.")],
    data_root: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Folder that is put before relative paths in it.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; by default standard output.")
    ] = None,
) -> None:
    """Print a configuration of LibMultiLabel as one of ours.

    Standard error says what is left out because something else takes its place, and warns of what is not the same.
    """
    from manylabel.data.formats.streams import open_output
    from manylabel.runs.from_libmultilabel.translate import translate

    found = translate(file, data_root=data_root)
    for line in found.notes:
        say(f"note: {line}")
    for line in found.warnings:
        say(f"warning: {line}")
    text = found.to_yaml()
    if output is None:
        print(text, end="")
        return
    with open_output(output) as lines:
        lines.write(text.removesuffix("\n"))
