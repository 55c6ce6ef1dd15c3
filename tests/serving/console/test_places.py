"""The ten-minute circle."""

import sqlalchemy as sa

from data.store.store import Store
from serving.console.places import read_circle, read_points


def test_the_circle_counts_neighbourhoods_with_a_venue_in_reach(database_url: str) -> None:
    store = Store.connect(database_url)
    with store.engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO areas (area_code, name, level, parent_code, lat, lon) VALUES"
                " ('S', 's', 'street', NULL, 31.2, 121.4),"
                " ('N1', 'near', 'neighbourhood', 'S', 31.205, 121.4),"
                " ('N2', 'far', 'neighbourhood', 'S', 31.23, 121.4),"
                " ('T', 'bare', 'street', NULL, NULL, NULL)"
            )
        )
        # 0.006 degrees of latitude are 667 m.
        connection.execute(
            sa.text(
                "INSERT INTO venues (venue_id, name, area_code, lat, lon) VALUES"
                " ('V1', 'in reach', 'N1', 31.211, 121.4), ('V2', 'too far', 'N2', 31.26, 121.4)"
            )
        )
        assert set(read_points(connection)) == {"S"}
        circle = read_circle(connection, "S")
        assert (circle.neighbourhoods, circle.covered) == (2, 1)
        assert [venue["venue_id"] for venue in circle.venues] == ["V1"]
        assert abs(circle.venues[0]["distance_m"] - 667) < 2
        assert read_circle(connection, "T").venues == ()
    store.close()
