"""Pretrained encoders that are used as they are: texts in, vectors of unit length out."""

from manylabel.core.table import Part, Table

FROZEN_ENCODERS = Table(
    "encoder",
    {
        "transformer": Part(
            target="manylabel.nn.frozen.transformer:FrozenTransformer",
            section="manylabel.nn.frozen.transformer_config:FrozenTransformerConfig",
            summary="Any Hugging Face model with its tokenizer; needs the extra nn.",
        ),
        "word-vectors": Part(
            target="manylabel.nn.frozen.word_vectors:WordVectors",
            section="manylabel.nn.frozen.word_vectors_config:WordVectorsConfig",
            summary="The mean of pretrained word vectors, rare words weighing more; needs no torch.",
        ),
    },
)
