"""What went wrong on the user's side, in one line each; anything else is a bug and keeps its traceback."""

from __future__ import annotations

from pathlib import Path


class ManylabelError(Exception):
    """Base of every error that the user can mend. Its text is a single line; the command line exits with code 2."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class InputError(ManylabelError):
    """Bad input data.

    Args:
        message: what is wrong.
        path: the file, when there is one.
        line: 1-based line number in that file.
        remedy: what to do about it.
    """

    def __init__(
        self, message: str, *, path: str | Path | None = None, line: int | None = None, remedy: str | None = None
    ) -> None:
        place = "" if path is None else f"{path}:{line}: " if line is not None else f"{path}: "
        self.path, self.line, self.remedy = path, line, remedy
        super().__init__(f"{place}{message}" + (f" ({remedy})" if remedy else ""))


class ConfigError(ManylabelError):
    """A configuration that cannot be used: unknown key, wrong type, value out of range."""


class RunError(ManylabelError):
    """A run directory that is missing, unfinished, damaged, or would be overwritten."""


class CapacityError(ManylabelError):
    """The work would not fit into this machine's memory or disk."""


class DivergedError(ManylabelError):
    """A training whose loss or gradient is no finite number any more; says where, and what to try."""


class MissingExtraError(ManylabelError):
    """An optional dependency is not installed.

    Args:
        package: the module that could not be imported.
        extra: the extra of ``manylabel`` that brings it.
        purpose: what it is needed for.
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package {package}: pip install 'manylabel[{extra}]'")


class NotFittedError(ManylabelError, ValueError, AttributeError):
    """A model was asked to predict or save before it was fitted (also what scikit-learn expects to catch)."""
