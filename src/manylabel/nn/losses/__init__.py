"""Losses: scores and positives to a number. One file each, one line in the table."""

from manylabel.core.table import Part, Table


def _loss(target: str, summary: str) -> Part:
    """A loss is its own section: constants and formula in one."""
    return Part(target=target, summary=summary, section=target)


LOSSES = Table(
    "loss",
    {
        "bce": _loss("manylabel.nn.losses.bce:BCE", "Binary cross-entropy: every label a yes or no of its own."),
        "weighted-bce": _loss(
            "manylabel.nn.losses.weighted_bce:WeightedBCE", "BCE in which a positive weighs more, the rarer its label."
        ),
        "focal": _loss("manylabel.nn.losses.focal:Focal", "What is already right counts little (Lin et al. 2017)."),
        "asymmetric": _loss(
            "manylabel.nn.losses.asymmetric:Asymmetric",
            "Focal, stronger for negatives, the easiest of which cost nothing (Ridnik et al. 2021).",
        ),
        "class-balanced": _loss(
            "manylabel.nn.losses.class_balanced:ClassBalanced",
            "Focal with weights by the effective number of documents (Cui et al. 2019).",
        ),
        "distribution-balanced": _loss(
            "manylabel.nn.losses.distribution_balanced:DistributionBalanced",
            "Focal with rebalanced weights and tolerance for negatives (Wu et al. 2020).",
        ),
        "cb-ntr": _loss(
            "manylabel.nn.losses.cb_ntr:CBNTR", "Class-balanced with tolerance for negatives (Huang et al. 2021)."
        ),
        "ntr-fl": _loss("manylabel.nn.losses.ntr_fl:NTRFL", "Focal with tolerance for negatives (Huang et al. 2021)."),
        "propensity": _loss(
            "manylabel.nn.losses.propensity:Propensity",
            "BCE with positives weighed by inverse propensity (Jain et al. 2016).",
        ),
        "logit-adjusted": _loss(
            "manylabel.nn.losses.logit_adjusted:LogitAdjusted",
            "BCE with the label's log-odds added in training only (Menon et al. 2021).",
        ),
        "squared-hinge": _loss(
            "manylabel.nn.losses.squared_hinge:SquaredHinge", "A margin of one on the right side costs nothing."
        ),
        "ranking": _loss(
            "manylabel.nn.losses.ranking:Ranking", "Every positive above every negative, pair by pair (logistic)."
        ),
        "zlpr": _loss(
            "manylabel.nn.losses.zlpr:ZLPR", "Positives above zero, negatives below, in two sums (Su et al. 2022)."
        ),
        "triplet": _loss(
            "manylabel.nn.losses.triplet:Triplet", "Every positive above every negative by a margin, pair by pair."
        ),
        "softmax": _loss(
            "manylabel.nn.losses.softmax:Softmax", "Positives share all probability (softmax with several positives)."
        ),
        "decoupled-softmax": _loss(
            "manylabel.nn.losses.decoupled_softmax:DecoupledSoftmax",
            "Softmax of each positive against the negatives alone (Gupta et al. 2024).",
        ),
        "decoupled-contrastive": _loss(
            "manylabel.nn.losses.decoupled_contrastive:DecoupledContrastive",
            "Decoupled softmax in which other documents are negatives, too; for dual encoders (RAE-XMC 2025).",
        ),
        "soft-top-k": _loss(
            "manylabel.nn.losses.soft_top_k:SoftTopK",
            "Each document has k labels to give away; its positives should get them (Gupta et al. 2024).",
        ),
    },
)
