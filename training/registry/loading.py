"""A bundle's arrays → the models that answer, or an error that says what to do.

A bundle that another release wrote may be whole and still not fit: arrays are missing, or signals
have come or gone. That is found here, before anything is served, and not by a resident's request.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

import lightgbm as lgb

from features.ranking.products import FEATURE_COLUMNS
from recommender.demand.model import DemandModel
from recommender.errors import NotTrainedError
from recommender.interfaces import Arrays
from recommender.ranking.features.registry import FIRST_STAGE_NAMES, NAMES
from recommender.ranking.model.calibration import INPUTS
from recommender.ranking.model.ranker import booster_of
from recommender.ranking.model.suggestion_model import SuggestionModel
from training.registry.bundle import Bundle, BundleError

SUGGESTIONS, DEMAND = "suggestions", "demand"
"""The parts that are served."""

_HINT = "Promote another version (`gongxu models list`) or make one that fits: `gongxu retrain`."

Fitted = TypeVar("Fitted")


def open_suggestions(parts: Mapping[str, Arrays]) -> SuggestionModel:
    """The suggestion model of a bundle.

    Raises
    ------
    BundleError
        If the bundle has none, or one that this program cannot use.
    """
    model = _opened(parts, SUGGESTIONS, SuggestionModel.from_arrays)
    widths = {
        "the content axes": (model.latent_factors.content_axes.shape[:1], (FEATURE_COLUMNS,)),
        "the first stage": (model.first.weights.shape, (len(FIRST_STAGE_NAMES),)),
        "the ranker": (model.ranker.linear.weights.shape, (len(NAMES),)),
        "the calibration": (model.calibration.weights.shape, (len(INPUTS) + 3,)),
    }
    try:
        for name, text in model.ranker.trees.items():
            widths[f"the trees {name}"] = ((booster_of(text).num_feature(),), (len(NAMES),))
    except lgb.basic.LightGBMError as error:
        raise BundleError(f"the bundle's trees cannot be read ({error}).", _HINT) from None
    for what, (found, wanted) in widths.items():
        if found != wanted:
            raise BundleError(
                f"{what} of the bundle weighs {found[0]} signals, this program has {wanted[0]}.",
                _HINT,
            )
    return model


def open_demand(parts: Mapping[str, Arrays]) -> DemandModel:
    """The demand model of a bundle.

    Raises
    ------
    BundleError
        If the bundle has none, or one that this program cannot use.
    """
    return _opened(parts, DEMAND, DemandModel.from_arrays)


def require_demand(bundle: Bundle) -> DemandModel:
    """The demand model of a bundle, or why the run that made the bundle could fit none.

    Raises
    ------
    NotTrainedError
        If the bundle has none.
    BundleError
        If it has one that this program cannot use.
    """
    if DEMAND in bundle.parts:
        return open_demand(bundle.parts)
    checks = bundle.manifest.metrics.get("gate", {}).get("checks", [])
    why = next((check["finding"] for check in checks if check["name"] == DEMAND), "")
    told = f" ({why.strip().rstrip('.')})" if why else ""
    raise NotTrainedError(f"the served model has no demand{told}.", "Then run `gongxu retrain`.")


def require_fitting(bundle: Bundle) -> None:
    """Make sure that every part of a bundle that is served can be.

    Raises
    ------
    BundleError
        If one cannot be used by this program.
    """
    for part, opens in ((SUGGESTIONS, open_suggestions), (DEMAND, open_demand)):
        if part in bundle.parts:
            opens(bundle.parts)


def _opened(parts: Mapping[str, Arrays], part: str, opens: Callable[[Arrays], Fitted]) -> Fitted:
    if part not in parts:
        raise BundleError(f"the bundle has no part {part!r}.", _HINT)
    try:
        return opens(parts[part])
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        missing = f"lacks {error}" if isinstance(error, KeyError) else f"does not fit: {error}"
        raise BundleError(
            f"the bundle is of another format: its part {part!r} {missing}.", _HINT
        ) from None
