"""LibMultiLabel's configurations: every key is translated or spoken of, and what comes out trains."""

from pathlib import Path

import pytest
import yaml

from manylabel.core.errors import InputError
from manylabel.data.generate import GeneratorConfig, generate_corpus
from manylabel.data.reading import write_corpus
from manylabel.runs.config import ConfigMistakes, parse_config, read_config
from manylabel.runs.from_libmultilabel.keys import KEYS, NETWORK_KEYS
from manylabel.runs.from_libmultilabel.linear import SOLVERS, TECHNIQUES
from manylabel.runs.from_libmultilabel.networks import NETWORKS
from manylabel.runs.from_libmultilabel.search_spaces import one_of
from manylabel.runs.from_libmultilabel.translate import translate
from manylabel.runs.train import train_run

DOCS = Path(__file__).parents[2] / "docs"
MAIN = """
seed linear cpu silent data_workers embed_cache_dir eval checkpoint_path data_name training_file val_file test_file
label_file val_size min_vocab_freq max_seq_length shuffle merge_train_val include_test_labels remove_no_label_data
add_special_tokens model_name init_weight loss_function vocab_file embed_file epochs batch_size optimizer learning_rate
weight_decay momentum lr_scheduler patience early_stopping_metric normalize_embed eval_batch_size metric_threshold
monitor_metrics val_metric limit_train_batches limit_val_batches limit_test_batches save_k_predictions predict_out_path
result_dir data_format liblinear_options linear_technique save_positive_predictions tree_degree tree_max_depth
tree_ensemble_models beam_width cluster_size config
"""
"""What ``main.py --help`` lists."""
BESIDE = "network_config scheduler_config search_alg num_samples scheduler cpu_count gpu_count no_retrain"
"""What its programs read from the file alone, and the options of ``search_params.py``."""
BASES = {
    "words": {"model_name": "BiLSTMLWAN", "embed_file": "vectors.txt"},
    "filters": {"model_name": "XMLCNN", "embed_file": "vectors.txt", "network_config": {"filter_sizes": [2, 4]}},
    "transformer": {
        "model_name": "BERTAttention", "init_weight": None, "max_seq_length": 512,
        "network_config": {"lm_weight": "bert-base-uncased", "attention_type": "singlehead"},
    },
    "bert": {"model_name": "BERT", "init_weight": None},
    "attention-xml": {
        "model_name": "AttentionXML", "embed_file": "vectors.txt", "network_config": {"linear_size": [8]},
    },
    "linear": {"linear": True},
    "tree": {"linear": True, "linear_technique": "tree"},
}  # fmt: skip
OTHERS = {
    "seed": 7, "linear": True, "cpu": True, "silent": True, "data_workers": 1, "embed_cache_dir": "cache", "eval": True,
    "checkpoint_path": "a.ckpt", "data_name": "mine", "training_file": "other.txt", "val_file": "valid.txt",
    "test_file": "test.txt", "label_file": "labels.txt", "val_size": 30, "min_vocab_freq": 3, "max_seq_length": 1000,
    "shuffle": False, "merge_train_val": True, "include_test_labels": True, "remove_no_label_data": True,
    "add_special_tokens": False, "model_name": "BiGRULWAN", "init_weight": "xavier_uniform",
    "loss_function": "cross_entropy", "vocab_file": "vocab.csv", "embed_file": "glove.6B.50d", "epochs": 3,
    "batch_size": 4, "optimizer": "sgd", "learning_rate": 0.5, "weight_decay": 0.1, "momentum": 0.5,
    "lr_scheduler": "ReduceLROnPlateau", "patience": 2, "early_stopping_metric": "nDCG@3", "normalize_embed": True,
    "eval_batch_size": 1, "metric_threshold": 0.3, "monitor_metrics": ["R@10"], "val_metric": "RP@7",
    "limit_train_batches": 0.1, "limit_val_batches": 0.1, "limit_test_batches": 0.1, "save_k_predictions": 5,
    "predict_out_path": "mine.txt", "result_dir": "mine", "data_format": "svm", "liblinear_options": "-s 0 -c 2",
    "linear_technique": "cost_sensitive", "save_positive_predictions": True, "tree_degree": 16, "tree_max_depth": 2,
    "tree_ensemble_models": 3, "beam_width": 5, "cluster_size": 4, "config": "a.yml",
    "network_config": {"embed_dropout": 0.75}, "scheduler_config": {"factor": 0.2}, "search_alg": "optuna",
    "num_samples": 3, "scheduler": {"max_t": 50}, "cpu_count": 4, "gpu_count": 1, "no_retrain": True,
}  # fmt: skip
"""A value of each key that is not its default."""
OPTIONS = {
    "embed_dropout": 0.9, "post_encoder_dropout": 0.6, "encoder_dropout": 0.9, "rnn_dim": 18, "rnn_layers": 2,
    "freeze_embed_training": True, "linear_size": [9], "filter_sizes": [3], "num_filter_per_size": 9,
    "activation": "elu", "num_pool": 3, "hidden_dim": 9, "lm_weight": "another", "lm_window": 200,
    "encoder_hidden_dropout": 0.9, "encoder_attention_dropout": 0.9, "attention_type": "multihead", "num_heads": 2,
    "labelwise_attention_dropout": 0.9,
}  # fmt: skip


@pytest.fixture
def translated(tmp_path):
    """Translates values, which are written to a file first."""

    def translated(values, **options):
        file = tmp_path / "theirs.yml"
        file.write_text(yaml.safe_dump({"training_file": "train.txt", **values}), encoding="utf-8")
        return translate(file, **options)

    return translated


# -- the tables -----------------------------------------------------------------------------------------------------


def test_every_key_is_in_the_table_once():
    assert sorted(KEYS) == sorted([*MAIN.split(), *BESIDE.split()]) == sorted(OTHERS)
    of_networks = {option for network in NETWORKS.values() for option in network.defaults}
    assert set(NETWORK_KEYS) == of_networks == set(OPTIONS)
    for key in [*KEYS.values(), *NETWORK_KEYS.values()]:
        assert bool(key.becomes) != bool(key.instead)
        assert key.instead or not key.lost


@pytest.mark.parametrize(
    ("key", "base"), [(key, base) for key in OTHERS for base in BASES if BASES[base].get(key) != OTHERS[key]]
)
def test_no_key_is_passed_over(key, base, translated):
    """It changes the configuration, or it is spoken of."""
    values = {**BASES[base], key: OTHERS[key]}
    if isinstance(OTHERS[key], dict):
        values[key] = {**BASES[base].get(key, {}), **OTHERS[key]}
    before, after = translated(BASES[base]), translated(values)
    said = [line for line in (*after.warnings, *after.notes) if f": {key}" in line]
    assert said or after.values != before.values
    parse_config(after.values)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("option", OPTIONS)
def test_no_option_of_a_network_is_passed_over(option, name, translated):
    base = {"filter_sizes": [2, 4], "linear_size": [8], "attention_type": "singlehead"}
    base = {key: value for key, value in base.items() if key in NETWORKS[name].defaults}
    common = {"model_name": name, "embed_file": "v.txt", "init_weight": None}
    before = translated({**common, "network_config": base})
    after = translated({**common, "network_config": {**base, option: OPTIONS[option]}})
    said = [line for line in (*after.warnings, *after.notes) if f".{option}: " in line]
    assert said or after.values != before.values
    assert ("no such option" in "".join(said)) == (option not in NETWORKS[name].defaults)


def rows(keys):
    """The lines of a table of keys in Markdown."""
    return [f"| `{name}` | {f'`{key.becomes}`' if key.becomes else key.instead} |" for name, key in keys.items()]


def test_the_page_has_the_tables():
    page = (DOCS / "libmultilabel.md").read_text(encoding="utf-8").splitlines()
    wanted = [*rows(KEYS), *rows(NETWORK_KEYS)]
    assert [line for line in page if line.startswith("| `")] == wanted


# -- what becomes of them -------------------------------------------------------------------------------------------


def at(values, path):
    for part in path.split("."):
        values = values[part]
    return values


@pytest.mark.parametrize(
    ("base", "theirs", "path", "ours"),
    [
        ("words", {}, "data", {"train": "train.txt", "format": "libmultilabel"}),
        ("words", {"test_file": "t"}, "data.unknown_labels", "drop"),
        ("words", {"test_file": "t", "include_test_labels": True}, "data.unknown_labels", "keep"),
        ("words", {"label_file": "l"}, "data.labels", {"path": "l", "format": "label_lines"}),
        ("words", {"label_file": "l", "include_test_labels": True}, "data.unknown_labels", "drop"),
        ("words", {"val_file": "v"}, "data.validation", "v"),
        ("words", {}, "model.train.validation", 0.2),
        ("words", {"val_size": 4000}, "model.train.validation", 4000),
        ("words", {"val_size": 0}, "model.train.early_stopping", None),
        ("words", {"merge_train_val": True}, "model.train.validation", 0),
        ("words", {}, "model.train.epochs", 10000),
        ("words", {}, "model.train.learning_rate", 1e-4),
        ("words", {"learning_rate": "5e-3"}, "model.train.learning_rate", 5e-3),
        ("words", {}, "model.train.batch_size", 16),
        ("words", {}, "model.train.early_stopping", {"metric": "P@1", "patience": 5}),
        ("words", {"val_metric": "Loss"}, "model.train.early_stopping.metric", "loss"),
        ("words", {"patience": 0}, "model.train.early_stopping.patience", 1),
        ("words", {"val_metric": "Macro-F1"}, "model.train.early_stopping.metric", "macro-F1"),
        ("words", {"val_metric": "RP@5"}, "model.train.early_stopping.metric", "RP@5"),
        ("words", {"val_metric": "Another-Macro-F1"}, "model.train.early_stopping.metric", "macro-F1"),
        ("words", {"val_metric": "nDCG@15"}, "evaluate.metrics", ["P@1", "P@3", "P@5", "nDCG@15"]),
        ("words", {"val_metric": "nDCG@15"}, "evaluate.k", 15),
        ("words", {"monitor_metrics": ["Micro-F1", "Loss"]}, "evaluate.metrics", ["micro-F1", "P@1"]),
        ("words", {"monitor_metrics": ["Micro-F1", "Loss"]}, "evaluate.k", 100),
        ("words", {"monitor_metrics": ["Another-Macro-F1"]}, "evaluate.metrics",
         ["macro-precision", "macro-recall", "P@1"]),
        ("words", {"metric_threshold": 0.25}, "evaluate.threshold", 0.25),
        ("words", {}, "evaluate.empty", "zero"),
        ("words", {"optimizer": "adamax"}, "model.train.optim", "adam"),
        ("words", {"optimizer": "sgd"}, "model.train.momentum", 0.9),
        ("words", {}, "model.train.lr_scheduler_type", "constant"),
        ("words", {"lr_scheduler": "ReduceLROnPlateau"}, "model.train.plateau_factor", 0.1),
        ("words", {"lr_scheduler": "ReduceLROnPlateau", "scheduler_config": {"patience": 2}},
         "model.train.plateau_patience", 2),
        ("words", {"lr_scheduler": "StepLR"}, "model.train.lr_scheduler_type", "constant"),
        ("words", {"cpu": True}, "model.train.device", "cpu"),
        ("words", {"embed_file": "glove.6B.300d"}, "model.encoder.embeddings.vectors", "glove.6B.300d.txt"),
        ("words", {}, "model.encoder.min_count", 1),
        ("words", {}, "model.encoder.max_length", 500),
        ("words", {}, "model.encoder.embeddings.dropout", 0.2),
        ("words", {"loss_function": "cross_entropy"}, "model.loss", "softmax"),
        ("attention-xml", {"loss_function": "cross_entropy"}, "model.loss", "bce"),
        ("words", {"loss_function": "mse_loss"}, "model.loss", "bce"),
        ("filters", {}, "model.encoder.chunks", 2),
        ("filters", {}, "model.head.hidden_dim", 512),
        ("transformer", {}, "model.encoder", {
            "kind": "transformer", "model": "bert-base-uncased", "pooling": "first", "dropout": 0.1,
            "max_length": 512}),
        ("transformer", {"max_seq_length": 2500}, "model.encoder.max_windows", 5),
        ("transformer", {"max_seq_length": 2500}, "model.encoder.stride", 510),
        ("attention-xml", {}, "model.beam_width", 10),
        ("attention-xml", {}, "model.clustering.cluster_size", 8),
        ("attention-xml", {}, "model.head.hidden_dims", [8]),
        ("attention-xml", {}, "model.encoder.dropout", 0.5),
        ("attention-xml", {}, "model.encoder.embeddings.trained", True),
        ("attention-xml", {"model_name": "attentionxml"}, "model.kind", "attention-xml"),
        ("linear", {}, "model.features.analyzer", "word"),
        ("linear", {"data_format": "svm"}, "data.format", "svmlight"),
        ("linear", {"linear_technique": "cost_sensitive"}, "model.cost_search", "macro-F1"),
        ("linear", {"linear_technique": "cost_sensitive_micro"}, "model.cost_search", "micro-F1"),
        ("linear", {"liblinear_options": "-s 2 -B 1 -e .0001 -q"}, "model.solver.bias", 1.0),
        ("linear", {"liblinear_options": "-s 1 -e .0001"}, "model.solver.tolerance", 0.0001),
        ("linear", {"liblinear_options": "-s 2 -e .0001"}, "model.solver.tolerance", 0.1),
        ("linear", {}, "model.solver.bias", 0.0),
        ("linear", {"liblinear_options": "-s 7"}, "model.solver.loss", "logistic"),
        ("linear", {"liblinear_options": "-c 2 -w1 6 -w-1 3"}, "model.solver.cost", 6.0),
        ("linear", {"liblinear_options": "-c 2 -w1 6 -w-1 3"}, "model.solver.positive_cost", 2.0),
        ("tree", {}, "model.tree", {"clustering": "kmeans", "branching": 100, "leaf_size": 100}),
        ("tree", {}, "model.hinge_power", 2),
        ("tree", {"tree_ensemble_models": 3}, "model.trees", 3),
    ],
)  # fmt: skip
def test_translated(base, theirs, path, ours, translated):
    values = translated({**BASES[base], **theirs}).values
    assert at(values, path) == ours
    if isinstance(ours, (int, float)):
        assert isinstance(at(values, path), type(ours))


def test_paths_below_a_folder(translated):
    values = {**BASES["words"], "test_file": "/data/test.txt", "val_file": "d/valid.txt", "label_file": "l.txt"}
    found = translated(values, data_root="/root/theirs").values
    assert found["data"]["train"] == "/root/theirs/train.txt"
    assert found["data"]["validation"] == "/root/theirs/d/valid.txt"
    assert found["data"]["test"] == "/data/test.txt"
    assert found["data"]["labels"]["path"] == "/root/theirs/l.txt"
    assert found["model"]["encoder"]["embeddings"]["vectors"] == "/root/theirs/vectors.txt"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"merge_train_val": True, "val_size": 5}, ["val_size: has no effect"]),
        ({"merge_train_val": True, "val_file": "v", "patience": 2}, ["patience: has no effect", "append v to"]),
        ({"val_size": 0, "early_stopping_metric": "P@1"}, ["early_stopping_metric"]),
        ({"val_file": "v", "val_size": 5}, ["val_size"]),
        ({"lr_scheduler": "ReduceLROnPlateau", "val_size": 0}, ["lr_scheduler"]),
        ({"lr_scheduler": "ReduceLROnPlateau", "scheduler_config": {"cooldown": 2}}, ["scheduler_config"]),
        ({"scheduler_config": {"factor": 0.2}}, ["scheduler_config"]),
        ({"include_test_labels": True}, ["include_test_labels"]),
        ({"include_test_labels": True, "test_file": "t", "label_file": "l"}, ["include_test_labels"]),
        ({"seed": -1}, ["seed"]),
        ({"momentum": 0.9}, ["momentum"]),
        ({"shuffle": True, "silent": False}, ["shuffle, silent"]),
    ],
)
def test_without_effect_together(values, said, translated):
    found = translated({**BASES["words"], **values})
    for name in said:
        assert any(name in line for line in (*found.warnings, *found.notes))


@pytest.mark.parametrize("number", SOLVERS)
def test_solvers(number, translated):
    found = translated({"linear": True, "liblinear_options": f"-s {number} -m 4 -q"})
    assert (len(found.warnings) > 0) == (number in (3, 4, 5, 6))
    assert found.values["model"]["solver"]["loss"] == ("logistic" if number in (0, 6, 7) else "squared-hinge")


@pytest.mark.parametrize("name", TECHNIQUES)
def test_techniques(name, translated):
    found = translated({"linear": True, "linear_technique": name})
    assert bool(found.warnings) == (name in ("thresholding", "binary_and_multiclass"))


# -- what is said ---------------------------------------------------------------------------------------------------


def test_lines_and_order(tmp_path):
    file = tmp_path / "a.yml"
    file.write_text(
        "training_file: train.txt\nshuffle: false\nmodel_name: KimCNN\nlearning_rat: 0.1\nembed_file: v.txt\n"
        "network_config:\n  filter_sizes: [2]\n  embed_dropuot: 0.1\n  rnn_dim: 3\nsilent: true\nepochs: 3\nepochs: 4\n"
    )
    found = translate(file)
    assert found.warnings == (
        f"{file}:2: shuffle: has no counterpart: documents come in another order in every epoch",
        f"{file}:4: learning_rat: unknown key 'learning_rat', did you mean 'learning_rate'?",
        f"{file}:8: network_config.embed_dropuot: unknown key 'embed_dropuot', did you mean 'embed_dropout'?",
        f"{file}:9: network_config.rnn_dim: KimCNN has no such option",
        f"{file}:12: epochs: stands twice; the last one counts",
    )
    assert found.notes == (f"{file}:10: silent: --quiet of every command",)
    assert found.values["model"]["train"]["epochs"] == 4


def test_a_plain_file_has_no_warnings(translated):
    for values in BASES.values():
        assert translated({**values, "seed": 1}).warnings == ()
    assert "pretrained weights" in translated({"model_name": "BERT"}).warnings[0]


@pytest.mark.parametrize(
    ("space", "value"),
    [
        (["grid_search", [0.3, 0.1]], 0.3),
        (["grid_search", [[2, 4], [8]]], [2, 4]),
        (["choice", ["a", "b"]], "a"),
        (["uniform", 0.2, 0.8], 0.5),
        (["quniform", 1, 4, 1], 2),
        (["loguniform", 0.01, 1], 0.1),
        (["qloguniform", 1, 100, 5], 10),
        (["randn", 3, 1], 3),
        (["qrandn", 3.2, 1, 1], 3),
        (["randint", 2, 9], 5),
        (["qrandint", 2, 9, 2], 4),
    ],
)
def test_search_spaces(space, value):
    assert one_of(space) == (pytest.approx(value), space[0])
    for broken in ([space[0], None], [space[0], *space[1:], 1, 2, 3], [space[0], {}]):
        with pytest.raises(ValueError, match="is no search space"):
            one_of(broken)


def test_no_search_space():
    for value in (["P@1", "P@3"], [2, 4], "uniform", ["grid_search"], None):
        assert one_of(value) == (value, None)


def test_spaces_are_named_with_what_is_taken(translated):
    values = {"learning_rate": ["grid_search", [0.3, 0.1]], "network_config": {"rnn_dim": ["choice", [8, 16]]}}
    found = translated({**BASES["words"], **values})
    assert [line.split(": ", 1)[1] for line in found.warnings] == [
        "learning_rate: a search space (grid_search), and there is no search of hyper-parameters: 0.3 is taken",
        "network_config.rnn_dim: a search space (choice), and there is no search of hyper-parameters: 8 is taken",
    ]
    assert found.values["model"]["encoder"]["hidden_dim"] == 8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such configuration file"),
        ("- a\n- b\n", "expected a mapping"),
        ("a: [\n", "not valid YAML"),
        ("model_name: KimCNN\n", r"training_file: names no training documents \(training_file: data/train.txt\)"),
        ("training_file: a\n", r"model_name: names no network \(known are KimCNN, .*; or linear: true\)"),
        ("training_file: a\nmodel_name: KimCN\n", ":2: model_name: unknown network 'KimCN', did you mean 'KimCNN'"),
        ("training_file: 3\nmodel_name: KimCNN\n", ":1: training_file: expected a string, got 3"),
        ("training_file: a\nmodel_name: KimCNN\n", "filter_sizes: expected a list of whole numbers, got None"),
        ("training_file: a\nmodel_name: CAML\nnetwork_config: 3\n", ":3: network_config: expected a mapping"),
        ("training_file: a\nmodel_name: BERT\nepochs: many\n", ":3: epochs: expected a whole number, got 'many'"),
        ("training_file: a\nmodel_name: BERT\nval_size: x\n", ":3: val_size: expected a number, got 'x'"),
        ("training_file: a\nmodel_name: BERT\nval_size: 1.5\n", ":3: val_size: a share lies below 1"),
        ("training_file: a\nmodel_name: BERT\ncpu: 3\n", ":3: cpu: expected true or false, got 3"),
        ("training_file: a\nmodel_name: BERT\nval_metric: P@x\n", ":3: val_metric: metric 'P@x': P needs a cut"),
        ("training_file: a\nmodel_name: BERT\nmonitor_metrics: 3\n", ":3: monitor_metrics: expected a list"),
        ("training_file: a\nmodel_name: BERT\nscheduler_config: 3\n", ":3: scheduler_config: expected a mapping"),
        ("training_file: a\nmodel_name: BERT\nepochs: [choice, 3]\n", ":3: epochs: choice .* is no search space"),
        ("training_file: a\nlinear: true\ndata_format: csv\n", ":3: data_format: unknown format 'csv'"),
        ("training_file: a\nlinear: true\nlinear_technique: ovr\n", ":3: linear_technique: unknown technique"),
        ("training_file: a\nlinear: true\nliblinear_options: -s 11\n", ":3: liblinear_options: -s 11: expected one"),
        ("training_file: a\nlinear: true\nliblinear_options: -C -s 1\n", ":3: liblinear_options: -C is refused"),
        ("training_file: a\nlinear: true\nliblinear_options: -s\n", ":3: liblinear_options: expected an option and"),
    ],
)
def test_mistakes_are_one_line(text, message, tmp_path):
    file = tmp_path / "theirs.yml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        translate(file)
    assert str(caught.value).startswith(str(file))


def test_values_that_cannot_be_are_refused_as_anywhere(translated):
    with pytest.raises(ConfigMistakes, match=r"theirs.yml: model.train.epochs: .* greater than or equal to 1, got 0"):
        translated({**BASES["words"], "epochs": 0})


# -- what comes out trains ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Documents as LibMultiLabel keeps them, and word vectors."""
    folder = tmp_path_factory.mktemp("theirs")
    parts = generate_corpus(GeneratorConfig(documents=150, labels=12, words_per_document=10.0, test_share=0.2))
    for name, corpus in zip(("train", "test"), parts, strict=True):
        write_corpus(corpus, folder / f"{name}.txt", "libmultilabel")
    words = sorted({word for text in parts[0].texts for word in text.lower().split()})
    lines = [f"{word} {number % 7 - 3} {number % 5 - 2} 0.5 1" for number, word in enumerate(words)]
    (folder / "vectors.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "labels.txt").write_text("\n".join(reversed(parts[0].labels.names)) + "\n", encoding="utf-8")
    rows = [f"{number % 3},{number % 5} 1:{number % 3} {number % 5 + 3}:0.5" for number in range(40)]
    for name in ("train.svm", "test.svm"):
        (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


NETWORK = {
    "embed_file": "vectors.txt", "epochs": 1, "batch_size": 16, "seed": 1337, "test_file": "test.txt", "cpu": True,
    "learning_rate": 0.01, "val_size": 20, "monitor_metrics": ["P@1", "Micro-F1"], "val_metric": "nDCG@3",
}  # fmt: skip
SMALL = {
    "KimCNN": {"filter_sizes": [2, 4], "num_filter_per_size": 4},
    "XMLCNN": {"filter_sizes": [2, 4], "num_filter_per_size": 4, "hidden_dim": 8},
    "CAML": {"filter_sizes": [3], "num_filter_per_size": 4},
    "CNNLWAN": {"filter_sizes": [2, 4], "num_filter_per_size": 4},
    "BiGRULWAN": {"rnn_dim": 8},
    "BiLSTMLWAN": {"rnn_dim": 8, "rnn_layers": 2},
    "BiLSTMLWMHAN": {"rnn_dim": 8},
    "AttentionXML": {"rnn_dim": 8, "linear_size": [8, 4], "freeze_embed_training": True},
}


def test_all_networks_that_read_words_are_tried():
    assert set(SMALL) == set(NETWORKS) - {"BERT", "BERTAttention"}


@pytest.mark.parametrize("name", SMALL)
def test_networks_train(name, folder, tmp_path, translated):
    found = translated({"model_name": name, "network_config": SMALL[name], **NETWORK}, data_root=str(folder))
    check(found, tmp_path)
    history = (tmp_path / "run" / "history.jsonl").read_text()
    assert '"validation_documents": 20' in history


@pytest.mark.parametrize(
    "values",
    [
        {"test_file": "test.txt", "liblinear_options": "-s 1 -B 1 -e 0.0001 -q"},
        {"test_file": "test.txt", "label_file": "labels.txt", "linear_technique": "cost_sensitive_micro"},
        {"test_file": "test.txt", "linear_technique": "tree", "tree_degree": 4},
        {"training_file": "train.svm", "test_file": "test.svm", "data_format": "svm", "monitor_metrics": ["Macro-F1"]},
    ],
)
def test_linear_models_train(values, folder, tmp_path, translated):
    check(translated({"linear": True, **values}, data_root=str(folder)), tmp_path)


def check(found, tmp_path):
    """The text that is printed is a configuration, and it trains."""
    file = tmp_path / "ours.yaml"
    file.write_text(found.to_yaml(), encoding="utf-8")
    assert file.read_text().startswith("# From theirs.yml of LibMultiLabel. ")
    run = train_run(read_config(file, ["evaluate.n_bootstrap=0"]), tmp_path / "run")
    metrics = (run.path / "metrics.json").read_text()
    assert all(f'"{name}"' in metrics for name in found.values["evaluate"]["metrics"])
