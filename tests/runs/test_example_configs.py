"""Every file of ``configs/``, with documents, an encoder and sizes so small that it can be trained here."""

from pathlib import Path

import pytest

from encoder_cases import needs_transformers
from manylabel.core.corpus import Corpus
from manylabel.data.generate import GeneratorConfig, generate_corpus
from manylabel.models import MODELS
from manylabel.nn.encoders import ENCODERS
from manylabel.nn.heads import HEADS
from manylabel.runs.config import read_config

CONFIGS = Path(__file__).parents[2] / "configs"
NETWORKS = {
    "kim-cnn": ("cnn", "linear"),
    "xml-cnn": ("cnn", "linear"),
    "bilstm-label-attention": ("bilstm", "label-attention"),
    "caml": ("bag", "caml"),
    "bert-linear": ("transformer", "linear"),
    "bert-label-attention": ("transformer", "label-attention"),
    "bert-cnn": ("transformer", "convolution"),
    "bert-base-chinese": ("transformer", "linear"),
    "bigbird-label-attention": ("transformer", "label-attention"),
    "modernbert-label-attention": ("transformer", "label-attention"),
    "hierarchical-bert": ("windows", "label-attention"),
    "prototype-attention": ("bigru", "prototype"),
}
"""Encoder and head of each."""
HUB = {
    "bert-base-uncased": "model_type: bert, max_position_embeddings: 64",
    "bert-base-chinese": "model_type: bert, max_position_embeddings: 64",
    "google/bigbird-roberta-base": "model_type: big_bird, max_position_embeddings: 64, block_size: 4",
    "answerdotai/ModernBERT-base": "model_type: modernbert, max_position_embeddings: 64",
    "sentence-transformers/all-MiniLM-L6-v2": "model_type: bert, max_position_embeddings: 64",
}
"""Instead of weights on the hub: small models of the same type."""
SIZES = "hidden_size: 16, num_hidden_layers: 3, num_attention_heads: 2, intermediate_size: 16"
SMALL_RANKER = [
    "model.ranker={kind: boosted, leaf_candidates: 10, rounds: 20}",
    "model.folds=2",
    "model.ablation=false",
]
SMALL_WIDTHS = ["model.encoder.hidden_dim=8", "model.head.hidden_dims=[8]"]
OTHERS = {path.stem for path in CONFIGS.glob("*.yaml")} - set(NETWORKS)
DATA_SETS = sorted(path.relative_to(CONFIGS).with_suffix("").as_posix() for path in CONFIGS.glob("*/**/*.yaml"))
"""Those of single data sets, in folders: a model of the same name as above, or AttentionXML."""
DUAL = {"dual-encoder", "dual-encoder-transformer"}
LEAST = {"attention-xml", "linear-ovr", "linear-tree", "fused", "wordnet", *DUAL}


@pytest.fixture(scope="module")
def documents():
    """40 documents to learn from, and 10."""
    config = GeneratorConfig(documents=50, labels=12, words_per_document=10.0, test_share=0.2)
    return generate_corpus(config)


def small(name: str) -> list[str]:
    """What makes a network's configuration small."""
    section = read_config(CONFIGS / f"{name}.yaml").model.encoder
    path = "model.encoder"
    changes = ["model.train.epochs=1", "model.train.batch_size=8", "model.train.device=cpu"]
    if section.kind == "windows":
        changes += [f"{path}.window=12", f"{path}.stride=9", f"{path}.max_windows=3", f"{path}.training_windows=2"]
        section, path = section.encoder, f"{path}.encoder"
    if section.kind != "transformer":
        return [*changes, f"{path}.embeddings.vectors=null", f"{path}.embeddings.width=8", f"{path}.min_count=1"]
    return [
        *changes,
        f"{path}.model=null",
        f"{path}.configuration={{{HUB[section.model]}, {SIZES}}}",
        f"{path}.max_length=40",
    ]


def check(name: str, documents: tuple[Corpus, Corpus], changes: list[str]) -> None:
    training, test = documents
    config = read_config(CONFIGS / f"{name}.yaml", changes)
    model = MODELS.load(config.model.kind)(config.model).fit(training)
    topk = model.predict(test.texts, 5)
    topk.validate(len(training.labels))
    assert (topk.indices >= 0).any(axis=1).all()


@needs_transformers
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_are_what_their_names_say_and_train(name, documents):
    config = read_config(CONFIGS / f"{name}.yaml")
    encoder, head = NETWORKS[name]
    assert (config.model.kind, config.model.encoder.kind, config.model.head.kind) == ("network", encoder, head)
    assert ENCODERS.load(encoder)(config.model.encoder) is not None
    assert issubclass(HEADS.section(head), type(config.model.head))
    check(name, documents, small(name))


@needs_transformers
@pytest.mark.parametrize("name", sorted(OTHERS))
def test_the_others_train(name, documents):
    changes = {"fused": SMALL_RANKER, "wordnet": SMALL_RANKER}
    if name in DUAL:
        changes[name] = [*small(name), "model.train.validation=5"]
    check(name, documents, [*small(name), *SMALL_WIDTHS] if name == "attention-xml" else changes.get(name, []))


@needs_transformers
@pytest.mark.parametrize("name", DATA_SETS)
def test_those_of_data_sets_train(name, documents):
    folder, _, model = name.rpartition("/")
    path, config = CONFIGS / f"{name}.yaml", read_config(CONFIGS / f"{name}.yaml")
    data = f"data/{folder}"
    assert (config.data.train, config.data.test) == (f"{data}/train.txt", f"{data}/test.txt")
    assert config.model.kind == ("attention-xml" if model == "attention-xml" else "network")
    assert (config.model.encoder.kind, config.model.head.kind) == ("bilstm", "label-attention")
    assert f"manylabel train configs/{name}.yaml --run " in path.read_text(encoding="utf-8")
    page = (CONFIGS.parent / "docs" / "data-sets.md").read_text(encoding="utf-8")
    assert f"configs/{name}.yaml" in page
    assert config.model.encoder.embeddings.vectors in page
    check(name, documents, [*small(name), *SMALL_WIDTHS, "model.train.validation=5"])


def test_none_is_missing():
    sets, models = (
        ("amazoncat-13k", "eur-lex", "eur-lex-57k", "wiki10-31k"),
        ("attention-xml", "bilstm-label-attention"),
    )
    assert {f"{data_set}/{model}" for data_set in sets for model in models} == set(DATA_SETS)
    assert OTHERS == LEAST


def test_a_newcomer_changes_three_lines(tmp_path, documents):
    """The lines that are marked, and no other, lead from the file as it is to one of one's own."""
    lines = (CONFIGS / "bert-label-attention.yaml").read_text(encoding="utf-8").splitlines()
    marked = [line for line in lines if "# <- " in line]
    assert [line.split(":")[0].strip() for line in marked] == ["train", "test", "model"]
    own = {"train": tmp_path / "train.csv", "test": tmp_path / "test.csv", "model": tmp_path / "bert"}
    for part, corpus in zip(("train", "test"), documents, strict=True):
        rows = [f'"{text}",{"|".join(names)}' for text, names in zip(corpus.texts, label_names(corpus), strict=True)]
        own[part].write_text("text,labels\n" + "\n".join(rows) + "\n", encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text(
        "\n".join(
            f"{line.partition(':')[0]}: {own[line.split(':')[0].strip()]}" if line in marked else line for line in lines
        )
    )
    config = read_config(file)
    assert (config.data.train, config.data.test) == (str(own["train"]), str(own["test"]))
    assert config.model.encoder.model == str(own["model"])
    assert Corpus.read(config.data.train).positives.nnz == documents[0].positives.nnz


def label_names(corpus: Corpus) -> list[list[str]]:
    starts, indices = corpus.positives.indptr, corpus.positives.indices
    return [
        [corpus.labels.names[label] for label in indices[starts[row] : starts[row + 1]]] for row in range(len(corpus))
    ]
