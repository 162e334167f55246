"""``manylabel config check|dump|schema``."""

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
