"""The options of TF-IDF features; names and defaults are those of scikit-learn's ``TfidfVectorizer``."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from manylabel.core.config import Section

WORDS_OF_TWO = r"(?u)\b\w\w+\b"
WORDS_OF_ONE = r"(?u)\b\w+\b"


class TfidfConfig(Section):
    """How texts become TF-IDF rows.

    The output equals that of ``TfidfVectorizer(dtype=float32)`` of scikit-learn with the same values, apart from
    what it does not know: ``analyzer="auto"`` and ``ngram_range=None``.
    """

    analyzer: Literal["auto", "word", "char", "char_wb"] = Field(
        default="auto",
        description="Features from words, from characters, or from characters inside words padded with a space; "
        "auto: char where the training texts are mostly written without spaces (Chinese, Japanese, Thai), else word.",
    )
    ngram_range: tuple[int, int] | None = Field(
        default=None, description="Shortest and longest n-gram; by default (1, 1) for words and (1, 2) for characters."
    )
    lowercase: bool = Field(default=True, description="Lower-case the text first.")
    strip_accents: Literal["ascii", "unicode"] | None = Field(
        default=None, description="Remove accents: ascii also drops every character without an ASCII equivalent."
    )
    token_pattern: str = Field(
        default=WORDS_OF_TWO,
        description="Regular expression of a word (analyzer word); another than the default, or than the same with "
        "one-letter words, is slower.",
    )
    min_df: int | float = Field(
        default=1,
        description="Drop terms in fewer documents than this: a number of documents, or a fraction from 0.0 to 1.0.",
    )
    max_df: int | float = Field(
        default=1.0, description="Drop terms in more documents than this: a number of documents, or a fraction."
    )
    max_features: int | None = Field(
        default=None, ge=1, description="Keep only this many terms, the most frequent ones."
    )
    sublinear_tf: bool = Field(default=False, description="Replace a count tf by 1 + ln(tf).")
    use_idf: bool = Field(default=True, description="Weight each term by its inverse document frequency.")
    smooth_idf: bool = Field(default=True, description="Add one to the document counts behind the idf.")
    norm: Literal["l2"] | None = Field(default="l2", description="Scale each document to unit length, or leave it.")

    @field_validator("ngram_range")
    @classmethod
    def _check_range(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        if value is not None and not 1 <= value[0] <= value[1]:
            raise ValueError("expected two whole numbers, the first at least 1 and the second no smaller")
        return value

    @field_validator("min_df", "max_df")
    @classmethod
    def _check_bound(cls, value: int | float) -> int | float:
        if isinstance(value, float) and not 0.0 <= value <= 1.0:
            raise ValueError("a fraction of the documents lies between 0.0 and 1.0")
        if not isinstance(value, float) and value < 1:
            raise ValueError("a number of documents is at least 1 (write a fraction with a decimal point)")
        return value

    @field_validator("token_pattern")
    @classmethod
    def _check_pattern(cls, value: str) -> str:
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error}") from None
        if groups > 1:
            raise ValueError("holds more than one capturing group; write (?:...) for the others")
        return value

    @model_validator(mode="after")
    def _check_pattern_is_used(self) -> Self:
        if self.token_pattern != WORDS_OF_TWO and self.analyzer in ("char", "char_wb"):
            raise ValueError("token_pattern is for words and has no effect with a character analyzer; leave one out")
        return self
