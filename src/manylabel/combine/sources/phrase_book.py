"""All names of all labels, to be found in texts in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from manylabel.core.arrays import check_offsets
from manylabel.core.compiled import compiled
from manylabel.core.labels import LabelSpace
from manylabel.core.parallel import run_jobs
from manylabel.text.stemming import stem_words
from manylabel.text.tokens import Tokenizer
from manylabel.text.vocabulary import Vocabulary

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_TEXTS_PER_JOB = 1024


class Found(NamedTuple):
    """The labels named in n documents, each once for a document.

    Attributes:
        rows: int64, the document.
        labels: int32.
        words: int64, of the longest match.
        exact: int64, matches word for word.
        stemmed: int64, matches by stems alone.
        position: float64 in [0, 1), where the first one begins.
        namesakes: int64, labels that go by the same name, the fewest over the matches.
    """

    rows: np.ndarray
    labels: np.ndarray
    words: np.ndarray
    exact: np.ndarray
    stemmed: np.ndarray
    position: np.ndarray
    namesakes: np.ndarray


@dataclass(frozen=True, eq=False)
class PhraseBook:
    """Names as sequences of stems, in a hash table.

    Attributes:
        tokens: the words whose stem stands in a name.
        stems: int32 ``[tokens]``, number of the stem of each.
        longest: uint8 ``[stems]``, words of the longest name that begins with each stem; 0 for none.
        slots: uint64, hashes of stem sequences by open addressing, a power of two of them; 0 is an empty slot.
        names: int32 ``[slots]``, the name in each slot.
        indptr: int64 ``[names + 1]``, where the labels of each name begin.
        labels: int32, the labels that go by each name.
        exact: uint64, hash of the words of each label's own spelling.
        characters: whether a token is a character.
    """

    tokens: Vocabulary
    stems: np.ndarray
    longest: np.ndarray
    slots: np.ndarray
    names: np.ndarray
    indptr: np.ndarray
    labels: np.ndarray
    exact: np.ndarray
    characters: bool

    @classmethod
    def of(
        cls, labels: LabelSpace, known: Sequence[str], *, longest: int, language: str | None, characters: bool
    ) -> PhraseBook:
        """The names of a label space.

        Args:
            labels: the labels; the texts, alternatives, or where there are none the names.
            known: further words that may occur in texts, found where they have the stem of a name's word.
            longest: words of a name at most.
            language: of the stemmer; None for none.
            characters: whether a token is a character.
        """
        spellings, owners = _spellings(labels)
        tokenizer = Tokenizer(characters=characters)
        own, numbers, sizes = tokenizer.learn(spellings)
        words = own.terms()
        known_stems = dict[str, int]()
        stems = [known_stems.setdefault(stem, len(known_stems)) for stem in stem_words(words, language)]
        if language is not None:
            present = set(words)
            others = [word for word in known if word not in present and " " not in word]
            pairs = zip(others, stem_words(others, language), strict=True)
            more = [(word, known_stems[stem]) for word, stem in pairs if stem in known_stems]
            words += [word for word, _ in more]
            stems += [stem for _, stem in more]
        of_token = np.array(stems, np.int32)
        used = (sizes > 0) & (sizes <= longest)
        by_stems, by_words, first_stems = _hash_spellings(numbers, sizes, of_token)
        by_stems, by_words, first_stems = by_stems[used], by_words[used], first_stems[used]
        owners, lengths = np.array(owners, np.int32)[used], sizes[used]
        # A label may have spellings that differ in nothing but their case.
        keep = np.unique(np.stack([by_stems, by_words, owners.astype(np.uint64)]), axis=1, return_index=True)[1]
        keep = keep[np.argsort(by_stems[keep], kind="stable")]
        hashes, counts = np.unique(by_stems[keep], return_counts=True)
        slots, names = _place(hashes)
        longest_from = np.zeros(len(known_stems), np.uint8)
        np.maximum.at(longest_from, first_stems[keep], lengths[keep].astype(np.uint8))
        return cls(
            tokens=Vocabulary.of(words),
            stems=of_token,
            longest=longest_from,
            slots=slots,
            names=names,
            indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            labels=owners[keep],
            exact=by_words[keep],
            characters=characters,
        )

    def find(self, texts: Sequence[str]) -> Found:
        """The labels that are named in some texts."""
        numbers, sizes = Tokenizer(characters=self.characters).number(texts, self.tokens)
        rows, labels, words, exact, starts, namesakes = self._match(numbers, sizes)
        keys = rows * max(len(self.labels), int(self.labels.max(initial=0)) + 1) + labels
        order = np.argsort(keys, kind="stable")
        if len(order) == 0:
            nothing = np.zeros(0, np.int64)
            return Found(nothing, np.zeros(0, np.int32), nothing, nothing, nothing, np.zeros(0), nothing)
        heads = np.flatnonzero(np.concatenate([[True], np.diff(keys[order]) != 0]))
        rows, labels, words, exact, starts, namesakes = (
            part[order] for part in (rows, labels, words, exact, starts, namesakes)
        )
        return Found(
            rows=rows[heads],
            labels=labels[heads],
            words=np.maximum.reduceat(words, heads),
            exact=np.add.reduceat(exact, heads),
            stemmed=np.add.reduceat(1 - exact, heads),
            position=np.minimum.reduceat(starts, heads) / np.maximum(sizes[rows[heads]], 1),
            namesakes=np.minimum.reduceat(namesakes, heads),
        )

    def _match(self, numbers: np.ndarray, sizes: np.ndarray) -> list[np.ndarray]:
        """What :func:`_match` finds in all texts, on all cores."""
        stops = np.concatenate([[0], np.cumsum(sizes)])
        tables = (self.stems, self.longest, self.slots, self.names, self.indptr, self.labels, self.exact)

        def work(start: int) -> tuple[np.ndarray, ...]:
            stop = min(start + _TEXTS_PER_JOB, len(sizes))
            rows, *others = _match(numbers[stops[start] : stops[stop]], sizes[start:stop], *tables)
            return (rows + start, *others)

        starts = range(0, max(len(sizes), 1), _TEXTS_PER_JOB)
        found = dict(run_jobs(work, starts))
        return [np.concatenate(parts) for parts in zip(*(found[start] for start in starts), strict=True)]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays for a safetensors file."""
        arrays = {
            name: getattr(self, name) for name in self.__dataclass_fields__ if name not in ("tokens", "characters")
        }
        return {**arrays, **self.tokens.to_arrays(), "characters": np.array([self.characters])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], n_labels: int) -> PhraseBook:
        """Read what :meth:`to_arrays` gave.

        Raises:
            ValueError: the arrays do not fit together.
        """
        names = [name for name in cls.__dataclass_fields__ if name not in ("tokens", "characters")]
        book = cls(
            tokens=Vocabulary.from_arrays(arrays),
            characters=bool(arrays["characters"][0]),
            **{name: arrays[name] for name in names},
        )
        check_offsets(book.indptr, len(book.indptr) - 1, len(book.labels), "names")
        sound = (
            book.stems.shape == (len(book.tokens),)
            and (len(book.stems) == 0 or 0 <= book.stems.min() <= book.stems.max() < len(book.longest))
            and book.slots.shape == book.names.shape
            and len(book.slots) & (len(book.slots) - 1) == 0
            and bool((book.slots == 0).any())
            and (-1 <= book.names.min(initial=-1) <= book.names.max(initial=-1) < len(book.indptr) - 1)
            and book.labels.shape == book.exact.shape
            and (len(book.labels) == 0 or 0 <= book.labels.min() <= book.labels.max() < n_labels)
        )
        if not sound:
            raise ValueError("the names of the labels do not fit together")
        return book


def _spellings(labels: LabelSpace) -> tuple[list[str], list[int]]:
    """Every spelling of every label, and whose it is."""
    spellings, owners = [], []
    for label in range(len(labels)):
        alternatives = labels.alternatives[label] if labels.alternatives is not None else ()
        for spelling in (labels.text_of(label), *alternatives):
            spellings.append(spelling)
            owners.append(label)
    return spellings, owners


@compiled
def _append(value: np.uint64, number: int) -> np.uint64:
    """The hash of a sequence with one more number; never 0."""
    mixed = (value ^ np.uint64(number + 1)) * _FACTOR
    mixed ^= mixed >> np.uint64(29)
    return mixed | np.uint64(1)


@compiled
def _hash_spellings(
    numbers: np.ndarray, sizes: np.ndarray, stems: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    by_stems, by_words = np.zeros(sizes.shape[0], np.uint64), np.zeros(sizes.shape[0], np.uint64)
    first = np.zeros(sizes.shape[0], np.int32)
    begin = 0
    for i in range(sizes.shape[0]):
        one, other = np.uint64(0), np.uint64(0)
        for j in range(begin, begin + sizes[i]):
            one, other = _append(one, stems[numbers[j]]), _append(other, numbers[j])
        if sizes[i] > 0:
            first[i] = stems[numbers[begin]]
        by_stems[i], by_words[i] = one, other
        begin += sizes[i]
    return by_stems, by_words, first


@compiled
def _place(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A hash table over distinct hashes, half full at most."""
    size = 16
    while size < 2 * hashes.shape[0]:
        size *= 2
    slots, names = np.zeros(size, np.uint64), np.full(size, -1, np.int32)
    for name in range(hashes.shape[0]):
        slot = np.int64(hashes[name] >> np.uint64(1)) & (size - 1)
        while slots[slot] != 0:
            slot = (slot + 1) & (size - 1)
        slots[slot], names[slot] = hashes[name], name
    return slots, names


@compiled
def _match(
    numbers: np.ndarray,
    sizes: np.ndarray,
    stems: np.ndarray,
    longest: np.ndarray,
    slots: np.ndarray,
    names: np.ndarray,
    indptr: np.ndarray,
    labels: np.ndarray,
    exact: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Every match of every name, one entry for each label that goes by it."""
    capacity = 1024
    rows, found = np.empty(capacity, np.int64), np.empty(capacity, np.int32)
    words, whole = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
    starts, namesakes = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
    count, begin, mask = 0, 0, slots.shape[0] - 1
    for row in range(sizes.shape[0]):
        end = begin + sizes[row]
        for i in range(begin, end):
            if numbers[i] < 0:
                continue
            one, other = np.uint64(0), np.uint64(0)
            for j in range(i, min(end, i + longest[stems[numbers[i]]])):
                if numbers[j] < 0:
                    break
                one, other = _append(one, stems[numbers[j]]), _append(other, numbers[j])
                slot = np.int64(one >> np.uint64(1)) & mask
                while slots[slot] != 0 and slots[slot] != one:
                    slot = (slot + 1) & mask
                if slots[slot] == 0:
                    continue
                first, last = indptr[names[slot]], indptr[names[slot] + 1]
                if count + last - first > capacity:
                    capacity = max(2 * capacity, count + last - first)
                    rows, found = _longer(rows, count, capacity), _longer(found, count, capacity)
                    words, whole = _longer(words, count, capacity), _longer(whole, count, capacity)
                    starts, namesakes = _longer(starts, count, capacity), _longer(namesakes, count, capacity)
                for entry in range(first, last):
                    rows[count], found[count], words[count] = row, labels[entry], j - i + 1
                    whole[count], starts[count] = exact[entry] == other, i - begin
                    namesakes[count] = last - first
                    count += 1
        begin = end
    return rows[:count], found[:count], words[:count], whole[:count], starts[:count], namesakes[:count]


@compiled
def _longer(array: np.ndarray, used: int, capacity: int) -> np.ndarray:
    longer = np.empty(capacity, array.dtype)
    longer[:used] = array[:used]
    return longer
