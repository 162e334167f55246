"""What becomes of each key that LibMultiLabel's configurations have, with the default of its command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

WORDS, TRANSFORMER, ATTENTION_XML = "a network that reads words", "a transformer", "AttentionXML"
LINEAR, TREE = "a linear model", "a tree of linear models"

_NETWORKS = (WORDS, TRANSFORMER, ATTENTION_XML)
_LINEAR = (LINEAR, TREE)
_ALL = (*_NETWORKS, *_LINEAR)


@dataclass(frozen=True)
class Key:
    """One key.

    Attributes:
        default: what LibMultiLabel takes where it is not given.
        becomes: our keys for it; empty if it is left out.
        instead: what takes the place of a key that is left out, or why nothing does.
        lost: leaving it out changes what is learned or done, where it is not at its default: that is a warning.
        read_by: the models for which LibMultiLabel reads it.
    """

    default: Any = None
    becomes: str = ""
    instead: str = ""
    lost: bool = False
    read_by: tuple[str, ...] = _ALL


def _dropped(instead: str, default: Any = None, read_by: tuple[str, ...] = _ALL) -> Key:
    return Key(default, instead=instead, read_by=read_by)


def _lost(instead: str, default: Any = None, read_by: tuple[str, ...] = _ALL) -> Key:
    return Key(default, instead=instead, lost=True, read_by=read_by)


def _for(read_by: tuple[str, ...], becomes: str, default: Any = None) -> Key:
    return Key(default, becomes, read_by=read_by)


_PREDICT = "manylabel predict RUN DATA --k K --output FILE writes predictions, after training"
_PART = "all documents are read; manylabel data split makes smaller files"
_SEARCH = "there is no search of hyper-parameters"
_TRAIN, _ENCODER, _HEAD = "model.train", "model.encoder", "model.head"

KEYS: dict[str, Key] = {
    # data
    "training_file": Key(becomes="data.train"),
    "val_file": _for(_NETWORKS, "data.validation"),
    "test_file": Key(becomes="data.test"),
    "label_file": Key(becomes="data.labels, data.unknown_labels: drop"),
    "data_format": _for(_LINEAR, "data.format", "txt"),
    "val_size": _for(_NETWORKS, f"{_TRAIN}.validation", 0.2),
    "merge_train_val": _for(_NETWORKS, f"{_TRAIN}.validation: 0, {_TRAIN}.early_stopping: null", False),
    "include_test_labels": Key(False, "data.unknown_labels: keep, or drop"),
    "remove_no_label_data": _lost("documents without labels are learned from: take them out of the file", False),
    "limit_train_batches": _lost(_PART, 1.0, _NETWORKS),
    "limit_val_batches": _lost(_PART, 1.0, _NETWORKS),
    "limit_test_batches": _lost(_PART, 1.0, _NETWORKS),
    "data_name": _dropped("--run names the run"),
    # words and tokens
    "min_vocab_freq": _for((WORDS, ATTENTION_XML), f"{_ENCODER}.min_count", 1),
    "max_seq_length": _for(_NETWORKS, f"{_ENCODER}.max_length", 500),
    "vocab_file": _lost("the words are those of the training texts", None, (WORDS, ATTENTION_XML)),
    "embed_file": _for((WORDS, ATTENTION_XML), f"{_ENCODER}.embeddings.vectors"),
    "embed_cache_dir": _dropped(f"{_ENCODER}.embeddings.vectors names the file itself", None, (WORDS, ATTENTION_XML)),
    "normalize_embed": _lost("scale the vectors in their file", False, (WORDS, ATTENTION_XML)),
    "add_special_tokens": _lost("a transformer always gets its special tokens", True, (TRANSFORMER,)),
    # the model
    "linear": Key(False, "model.kind"),
    "model_name": _for(_NETWORKS, f"model.kind, {_ENCODER}.kind, {_HEAD}.kind"),
    "network_config": _for(_NETWORKS, f"{_ENCODER}, {_HEAD}"),
    "init_weight": _dropped(
        "layers begin as suits each of them, scores at how frequent labels are (model.initial_bias)",
        "kaiming_uniform",
        (WORDS, TRANSFORMER),
    ),
    "loss_function": _for(_NETWORKS, "model.loss", "binary_cross_entropy_with_logits"),
    "seed": Key(becomes="model.seed"),
    "cluster_size": _for((ATTENTION_XML,), "model.clustering.cluster_size", 8),
    "beam_width": _for((ATTENTION_XML, TREE), "model.beam_width", 10),
    "linear_technique": _for(_LINEAR, "model.kind, model.cost_search", "1vsrest"),
    "liblinear_options": _for(_LINEAR, "model.solver"),
    "tree_degree": _for((TREE,), "model.tree.branching, model.tree.leaf_size", 100),
    "tree_max_depth": _lost("depth follows from branching and leaf_size", 10, (TREE,)),
    "tree_ensemble_models": _for((TREE,), "model.trees", 1),
    # training
    "epochs": _for(_NETWORKS, f"{_TRAIN}.epochs", 10000),
    "batch_size": _for(_NETWORKS, f"{_TRAIN}.batch_size", 16),
    "optimizer": _for(_NETWORKS, f"{_TRAIN}.optim", "adam"),
    "learning_rate": _for(_NETWORKS, f"{_TRAIN}.learning_rate", 1e-4),
    "weight_decay": _for(_NETWORKS, f"{_TRAIN}.weight_decay", 0),
    "momentum": _for(_NETWORKS, f"{_TRAIN}.momentum, with sgd", 0.9),
    "lr_scheduler": _for(_NETWORKS, f"{_TRAIN}.lr_scheduler_type"),
    "scheduler_config": _for(_NETWORKS, f"{_TRAIN}.plateau_factor, {_TRAIN}.plateau_patience"),
    "patience": _for(_NETWORKS, f"{_TRAIN}.early_stopping.patience", 5),
    "val_metric": _for(_NETWORKS, f"{_TRAIN}.early_stopping.metric", "P@1"),
    "early_stopping_metric": _for(_NETWORKS, f"{_TRAIN}.early_stopping.metric, where it is val_metric too"),
    "shuffle": _lost("documents come in another order in every epoch", True, _NETWORKS),
    "cpu": _for(_NETWORKS, f"{_TRAIN}.device", False),
    "checkpoint_path": _lost("its weights cannot be read: training begins anew"),
    "eval": _lost("this trains; manylabel evaluate RUN DATA measures a finished run", False),
    # measuring
    "monitor_metrics": Key(("P@1", "P@3", "P@5"), "evaluate.metrics, evaluate.k"),
    "metric_threshold": _for(_NETWORKS, "evaluate.threshold", 0.5),
    "eval_batch_size": _dropped("prediction finds the size of its batches itself", 256),
    "save_k_predictions": _dropped(_PREDICT, 0),
    "save_positive_predictions": _dropped(_PREDICT, False, _LINEAR),
    "predict_out_path": _dropped(_PREDICT, "./predictions.txt"),
    # running
    "result_dir": _dropped("--run names the run", "./runs"),
    "silent": _dropped("--quiet of every command", False),
    "data_workers": _dropped("texts are read once, before the first epoch", 4, _NETWORKS),
    "config": _dropped("it is the file itself"),
    # search_params.py
    "search_alg": _lost(_SEARCH, None, _NETWORKS),
    "num_samples": _lost(_SEARCH, None, _NETWORKS),
    "scheduler": _lost(_SEARCH, None, _NETWORKS),
    "cpu_count": _lost(_SEARCH, None, _NETWORKS),
    "gpu_count": _lost(_SEARCH, None, _NETWORKS),
    "no_retrain": _lost(_SEARCH, None, _NETWORKS),
}
"""Keys of ``main.py`` and ``search_params.py``."""

_ONE_HEAD = "a label reads the tokens with one query"

NETWORK_KEYS: dict[str, Key] = {
    "embed_dropout": _for(_NETWORKS, f"{_ENCODER}.embeddings.dropout"),
    "post_encoder_dropout": _for(_NETWORKS, f"{_ENCODER}.dropout; {_HEAD}.dropout of XMLCNN, BERT and BERTAttention"),
    "encoder_dropout": _lost(f"{_ENCODER}.dropout is the same between layers as behind the last one", None, _NETWORKS),
    "rnn_dim": _for(_NETWORKS, f"{_ENCODER}.hidden_dim"),
    "rnn_layers": _for(_NETWORKS, f"{_ENCODER}.layers"),
    "freeze_embed_training": _for(_NETWORKS, f"{_ENCODER}.embeddings.trained"),
    "linear_size": _for(_NETWORKS, f"{_HEAD}.hidden_dims"),
    "filter_sizes": _for(_NETWORKS, f"{_ENCODER}.filter_widths; {_HEAD}.filter_size of CAML"),
    "num_filter_per_size": _for(_NETWORKS, f"{_ENCODER}.filters; {_HEAD}.filters of CAML"),
    "activation": _for(_NETWORKS, f"{_ENCODER}.activation"),
    "num_pool": _for(_NETWORKS, f"{_ENCODER}.chunks"),
    "hidden_dim": _for(_NETWORKS, f"{_HEAD}.hidden_dim"),
    "lm_weight": _for(_NETWORKS, f"{_ENCODER}.model"),
    "lm_window": _for(_NETWORKS, f"{_ENCODER}.window, where max_seq_length is larger"),
    "encoder_hidden_dropout": _for(_NETWORKS, f"{_ENCODER}.dropout"),
    "encoder_attention_dropout": _for(_NETWORKS, f"{_ENCODER}.dropout, where both are the same"),
    "attention_type": _lost(_ONE_HEAD, "singlehead", _NETWORKS),
    "num_heads": _lost(_ONE_HEAD, None, _NETWORKS),
    "labelwise_attention_dropout": _lost(f"{_HEAD}.dropout drops numbers of the states", 0, _NETWORKS),
}
"""Keys below ``network_config``; defaults differ from model to model (:mod:`networks`)."""
