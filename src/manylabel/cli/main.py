"""The command line's entry: its commands, each in a file of its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from manylabel.cli import config, data, labels, memory
from manylabel.cli.compare import compare
from manylabel.cli.decide import decide
from manylabel.cli.doctor import doctor
from manylabel.cli.errors import Group, handle_termination
from manylabel.cli.evaluate import evaluate
from manylabel.cli.explain import explain
from manylabel.cli.lists import list_
from manylabel.cli.predict import predict
from manylabel.cli.report import report
from manylabel.cli.train import train

app = typer.Typer(
    name="manylabel",
    cls=Group,
    help=(
        "Train, evaluate and use text classifiers with very many, very uneven labels.\n\n"
        "Exit codes: 0 done, 1 a bug, 2 wrong input or configuration (one line says what), 130 interrupted, "
        "143 terminated. Notes and progress go to standard error, results to standard output."
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(train)
app.command()(evaluate)
app.command()(predict)
app.command()(compare)
app.command()(explain)
app.command()(report)
app.command()(decide)
app.command()(doctor)
app.add_typer(data.app, name="data")
app.add_typer(memory.app, name="memory")
app.add_typer(labels.app, name="labels")
app.add_typer(config.app, name="config")
app.command("list")(list_)


def _version(asked: bool) -> None:
    if asked:
        from manylabel import __version__

        print(f"manylabel {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    del version


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code.

    Args:
        arguments: by default those of the process.
    """
    handle_termination()
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    app(args=arguments, prog_name="manylabel")
