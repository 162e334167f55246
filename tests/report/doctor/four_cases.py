"""Four questions that users ask, each as a run: real trainings, with histories made where a network is meant."""

from dataclasses import replace

import numpy as np
from doctor_cases import World, add_history, change_arrays, epochs, make_run, shuffled_labels

TAGS = [
    "billing", "login", "delivery", "refund", "app", "invoice", "password",
    "address", "voucher", "privacy", "complaint", "press", "warranty",
]  # fmt: skip


def stopped_at_60(folder):
    """Validation accuracy stopped at 60 % on 2,000 examples and 13 unbalanced tags."""
    world = World(0.72 ** np.arange(13), own=5, noise=5, wrong=0.5, most=2, names=TAGS)
    path = make_run(folder, world.documents(1600, 1, range(13)), world.documents(400, 2))
    rise = [0.31, 0.45, 0.53, 0.57, 0.597, 0.600, 0.598, 0.601, 0.596, 0.602, 0.599, 0.600]
    learnt = [0.33, 0.50, 0.62, 0.71, 0.79, 0.85, 0.89, 0.92, 0.94, 0.96, 0.97, 0.98]
    add_history(
        path,
        epochs(
            train_loss=[0.31, 0.22, 0.17, 0.14, 0.11, 0.09, 0.07, 0.055, 0.044, 0.035, 0.028, 0.023],
            validation_loss=[0.30, 0.24, 0.21, 0.197, 0.192, 0.193, 0.198, 0.206, 0.215, 0.226, 0.238, 0.249],
            train_accuracy=learnt,
            validation_accuracy=rise,
            validation_documents=[400] * 12,
        ),
    )
    return path


def jumping_loss(folder):
    """485 classes, macro recall 45 %, micro 70 %; weights from 1 to 1,000,000 make the loss jump."""
    world = World(1.0 / (np.arange(485) + 3) ** 1.3, own=6, noise=4, wrong=0.45)
    rarest = np.repeat(np.arange(485), 7)
    path = make_run(folder, world.documents(6000, 1, rarest), world.documents(2500, 2, range(485)))
    history = epochs(
        train_loss=[6.1, 3.9, 41.7, 4.4, 2.8, 96.3, 5.1, 2.6],
        train_largest_loss=[90.0, 310.0, 52000.0, 260.0, 120.0, 88000.0, 410.0, 150.0],
        validation_loss=[5.8, 4.1, 9.7, 4.6, 3.4, 14.2, 4.9, 3.3],
        validation_micro_F1=[0.41, 0.55, 0.37, 0.58, 0.64, 0.33, 0.60, 0.66],
        gradient_norm=[2.1, 1.9, 840.0, 2.4, 1.7, 1900.0, 2.2, 1.8],
    )
    add_history(path, [{"stage": "label-weights", "smallest": 1.0, "largest": 1000000.0}, *history])
    return path


def _clean():
    return World(np.ones(30), own=6, noise=5, wrong=0.25)


def renumbered(folder):
    """Training 94 %, validation 8 %: the labels of the validation part were numbered anew."""
    world = _clean()
    other = replace(world, names=[world.names[i] for i in np.random.default_rng(3).permutation(30)])
    return make_run(folder, world.documents(1500, 1), other.documents(600, 2))


def shifted(folder):
    """The same gap: texts and labels of the validation part lie one row apart."""
    world = _clean()
    test = world.documents(600, 2)
    labels = [document["labels"] for document in test]
    test = [{**document, "labels": own} for document, own in zip(test, labels[1:] + labels[:1], strict=True)]
    return make_run(folder, world.documents(1500, 1), test)


def other_texts(folder):
    """The same gap: the texts of the validation part were prepared otherwise, here stemmed too hard."""
    world = _clean()
    test = [
        {**document, "text": " ".join(word[:4] for word in document["text"].split())}
        for document in world.documents(600, 2)
    ]
    return make_run(folder, world.documents(1500, 1), test)


def by_heart(folder):
    """The same gap, and nothing wrong with the data: hardly a document for each label, and texts that say little."""
    world = World(np.ones(60), own=2, noise=12, wrong=0.8)
    return make_run(folder, world.documents(120, 1, range(60)), world.documents(400, 2))


def _saved(folder):
    world = World(1.0 / np.arange(1, 31), own=6, noise=4, wrong=0.35)
    return make_run(folder, world.documents(1500, 1, range(30)), world.documents(600, 2))


def labels_as_a_set(folder):
    """The saved model predicts at random in another process: its labels were written from a set."""
    path = _saved(folder)
    shuffled_labels(path)
    return path


def other_vocabulary(folder):
    """The same: the words of its vocabulary stand in another order."""
    path = _saved(folder)

    def shuffle(arrays):
        lengths, blob = arrays["tfidf.lengths"], arrays["tfidf.terms"].tobytes()
        stops = np.cumsum(lengths)
        terms = [blob[stop - size : stop] for stop, size in zip(stops.tolist(), lengths.tolist(), strict=True)]
        order = np.random.default_rng(0).permutation(len(terms))
        arrays["tfidf.terms"] = np.frombuffer(b"".join(terms[i] for i in order), np.uint8)
        arrays["tfidf.lengths"] = lengths[order]
        return arrays

    change_arrays(path, shuffle)
    return path


def new_weights(folder):
    """The same: a layer was not loaded and stands as it was initialised."""
    path = _saved(folder)

    def forget(arrays):
        chance = np.random.default_rng(0)
        arrays["ovr.values"] = chance.permutation(arrays["ovr.values"])
        return arrays | {"ovr.scales": np.ones_like(arrays["ovr.scales"]) * arrays["ovr.scales"].mean()}

    change_arrays(path, forget)
    return path
