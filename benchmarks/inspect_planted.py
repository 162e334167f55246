"""How many labels that were taken away are found, and whether random splits raise alarms.

    python benchmarks/inspect_planted.py --data-root DIR --data reuters21578

Writes ``benchmarks/results/inspect_planted.md``.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from arms import HERE
from features import add_data_root
from tables import table, where_and_when
from turns import say, session_facts

SHARES = (0.0, 0.02, 0.1, 0.3)
SPLITS = 20
DRIFT = ("label-drift", "text-drift")
NOTES = """\
* A share of the label pairs of training, drawn at random, is taken away; *listed* is what `missing-labels` names then,
  *found* what of it had been taken away. Of the others some are listed on the untouched data too (*listed before*):
  labels that are missing there, or mistakes of the models.
* `cannot be told`: the rule says that models are never sure enough (their surest answers are given in less than 75 %).
* *alarms*: findings of `label-drift` and `text-drift` over 20 random splits, a fifth of the documents for
  the test part."""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_root(parser)
    parser.add_argument("--data", nargs="+", required=True, metavar="NAME", help="folders in the data root")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    from manylabel import Corpus

    rows, alarms = [], []
    for name in arguments.data:
        corpus = Corpus.read(arguments.data_root / name / "train.jsonl.xz")
        before = _listed(corpus)
        for share in SHARES:
            say(f"{name}: {share:.0%}")
            rows.append([name, f"{100 * share:g} %", *_planted(corpus, share, before or set())])
        alarms.append([name, str(SPLITS), str(_alarms(corpus))])
    parts = [
        "# Planted faults",
        where_and_when(session_facts()),
        table(["data", "taken away", "labels taken away", "listed", "found", "listed before"], rows),
        table(["data", "random splits", "alarms"], alarms),
        NOTES,
    ]
    page = "\n\n".join(parts) + "\n"
    arguments.results.mkdir(parents=True, exist_ok=True)
    (arguments.results / "inspect_planted.md").write_text(page, encoding="utf-8")
    print(page)


def _planted(corpus: Any, share: float, before: set[tuple[str, str]]) -> list[str]:
    from scipy.sparse import csr_matrix

    pairs = corpus.positives.tocoo()
    away = np.random.default_rng(1).choice(pairs.nnz, int(share * pairs.nnz), replace=False)
    kept = np.ones(pairs.nnz, bool)
    kept[away] = False
    fewer = csr_matrix((pairs.data[kept], (pairs.row[kept], pairs.col[kept])), shape=pairs.shape)
    planted = {(corpus.id_of(int(pairs.row[i])), corpus.labels.names[pairs.col[i]]) for i in away}
    listed = _listed(replace(corpus, positives=fewer))
    if listed is None:
        return [f"{len(planted):,}", "cannot be told", "–", "–"]
    return [f"{len(planted):,}", f"{len(listed):,}", f"{len(listed & planted):,}", f"{len(listed & before):,}"]


def _listed(corpus: Any) -> set[tuple[str, str]] | None:
    """Documents and labels that the rule names; None where it says that it cannot tell."""
    from manylabel import inspect
    from manylabel.data.inspect import RULES

    found = inspect(corpus, skip=[rule for rule in RULES if rule != "missing-labels"], examples=10**6).findings
    if found and not found[0].examples:
        return None
    examples = found[0].examples if found else ()
    return {(example["documents"][0]["id"], example["label"].split(" (")[0]) for example in examples}


def _alarms(corpus: Any) -> int:
    from manylabel import inspect
    from manylabel.data.inspect import RULES

    others = [rule for rule in RULES if rule not in DRIFT]
    alarms = 0
    for seed in range(SPLITS):
        order = np.random.default_rng(seed).permutation(len(corpus))
        test, train = (np.sort(rows) for rows in np.split(order, [len(corpus) // 5]))
        alarms += len(inspect(corpus.select(train), test=corpus.select(test), skip=others).findings)
    return alarms


if __name__ == "__main__":
    main()
