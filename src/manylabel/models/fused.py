"""`fused`: sources that know different things propose labels, and a learned ranker puts them in order."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np

from manylabel.combine import SOURCES
from manylabel.combine.candidates import feature_names, gather
from manylabel.combine.contributions import contributions
from manylabel.combine.cross_fit import fit_sources, judge, prepare
from manylabel.combine.label_facts import FACTS, LabelFacts
from manylabel.combine.ranker import Judged
from manylabel.combine.ranking import Ranking, hold_out, learn_to_rank, new_ranker
from manylabel.combine.report import ranker_section
from manylabel.combine.selection import best_candidates
from manylabel.combine.source import Documents, Known, Query, Source
from manylabel.core.capacity import Estimate, n_threads
from manylabel.core.corpus import Corpus
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.parallel import run_jobs
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.core.stages import Stages
from manylabel.core.topk import TopK
from manylabel.data.feature_files import FeatureCorpus
from manylabel.models.base import LABELS_FILE, Inputs, Model, at_least_one
from manylabel.models.features import Features, expected_row_length
from manylabel.models.fused_config import FusedConfig, ModelSourceConfig
from manylabel.models.fused_costs import fused_estimate

_FILE = "fused.safetensors"
_DOCUMENTS_PER_BATCH = 2048
_BATCHES_AT_A_TIME = 2


class Fused(Model):
    """Candidate sources, ranked together.

    Every source proposes labels for a document: a model those that it is sure of, a memory those of similar training
    documents, the labels' texts those that are named in it. The ranker sees all scores and ranks of a candidate beside
    facts of the label. It learns from documents that the sources did not learn from: they are trained on the other
    folds, asked for these, and in the end trained once more on everything. Scores are probabilities.
    """

    kind: ClassVar[str] = "fused"
    config: FusedConfig

    def __init__(self, config: FusedConfig | None = None, **options: Any) -> None:
        super().__init__(config, **options)
        self._features = Features(self.config.features)
        self._sources: dict[str, Source] = {}
        self._ranking: Ranking | None = None
        self._label_facts: LabelFacts | None = None
        self._trained_labels = 0

    @property
    def n_features(self) -> int | None:
        """Columns of the rows it takes; see :attr:`Model.n_features`."""
        return self._features.given

    def fit(self, corpus: Corpus | FeatureCorpus, *, stages: Stages | None = None, progress: Progress = SILENT) -> Self:
        """Train on a corpus; see :meth:`Model.fit`."""
        kept = stages or Stages()
        learnt = Features(self.config.features)
        with progress.task("features", len(corpus)) as advance:
            features = learnt.fit(corpus, kept)
            advance(len(corpus))
        documents = Documents(features, corpus.texts if isinstance(corpus, Corpus) else None, learnt.tfidf)
        config, labels = self.config, corpus.labels.with_counts(corpus.positives)
        final = self._new_sources()
        documents = prepare(final, documents, stages=kept.within("prepared"), progress=progress)
        judged = judge(
            self._new_sources,
            documents,
            corpus.positives,
            corpus.labels,
            folds=config.folds,
            wanted=config.documents,
            seed=config.seed,
            stages=kept,
            progress=progress,
        )
        sources = fit_sources(
            final,
            documents,
            corpus.positives,
            corpus.labels,
            stages=kept.within("final"),
            progress=progress,
        )
        with progress.task("ranker", len(judged.candidates)) as advance:
            ranking = self._learn_to_rank(judged, sources, labels)
            advance(len(judged.candidates))
        self._features, self._sources, self._ranking, self._labels = learnt, sources, ranking, labels
        self._label_facts, self._trained_labels = LabelFacts.of(corpus.labels, corpus.positives), len(corpus.labels)
        return self

    def predict(self, inputs: Inputs, k: int = 10) -> TopK:
        """The k best labels of each document with their probabilities; see :meth:`Model.predict`."""
        labels, k = self.labels, at_least_one("k", k)
        assert self._ranking is not None
        assert self._label_facts is not None
        features = self._features.transform(inputs)
        texts: Any = None if self._features.given is not None else inputs
        documents = Documents(features, texts, self._features.tfidf)
        ranking, facts = self._ranking, self._label_facts

        def work(start: int) -> TopK:
            rows = np.arange(start, min(start + _DOCUMENTS_PER_BATCH, len(documents)))
            part = documents if len(rows) == len(documents) else documents.select(rows)
            candidates = gather(self._sources, Query(part), facts)
            return best_candidates(candidates, ranking.score(candidates), k, labels)

        # Sources work on all cores; two batches at a time keep them busy between one source and the next.
        starts = range(0, max(len(documents), 1), _DOCUMENTS_PER_BATCH)
        found = dict(run_jobs(work, starts, threads=min(_BATCHES_AT_A_TIME, n_threads())))
        return TopK.concatenate([found[start] for start in starts])

    @property
    def facts(self) -> dict[str, Any]:
        """What was found while the ranker was fitted: size, calibration error, what each source adds."""
        return {} if self._ranking is None else dict(self._ranking.facts)

    def card_sections(self) -> list[str]:
        """What the sources add; see :meth:`Model.card_sections`."""
        return [ranker_section(self.facts)] if self.facts else []

    def estimate(self, corpus: Corpus | FeatureCorpus) -> Estimate:
        """Expected memory and time; see :meth:`Model.estimate`."""
        row_length = expected_row_length(corpus, self.config.features)
        models = [
            section.new_model().estimate(corpus)
            for section in self.config.in_use.values()
            if isinstance(section, ModelSourceConfig)
        ]
        config = self.config
        encodes = any(getattr(section, "encoder", None) is not None for section in config.in_use.values())
        return fused_estimate(
            corpus, row_length, models, folds=config.folds, documents=config.documents, encodes=encodes
        )

    def add(self, corpus: Corpus | FeatureCorpus) -> None:
        """Take documents into the memory, and new labels with them, without training anything anew.

        New labels are found through their text and the memory at once. The scores of other labels change only where a
        new document or label is a neighbour: the model, the ranker and what is counted of old labels stay as they are.

        Args:
            corpus: the documents, over the labels of the model, in their order, followed by new ones if there are any.

        Raises:
            InputError: it is over other labels, or of another kind than the model was trained on.
        """
        labels, new = self.labels, corpus.labels
        assert self._label_facts is not None
        if list(new.names[: len(labels)]) != list(labels.names):
            raise InputError("documents to add must be over the labels of the model, followed by new ones")
        inputs = corpus.texts if isinstance(corpus, Corpus) else corpus.features
        features = self._features.transform(inputs)
        documents = Documents(
            features, corpus.texts if isinstance(corpus, Corpus) else None, tfidf=self._features.tfidf
        )
        for source in self._sources.values():
            source.extend(documents, corpus.positives, new)
        facts = LabelFacts.of(new, corpus.positives)
        counts = np.zeros(len(new), np.int64) if labels.counts is None else labels.counts
        more = np.zeros(len(new) - len(labels), np.int64)
        known = replace(new, counts=np.concatenate([counts[: len(labels)], more]), n_documents=labels.n_documents)
        values = np.concatenate([self._label_facts.values, facts.values[len(labels) :]])
        self._label_facts, self._labels = LabelFacts(values), known

    def write_added(self, writer: RunWriter) -> None:
        """Write what :meth:`add` may have changed, into an amendment of the run."""
        writer.text(LABELS_FILE, self.labels.to_jsonl())
        self._write_own(writer)
        for name, source in self._sources.items():
            if type(source).extend is not Source.extend:
                source.write_extended(writer.within(name))

    def write(self, writer: RunWriter) -> None:
        """Write features, sources and ranker; see :meth:`Model.write`."""
        self._write_own(writer)
        for name, source in self._sources.items():
            source.write(writer.within(name))
        assert self._ranking is not None
        self._ranking.write(writer)

    def _write_own(self, writer: RunWriter) -> None:
        assert self._label_facts is not None
        own = {"label_facts": self._label_facts.values, "trained_labels": np.array([self._trained_labels], np.int64)}
        writer.arrays(_FILE, {**self._features.to_arrays(), **own})

    def restore(self, run: RunDirectory) -> None:
        """Read features, sources and ranker; see :meth:`Model.restore`."""
        arrays = run.read_arrays(_FILE)
        self._features.restore(arrays)
        self._label_facts = LabelFacts(arrays["label_facts"])
        if self._label_facts.values.shape != (len(self.labels), len(FACTS)):
            raise ValueError("the facts of the labels have the wrong shape")
        self._sources = self._new_sources()
        known = Known(self.labels, int(arrays["trained_labels"][0]), self._features.tfidf, self._features.fitted_width)
        if not 0 < known.trained <= len(self.labels):
            raise ValueError("more labels were trained than there are")
        self._trained_labels = known.trained
        for name, source in self._sources.items():
            source.restore(run.within(name), known)
        self._ranking = Ranking.restore(run, self.config.ranker, len(feature_names(self._sources)))

    def _new_sources(self) -> dict[str, Source]:
        return {name: SOURCES.load(section.kind)(section) for name, section in self.config.in_use.items()}  # type: ignore[attr-defined]

    def _learn_to_rank(self, judged: Judged, sources: dict[str, Source], labels: LabelSpace) -> Ranking:
        """Fit the ranker, and where wanted find out what the sources add."""
        config, n = self.config, len(judged.candidates)
        training, held_out = hold_out(judged, config.held_out, seed=config.seed)
        ranking = learn_to_rank(training, held_out, config.ranker, rare_weight=config.rare_weight, seed=config.seed)
        facts: dict[str, Any] = {"documents": n, "candidates_per_document": len(judged.candidates.labels) / n}
        if config.ablation:
            ranker = partial(new_ranker, config.ranker)
            facts["sources"] = contributions(sources, training, held_out, ranker, labels, seed=config.seed)
        return ranking.with_facts(facts)
