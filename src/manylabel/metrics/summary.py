"""From measured documents to an evaluation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from manylabel.metrics.alignment import Alignment
from manylabel.metrics.batch import LabelFacts
from manylabel.metrics.cells import Cells
from manylabel.metrics.curves import RankedCells
from manylabel.metrics.evaluation import Basis, Evaluation, GroupResult, Interval
from manylabel.metrics.intervals import bootstrap_weights, interval, ones, unit_of
from manylabel.metrics.label_table import LabelTable
from manylabel.metrics.sample import ALL, Sample, Statistics
from manylabel.metrics.settings import Settings
from manylabel.metrics.tally import Tally, columns_of, views_of


@dataclass(frozen=True)
class Conditions:
    """What the measured documents do not tell; the attributes are those of :class:`Basis`."""

    documents_without_labels: int
    dropped_labels: int
    k: int
    label_sets: str
    cut_sets: int


def summarise(
    measured: Tally, alignment: Alignment, facts: LabelFacts, settings: Settings, conditions: Conditions
) -> Evaluation:
    """Values, groups, intervals and label table of measured documents, of which at least one has a label."""
    sample = make_sample(measured, alignment, facts, settings)
    values = sample.statistics(ones(sample.units))
    resampled: Statistics = {}
    if settings.n_bootstrap:
        weights = bootstrap_weights(sample.units, settings.n_bootstrap, settings.seed)
        resampled = {key: found[: settings.n_bootstrap] for key, found in sample.statistics(weights).items()}
    table = _label_table(measured, alignment)
    support = table.support
    groups = {}
    for number, view in enumerate(sample.views[1:]):
        assert facts.group is not None
        member = facts.group[:-1] == number
        documents = np.bincount(measured.truth_rows[member[measured.truth]], minlength=measured.n) > 0
        groups[view] = GroupResult(
            labels=int(member.sum()),
            labels_in_test=int((support[member] > 0).sum()),
            documents=int(documents.sum()),
            positives=int(support[member].sum()),
            values=_values(view, values, sample, defined=bool(documents.any())),
            intervals=_intervals(view, values, resampled, settings, defined=bool(documents.any())),
        )
    unseen = None if alignment.counts is None else (alignment.counts == 0) & (support > 0)
    return Evaluation(
        values={name: float(value or 0.0) for name, value in _values(ALL, values, sample, defined=True).items()},
        intervals=_intervals(ALL, values, resampled, settings, defined=True),
        groups=groups,
        label_table=table,
        basis=Basis(
            documents=measured.n,
            labels=len(alignment.labels),
            labels_in_test=int((support > 0).sum()),
            positives=int(support.sum()),
            unseen_labels=None if unseen is None else int(unseen.sum()),
            unseen_positives=None if unseen is None else int(support[unseen].sum()),
            training_documents=alignment.n_documents,
            **vars(conditions),
        ),
        settings=settings,
        sample=sample,
        truth_sizes=np.bincount(measured.truth_rows, minlength=measured.n),
    )


def make_sample(measured: Tally, alignment: Alignment, facts: LabelFacts, settings: Settings) -> Sample:
    """Measured documents put into the units that are resampled."""
    unit, units = unit_of(measured.n)
    views, columns = views_of(settings), columns_of(settings)
    ratios, counted = iter(_by_unit(measured.denominators, unit, units).T), _by_unit(measured.counted, unit, units)
    denominators = [next(ratios) if own else counted[:, views.index(view)] for view, _, own in columns]
    n_labels = len(alignment.labels)
    group = facts.group[:-1] if facts.group is not None else np.zeros(n_labels, dtype=np.int8)
    trained = np.arange(n_labels) < alignment.n_model if alignment.counts is None else alignment.counts > 0
    truth = Cells(unit[measured.truth_rows], measured.truth)
    ranked = None
    if settings.wants_curves:
        listed = Cells(unit[measured.list_rows], measured.list_labels)
        n_groups = max(1, len(views) - 1)
        ranked = RankedCells(listed, measured.list_scores, measured.list_hits, truth, group, n_groups)
    return Sample(
        units=units,
        views=views,
        metrics=settings.implementations,
        columns=tuple((view, name) for view, name, _ in columns),
        numerators=_by_unit(measured.numerators, unit, units),
        denominators=np.stack(denominators, axis=1) if denominators else np.zeros((units, 0)),
        truth=truth,
        assigned=Cells(unit[measured.set_rows], measured.set_labels),
        correct=measured.set_correct,
        hits=Cells(unit[measured.hit_rows], measured.hit_labels),
        rank=measured.hit_ranks,
        ranked=ranked,
        trained=trained,
        group=group,
    )


def _by_unit(columns: np.ndarray, unit: np.ndarray, units: int) -> np.ndarray:
    """float64 ``[units, columns]`` of ``[n, columns]``, summed over the documents of a unit."""
    from scipy.sparse import csr_matrix

    if units == len(unit):  # then unit_of is the identity
        return columns.astype(np.float64)
    members = csr_matrix((np.ones(len(unit)), (unit, np.arange(len(unit)))), shape=(units, len(unit)))
    return np.asarray(members @ columns)


def _values(view: str, values: Statistics, sample: Sample, *, defined: bool) -> dict[str, float | None]:
    """By metric: 0 for 0/0, but None for all metrics of a group without a true label."""
    found = {}
    for name, _ in sample.metrics:
        value = float(values[view, str(name)][0])
        found[str(name)] = None if not defined else 0.0 if np.isnan(value) else value
    return found


def _intervals(
    view: str, values: Statistics, resampled: Statistics, settings: Settings, *, defined: bool
) -> dict[str, Interval]:
    found: dict[str, Interval] = {}
    for name in map(str, settings.names if defined and resampled else ()):
        ends = interval(float(np.nan_to_num(values[view, name][0])), resampled[view, name], settings.confidence)
        if ends is not None:
            found[name] = ends
    return found


def _label_table(measured: Tally, alignment: Alignment) -> LabelTable:
    n_labels = len(alignment.labels)
    support = np.bincount(measured.truth, minlength=n_labels)
    tp = np.bincount(measured.set_labels[measured.set_correct], minlength=n_labels)
    fp = np.bincount(measured.set_labels[~measured.set_correct], minlength=n_labels)
    return LabelTable(alignment.labels, alignment.counts, tp=tp, fp=fp, fn=support - tp)
