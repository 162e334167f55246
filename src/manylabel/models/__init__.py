"""Complete models: texts and labels in, a scorer out that can be saved. One file each, one line in the table."""

from manylabel.core.table import Part, Table

MODELS = Table(
    "model",
    {
        "auto": Part(
            target="manylabel.models.auto:Auto",
            summary="Looks at the training data, and chooses and configures one of the others.",
            section="manylabel.models.auto_config:AutoConfig",
        ),
        "linear-tree": Part(
            target="manylabel.models.linear_tree:LinearTree",
            summary="Probabilistic label tree of linear classifiers on TF-IDF; tens of thousands of labels in seconds.",
            section="manylabel.models.linear_tree_config:LinearTreeConfig",
        ),
        "linear-ovr": Part(
            target="manylabel.models.linear_ovr:LinearOVR",
            summary="One linear classifier per label on TF-IDF; the most accurate linear model where time allows.",
            section="manylabel.models.linear_ovr_config:LinearOVRConfig",
        ),
        "fused": Part(
            target="manylabel.models.fused:Fused",
            summary="A model, a memory of documents and the labels' own texts, ranked together; best on rare labels.",
            section="manylabel.models.fused_config:FusedConfig",
        ),
        "network": Part(
            target="manylabel.models.network.network:Network",
            section="manylabel.models.network.config:NetworkConfig",
            summary="Any encoder with any head and any loss: CNN, LSTM, BERT with label attention and the like.",
            extra="nn",
        ),
        "attention-xml": Part(
            target="manylabel.models.attention_xml.attention_xml:AttentionXML",
            section="manylabel.models.attention_xml.config:AttentionXMLConfig",
            summary="Label attention on a label tree, level by level; only candidate labels are scored and trained.",
            extra="nn",
        ),
        "dual-encoder": Part(
            target="manylabel.models.dual_encoder.dual_encoder:DualEncoder",
            section="manylabel.models.dual_encoder.config:DualEncoderConfig",
            summary="Documents and labels' texts in one space; for labels with texts, rare and new ones above all.",
            extra="nn",
        ),
    },
)
