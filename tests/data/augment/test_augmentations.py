"""Augmentations: what holds for all, and what each does."""

from __future__ import annotations

import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manylabel.core.table import section_of
from manylabel.data.augment import AUGMENTATIONS
from manylabel.data.augment.base import Augmentation
from manylabel.data.augment.sentence_shuffling import sentence_spans
from manylabel.text.places import word_spans

ENGLISH = "The cat  sat on the mat.\tIt was happy; was it? Yes!\n\n(So the story says.)  "
CHINESE = "今天天气很好。我们去公园，看花！你去吗？我3点到Beijing站"
WORDLESS = "?!… \n"


def made(kind: str, **constants) -> Augmentation:
    augmentation = section_of({"kind": kind, **constants}, AUGMENTATIONS)
    assert isinstance(augmentation, Augmentation)
    return augmentation


def once(kind: str, text: str, seed: int = 0, **constants) -> str:
    (changed,) = made(kind, probability=1.0, **constants).texts([text], np.random.default_rng(seed))
    return changed


def words(text: str) -> list[str]:
    return [text[start:stop] for start, stop in word_spans(text)]


def rest(text: str) -> str:
    """A text without its words."""
    for start, stop in reversed(word_spans(text)):
        text = text[:start] + text[stop:]
    return text


@pytest.mark.parametrize("kind", AUGMENTATIONS)
@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_texts_change_as_chance_has_it(kind, text):
    texts = [text] * 40
    first, again, other = (made(kind).texts(texts, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert texts == [text] * 40
    assert 8 < sum(changed != text for changed in first) < 32
    assert made(kind, probability=0.0).texts(texts, np.random.default_rng(0)) == texts
    assert sum(changed != text for changed in made(kind, probability=1.0).texts(texts, np.random.default_rng(0))) > 30


@pytest.mark.parametrize("kind", AUGMENTATIONS)
@pytest.mark.parametrize("text", ["", " ", WORDLESS, "一", "word"])
def test_texts_with_nothing_to_change(kind, text):
    expected = {
        "word-masking": {"一": "[MASK]", "word": "[MASK]"},
        "word-insertion": {"一": "一一", "word": "word word"},
    }
    assert once(kind, text).strip() == expected.get(kind, {}).get(text, text).strip()


@pytest.mark.parametrize("kind", AUGMENTATIONS)
@given(
    text=st.text(alphabet="ab1 \n.,!。！中文ก\u0301İ😀", max_size=40),
    seed=st.integers(0, 5),
    share=st.floats(0.01, 1.0),
)
def test_no_text_is_lost(kind, text, seed, share):
    constants = {} if kind == "sentence-shuffling" else {"share": share}
    changed = once(kind, text, seed, **constants)
    assert bool(changed.strip()) == bool(text.strip())
    if kind in ("word-swap", "sentence-shuffling"):
        assert Counter(changed) == Counter(text)
    if kind == "word-masking":
        assert rest(changed.replace("[MASK]", "")) == rest(text)
        assert len(words(text)) == 0 or "[MASK]" in changed


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_descriptions(kind):
    section = AUGMENTATIONS.section(kind)
    assert section.__doc__
    assert AUGMENTATIONS[kind].summary.endswith(".")
    assert {name for name, field in section.model_fields.items() if not field.description} == {"kind"}


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
@pytest.mark.parametrize("kind", ["word-swap", "word-deletion", "word-masking"])
def test_what_is_no_word_stays_to_the_last_byte(kind, text):
    for seed in range(20):
        changed = once(kind, text, seed, share=0.3)
        assert rest(changed.replace("[MASK]", "")) == rest(text)


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
@pytest.mark.parametrize("share", [0.001, 0.2, 1.0])
def test_the_share_of_words(text, share):
    before = words(text)
    count = max(1, round(share * len(before)))
    for seed in range(10):
        assert once("word-masking", text, seed, share=share).count("[MASK]") == count
        deleted = words(once("word-deletion", text, seed, share=share))
        assert len(deleted) == max(len(before) - count, 1)
        assert not Counter(deleted) - Counter(before)
        inserted = words(once("word-insertion", text, seed, share=share))
        assert len(inserted) == len(before) + count
        assert set(inserted) == set(before)
    swapped = words(once("word-swap", text, 0, share=0.001))
    assert sum(one != other for one, other in zip(swapped, before, strict=True)) == 2


def test_inserted_words_are_spaced_as_their_script_is():
    assert once("word-insertion", "好", share=1.0) == "好好"
    assert once("word-insertion", "good", share=1.0) == "good good"
    assert {once("word-insertion", "好 good", seed) for seed in range(20)} == {
        "好好 good", "好 good 好", "好 good good",
    }  # fmt: skip


def test_the_token_is_that_of_the_tokenizer():
    assert once("word-masking", "a b", share=1.0, token="<mask>") == "<mask> <mask>"


def test_sentences():
    text = '  One: 3.5 of it.  "Two?" Three... \n\n你好！“真的。”四。five'
    assert [text[a:b] for a, b in sentence_spans(text)] == [
        "One: 3.5 of it.", '"Two?"', "Three...", "你好！", "“真的。”", "四。", "five",
    ]  # fmt: skip
    shuffled = {once("sentence-shuffling", "A. B.\nC?", seed) for seed in range(60)}
    assert shuffled == {"A. B.\nC?", "A. C?\nB.", "B. A.\nC?", "B. C?\nA.", "C? A.\nB.", "C? B.\nA."}


def test_long_rows_of_marks_take_no_time():
    start = time.perf_counter()
    for text in ("." * 200_000 + "x", "。" * 200_000, ("a" * 10 + " ") * 20_000):
        assert len(once("sentence-shuffling", text)) == len(text)
    assert time.perf_counter() - start < 5
