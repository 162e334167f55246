"""The tables of code points agree with the interpreter, character by character."""

import numpy as np
import pytest

from manylabel.text.characters import CAPITAL_SIGMA, CODE_POINTS, DOTTED_CAPITAL_I, SPACE, WORD, classes, folding

EVERY = [chr(i) for i in range(CODE_POINTS)]


def test_classes_are_those_of_str():
    word = np.array([c.isalnum() or c == "_" for c in EVERY])
    space = np.array([c.isspace() for c in EVERY])
    np.testing.assert_array_equal((classes() & WORD) > 0, word)
    np.testing.assert_array_equal((classes() & SPACE) > 0, space)


def test_lower_case_is_that_of_str_but_for_two_that_need_their_neighbours_or_more_room():
    lowered = [c.lower() for c in EVERY]
    assert [c for c, low in zip(EVERY, lowered, strict=True) if len(low) != 1] == [DOTTED_CAPITAL_I]
    assert ("A" + CAPITAL_SIGMA).lower() != "A".lower() + CAPITAL_SIGMA.lower()
    lowered[ord(DOTTED_CAPITAL_I)] = "i"
    np.testing.assert_array_equal(folding(True), [ord(low) for low in lowered])


def test_texts_lowered_by_python_first_are_not_changed_again():
    table = folding(True)
    others = np.delete(np.arange(CODE_POINTS), [ord(DOTTED_CAPITAL_I)])
    np.testing.assert_array_equal(table[table[others]], table[others])


def test_without_lower_casing_all_stay_themselves():
    np.testing.assert_array_equal(folding(False), np.arange(CODE_POINTS))


@pytest.mark.parametrize("lowercase", [True, False])
def test_ascii_tables_begin_the_full_ones(lowercase):
    np.testing.assert_array_equal(classes(True), classes()[:128])
    np.testing.assert_array_equal(folding(lowercase, True), folding(lowercase)[:128])


def test_tables_cannot_be_written_to():
    assert not classes().flags.writeable
    assert not folding(True).flags.writeable
