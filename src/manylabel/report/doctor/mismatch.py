"""Near perfect in training and near nothing in the test: more than overfitting."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from manylabel.core.errors import InputError
from manylabel.core.finding import Finding
from manylabel.report.doctor.baselines import commonest_share
from manylabel.report.doctor.examined import CannotLookError, Examined
from manylabel.report.doctor.gaps import ASKED_NOW, RANKING, Gap, far_apart
from manylabel.report.doctor.renaming import hits_if_renamed, hits_if_shifted
from manylabel.report.doctor.settings import fit_less
from manylabel.report.doctor.twins import twins
from manylabel.report.doctor.vocabulary import stored_tfidf
from manylabel.report.doctor.wording import count, percent
from manylabel.text.tfidf import Tfidf

_FINE = 0.6
_FEW_KNOWN = 0.5
_FEW_SHARED_LABELS = 0.5
_MANY_UNSEEN = 0.2
_DISTANT = 0.5


def mismatch(examined: Examined) -> list[Finding]:
    """Look for what makes training and test two different things, in the order in which a person should.

    Learning by heart costs some tens of points, hardly ever nearly all of them. Looked at are: labels that lie beside
    their texts (rows shifted), labels under other names or numbers, texts that were prepared otherwise, equal texts
    with other labels, and labels that are distributed otherwise.
    """
    gap = far_apart(examined)
    if gap is None:
        return []
    evidence: dict[str, object] = {f"{gap.metric} in training": gap.train, f"{gap.metric} outside": gap.test}
    good = examined.measured.evaluation.values[RANKING]
    if gap.other != ASKED_NOW and good > _FINE * gap.train:
        return [_only_in_the_curves(gap, good, evidence)]
    causes = list(_causes(examined, gap, evidence))
    if causes:
        why, settings = " ".join(causes), ()
        advice = "Mend the data first; no setting of the model will. Then train again and look at the gap that is left."
    else:
        settings = fit_less(examined)
        why = (
            "Labels lie with their texts, under the same names, in texts of the same words, so what is left is "
            f"learning by heart: there are {count(examined.n_training, 'training document')} for "
            f"{count(len(examined.labels), 'label')}."
        )
        advice = (
            "Is the test of another time or source than the training? Split at random once, to see whether the gap "
            "stays. Then regularise, collect more documents, or take fewer labels."
        )
    return [
        Finding(
            "mismatch",
            "serious",
            f"{gap.metric} is {percent(gap.train)} on training documents and {percent(gap.test)} on {gap.other}; "
            "learning by heart alone hardly ever does that.",
            why,
            advice,
            settings=settings,
            evidence=evidence,
        )
    ]


def _only_in_the_curves(gap: Gap, good: float, evidence: dict[str, object]) -> Finding:
    """The saved model is fine on the test part: then it is the validation that is not."""
    evidence["P@1 of the saved model on the test part"] = good
    return Finding(
        "mismatch",
        "warning",
        f"{gap.metric} is {percent(gap.train)} on training documents and {percent(gap.test)} on {gap.other}, but the "
        f"saved model, asked now, has a P@1 of {percent(good)} on the test part.",
        "So the model is sound, and its validation is not: those documents are read or measured in another way than "
        "the others (labels in another order, texts prepared by another tokenizer, rows that lie one apart, a model "
        "that was left in training mode), and early stopping by them is chance.",
        "Measure the saved model on the validation documents (manylabel evaluate RUN FILE). If that is good, look at "
        "how the training measures; if it is bad, at the documents: manylabel doctor RUN --data FILE.",
        evidence=evidence,
    )


def _causes(examined: Examined, gap: Gap, evidence: dict[str, object]) -> Iterator[str]:
    yield from _misplaced(examined, gap, evidence)
    yield from _other_texts(examined, evidence)
    yield from _contradicting_twins(examined, evidence)
    yield from _other_labels(examined, evidence)


def _misplaced(examined: Examined, gap: Gap, evidence: dict[str, object]) -> Iterator[str]:
    """Labels of other rows, or under other names."""
    part = examined.measured
    now = float(part.hit_at_1[part.labelled].mean())
    common = commonest_share(part)
    enough = max(now + 0.1, common + 0.05, 0.5 * gap.train)
    shift, hits = hits_if_shifted(part)
    evidence["P@1 if labels belonged to a neighbouring row"] = hits
    if hits >= enough:
        rows = count(abs(shift), "row")
        yield f"The labels of the test part are shifted by {rows}: with that undone, P@1 is {percent(hits)}."
        return
    evidence["P@1 if labels were renamed"] = renamed = hits_if_renamed(part)
    if renamed >= enough:
        yield (
            f"The labels of the test part mean something else than those of training: with every label renamed to the "
            f"one it goes with, P@1 is {percent(renamed)}. Labels were numbered anew, or sorted otherwise, in one part."
        )


def _other_texts(examined: Examined, evidence: dict[str, object]) -> Iterator[str]:
    """How many of the test part's words training has, each counted as often as it is met in documents."""
    tfidf = stored_tfidf(examined)
    try:
        theirs = examined.texts(examined.measured.corpus)
    except CannotLookError:
        return
    if tfidf is None:
        return
    config = tfidf.config.with_values(min_df=1, max_df=1.0, max_features=None)
    if config.ngram_range is not None:  # longer ones are mostly new, in any text
        config = config.with_values(ngram_range=(config.ngram_range[0], config.ngram_range[0]))
    try:
        own_words = Tfidf(config).fit(theirs)
    except InputError:
        yield "The texts of the test part hold no words."
        return
    terms = own_words.get_feature_names_out()
    frequency = np.exp(1.0 - own_words.idf) if own_words.config.smooth_idf else np.exp(-own_words.idf)
    known = np.isin(terms, tfidf.get_feature_names_out())
    evidence["share of the test part's words that training knows"] = share = float(
        (frequency * known).sum() / frequency.sum()
    )
    if share < _FEW_KNOWN:
        yield (
            f"Only {percent(share)} of the words of the test part are known from training: another language, another "
            "field of the data, or texts that were prepared otherwise (stemmed, cut, encoded)."
        )


def _contradicting_twins(examined: Examined, evidence: dict[str, object]) -> Iterator[str]:
    """Equal texts in both parts should have equal labels."""
    try:
        training = examined.training_corpus()
        twin = twins(examined.measured.corpus, training)
    except CannotLookError:
        return
    rows = np.flatnonzero(twin >= 0)
    if len(rows) < 5:
        return
    n_labels = len(examined.labels)
    ours = examined.measured.truth[rows]
    theirs = training.positives[twin[rows]][:, :n_labels]
    overlap = np.diff(ours.multiply(theirs).tocsr().indptr) > 0
    evidence["equal texts in both parts"] = len(rows)
    evidence["of these with a label in common"] = share = float(overlap.mean())
    if share < _FEW_SHARED_LABELS:
        yield (
            f"{count(len(rows), 'text')} stand in both parts, and only {percent(share)} of them have a label in "
            "common: in one of the parts labels do not lie with their texts."
        )


def _other_labels(examined: Examined, evidence: dict[str, object]) -> Iterator[str]:
    """Labels that training never saw, or saw far more or less often."""
    n_labels = len(examined.labels)
    counts = np.bincount(examined.measured.corpus.positives.indices, minlength=n_labels).astype(np.float64)
    known = np.zeros(len(counts))
    known[:n_labels] = examined.counts
    unseen = float(counts[known == 0].sum() / counts.sum())
    evidence["share of the test labels that training never saw"] = unseen
    if unseen > _MANY_UNSEEN:
        yield (
            f"{percent(unseen)} of the labels given in the test part were never seen in training: another label file, "
            "or names written otherwise."
        )
        return
    distance = float(0.5 * np.abs(counts / counts.sum() - known / known.sum()).sum())
    evidence["distance of the label frequencies, 0 to 1"] = distance
    if distance > _DISTANT:
        yield (
            f"Labels have other frequencies in the two parts (distance {distance:.2f} of at most 1): the split is not "
            "random, or one part is sorted."
        )
