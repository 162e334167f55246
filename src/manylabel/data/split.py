"""Splits of a corpus into parts: by chance, stratified by label, by group, or by what a field says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError, InputError
from manylabel.core.table import Part, Table

SPLITS = Table(
    "split method",
    {
        "random": Part("manylabel.data.split:split_random", "by chance, with exact sizes"),
        "stratified": Part(
            "manylabel.data.split:split_stratified", "every label spread as the documents are (Sechidis et al. 2011)"
        ),
        "group": Part("manylabel.data.split:split_by_group", "documents with the same value of a field stay together"),
        "field": Part("manylabel.data.split:split_by_field", "a field names the part of each document"),
    },
)

Fractions = Mapping[str, float] | Sequence[float]
"""The share of each part, by name or in order."""

Rows = dict[str, np.ndarray]
"""The rows of each part, int64, ascending."""


def split(
    corpus: Corpus,
    fractions: Fractions | None = None,
    *,
    method: str = "random",
    field: str | None = None,
    seed: int = 0,
) -> dict[str, Corpus]:
    """Split a corpus; every document is in exactly one part, in the order of the corpus.

    Args:
        corpus: what to split; its label space stays that of every part.
        fractions: the share of each part by name, sum 1; a sequence names the parts ``0``, ``1``, ... Not for the
            method ``field``, whose parts are the values of the field.
        method: a name of the table :data:`SPLITS`.
        field: the field that groups documents or names their part; it must have been kept when reading.
        seed: the same seed gives the same parts.

    Raises:
        ConfigError: fractions, method or field that do not fit together.
        InputError: a part would have no document, or the field was not kept.
    """
    return {name: corpus.select(rows) for name, rows in split_rows(corpus, fractions, method, field, seed).items()}


def split_rows(
    corpus: Corpus,
    fractions: Fractions | None,
    method: str = "random",
    field: str | None = None,
    seed: int = 0,
) -> Rows:
    """The rows of each part; arguments and errors as for :func:`split`."""
    rows: Rows = SPLITS.load(method)(corpus, fractions, field, seed)
    for name, own in rows.items():
        if len(own) == 0:
            raise InputError(
                f"the part {name!r} would have none of the {len(corpus)} documents",
                path=corpus.source,
                remedy="give it a larger fraction",
            )
    return rows


# Every method takes (corpus, fractions, field, seed), and refuses those of fractions and field that it has no use for.


def split_random(corpus: Corpus, fractions: Fractions | None, field: str | None, seed: int) -> Rows:
    """Parts by chance. Sizes are the fractions of n, rounded so that they sum to n (largest remainders)."""
    shares = _shares(fractions)
    _refuse_field(field)
    n = len(corpus)
    sizes = _sizes(n, np.array(list(shares.values())))
    pieces = np.split(np.random.default_rng(seed).permutation(n), np.cumsum(sizes)[:-1])
    return {name: np.sort(piece) for name, piece in zip(shares, pieces, strict=True)}


def split_stratified(corpus: Corpus, fractions: Fractions | None, field: str | None, seed: int) -> Rows:
    """Parts in which every label has its share, see :mod:`manylabel.data.stratify`.

    Where one part has more than half of the documents, every label that has a document has one there: a label with
    one document is nowhere else, one with two documents has at least one of them there. With equal fractions such
    labels fall where chance has it. Sizes follow from the labels and are near the fractions, not exact.
    """
    from manylabel.data.stratify import stratify

    shares = _shares(fractions)
    _refuse_field(field)
    return _by_part(stratify(corpus.positives, np.array(list(shares.values())), seed), shares)


def split_by_group(corpus: Corpus, fractions: Fractions | None, field: str | None, seed: int) -> Rows:
    """Parts of whole groups: in random order, each group goes to the part that lacks most documents.

    Sizes are as near the fractions as whole groups allow. Documents with an empty value are one group.
    """
    shares = _shares(fractions)
    column = _column(corpus, field)
    numbers: dict[str, int] = {}
    groups = np.fromiter((numbers.setdefault(value, len(numbers)) for value in column), np.int64, len(column))
    sizes = np.bincount(groups)
    lacking = np.array(list(shares.values())) * len(corpus)
    part_of = np.empty(len(sizes), np.int64)
    for group in np.random.default_rng(seed).permutation(len(sizes)):
        part = int(np.argmax(lacking))
        part_of[group] = part
        lacking[part] -= sizes[group]
    return _by_part(part_of[groups], shares)


def split_by_field(corpus: Corpus, fractions: Fractions | None, field: str | None, seed: int) -> Rows:
    """One part for each value of a field, in the order of first appearance; nothing is left to chance."""
    if fractions is not None:
        raise ConfigError("the parts of this split method come from the field, not from fractions")
    rows: dict[str, list[int]] = {}
    for row, value in enumerate(_column(corpus, field)):
        rows.setdefault(value, []).append(row)
    return {value: np.array(own, np.int64) for value, own in rows.items()}


def _by_part(parts: np.ndarray, shares: Mapping[str, float]) -> Rows:
    return {name: np.flatnonzero(parts == number) for number, name in enumerate(shares)}


def _refuse_field(field: str | None) -> None:
    if field is not None:
        raise ConfigError("this split method has no use for a field; use group or field")


def _column(corpus: Corpus, field: str | None) -> Sequence[str]:
    if field is None:
        raise ConfigError("this split method needs a field")
    column = corpus.fields.get(field)
    if column is None:
        raise InputError(
            f"the field {field!r} was not kept", path=corpus.source, remedy=f"read with keep_fields [{field}]"
        )
    return column


def _shares(fractions: Fractions | None) -> dict[str, float]:
    if fractions is None:
        raise ConfigError("fractions are needed, for example train=0.8 test=0.2")
    shares = dict(fractions) if isinstance(fractions, Mapping) else {str(i): share for i, share in enumerate(fractions)}
    if len(shares) < 2:
        raise ConfigError("a split needs at least two parts")
    if not all(0 < share < 1 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
        shown = " + ".join(f"{share:g}" for share in shares.values())
        raise ConfigError(f"fractions must be above 0 and sum to 1, got {shown}")
    return shares


def _sizes(n: int, fractions: np.ndarray) -> np.ndarray:
    exact = fractions * n
    sizes = np.floor(exact + 1e-9).astype(np.int64)
    for part in np.argsort(-(exact - sizes), kind="stable")[: n - int(sizes.sum())]:
        sizes[part] += 1
    return sizes
