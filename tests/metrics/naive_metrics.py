"""The metrics once more, in plain Python, a document and a label at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True)
class Doc:
    ranked: list[int]
    scores: list[float]
    true: set[int]
    assigned: set[int]


@dataclass(frozen=True)
class Seen:
    """What a metric may look at: documents, the labels seen (all, or a group), and facts about labels."""

    docs: list[Doc]
    labels: set[int]
    whole: bool
    trained: set[int]
    weight: dict[int, float]

    def hit(self, doc: Doc, k: int) -> list[int]:
        """0 or 1 for each of the first k positions."""
        return [int(label in doc.true & self.labels) for label in doc.ranked[:k]]

    def true(self, doc: Doc) -> set[int]:
        return doc.true & self.labels

    def mean(self, value) -> float:
        values = [value(doc) for doc in self.docs if self.whole or self.true(doc)]
        return sum(values) / len(values) if values else 0.0


def over(numerator: float, denominator: float, otherwise: float = 0.0) -> float:
    return numerator / denominator if denominator else otherwise


def dcg(gains: list[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def p(seen, k):
    slots = sum(k if seen.whole else sum(label in seen.labels for label in doc.ranked[:k]) for doc in seen.docs)
    return over(sum(sum(seen.hit(doc, k)) for doc in seen.docs), slots)


def r(seen, k):
    return seen.mean(lambda doc: over(sum(seen.hit(doc, k)), len(seen.true(doc))))


def rp(seen, k):
    return seen.mean(lambda doc: over(sum(seen.hit(doc, k)), min(k, len(seen.true(doc)))))


def ndcg(seen, k):
    return seen.mean(lambda doc: over(dcg(seen.hit(doc, k)), dcg([1] * min(k, len(seen.true(doc))))))


def hit(seen, k):
    return seen.mean(lambda doc: float(any(seen.hit(doc, k))))


def best(seen, doc, k):
    return sorted((seen.weight[label] for label in seen.true(doc)), reverse=True)[:k]


def psp(seen, k):
    got = sum(
        w * seen.weight[label] for doc in seen.docs for w, label in zip(seen.hit(doc, k), doc.ranked, strict=False)
    )
    return over(got, sum(sum(best(seen, doc, k)) for doc in seen.docs))


def psndcg(seen, k):
    above = below = 0.0
    for doc in (doc for doc in seen.docs if seen.true(doc)):
        plain = dcg([1] * min(k, len(seen.true(doc))))
        above += dcg([h * seen.weight[label] for h, label in zip(seen.hit(doc, k), doc.ranked, strict=False)]) / plain
        below += dcg(best(seen, doc, k)) / plain
    return over(above, below)


def coverage(seen, k):
    found = {label for doc in seen.docs for label in doc.ranked[:k] if label in seen.true(doc)}
    return over(len(found), len(set().union(*(seen.true(doc) for doc in seen.docs))))


def lrap(seen):
    def of(doc):
        hits = seen.hit(doc, len(doc.ranked))
        return over(sum(sum(hits[:i]) / i for i in range(1, len(hits) + 1) if hits[i - 1]), len(seen.true(doc)))

    return seen.mean(of)


def counts(seen, doc):
    true, assigned = seen.true(doc), doc.assigned & seen.labels
    return len(true & assigned), len(assigned), len(true)


def micro(seen, formula):
    return formula(*map(sum, zip(*(counts(seen, doc) for doc in seen.docs), strict=True)))


def macro(seen, formula, supported):
    inside = {label for label in seen.labels if any(label in doc.true for doc in seen.docs)}
    values = []
    for label in inside | (set() if supported else seen.trained & seen.labels):
        values.append(micro(Seen(seen.docs, {label}, True, seen.trained, seen.weight), formula))
    return over(sum(values), len(values))


def average_precision(pairs: list[tuple[float, bool]], n_true: int) -> float:
    area = retrieved = hits = 0.0
    for _, tied in groupby(sorted(pairs, key=lambda pair: -pair[0]), key=lambda pair: pair[0]):
        got = [pair[1] for pair in tied]
        retrieved, hits = retrieved + len(got), hits + sum(got)
        area += sum(got) / n_true * hits / retrieved
    return area


def pairs_of(seen, labels):
    found = []
    for doc in seen.docs:
        found += [(s, label in doc.true) for s, label in zip(doc.scores, doc.ranked, strict=True) if label in labels]
    return found, sum(len(doc.true & labels) for doc in seen.docs)


def micro_auprc(seen):
    pairs, n_true = pairs_of(seen, seen.labels)
    return average_precision(pairs, n_true) if n_true else 0.0


def macro_auprc(seen):
    found = [pairs_of(seen, {label}) for label in seen.labels]
    values = [average_precision(pairs, n_true) for pairs, n_true in found if n_true]
    return over(sum(values), len(values))


def precision_of(tp, assigned, _true):
    return over(tp, assigned)


def recall_of(tp, _assigned, true):
    return over(tp, true)


def f1_of(tp, assigned, true):
    return over(2 * tp, assigned + true)


def example(formula):
    return lambda seen: seen.mean(lambda doc: formula(*counts(seen, doc)) if any(counts(seen, doc)) else 1.0)


NAIVE = {
    "P@k": p,
    "R@k": r,
    "RP@k": rp,
    "nDCG@k": ndcg,
    "PSP@k": psp,
    "PSnDCG@k": psndcg,
    "hit@k": hit,
    "coverage@k": coverage,
    "LRAP": lrap,
    "jaccard": example(lambda tp, assigned, true: over(tp, assigned + true - tp)),
    "hamming": lambda seen: seen.mean(
        lambda doc: len((doc.true ^ doc.assigned) & seen.labels) / max(1, len(seen.labels))
    ),
    "macro-AUPRC": macro_auprc,
    "micro-AUPRC": micro_auprc,
}
for _name, _formula in (("precision", precision_of), ("recall", recall_of), ("F1", f1_of)):
    NAIVE[f"micro-{_name}"] = lambda seen, f=_formula: micro(seen, f)
    NAIVE[f"macro-{_name}"] = lambda seen, f=_formula: macro(seen, f, False)
    NAIVE[f"macro-{_name}-supported"] = lambda seen, f=_formula: macro(seen, f, True)
    NAIVE[f"example-{_name}"] = example(_formula)


def inverse_propensity(count: int, n: int, a: float, b: float) -> float:
    return 1 + max(0.0, math.log(n) - 1) * (b + 1) ** a * (count + b) ** -a
