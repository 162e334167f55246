"""Candidate sources, ranked together: what proposes labels, features of a proposal, and what learns to rank them."""

from manylabel.core.table import Part, Table

SOURCES = Table(
    "source",
    {
        "model": Part(
            target="manylabel.combine.sources.model:ModelSource",
            section="manylabel.models.fused_config:ModelSourceConfig",
            summary="The best labels of any model; knows frequent labels.",
        ),
        "memory": Part(
            target="manylabel.combine.sources.memory:MemorySource",
            section="manylabel.combine.sources.memory_config:MemoryConfig",
            summary="The labels of the nearest training documents; knows rare combinations.",
        ),
        "label-text": Part(
            target="manylabel.combine.sources.label_text:LabelTextSource",
            section="manylabel.combine.sources.label_text_config:LabelTextConfig",
            summary="The labels whose own text is like the document; knows labels that were never used.",
        ),
        "phrases": Part(
            target="manylabel.combine.sources.phrases:PhraseSource",
            section="manylabel.combine.sources.phrases_config:PhrasesConfig",
            summary="The labels whose names stand in the document, exactly or by their stems.",
        ),
        "neighbours": Part(
            target="manylabel.combine.sources.neighbours:NeighbourSource",
            section="manylabel.combine.sources.neighbours_config:NeighboursConfig",
            summary="What occurs together with the strong candidates of the sources before, and stands above or below.",
        ),
    },
)

RANKERS = Table(
    "ranker",
    {
        "combined": Part(
            target="manylabel.combine.rankers.combined:CombinedRanker",
            section="manylabel.combine.rankers.boosted_config:CombinedConfig",
            summary="Both of the next two: the order of one, the probabilities of the other.",
        ),
        "boosted": Part(
            target="manylabel.combine.rankers.boosted:BoostedRanker",
            section="manylabel.combine.rankers.boosted_config:BoostedConfig",
            summary="Gradient-boosted trees with log loss: probabilities.",
        ),
        "listwise": Part(
            target="manylabel.combine.rankers.listwise:ListwiseRanker",
            section="manylabel.combine.rankers.boosted_config:ListwiseConfig",
            summary="Gradient-boosted trees with a listwise ranking objective, calibrated afterwards.",
        ),
        "reciprocal": Part(
            target="manylabel.combine.rankers.reciprocal:ReciprocalRanker",
            section="manylabel.combine.rankers.reciprocal_config:ReciprocalConfig",
            summary="Reciprocal rank fusion: nothing is learned, for where there is nothing to learn from.",
        ),
        "logistic": Part(
            target="manylabel.combine.rankers.logistic:LogisticRanker",
            section="manylabel.combine.rankers.logistic_config:LogisticConfig",
            summary="Logistic regression: small, and easy to read.",
        ),
    },
)
