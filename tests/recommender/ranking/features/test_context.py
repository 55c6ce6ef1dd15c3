"""The context looked up for lists of one's own equals the one computed for all."""

import numpy as np

from recommender.ranking.features.context import Context
from recommender.ranking.query import make_query


def test_own_lists_read_the_same_signals_as_common_ones(snapshot):
    context = Context(snapshot, 30.0)
    bookable = snapshot.bookable(snapshot.as_of)
    people = np.array([0, 1, 2, -1])
    common = make_query(snapshot, people, bookable, snapshot.as_of)
    own = make_query(snapshot, people, np.tile(bookable, (4, 1)), snapshot.as_of)
    one, other = context.signals(common), context.signals(own)
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_allclose(
            np.broadcast_to(values, own.shape), other[name], rtol=1e-6, err_msg=name
        )
    assert "hours" not in context.signals(own, first_stage=True)
