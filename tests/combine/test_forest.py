"""Trees as arrays against the library that trained them."""

import lightgbm
import numpy as np
import pytest

from manylabel.combine.rankers.forest import Forest


def rows(n, *, seed, missing=0.3):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 5)).astype(np.float32)
    features[:, 0] = np.round(features[:, 0])
    features[:, 1] *= 1e30
    features[rng.random(features.shape) < missing] = np.nan
    return features


def boosted(*, missing, leaves=16, rounds=20):
    known = rows(600, seed=0, missing=missing)
    sums = np.nan_to_num(known[:, 0]) + np.isnan(known[:, 2]) + np.nan_to_num(known[:, 3]) * np.nan_to_num(known[:, 4])
    data = lightgbm.Dataset(known, label=(sums > 0.3).astype(np.float32), params={"verbosity": -1})
    options = {"objective": "binary", "num_leaves": leaves, "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 3}
    return lightgbm.train(options, data, rounds)


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("leaves", [2, 16])
def test_the_same_sums_to_the_last_bit(missing, leaves):
    booster = boosted(missing=missing, leaves=leaves)
    forest = Forest.from_dump(booster.dump_model()["tree_info"])
    forest.validate(5)
    for n in (0, 1, 15, 16, 17, 5000):
        fresh = rows(n, seed=1)  # also values missing that never were in training
        expected = booster.predict(fresh, raw_score=True, num_threads=1) if n else np.zeros(0)
        assert forest.score(fresh).tolist() == expected.tolist()


def test_values_on_a_threshold_go_left():
    forest = Forest.from_dump(boosted(missing=0.0).dump_model()["tree_info"])
    booster = boosted(missing=0.0)
    # LightGBM takes values within 1e-35 of 0 for 0.
    inner = (forest.children != np.arange(len(forest.children))) & (np.abs(forest.thresholds) > 1e-30)
    fresh = np.zeros((inner.sum(), 5), np.float32)
    fresh[np.arange(inner.sum()), forest.features[inner] // 2] = forest.thresholds[inner]
    assert forest.score(fresh).tolist() == booster.predict(fresh, raw_score=True).tolist()


def test_a_tree_that_is_one_leaf():
    forest = Forest.from_dump([{"tree_structure": {"leaf_value": 0.5}}])
    assert forest.score(np.zeros((3, 1), np.float32)).tolist() == [0.5, 0.5, 0.5]


def test_splits_of_another_kind_are_refused():
    node = {"decision_type": "==", "missing_type": "None", "left_child": {}, "right_child": {}}
    with pytest.raises(ValueError, match="not known"):
        Forest.from_dump([{"tree_structure": node}])


@pytest.mark.parametrize("name", ["roots", "features", "children", "values"])
def test_damaged_arrays_are_refused(name):
    arrays = Forest.from_dump(boosted(missing=0.3).dump_model()["tree_info"]).to_arrays()
    Forest.from_arrays(arrays).validate(5)
    damaged = arrays[name][:-1] if name == "values" else arrays[name].copy()
    if name != "values":
        damaged[0] = len(arrays["children"]) if name != "children" else -1
    with pytest.raises(ValueError, match="do not fit together"):
        Forest.from_arrays({**arrays, name: damaged}).validate(5)
