"""The vocabulary of a run, as it is stored and as its training texts make it."""

from __future__ import annotations

import numpy as np

from manylabel.core.arrays import without_prefix
from manylabel.report.doctor.examined import Examined
from manylabel.text.tfidf import Tfidf
from manylabel.text.tfidf_config import TfidfConfig

_FILES = ("model.safetensors", "fused.safetensors")


def stored_tfidf(examined: Examined) -> Tfidf | None:
    """The TF-IDF features that the run stores; None for a model without them."""
    config = getattr(examined.run.config.model, "features", None)
    directory = examined.run.directory
    for name in _FILES:
        if name in directory and isinstance(config, TfidfConfig):
            arrays = without_prefix("tfidf", directory.read_arrays(name))
            if arrays:
                return Tfidf.from_arrays(config, arrays)
    return None


def stored_vocabulary(examined: Examined) -> np.ndarray | None:
    """Terms in the order of their columns; None for a model without them."""
    tfidf = stored_tfidf(examined)
    return None if tfidf is None else np.asarray(tfidf.get_feature_names_out())


def trained_vocabulary(examined: Examined) -> np.ndarray:
    """Terms in the order of their columns, learnt again from the training texts.

    Raises:
        CannotLookError: there are no training texts.
    """
    config = examined.run.config.model.features
    texts = examined.texts(examined.training_corpus())
    return np.asarray(Tfidf(config).fit(texts).get_feature_names_out())
