"""Excerpts: nothing but the text, cut between words, with the right words marked."""

import numpy as np

from manylabel.report.run.excerpts import excerpt
from manylabel.text.places import word_spans


def cut(text, most=480, **worth):
    units = word_spans(text)
    values = np.array([worth.get(text[start:stop], 0.0) for start, stop in units])
    return excerpt(text, units, values, most)


def said(pieces):
    return "".join(piece.text for piece in pieces)


def marked(pieces, mark):
    return [piece.text for piece in pieces if piece.mark == mark]


def test_a_short_text_is_shown_whole():
    text = "A fish swims\n in   the milk."
    pieces = cut(text, fish=1.0, milk=-0.5, swims=0.01)
    assert said(pieces) == "A fish swims in the milk."
    assert marked(pieces, "for") == ["fish"]  # one that hardly matters is not marked
    assert marked(pieces, "against") == ["milk"]
    assert marked(pieces, "gap") == []


def test_a_long_text_is_shown_where_it_matters():
    words = [f"word{i}" for i in range(2000)]
    words[1200], words[700] = "fish", "milk"
    text = " ".join(words)
    pieces = cut(text, fish=1.0, milk=-0.6)
    assert marked(pieces, "for") == ["fish"]
    assert marked(pieces, "against") == ["milk"]
    assert said(pieces).startswith("word0 word1 ")
    assert len(said(pieces)) <= 500
    assert said(pieces).endswith(" …")
    # Every passage stands in the text word for word, and no word is cut in two.
    for passage in said(pieces).split(" … "):
        assert passage.removesuffix(" …").strip() in text
        assert set(passage.split()) - {"…"} <= set(words)


def test_the_strongest_words_come_first_when_there_is_no_room_for_all():
    words = [f"word{i}" for i in range(3000)]
    worth = {f"word{i}": 1.0 + i / 10 for i in range(100, 3000, 100)}
    pieces = cut(" ".join(words), **worth)
    assert "word2900" in marked(pieces, "for")
    assert "word300" not in said(pieces).split()


def test_no_words_no_marks():
    assert cut("") == []
    assert said(cut("... !!")) == "... !!"
    long = "x" * 5000
    assert len(said(excerpt(long, [], np.zeros(0)))) < 200
