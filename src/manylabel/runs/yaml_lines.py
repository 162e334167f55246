"""On which line of a YAML file a key stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


class YamlLines:
    """The lines of the keys of a YAML file that is known to parse.

    Attributes:
        repeated: keys that stand twice in one mapping, with dots, and the line of the second; YAML's loaders silently
            take the last.
    """

    def __init__(self, path: Path) -> None:
        import yaml

        self._root: Any = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        self.repeated: list[tuple[str, int]] = []
        self._find_repeated(self._root, ())

    def of(self, path: Sequence[str]) -> int | None:
        """1-based line of a key, or of the deepest section above it that is there; None for the top level itself."""
        node, line = self._root, None
        for part in path:
            child = self._child(node, part)
            if child is None:
                break
            line, node = child
        return line

    def _child(self, node: Any, part: str) -> tuple[int, Any] | None:
        from yaml import MappingNode, SequenceNode

        if isinstance(node, MappingNode):
            for key, value in reversed(node.value):  # of repeated keys the last counts
                if key.value == part:
                    return key.start_mark.line + 1, value
        if isinstance(node, SequenceNode) and part.isdigit() and int(part) < len(node.value):
            item = node.value[int(part)]
            return item.start_mark.line + 1, item
        return None

    def _find_repeated(self, node: Any, path: tuple[str, ...]) -> None:
        from yaml import MappingNode

        if not isinstance(node, MappingNode):
            return
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                self.repeated.append((".".join([*path, name]), key.start_mark.line + 1))
            seen.add(name)
            self._find_repeated(value, (*path, name))
