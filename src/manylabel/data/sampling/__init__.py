"""Samplers: which documents an epoch of training has, and how often. One file each, one line in the table."""

from manylabel.core.table import Part, Table


def _sampler(target: str, summary: str) -> Part:
    """A sampler is its own section: constants and method in one."""
    return Part(target=target, summary=summary, section=target)


SAMPLERS = Table(
    "sampler",
    {
        "plain": _sampler("manylabel.data.sampling.plain:Plain", "Every document once, in random order."),
        "class-aware": _sampler(
            "manylabel.data.sampling.class_aware:ClassAware",
            "A label by chance, then one of its documents (Shen et al. 2016).",
        ),
        "repeat-factor": _sampler(
            "manylabel.data.sampling.repeat_factor:RepeatFactor",
            "Documents with a rare label several times (Gupta et al. 2019).",
        ),
        "ml-ros": _sampler(
            "manylabel.data.sampling.ml_ros:MLROS", "Clones of documents with rare labels (Charte et al. 2015)."
        ),
        "lp-ros": _sampler(
            "manylabel.data.sampling.lp_ros:LPROS", "Clones of documents with rare label sets (Charte et al. 2015)."
        ),
        "ml-rus": _sampler(
            "manylabel.data.sampling.ml_rus:MLRUS",
            "Without some of the documents that have only frequent labels (Charte et al. 2015).",
        ),
    },
)
