"""One term that decides a label."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.report.doctor.examined import Examined
from manylabel.report.doctor.wording import count, listed, percent
from manylabel.text.tfidf import Tfidf
from manylabel.text.tfidf_config import TfidfConfig

_SAMPLE = 20_000
_SURE = 0.98
_FOUND = 0.9
_FEWEST = 20
_MUCH = 0.02
_MOST_EXAMPLES = 5


def deciding_term(examined: Examined) -> list[Finding]:
    """Find terms that stand in at least 90 % of a label's training documents and in hardly any other.

    A word that says so much about a label is often its own name, which is as it should be, and sometimes an id, a code,
    or a field that was made from the labels. Labels with at least 20 documents are looked at, in a sample of 20,000.
    """
    corpus = examined.training_corpus()
    texts = examined.texts(corpus)
    rows = np.arange(len(texts))
    if len(rows) > _SAMPLE:
        rows = np.sort(np.random.default_rng(0).choice(len(rows), _SAMPLE, replace=False))
    if len(rows) < _FEWEST:
        return []
    config = TfidfConfig(min_df=_FEWEST // 2, use_idf=False, norm=None, token_pattern=r"(?u)\b\w+\b", analyzer="word")
    tfidf = Tfidf(config)
    present = tfidf.fit_transform([texts[i] for i in rows.tolist()])
    present.data[:] = 1.0
    truth = corpus.positives[rows].astype(np.float32)
    of_label, of_term = np.asarray(truth.sum(axis=0)).ravel(), np.asarray(present.sum(axis=0)).ravel()
    together = (truth.T @ present).tocoo()
    sure, found = together.data / of_term[together.col], together.data / of_label[together.row]
    decides = (sure >= _SURE) & (found >= _FOUND) & (of_label[together.row] >= _FEWEST)
    if not decides.any():
        return []
    return _told(examined, tfidf, together.row[decides], together.col[decides], of_label)


def _told(
    examined: Examined, tfidf: Tfidf, labels: np.ndarray, columns: np.ndarray, of_label: np.ndarray
) -> list[Finding]:
    terms, space = tfidf.get_feature_names_out(), examined.labels
    met = list(zip(labels.tolist(), [str(terms[i]) for i in columns.tolist()], strict=True))
    foreign = [
        (label, term) for label, term in met if not _is_name(term, str(space.names[label]), space.text_of(label))
    ]
    if not foreign:
        return []
    decided = sorted({label for label, _ in foreign}, key=lambda label: -of_label[label])
    share = float(of_label[decided].sum() / of_label.sum())
    by_label = {label: [term for other, term in foreign if other == label] for label in decided}
    return [
        Finding(
            "deciding-term",
            "warning" if share >= _MUCH else "note",
            f"{count(len(decided), 'label')} can be told from a single term that is not their name: "
            f"{listed([f'{space.names[label]} by {by_label[label][0]!r}' for label in decided], 3)}.",
            "A term that stands in nearly all documents of a label and in no others may be an id, a code or a heading "
            f"that was made from the labels: then these {percent(share)} of all labels given are worth nothing on "
            "documents without it.",
            "Read two of these documents. If the term would not be there in use, take it out of the texts and train "
            "again; if it is the subject's own word, all is well.",
            evidence={"labels": len(decided), "share of all labels given": share},
            examples=[
                {"label": space.names[label], "documents": int(of_label[label]), "terms": by_label[label][:3]}
                for label in decided[:_MOST_EXAMPLES]
            ],
        )
    ]


def _is_name(term: str, *names: str) -> bool:
    """The term is part of a name, or the other way round, ignoring case and endings."""
    stem = term[: max(4, len(term) - 3)]
    return any(stem in name.casefold() for name in names)
