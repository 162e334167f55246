"""WordNet as data for hierarchical multi-label classification: "lemmas: gloss" to the hypernyms within three levels.

The input is the original database: ``data.noun`` and ``data.verb`` as wndb(5WN) describes them. A synset is known by
its part of speech and byte offset, for example ``n00001930``; the offsets differ between versions of WordNet.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from manylabel.core.errors import InputError

LEVELS = 3
"""How many steps up the hierarchy the labels of a synset reach."""

RECIPE = 1
"""To be raised when the documents or labels made from the same dictionary change: cached results are then remade."""

_HYPERNYMS = ("@", "@i")  # of a class, and of an instance such as a person or a river
_VERSION = re.compile(r"WordNet (\d+(?:\.\d+)*) Copyright")


@dataclass(frozen=True, slots=True)
class Synset:
    """A set of synonyms with one meaning.

    Attributes:
        uid: part of speech and offset.
        text: lemmas, separated by commas, and the gloss with its examples.
        parents: uids of the direct hypernyms, in the order of the file.
    """

    uid: str
    text: str
    parents: tuple[str, ...]


def parse_synsets(content: bytes, name: str) -> Iterator[Synset]:
    """The synsets of one ``data.*`` file.

    Args:
        content: the whole file.
        name: the file, for messages.

    Raises:
        InputError: a line that is not as wndb(5WN) says.
    """
    for number, raw in enumerate(content.split(b"\n"), start=1):
        if not raw.strip() or raw.startswith(b"  "):  # the licence notice is indented by two spaces
            continue
        try:
            yield _parse_line(raw.decode("utf-8"))
        except (ValueError, IndexError):
            raise InputError(
                "is not a synset in the format wndb(5WN)", path=name, line=number, remedy="use an intact dictionary"
            ) from None


def _parse_line(line: str) -> Synset:
    """``offset file type n (word id)*n m (symbol offset type source/target)*m [frames] | gloss``; n is hexadecimal."""
    facts, bar, gloss = line.partition("|")
    fields = facts.split()
    pointers = 4 + 2 * int(fields[3], 16)
    lemmas = [word.replace("_", " ") for word in fields[4:pointers:2]]
    end = pointers + 1 + 4 * int(fields[pointers])
    if not bar or not lemmas or len(fields) < end or not fields[0].isdigit():
        raise ValueError(line)
    parents = [fields[i + 2] + fields[i + 1] for i in range(pointers + 1, end, 4) if fields[i] in _HYPERNYMS]
    return Synset(fields[2] + fields[0], f"{', '.join(lemmas)}: {gloss.strip()}", tuple(parents))


def header_of(content: bytes) -> str:
    """The licence notice that opens a ``data.*`` file, without its line numbers; empty where there is none."""
    lines = []
    for raw in content.split(b"\n"):
        if not raw.startswith(b"  "):
            break
        lines.append(re.sub(r"^\s*\d+ ?", "", raw.decode("utf-8", "replace")).rstrip())
    return "\n".join(lines).strip()


def version_of(content: bytes) -> str:
    """Version number in the notice of a ``data.*`` file, or ``unknown``."""
    found = _VERSION.search(header_of(content))
    return found.group(1) if found else "unknown"


def hypernyms(synsets: Mapping[str, Synset], levels: int = LEVELS) -> dict[str, list[str]]:
    """The labels of every synset: hypernyms within some levels, sorted; no entry for a synset without any.

    A direct hypernym that is at the same time an ancestor of another direct hypernym starts no walk of its own: it
    is reached through the other one, and counted at that distance.

    Raises:
        InputError: the hypernyms run in a circle, or lead to a synset that the dictionary does not have.
    """
    parents = {uid: synset.parents for uid, synset in synsets.items()}
    _check_hierarchy(parents)
    labels: dict[str, list[str]] = {}
    for uid in parents:
        level = _without_redundant(parents[uid], parents)
        reached = set(level)
        for _ in range(levels - 1):
            level = {above for name in level for above in parents[name]}
            reached |= level
        if reached:
            labels[uid] = sorted(reached)
    return labels


def _without_redundant(direct: Sequence[str], parents: Mapping[str, Sequence[str]]) -> set[str]:
    if len(direct) < 2:
        return set(direct)
    above: set[str] = set()
    waiting = list(direct)
    while waiting:
        for name in parents[waiting.pop()]:
            if name not in above:
                above.add(name)
                waiting.append(name)
    return set(direct) - above


def _check_hierarchy(parents: Mapping[str, Sequence[str]]) -> None:
    """Take away synsets all of whose hypernyms are gone, from the top down; what remains is a circle."""
    waiting = {uid: len(above) for uid, above in parents.items()}
    below: dict[str, list[str]] = {}
    for uid, above in parents.items():
        for name in above:
            if name not in parents:
                raise InputError(f"the dictionary has no {name}, which {uid} names", remedy="use a whole dictionary")
            below.setdefault(name, []).append(uid)
    free = [uid for uid, count in waiting.items() if count == 0]
    for uid in free:  # grows while it is walked
        for name in below.get(uid, ()):
            waiting[name] -= 1
            if waiting[name] == 0:
                free.append(name)
    if len(free) < len(parents):
        stuck = min(uid for uid, count in waiting.items() if count > 0)
        raise InputError(f"the hypernyms above {stuck} run in a circle", remedy="use an intact dictionary")


def is_test(uid: str) -> bool:
    """Whether a synset belongs to the test part: the SHA-1 of its uid, as a number, is a multiple of ten."""
    return int(hashlib.sha1(uid.encode(), usedforsecurity=False).hexdigest(), 16) % 10 == 0


def label_names(labels: Iterable[Sequence[str]]) -> list[str]:
    """The distinct labels of all documents, sorted."""
    return sorted({name for names in labels for name in names})
