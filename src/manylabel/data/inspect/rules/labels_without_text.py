"""Labels whose meaning is not given."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import TRAIN, Inspected
from manylabel.data.inspect.wording import listed, share


def check(inspected: Inspected) -> list[Finding]:
    """A finding where a label file has no text for labels; without a label file the names are all there is."""
    space = inspected.labels
    if not space.closed:
        return []
    texts = space.texts or [None] * len(space)
    bare = np.array([i for i, text in enumerate(texts) if not (text and text.strip())], np.int64)
    if len(bare) == 0:
        return []
    counts = inspected.counts[TRAIN]
    bare = bare[np.argsort(-counts[bare], kind="stable")]
    names = space.names_of(bare.tolist())
    return [
        Finding(
            rule="labels-without-text",
            severity="warning" if len(bare) < len(space) else "note",
            what=f"{len(bare):,} of {len(space):,} labels ({share(len(bare), len(space))}) have no text: "
            f"{listed(names)}.",
            why="What finds labels by their meaning (`fused`, dual encoders) cannot find these, and prefers those that "
            "have a text; reports show a bare name.",
            advice='Add "text" to their lines of the label file: a name or a short description.',
            evidence={"labels": len(bare), "share": len(bare) / len(space)},
            examples=[
                {"label": space.names[label], "training_documents": int(counts[label])}
                for label in bare[: inspected.options.examples].tolist()
            ],
        )
    ]
