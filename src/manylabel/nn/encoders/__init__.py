"""Encoders that are trained: texts to states of tokens. One file each, one line in the table."""

from manylabel.core.table import Part, Table


def _encoder(target: str, section: str, summary: str) -> Part:
    module = "manylabel.nn.encoders."
    return Part(target=module + target, section=module + section, summary=summary, extra="nn")


ENCODERS = Table(
    "encoder",
    {
        "bag": _encoder("bag:Bag", "bag_config:BagConfig", "Vectors of words without their order; the fastest."),
        "cnn": _encoder("cnn:Cnn", "cnn_config:CnnConfig", "Convolution over words: Kim's CNN, or that of XML-CNN."),
        "bilstm": _encoder("recurrent:BiLstm", "recurrent_config:BiLstmConfig", "LSTM over words, both directions."),
        "bigru": _encoder("recurrent:BiGru", "recurrent_config:BiGruConfig", "GRU over words, both directions."),
        "transformer": _encoder(
            "transformer:Transformer",
            "transformer_config:TransformerConfig",
            "Any Hugging Face encoder, from its weights or with random ones.",
        ),
        "windows": _encoder(
            "windows:Windows", "windows_config:WindowsConfig", "Long documents as windows, each read by an encoder."
        ),
        "sentence": _encoder(
            "sentence:Sentence", "sentence_config:SentenceConfig", "Vectors of documents from a frozen encoder."
        ),
    },
)
