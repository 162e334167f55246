"""What a dual encoder reads of labels."""

import numpy as np
import pytest
from network_cases import Notes

from manylabel import LabelSpace
from manylabel.core.errors import ConfigError, InputError
from manylabel.models.dual_encoder.config import DualEncoderConfig, LabelTextConfig
from manylabel.models.dual_encoder.label_texts import have_texts, texts_of_labels, warn_of_twins

SPACE = LabelSpace(
    ["a", "b", "c", "d"],
    texts=["animal", "bear", None, "  "],
    alternatives=[(), ("bruin", "ursid"), (), ("dee",)],
    parents=[(), ("a", "z"), ("b",), ("elsewhere",)],
)


def texts(*parts, **options):
    return texts_of_labels(SPACE, LabelTextConfig(parts=parts, **options))


def test_a_label_without_text_is_read_by_its_name():
    assert texts("text") == ["animal", "bear", "c", "d"]


def test_parts_stand_in_the_order_asked_for_and_what_is_not_there_is_left_out():
    assert texts("name", "text", "alternatives") == [
        "a; animal",
        "b; bear; bruin; ursid",
        "c; c",
        "d; d; dee",
    ]
    assert texts("alternatives", "text", separator=" | ")[1] == "bruin | ursid | bear"


def test_the_path_of_parents_begins_at_the_top_and_follows_the_first_of_several():
    assert texts("parents", "text") == ["animal", "animal; bear", "animal > bear; c", "elsewhere; d"]


def test_a_label_with_none_of_the_parts_is_read_by_its_name():
    assert texts("parents")[0] == "a"


def test_parents_in_a_circle_end():
    space = LabelSpace(["a", "b"], parents=[("b",), ("a",)])
    assert texts_of_labels(space, LabelTextConfig(parts=("parents",))) == ["b", "a"]
    own = LabelSpace(["a"], parents=[("a",)])
    assert texts_of_labels(own, LabelTextConfig(parts=("parents",))) == ["a"]


def test_a_long_path_ends_after_some_steps():
    names = [f"l{i}" for i in range(40)]
    space = LabelSpace(names, parents=[(), *[(name,) for name in names[:-1]]])
    assert texts_of_labels(space, LabelTextConfig(parts=("parents",)))[-1].startswith("l23 > l24")


def test_required_texts_name_the_labels_that_have_none():
    with pytest.raises(InputError, match=r"2 of 4 labels have no text.*: c, d"):
        texts("text", required=True)
    with pytest.raises(InputError, match="3 of 3 labels"):
        texts_of_labels(LabelSpace(["x", "y", "z"]), LabelTextConfig(required=True))


def test_a_bare_required_is_understood():
    assert DualEncoderConfig(label_text="required").label_text.required


def test_a_part_twice_is_refused():
    with pytest.raises(ConfigError, match="each part once"):
        LabelTextConfig.parse({"parts": ["text", "text"]}, source="x")


def test_empty_texts_are_none():
    np.testing.assert_array_equal(have_texts(SPACE), [True, True, False, False])


def test_labels_that_read_alike_are_told():
    notes, space = Notes(), LabelSpace(["p", "q", "r"])
    assert warn_of_twins(["same", "other", "same"], space, notes) == 2
    assert "2 labels have the same text" in notes.said[0]
    assert "p, r" in notes.said[0]
    assert warn_of_twins(["one", "other", "third"], space, Notes()) == 0
