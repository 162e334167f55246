"""What each part of the fused model adds: sources are trained once, then only rankers are fitted and measured.

Candidates of the test part are gathered once, those of training documents once for each number of folds. The rankers
of all variants learn from these and are measured on the test part.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from manylabel.combine import RANKERS, SOURCES
from manylabel.combine.candidates import Candidates, gather
from manylabel.combine.cross_fit import fit_sources, judge
from manylabel.combine.label_facts import LabelFacts
from manylabel.combine.ranker import Judged
from manylabel.combine.ranking import hold_out, learn_to_rank
from manylabel.combine.selection import best_candidates
from manylabel.combine.source import Documents, Query, Source
from manylabel.core.stages import Stages
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.groups import GROUPS, groups_of
from manylabel.metrics.settings import Settings
from manylabel.models.features import Features
from manylabel.models.fused_config import FusedConfig
from peers.texts import read_data
from turns import say

FOLDS = (2, 3, 5, 10)
DOCUMENTS = (2000, 5000)
RARE_WEIGHTS = (0.5, 1.0)
OTHER_RANKERS = ("boosted", "listwise", "logistic", "reciprocal")
METRICS = ("P@1", "P@5", "PSP@5", "nDCG@5", "micro-F1", "macro-F1")
SETTINGS = Settings(metrics=(*METRICS, "R@10"), n_bootstrap=0)
_K = 10
_BATCH = 4096


@dataclass(frozen=True)
class Variant:
    """A way to configure the ranking.

    Attributes:
        name: as the table calls it.
        without: sources that are left out.
        ranker: its kind.
        rare_weight: as in the configuration.
        documents: that the ranker learns from; None for all that were judged.
    """

    name: str
    without: tuple[str, ...] = ()
    ranker: str = "combined"
    rare_weight: float = 0.0
    documents: int | None = None


def variants(sources: Sequence[str], judged: int) -> Iterator[Variant]:
    """All variants with the usual number of folds.

    Args:
        sources: those that have something to propose.
        judged: number of training documents whose candidates were judged.
    """
    yield Variant("all sources, `combined`")
    yield from (Variant(f"without `{name}`", (name,)) for name in sources)
    for name in sources:
        yield Variant(f"`{name}` alone", tuple(other for other in sources if other != name))
    yield from (Variant(f"ranker `{kind}`", ranker=kind) for kind in OTHER_RANKERS)
    yield from (Variant(f"rare_weight {power:g}", rare_weight=power) for power in RARE_WEIGHTS)
    yield from (Variant(f"documents {number:,}", documents=number) for number in DOCUMENTS if number < judged)


class Bench:
    """The data, the sources trained on all of it, and the candidates of the test part.

    Args:
        folder: of the data set, with ``{train,test,labels}.jsonl.xz``.
    """

    def __init__(self, folder: Path) -> None:
        self.config = FusedConfig()
        self.train, self.test = read_data(folder)
        self.labels = self.train.labels.with_counts(self.train.positives)
        features = Features(self.config.features)
        matrix = features.fit(self.train, Stages())
        self.documents = Documents(matrix, self.train.texts, features.tfidf)
        say("  sources ...")
        self.sources = fit_sources(
            self.new_sources(), self.documents, self.train.positives, self.train.labels, stages=Stages()
        )
        self.idle = {name: source.idle for name, source in self.sources.items() if source.idle is not None}
        self.names = tuple(self.sources)
        asked = Documents(features.transform(self.test.texts), self.test.texts, features.tfidf)
        self.tested = Judged.of(self._gathered(asked), self.test.positives)

    def new_sources(self) -> dict[str, Source]:
        """Sources of the usual configuration that have learned nothing."""
        return {name: SOURCES.load(section.kind)(section) for name, section in self.config.in_use.items()}  # type: ignore[attr-defined]

    def judged(self, folds: int) -> Judged:
        """Candidates of training documents, judged with a number of folds."""
        config = self.config
        return judge(
            self.new_sources, self.documents, self.train.positives, self.train.labels, folds=folds,
            wanted=config.documents, seed=config.seed, stages=Stages(),
        )  # fmt: skip

    def measured(self, variant: Variant, judged: Judged) -> dict[str, Any]:
        """Fit the ranker of a variant and measure it on the test part."""
        start = time.perf_counter()
        seed = self.config.seed
        part = judged
        if variant.documents is not None:
            drawn = np.random.default_rng(seed).permutation(len(judged.candidates))[: variant.documents]
            part = judged.select(np.sort(drawn))
        part, tested = (_without(each, variant.without, self.names) for each in (part, self.tested))
        ranker = RANKERS.section(variant.ranker)()
        training, held_out = hold_out(part, self.config.held_out, seed=seed)
        ranking = learn_to_rank(training, held_out, ranker, rare_weight=variant.rare_weight, seed=seed)
        seconds = time.perf_counter() - start
        top = best_candidates(tested.candidates, ranking.score(tested.candidates), _K, self.labels)
        evaluator = Evaluator(self.labels, SETTINGS, test_labels=self.test.labels).update(top, self.test.positives)
        result = evaluator.result()
        groups = {name: dict(group.values) for name, group in result.groups.items()}
        found = {"variant": variant.name, "documents": len(part.candidates), "seconds": round(seconds, 1)}
        say(f"  {variant.name}: {seconds:.1f} s, P@1 {result['P@1']:.4f}")
        return {**found, **result.values, "groups": groups}

    def finds(self) -> dict[str, dict[str, float | None]]:
        """For all sources and each: the share of the true labels of the test part among its candidates, by group."""
        found, right = self.tested.candidates.found, self.tested.right
        counts = np.zeros(len(self.test.labels), np.int64)
        counts[: len(self.labels)] = np.bincount(self.train.positives.indices, minlength=len(self.labels))
        group = groups_of(counts)
        true = np.bincount(group[self.test.positives.indices], minlength=len(GROUPS))
        shares = {}
        for name, proposed in (("all", found.any(axis=1)), *zip(self.names, found.T, strict=True)):
            hits = np.bincount(group[self.tested.candidates.labels[right & proposed]], minlength=len(GROUPS))
            parts = [None if n == 0 else float(h / n) for h, n in zip(hits, true, strict=True)]
            shares[name] = {"all": float(hits.sum() / max(true.sum(), 1)), **dict(zip(GROUPS, parts, strict=True))}
            shares[name]["candidates"] = float(proposed.sum() / len(self.tested.candidates))
        return shares

    def _gathered(self, asked: Documents) -> Candidates:
        facts = LabelFacts.of(self.train.labels, self.train.positives)
        rows = np.arange(len(asked))
        blocks = (rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH))
        return Candidates.concatenate([gather(self.sources, Query(asked.select(b)), facts) for b in blocks])


def _without(judged: Judged, left_out: Sequence[str], names: Sequence[str]) -> Judged:
    """As if some sources had been left out; ``names`` are all sources in order."""
    rest = list(names)
    for name in left_out:
        judged = judged.without(name, rest.index(name))
        rest.remove(name)
    return judged


def ablate(folder: Path, *, folds: Sequence[int] = FOLDS) -> dict[str, Any]:
    """Everything on one data set, JSON-ready: rows of variants, what sources find, counts.

    Args:
        folder: of the data set.
        folds: numbers of folds, beside the usual one.
    """
    say(f"{folder.name}: ablation")
    bench = Bench(folder)
    usual = bench.config.folds
    judged = bench.judged(usual)
    working = [name for name in bench.names if name not in bench.idle]
    rows = [bench.measured(variant, judged) for variant in variants(working, len(judged.candidates))]
    rows.append({**rows[0], "variant": f"documents {len(judged.candidates):,}"})
    by_folds = {usual: {**rows[0], "variant": f"folds {usual}"}}
    del judged
    for number in folds:
        if number not in by_folds:
            by_folds[number] = bench.measured(Variant(f"folds {number}"), bench.judged(number))
    return {
        "data": folder.name,
        "documents": {"train": len(bench.train), "test": len(bench.test)},
        "finds": bench.finds(),
        "idle": bench.idle,
        "variants": [*rows, *(by_folds[number] for number in sorted(by_folds))],
    }
