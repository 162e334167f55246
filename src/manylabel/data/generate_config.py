"""What a generated corpus shall look like."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from manylabel.core.config import Section

MOST_WORDS = 101_010_000
"""How many different words can be made up."""

_MOST_VOCABULARY = 1_000_000  # of the default: beyond it, words are shared by more labels instead


class GeneratorConfig(Section):
    """What a generated corpus looks like."""

    documents: int = Field(default=10_000, ge=1, description="Documents in all, those of the test part included.")
    labels: int = Field(default=1_000, ge=1, description="Size of the label space; rare labels may have no document.")
    labels_per_document: float = Field(default=3.0, ge=1, description="Mean number of labels of a document.")
    labels_distribution: Literal["poisson", "geometric", "constant"] = Field(
        default="poisson", description="How the number of labels beyond the first varies; constant: hardly."
    )
    words_per_document: float = Field(default=40.0, ge=1, le=10_000, description="Mean number of words of a document.")
    words_per_label: int = Field(default=8, ge=1, le=1000, description="Number of words that are typical of a label.")
    vocabulary: int | None = Field(
        default=None,
        ge=100,
        le=MOST_WORDS,
        description="Distinct words; by default words_per_label for each label, at least 5,000, at most 1,000,000.",
    )
    signal: float = Field(
        default=0.4, ge=0, le=1, description="Share of words that come from the labels; the rest is background."
    )
    zipf: float = Field(default=1.0, ge=0, le=3, description="Exponent of label frequencies by rank; 0: all equal.")
    co_occurrence: float = Field(
        default=0.5, ge=0, le=1, description="Share of the labels beyond the first that come from the first's family."
    )
    children: int = Field(default=10, ge=2, le=10_000, description="Children of an inner label; also number of roots.")
    test_share: float = Field(default=0.1, ge=0, lt=1, description="Share of the documents that form the test part.")
    seed: int = Field(default=0, ge=0, description="Equal seeds give equal corpora.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.labels_per_document > max(1.0, self.labels / 2):
            raise ValueError(f"labels_per_document may be at most half of the {self.labels} labels")
        if self.test_share and not 0 < self.test_documents < self.documents:
            raise ValueError("test_share leaves one of the two parts without documents")
        return self

    @property
    def test_documents(self) -> int:
        """Number of documents in the test part."""
        return round(self.documents * self.test_share)

    @property
    def vocabulary_size(self) -> int:
        """Number of distinct words that may occur."""
        return self.vocabulary or min(max(5_000, self.labels * self.words_per_label), _MOST_VOCABULARY)
