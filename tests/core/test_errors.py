"""Errors of the user: one line that says where and what to do."""

import pytest

from manylabel.core import errors
from manylabel.core.errors import InputError, ManylabelError, MissingExtraError, NotFittedError


def test_the_text_is_a_single_line():
    assert str(ManylabelError("a\nb\r\n  c\td")) == "a b c d"
    assert "\n" not in str(InputError("bad\nvalue", path="a\nb", remedy="do\nthis"))


def test_place_and_remedy():
    assert str(InputError("bad", path="f", line=3, remedy="mend it")) == "f:3: bad (mend it)"
    assert str(InputError("bad", path="f")) == "f: bad"
    assert str(InputError("bad", line=3)) == "bad"
    error = InputError("bad", path="f", line=3, remedy="mend it")
    assert (error.path, error.line, error.remedy) == ("f", 3, "mend it")


def test_a_missing_extra_says_what_to_install():
    assert str(MissingExtraError("pyarrow", "parquet", "reading Parquet")) == (
        "reading Parquet needs the package pyarrow: pip install 'manylabel[parquet]'"
    )


def test_all_have_one_base():
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert len(classes) >= 7
    assert all(issubclass(cls, ManylabelError) for cls in classes)


@pytest.mark.parametrize("base", [ValueError, AttributeError])
def test_scikit_learn_catches_what_is_not_fitted(base):
    with pytest.raises(base):
        raise NotFittedError("fit first")
