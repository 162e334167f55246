"""Exit codes, and errors as one line each on standard error.

0 done, 1 a bug (with its traceback), 2 the user's input or configuration, 130 interrupted (Ctrl-C), 143 terminated
(SIGTERM), 141 the reader of standard output went away.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

import typer
from typer.core import TyperGroup

from manylabel.core.errors import ManylabelError

USER = 2
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
BROKEN_PIPE = 128 + signal.SIGPIPE

# typer carries its own copy of click, or uses the installed one: what it raises is found through what it exports.
_USAGE_ERROR: Any = typer.BadParameter.__mro__[1]
_CLICK_ERROR: Any = typer.BadParameter.__mro__[2]


class Terminated(KeyboardInterrupt):
    """SIGTERM, treated as Ctrl-C so that work ends at the same places."""


class Group(TyperGroup):
    """The command line as a whole: turns what goes wrong into lines and exit codes."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run; ends the process with the exit code unless `standalone_mode` is false, which returns it."""
        code = self._run(args, prog_name, complete_var, **extra)
        if standalone_mode:
            sys.exit(code)
        return code

    def _run(self, args: Sequence[str] | None, prog_name: str | None, complete_var: str | None, **extra: Any) -> int:
        try:
            result = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except _USAGE_ERROR as error:
            return _usage_error(error)
        except _CLICK_ERROR as error:
            say(f"error: {error.format_message()}")
            return USER
        return result if isinstance(result, int) else 0

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except ManylabelError as error:
            for line in getattr(error, "mistakes", None) or [str(error)]:
                say(f"error: {' '.join(line.split())}")
            raise typer.Exit(USER) from error
        except KeyboardInterrupt as error:
            say("error: terminated" if isinstance(error, Terminated) else "error: interrupted")
            raise typer.Exit(TERMINATED if isinstance(error, Terminated) else INTERRUPTED) from error
        except BrokenPipeError as error:
            # The interpreter flushes standard output once more when it ends, which would fail again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(BROKEN_PIPE) from error
        return result


def say(line: str) -> None:
    """One line on standard error."""
    print(line, file=sys.stderr)


def handle_termination() -> None:
    """Raise :class:`Terminated` in the main thread on SIGTERM."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise Terminated

    signal.signal(signal.SIGTERM, stop)


def _usage_error(error: Any) -> int:
    context = error.ctx
    message = " ".join(error.format_message().replace("Value error, ", "").split())
    if type(error).__name__ == "NoArgsIsHelpError":
        say(error.format_message())
        return USER
    say(f"error: {message}" + (f" (see {context.command_path} --help)" if context is not None else ""))
    return USER
