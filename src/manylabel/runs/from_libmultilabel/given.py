"""The values of one configuration file, each asked for by name, and what is said about those that nobody asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from manylabel.core.config import did_you_mean, read_yaml
from manylabel.core.errors import InputError
from manylabel.runs.from_libmultilabel.keys import KEYS, NETWORK_KEYS, Key
from manylabel.runs.from_libmultilabel.search_spaces import one_of
from manylabel.runs.yaml_lines import YamlLines

NETWORK = "network_config"


class Given:
    """A file's values.

    Args:
        path: the YAML file.
        data_root: a folder that is put before relative paths.

    Raises:
        InputError: missing, not YAML, or not a mapping.
    """

    def __init__(self, path: Path, data_root: str | None = None) -> None:
        values = read_yaml(path)
        self.path = path
        self._said: dict[str, list[tuple[int, str]]] = {"warning": [], "note": []}
        self._root = data_root
        self._lines = YamlLines(path)
        self._taken: set[str] = set()
        self._values: dict[str, Any] = {}
        for key, line in self._lines.repeated:
            self._said["warning"].append((line, f"{key}: stands twice; the last one counts"))
        below = values.pop(NETWORK, None)
        if below is not None and not isinstance(below, Mapping):
            raise self.wrong(NETWORK, "expected a mapping of options of the network")
        self._add(values, KEYS, "")
        self._add(below or {}, NETWORK_KEYS, f"{NETWORK}.")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the translation cannot say, or says in another way, by line."""
        return self._in_order("warning")

    @property
    def notes(self) -> tuple[str, ...]:
        """What is left out because something else takes its place, by line."""
        return self._in_order("note")

    def __contains__(self, key: str) -> bool:
        """Whether a key is in the file."""
        return key in self._values

    def below(self, section: str) -> list[str]:
        """Names of the keys of the file below a section."""
        return [key.removeprefix(f"{section}.") for key in self._values if key.startswith(f"{section}.")]

    def take(self, key: str, default: Any = None) -> Any:
        """The value of a key, which is dealt with from now on.

        Args:
            key: of the tables; one below ``network_config`` with that before it.
            default: in place of that of LibMultiLabel's command line.
        """
        self._taken.add(key)
        return self._values.get(key, _key(key).default if default is None else default)

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self.take(key)
        if not isinstance(value, bool) and value is not None:
            raise self.wrong(key, f"expected true or false, got {value!r}")
        return bool(value)

    def text(self, key: str) -> str | None:
        """A string, or None where it is null or missing."""
        value = self.take(key)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            raise self.wrong(key, f"expected a string, got {value!r}")
        return value

    def whole(self, key: str, default: int | None = None) -> int:
        """A whole number."""
        value = self.take(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(key, f"expected a whole number, got {value!r}")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A number; a string such as 1e-4 too, which YAML takes for no number."""
        value = self.take(key, default)
        try:
            return value if isinstance(value, int) and not isinstance(value, bool) else float(str(value))
        except ValueError:
            raise self.wrong(key, f"expected a number, got {value!r}") from None

    def wholes(self, key: str) -> list[int]:
        """At least one whole number."""
        value = self.take(key)
        if not isinstance(value, list) or not value or not all(type(one) is int for one in value):
            raise self.wrong(key, f"expected a list of whole numbers, got {value!r}")
        return value

    def file(self, key: str) -> str | None:
        """A path, below the root where it is relative."""
        value = self.text(key)
        if value is None or self._root is None:
            return value
        return (PurePath(self._root) / value).as_posix()

    def warn(self, key: str, text: str) -> None:
        """Say what is not the same afterwards."""
        self._said["warning"].append((self._line(key) or 0, f"{key}: {text}"))

    def note(self, key: str, text: str) -> None:
        """Say what takes a key's place."""
        self._said["note"].append((self._line(key) or 0, f"{key}: {text}"))

    def note_if_given(self, key: str, text: str) -> None:
        """Say why a key is left out, where the file has it."""
        if key in self:
            self.note(key, text)

    def wrong(self, key: str, text: str, remedy: str | None = None) -> InputError:
        """The error for a value that makes no sense, to be raised."""
        return InputError(f"{key}: {text}", path=self.path, line=self._line(key), remedy=remedy)

    def say_what_is_left(self, family: str) -> None:
        """Notes and warnings on all keys of the file that were not taken.

        Args:
            family: the kind of model that the file describes, one of those in :mod:`keys`.
        """
        idle: list[str] = []
        for name, value in self._values.items():
            if name in self._taken:
                continue
            key = _key(name)
            if family not in key.read_by or not key.instead:
                self.note(name, f"has no effect on {family}")
            elif value is None or value == key.default:
                idle.append(name)
            elif key.lost:
                self.warn(name, f"has no counterpart: {key.instead}")
            else:
                self.note(name, key.instead)
        if idle:
            self._said["note"].append((0, f"left out, being as they are by default: {', '.join(idle)}"))

    def _add(self, values: Mapping[Any, Any], known: Mapping[str, Key], prefix: str) -> None:
        for name, value in values.items():
            key = f"{prefix}{name}"
            if name not in known:
                self.warn(key, f"unknown key{did_you_mean(str(name), known)}")
                continue
            try:
                taken, space = one_of(value)
            except ValueError as error:
                raise self.wrong(key, str(error)) from None
            if space:
                self.warn(
                    key, f"a search space ({space}), and there is no search of hyper-parameters: {taken!r} is taken"
                )
            self._values[key] = taken

    def _in_order(self, kind: str) -> tuple[str, ...]:
        said = sorted(self._said[kind], key=lambda one: one[0])
        return tuple(f"{self.path}:{line}: {text}" if line else f"{self.path}: {text}" for line, text in said)

    def _line(self, key: str) -> int | None:
        return self._lines.of(key.split("."))


def _key(name: str) -> Key:
    return NETWORK_KEYS[name.removeprefix(f"{NETWORK}.")] if name.startswith(f"{NETWORK}.") else KEYS[name]
