"""Bundles that this program cannot serve: found before they are served, and told."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from training.demand.fit import fit_demand
from training.registry.bundle import BundleError, Manifest, load_bundle, save_bundle
from training.registry.loading import open_demand, open_suggestions, require_fitting
from training.suggestions.fit import fit_suggestions

NOW = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def parts(district):
    rng = np.random.default_rng(1)
    return {
        "suggestions": fit_suggestions(district, as_of=NOW, rng=rng).to_arrays(),
        "demand": fit_demand(district, as_of=NOW, rng=rng).to_arrays(),
    }


def saved(folder: Path, parts) -> Path:
    save_bundle(folder, parts, Manifest(data_hash="x", as_of=NOW, created_at=NOW, seed=1))
    return folder


def test_what_is_whole_is_opened(tmp_path, parts) -> None:
    bundle = load_bundle(saved(tmp_path / "m", parts))
    require_fitting(bundle)
    assert len(open_suggestions(bundle.parts).products)
    assert len(open_demand(bundle.parts).products)


@pytest.mark.parametrize("part", ["suggestions", "demand"])
def test_every_array_that_is_missing_is_told(tmp_path, parts, part) -> None:
    """Each array of the part in turn.

    Apart from trees, of which a model may have none, and ``shown``, ``drift`` and ``known_until``,
    which bundles of before they were told of lack and are served all the same.
    """
    later = ("shown", "drift", "known_until")
    required = [name for name in parts[part] if ".trees." not in name and name not in later]
    assert len(required) > 10
    for number, name in enumerate(required):
        less = {key: value for key, value in parts[part].items() if key != name}
        bundle = load_bundle(saved(tmp_path / str(number), {**parts, part: less}))
        with pytest.raises(BundleError) as told:
            require_fitting(bundle)
        assert "retrain" in told.value.hint, name
        shutil.rmtree(tmp_path / str(number))


@pytest.mark.parametrize(
    "name",
    [
        "first",
        "calibration",
        "ranker.linear",
        "latent_factors.content_axes",
        "latent_factors.settings",
    ],
)
def test_signals_that_came_or_went_are_told(tmp_path, parts, name) -> None:
    """As a bundle of another release has them: fewer columns than this program asks of."""
    array = parts["suggestions"][name]
    cut = array[:-1] if name == "latent_factors.content_axes" else array[..., :-1]
    old = {**parts, "suggestions": {**parts["suggestions"], name: cut}}
    with pytest.raises(BundleError, match=r"weighs|another format"):
        require_fitting(load_bundle(saved(tmp_path / "old", old)))


def test_a_part_that_is_not_there_is_told(tmp_path, parts) -> None:
    bundle = load_bundle(saved(tmp_path / "m", {"demand": parts["demand"]}))
    with pytest.raises(BundleError, match="no part 'suggestions'"):
        open_suggestions(bundle.parts)
