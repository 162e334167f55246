"""Heads: states of tokens to scores of labels. One file each, one line in the table."""

from manylabel.core.table import Part, Table

HEADS = Table(
    "head",
    {
        "linear": Part(
            target="manylabel.nn.heads.linear:LinearHead",
            section="manylabel.nn.heads.linear_config:LinearHeadConfig",
            summary="A linear classifier of each label on the pooled vector.",
        ),
        "tiled-linear": Part(
            target="manylabel.nn.heads.tiled_linear:TiledLinear",
            section="manylabel.nn.heads.tiled_linear_config:TiledLinearConfig",
            summary="The same for up to millions of labels: classifiers move in place, tile by tile of labels.",
        ),
        "label-attention": Part(
            target="manylabel.nn.heads.label_attention:LabelAttention",
            section="manylabel.nn.heads.label_attention_config:LabelAttentionConfig",
            summary="Every label reads the tokens with a query of its own.",
        ),
        "convolution": Part(
            target="manylabel.nn.heads.convolution:ConvolutionHead",
            section="manylabel.nn.heads.convolution_config:ConvolutionHeadConfig",
            summary="Convolutions over the states, the strongest answers, a linear classifier.",
        ),
        "caml": Part(
            target="manylabel.nn.heads.caml:CAML",
            section="manylabel.nn.heads.caml_config:CAMLConfig",
            summary="A convolution over the states, then label-wise attention.",
        ),
        "prototype": Part(
            target="manylabel.nn.heads.prototype:PrototypeAttention",
            section="manylabel.nn.heads.prototype_config:PrototypeConfig",
            summary="Labels read through a few shared prototypes: attention costs the same for any number of labels.",
        ),
    },
)
