"""Does the same text get the same scores, asked twice, and asked alone?"""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.core.topk import TopK
from manylabel.data.feature_files import FeatureCorpus
from manylabel.report.doctor.examined import Examined
from manylabel.report.doctor.wording import count

_TOGETHER = 100
_ALONE = 10
_ROUNDING = 1e-4


def steadiness(examined: Examined) -> list[Finding]:
    """Ask about some documents twice, and about a few of them one by one.

    Scores that differ between two calls mean that chance is still at work (dropout, sampling); scores that depend on
    the other texts of a batch mean that statistics of the batch or its padding get into them.
    """
    corpus, model, k = examined.measured.corpus, examined.run.model, examined.run.config.evaluate.k
    inputs = corpus.features if isinstance(corpus, FeatureCorpus) else corpus.texts
    first = model.predict(inputs[:_TOGETHER], k)
    twice = _largest_difference(first, model.predict(inputs[:_TOGETHER], k))
    alone = TopK.concatenate([model.predict(inputs[row : row + 1], k) for row in range(min(_ALONE, len(corpus)))])
    single = _largest_difference(first[: len(alone)], alone)
    evidence = {"largest difference, asked twice": twice, "largest difference, asked alone": single}
    if twice > _ROUNDING:
        what = f"Two calls with the same {count(len(first), 'text')} give scores that differ by up to {twice:.3g}."
        why = "Chance is still at work while predicting: dropout is active, or something is sampled."
        advice = "Put the model into evaluation mode before predicting; fix the seed of whatever is sampled."
    elif single > _ROUNDING:
        what = f"A text asked alone gets scores that differ by up to {single:.3g} from those it gets among others."
        why = "The other texts of a batch get into a prediction: batch statistics, or padding that is not masked."
        advice = "Mask the padding, and use the statistics of training instead of those of the batch."
    else:
        return []
    return [Finding("steadiness", "serious", what, why, advice, evidence=evidence)]


def _largest_difference(left: TopK, right: TopK) -> float:
    """Between scores at the same rank, relative to their spread; 0 where both are padding."""
    present = (left.indices >= 0) & (right.indices >= 0)
    if ((left.indices >= 0) != (right.indices >= 0)).any():
        return 1.0
    if not present.any():
        return 0.0
    spread = float(np.ptp(left.scores[present])) or 1.0
    return float(np.abs(left.scores[present] - right.scores[present]).max() / spread)
