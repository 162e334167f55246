"""Label texts as training documents."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from manylabel.core.corpus import Corpus


def with_label_texts(corpus: Corpus) -> Corpus:
    """A corpus with one more document for each label that has a text: text and alternative names, and that label.

    The augmentation with published evidence for large label spaces: a label with hardly any document gets one that says
    what it is. LEVER (Buvanesh et al., Enhancing Tail Performance in Extreme Classifiers by Label Variance Reduction,
    ICLR 2024) adds to each also the nearest labels by a teacher, which are left out here; Renee (Jain et al., MLSys
    2023) adds the label alone.

    Args:
        corpus: training documents. Not for others: a test document is not to be a label's text.

    Returns:
        The documents, then those of the labels in label order, over the same label space, whose counts stay those of
        real documents. Ids of the new ones are ``label:NAME`` where documents have ids, and their fields are empty. The
        corpus itself where no label has a text.
    """
    from scipy.sparse import csr_matrix, vstack

    labels = corpus.labels
    known = labels.texts if labels.texts is not None else [None] * len(labels)
    rows = [label for label, text in enumerate(known) if text and text.strip()]
    if not rows:
        return corpus
    alternatives = labels.alternatives or [()] * len(labels)
    added = [", ".join(dict.fromkeys([labels.text_of(label), *alternatives[label]])) for label in rows]
    pairs = csr_matrix(
        (np.ones(len(rows), dtype=bool), np.array(rows, np.int32), np.arange(len(rows) + 1)),
        shape=(len(rows), len(labels)),
    )
    ids = None
    if corpus.ids is not None:
        ids = [*corpus.ids, *_new_ids([labels.names[label] for label in rows], set(corpus.ids))]
    return replace(
        corpus,
        texts=[*corpus.texts, *added],
        positives=csr_matrix(vstack([corpus.positives, pairs], format="csr"), dtype=bool),
        ids=ids,
        fields={name: [*column, *[""] * len(rows)] for name, column in corpus.fields.items()},
    )


def _new_ids(names: list[str], taken: set[str]) -> list[str]:
    """``label:NAME`` for each name, all with one more ``label:`` in front as long as one of them is taken."""
    prefix = "label:"
    while any(prefix + name in taken for name in names):
        prefix += "label:"
    return [prefix + name for name in names]
