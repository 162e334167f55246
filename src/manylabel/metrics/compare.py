"""Is one run better than another on the same documents? Paired intervals and paired tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from manylabel.core.errors import ConfigError, InputError
from manylabel.metrics.by_frequency import differences_by_frequency
from manylabel.metrics.comparison import Comparison, Difference
from manylabel.metrics.evaluation import Evaluation
from manylabel.metrics.intervals import bootstrap_weights, interval, ones, swaps
from manylabel.metrics.names import parse_metrics
from manylabel.metrics.sample import Sample, Statistics


def compare(
    a: Evaluation,
    b: Evaluation,
    *,
    metrics: Sequence[str] | None = None,
    names: tuple[str, str] = ("a", "b"),
    confidence: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Compare two evaluations of the same documents, in the same order.

    The interval of each difference comes from resamples of the documents, the same for both runs. The p-value comes
    from a randomisation test (Noreen 1989): exchange the two runs' predictions for a random half of the documents,
    compute both metrics again from the mixed predictions as a whole, and count how often the difference is at least as
    large; one is added to the count and to the number of exchanges, so that no p-value is 0. Thus means over documents
    and ratios over the corpus, such as PSP and macro-F1, are tested alike. Areas under curves rank the scores of one
    run across documents, which mixing two runs would spoil: their p-value is taken from the resampled differences,
    centred.

    With more than 16,384 documents, blocks of documents are resampled and exchanged, see
    :func:`~manylabel.metrics.intervals.unit_of`.

    Args:
        a: the first evaluation.
        b: the second evaluation.
        metrics: some of the metrics; by default all that both have.
        names: what to call the two.
        confidence: of the intervals.
        n_resamples: at least 1.
        seed: of resamples and exchanges.

    Raises:
        InputError: documents, labels, training counts or the options that metrics depend on differ, with the reason.
        ConfigError: an option out of range, or a metric that one of them does not have.
    """
    if n_resamples < 1 or seed < 0 or not 0.0 < confidence < 1.0:
        raise ConfigError(f"n_resamples {n_resamples}, seed {seed}, confidence {confidence}: out of range")
    chosen = _common_metrics(a, b, metrics)
    first, second = _paired(a, b)
    first, second = first.restricted(chosen), second.restricted(chosen)
    values = [sample.statistics(ones(sample.units)) for sample in (first, second)]
    weights = bootstrap_weights(first.units, n_resamples, seed)
    resampled = _minus(second.statistics(weights), first.statistics(weights))
    exchanged = _exchanged(first, second, n_resamples, seed)
    found = []
    for view in first.views:
        for name in chosen:
            left, right = (float(np.nan_to_num(side[view, name][0])) for side in values)
            if view != "all" and a.groups[view].values[name] is None:
                continue
            draws = resampled[view, name][:n_resamples]
            by_exchange = (view, name) in exchanged
            other = exchanged[view, name][:n_resamples] if by_exchange else draws - np.nanmean(draws)
            found.append(
                Difference(
                    metric=name,
                    view=view,
                    a=left,
                    b=right,
                    interval=interval(right - left, draws, confidence, (-1.0, 1.0)) or (-1.0, 1.0),
                    p_value=_p_value(right - left, other),
                    test="permutation" if by_exchange else "bootstrap",
                )
            )
    return Comparison(
        tuple(found),
        names,
        a.basis.documents,
        confidence,
        n_resamples,
        seed,
        differences_by_frequency(
            a.label_table, b.label_table, confidence=confidence, n_resamples=n_resamples, seed=seed
        ),
    )


def _exchanged(first: Sample, second: Sample, n_resamples: int, seed: int) -> Statistics:
    """Differences after exchanging the runs in random documents, for all metrics but areas under curves."""
    both = first.joined(second)
    coins = swaps(first.units, n_resamples, seed)
    stay, change = 1 - coins, coins
    mixed_first = both.statistics(np.concatenate([stay, change], axis=1), curves=False)
    mixed_second = both.statistics(np.concatenate([change, stay], axis=1), curves=False)
    return _minus(mixed_second, mixed_first)


def _minus(left: Statistics, right: Statistics) -> Statistics:
    return {key: left[key] - right[key] for key in left}


def _p_value(difference: float, drawn: np.ndarray) -> float:
    # Sums in another order differ by rounding; a draw that equals the difference must count as one that reaches it.
    reached = np.abs(np.nan_to_num(drawn)) >= abs(difference) - 1e-12
    return float((1 + reached.sum()) / (1 + len(drawn)))


def _common_metrics(a: Evaluation, b: Evaluation, metrics: Sequence[str] | None) -> list[str]:
    common = [name for name in a.values if name in b.values]
    if metrics is None:
        if not common:
            raise ConfigError("the two evaluations have no metric in common")
        return common
    wanted = [str(name) for name in parse_metrics(metrics)]
    missing = [name for name in wanted if name not in common]
    if missing:
        raise ConfigError(f"{', '.join(missing)}: not in both evaluations, which share {', '.join(common)}")
    return wanted


def _paired(a: Evaluation, b: Evaluation) -> tuple[Sample, Sample]:
    """The samples of both over the same labels in the same order.

    Raises:
        InputError: the evaluations cannot be compared.
    """
    for name in ("propensity_a", "propensity_b", "cuts", "groups", "empty"):
        left, right = getattr(a.settings, name), getattr(b.settings, name)
        if left != right:
            raise InputError(f"the evaluations were made with {name} = {left} and {right}", remedy="use the same")
    second = _in_order_of(a, b)
    if len(a.truth_sizes) != len(b.truth_sizes):
        raise InputError(
            f"the evaluations are of {len(a.truth_sizes)} and {len(b.truth_sizes)} documents",
            remedy="evaluate both runs on the same documents",
        )
    differing = _first_difference(a.truth_sizes, a.sample.truth.label, b.truth_sizes, second.truth.label)
    if differing is not None:
        raise InputError(
            f"the evaluations are of different documents, or of the same in another order: the true labels of document "
            f"{differing} differ",
            remedy="evaluate both runs on the same documents in the same order",
        )
    return a.sample, second


def _first_difference(
    sizes: np.ndarray, labels: np.ndarray, other_sizes: np.ndarray, other_labels: np.ndarray
) -> int | None:
    """The first document whose true labels differ, given their numbers and, one after the other, the labels."""
    if not np.array_equal(sizes, other_sizes):
        return int(np.flatnonzero(sizes != other_sizes)[0])
    rows = np.repeat(np.arange(len(sizes)), sizes)
    # In another order of the label space the labels of a document stand in another order.
    unequal = labels[np.lexsort((labels, rows))] != other_labels[np.lexsort((other_labels, rows))]
    return int(rows[unequal][0]) if unequal.any() else None


def _in_order_of(a: Evaluation, b: Evaluation) -> Sample:
    """The sample of b over the label order of a."""
    ours, theirs = a.label_table.labels, b.label_table.labels
    foreign = next((name for name in theirs.names if name not in ours), None)
    if foreign is None and len(ours) != len(theirs):
        foreign = next(name for name in ours.names if name not in theirs)
    if foreign is not None:
        raise InputError(
            f"the label spaces differ: {len(ours)} and {len(theirs)} labels, {foreign!r} is in one only",
            remedy="compare runs trained on the same labels",
        )
    mapping = np.fromiter((ours.index(name) for name in theirs.names), np.int32, len(theirs))
    left, right = a.label_table.training, b.label_table.training
    same = (left is None) == (right is None)
    if left is not None and right is not None:
        same = np.array_equal(left[mapping], right) and a.basis.training_documents == b.basis.training_documents
    if not same:
        raise InputError(
            "the runs were trained on different documents: their labels have different training counts, on which "
            "groups, propensities and macro averages rest",
            remedy="give both predictions a label space with the same counts",
        )
    return b.sample if np.array_equal(mapping, np.arange(len(mapping))) else b.sample.relabelled(mapping)
