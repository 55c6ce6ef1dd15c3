"""Canvassed votes move nothing: a crowd out of proportion is set aside, not scaled down.

All answers of one area to one question through one channel are looked at together, so that ten
thousand likes in one row or in ten thousand rows are the same. They are set aside when there are
more of them than people in the area, or more than ten times as many as such a question usually gets
and still more than a hundred. Nobody's answers to other questions are touched.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TIMES_MEDIAN = 10.0
MIN_CROWD = 100.0


def flag_survey_outliers(
    respondents: Floats,
    area: NDArray[np.intp],
    question: NDArray[np.intp],
    channel: NDArray[np.intp],
    people: Floats,
) -> NDArray[np.bool_]:
    """Rows to set aside.

    Parameters
    ----------
    respondents
        Answers in each row, shape (rows,).
    area, question, channel
        Positions, shape (rows,); area -1 where unknown.
    people
        People of each area, shape (areas,); NaN or 0 where unknown.

    Returns
    -------
    Shape (rows,).
    """
    if len(respondents) == 0:
        return np.zeros(0, dtype=bool)
    keys = np.stack([area, question, channel], axis=1)
    pairs, of = np.unique(keys, axis=0, return_inverse=True)
    of = of.ravel()
    total = np.bincount(of, weights=respondents)
    flagged = np.zeros(len(pairs), dtype=bool)
    for name in np.unique(channel):
        same = pairs[:, 2] == name
        reference = float(np.median(total[same]))
        flagged |= same & (total > np.maximum(TIMES_MEDIAN * reference, MIN_CROWD))
    known = (pairs[:, 0] >= 0) & (np.nan_to_num(people)[pairs[:, 0]] > 0)
    flagged |= known & (total > np.nan_to_num(people)[pairs[:, 0]])
    return np.asarray(flagged[of])


def first_per_target(resident: NDArray[np.intp], target: NDArray[np.intp]) -> NDArray[np.bool_]:
    """The first of each resident's entries for one target; shape (entries,).

    Parameters
    ----------
    resident
        Resident position of each entry, shape (entries,).
    target
        Target position of each entry, same shape.

    Returns
    -------
    True where an entry counts.
    """
    kept = np.zeros(len(resident), dtype=bool)
    if len(resident):
        pair = resident.astype(np.int64) * (int(target.max()) + 1) + target
        kept[np.unique(pair, return_index=True)[1]] = True
    return kept
