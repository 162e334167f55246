"""The formats of documents and of label files: one file each, and one line in a table here."""

from __future__ import annotations

from manylabel.core.table import Part, Table

_HERE = "manylabel.data.formats"
_READ_OPTIONS = f"{_HERE}.base:ReadOptions"

FORMATS = Table(
    "format",
    {
        "jsonl": Part(f"{_HERE}.jsonl:JsonLines", "JSON Lines: text, labels, optional id or uid", _READ_OPTIONS),
        "csv": Part(f"{_HERE}.csv:Csv", "CSV or TSV with a header, the labels in one column", _READ_OPTIONS),
        "parquet": Part(f"{_HERE}.parquet:Parquet", "Apache Parquet (extra parquet)", _READ_OPTIONS),
        "libmultilabel": Part(
            f"{_HERE}.libmultilabel:LibMultiLabel", "LibMultiLabel text: [id, tab,] labels, tab, text", _READ_OPTIONS
        ),
        "svmlight": Part(f"{_HERE}.svmlight:SvmLight", "LIBSVM multi-label: feature vectors, not texts", _READ_OPTIONS),
        "xmc_repository": Part(
            f"{_HERE}.xmc_repository:XmcRepository",
            "Extreme Classification Repository: raw text, or a bag-of-words file with its header",
            _READ_OPTIONS,
        ),
        "pecos": Part(f"{_HERE}.pecos:Pecos", "PECOS folder: X.trn.txt, Y.trn.npz, output-items.txt", _READ_OPTIONS),
        "hub": Part(f"{_HERE}.hub:Hub", "Hugging Face data set on disk (extra hub)", _READ_OPTIONS),
        "text": Part(f"{_HERE}.plain_text:PlainText", "one text a line, without labels", _READ_OPTIONS),
    },
)

LABEL_FORMATS = Table(
    "label file format",
    {
        "label_jsonl": Part(f"{_HERE}.label_jsonl:LabelJsonLines", "JSON Lines: label, text, alt, parents"),
        "skos": Part(
            f"{_HERE}.skos:Skos",
            "SKOS vocabulary in Turtle, N-Triples or RDF/XML (extra skos)",
            f"{_HERE}.skos:SkosOptions",
        ),
        "numbered_labels": Part(
            f"{_HERE}.numbered_labels:NumberedLabels",
            "Extreme Classification Repository or PECOS: lbl.json, Y.txt, Yf.txt, output-items.txt; line = number",
        ),
        "label_lines": Part(f"{_HERE}.label_lines:LabelLines", "one label a line; only where format names it"),
    },
)
