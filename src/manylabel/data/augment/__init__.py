"""Augmentation: training texts changed a little, anew in each epoch. One file each, one line in the table."""

from manylabel.core.table import Part, Table


def _augmentation(target: str, summary: str) -> Part:
    """An augmentation is its own section: constants and method in one."""
    return Part(target=target, summary=summary, section=target)


AUGMENTATIONS = Table(
    "augmentation",
    {
        "word-swap": _augmentation("manylabel.data.augment.word_swap:WordSwap", "Words change places."),
        "word-deletion": _augmentation("manylabel.data.augment.word_deletion:WordDeletion", "Words are left out."),
        "word-insertion": _augmentation(
            "manylabel.data.augment.word_insertion:WordInsertion", "Words of the text are put in a second time."
        ),
        "word-masking": _augmentation(
            "manylabel.data.augment.word_masking:WordMasking", "Words give way to a mask token."
        ),
        "sentence-shuffling": _augmentation(
            "manylabel.data.augment.sentence_shuffling:SentenceShuffling", "Sentences change places."
        ),
    },
)
