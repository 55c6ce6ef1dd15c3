"""Rows of a plan as people read them: venue, days and hours, money and names."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from recommender.demand.disclosure import MIN_RESIDENTS
from recommender.procurement.pooling import audience_of_buyers, share_amount
from recommender.procurement.schedule import Slot
from recommender.procurement.timetable import Appointment
from serving.messages.catalogue import text
from serving.planning.problem.building import Planning
from serving.planning.problem.committees import assign_committees
from serving.planning.solution import Solved


def plan_rows(planning: Planning, solved: Solved) -> pd.DataFrame:
    """One row a line and venue; amounts and attendances are split by sessions.

    Parameters
    ----------
    planning
        What the plan was made from.
    solved
        The plan, its schedule and its days.

    Returns
    -------
    What stands in lines, with names, and what their warnings need.
    """
    problem, plan = solved.problem, solved.plan
    by_line: dict[tuple[str, str, str], dict[int, list[Slot]]] = {}
    for slot in solved.slots:
        key = (
            problem.buyers.ids[slot.buyer],
            problem.streets.ids[slot.street],
            problem.products.ids[slot.product],
        )
        by_line.setdefault(key, {}).setdefault(slot.venue, []).append(slot)
    dates = date_words(solved.slots, solved.appointments)
    rows = []
    for line in plan.lines:
        venues = by_line[line.buyer, line.street, line.product]
        left = line.amount_fen
        counted = sum(slot.sessions for slots in venues.values() for slot in slots)
        for position, (venue, slots) in enumerate(venues.items(), start=1):
            sessions = sum(slot.sessions for slot in slots)
            on = dates.get((slots[0].buyer, slots[0].street, slots[0].product, venue), [])
            share = sessions / counted
            amount = left if position == len(venues) else int(line.amount_fen * share)
            left -= amount
            rows.append(
                {
                    "buyer_code": line.buyer,
                    "street_code": line.street,
                    "product_id": line.product,
                    "venue_position": venue,
                    "placed": all(slot.placed for slot in slots),
                    "sessions": sessions,
                    "amount_fen": amount,
                    "expected": round(line.expected * share, 1),
                    "low": round(line.low * share, 1),
                    "high": round(line.high * share, 1),
                    "marginal_fen_per_attendance": round(line.marginal_fen_per_attendance, 1),
                    "toured": line.toured,
                    "months": _month_words(planning.months, slots),
                    "dates": ";".join(on),
                    "undated": sessions - len(on),
                }
            )
    frame = _name(planning, pd.DataFrame(rows, columns=list(rows[0]) if rows else _EMPTY))
    frame["payers"] = _payers(planning, solved, frame)
    local = ~planning.shapes.everywhere[problem.products.positions(frame["product_id"])]
    stated = zip(
        frame["street_code"].where(local, ""), frame["sessions"], frame["expected"], strict=True
    )
    named, _ = assign_committees(list(stated), planning.committees)
    frame["committees"] = [";".join(names) for names in named]
    return frame


def _payers(planning: Planning, solved: Solved, frame: pd.DataFrame) -> list[str]:
    """Who pays how many fen of each line: ``code:fen``, its buyer first.

    What serves all streets and was ordered by a buyer of some is paid by all buyers in proportion
    to their people (团购), as far as they have money left; what neighbours pool, by those in reach.
    """
    pooled = {(pool.lead, pool.street, pool.product): pool for pool in solved.pools}
    problem, codes = solved.problem, solved.problem.buyers.ids
    paid = frame.groupby("buyer_code")["amount_fen"].sum()
    left = problem.budget_fen - np.array([int(paid.get(code, 0)) for code in codes])
    audience = audience_of_buyers(problem)
    product = problem.products.positions(frame["product_id"])
    words = []
    stated = zip(
        frame["buyer_code"], frame["street_code"], product, frame["amount_fen"], strict=True
    )
    for code, street, p, amount in stated:
        lead = problem.buyers.position(code)
        pool = pooled.get((lead, problem.streets.position(street), int(p)))
        if pool is not None:
            given = pool.shares_fen
            order = [lead, *(b for b in np.flatnonzero(given).tolist() if b != lead)]
            words.append(";".join(f"{codes[b]}:{given[b]}" for b in order))
            continue
        if not planning.shapes.everywhere[p] or problem.serves[lead].all():
            words.append(f"{code}:{amount}")
            continue
        shares = share_amount(int(amount), audience, left, lead)
        left -= shares
        left[lead] += int(amount)
        order = [lead, *(b for b in np.flatnonzero(shares).tolist() if b != lead)]
        words.append(";".join(f"{codes[b]}:{shares[b]}" for b in order if shares[b] > 0))
    return words


def _month_words(months: Sequence[str], slots: Sequence[Slot]) -> str:
    counts: dict[int, int] = {}
    for slot in slots:
        counts[slot.month] = counts.get(slot.month, 0) + slot.sessions
    return ";".join(f"{months[month]}×{n}" for month, n in sorted(counts.items()))


_EMPTY = [
    "buyer_code", "street_code", "product_id", "venue_position", "placed", "sessions",
    "amount_fen", "expected", "low", "high", "marginal_fen_per_attendance", "toured", "months",
    "dates", "undated",
]  # fmt: skip


def _name(planning: Planning, frame: pd.DataFrame) -> pd.DataFrame:
    products, suppliers = planning.products, planning.suppliers
    own = products.reindex(frame["product_id"])
    frame["supplier_id"] = own["supplier_id"].to_numpy()
    frame["title"] = own["title"].to_numpy()
    frame["category"] = own["category"].astype(str).to_numpy()
    frame["audience"] = own["audience_groups"].fillna("").astype(str).to_numpy()
    product = planning.problem.products.positions(frame["product_id"])
    frame["price_fen"] = (planning.problem.price_fen // planning.problem.sessions_each)[product]
    names = suppliers["name"].to_dict()
    frame["supplier"] = [names.get(code, "") for code in frame["supplier_id"]]
    buyers = dict(zip(planning.buyers.codes, planning.buyers.names, strict=True))
    frame["buyer"] = [buyers[code] for code in frame["buyer_code"]]
    streets = dict(zip(planning.streets.streets.ids, planning.streets.names, strict=True))
    frame["street"] = [streets[code] for code in frame["street_code"]]
    known = len(planning.venues)
    ids, venue_names = planning.venues["venue_id"].tolist(), planning.venues["name"].tolist()
    at = [v if 0 <= v < known else None for v in frame["venue_position"]]
    frame["venue_id"] = [None if v is None else ids[v] for v in at]
    frame["venue"] = [None if v is None else venue_names[v] for v in at]
    outside = ~planning.shapes.in_hall[product]
    frame.loc[outside, "venue"] = [
        text("schedule.online" if each else "schedule.outside", "zh")
        for each in planning.shapes.everywhere[product][outside]
    ]
    rows = planning.estimate.streets.positions(frame["street_code"])
    columns = planning.estimate.products.positions(frame["product_id"])
    for name in ("evidence_bookings", "evidence_surveys"):
        values = pd.array(getattr(planning.estimate, name)[rows, columns], dtype="Int64")
        values[np.asarray(values < MIN_RESIDENTS, dtype=np.bool_)] = pd.NA
        frame[name] = values
    frame["new"] = planning.history.new_product[columns]
    return frame


def shape_reasons(planning: Planning, frame: pd.DataFrame) -> list[str]:
    """What a line's kind, payers and committees mean for who reads it, joined by ``;``.

    Parameters
    ----------
    planning
        What the plan was made from.
    frame
        Rows of the plan.

    Returns
    -------
    One text a row; empty where there is nothing to say.
    """
    shapes, names = planning.shapes, dict(zip(planning.buyers.codes, planning.buyers.names,
                                              strict=True))  # fmt: skip
    found = []
    product = planning.problem.products.positions(frame["product_id"])
    for p, row in zip(product, frame.to_dict("records"), strict=True):
        said = []
        if shapes.days[p] > 1:
            said.append(text("schedule.run", "zh", days=int(shapes.days[p])))
        if shapes.series[p] > 1:
            each = int(shapes.series[p])
            courses = -(-int(row["sessions"]) // each)
            said.append(text("schedule.series", "zh", courses=courses, lessons=each))
        if shapes.everywhere[p]:
            said.append(text("schedule.everywhere", "zh"))
        if row["committees"]:
            listed = str(row["committees"]).replace(";", "、")
            said.append(text("schedule.for_committees", "zh", names=listed))
        parts = [each.split(":") for each in str(row["payers"]).split(";")]
        if len(parts) > 1:
            shares = "、".join(
                text("schedule.share", "zh", name=names[code], yuan=int(fen) / 100)
                for code, fen in parts
            )
            which = "pooled" if shapes.everywhere[p] else "pooled_leftovers"
            said.append(text(f"schedule.{which}", "zh", shares=shares))
        found.append(";".join(said))
    return found


def name_the_district(planning: Planning, frame: pd.DataFrame) -> None:
    """What serves all streets is bought for the district, not for one of them; in place.

    Parameters
    ----------
    planning
        What the plan was made from.
    frame
        Rows of the plan.
    """
    product = planning.problem.products.positions(frame["product_id"])
    everywhere = planning.shapes.everywhere[product]
    frame.loc[everywhere, ["street_code", "street"]] = planning.district


def date_words(
    slots: Sequence[Slot], appointments: Sequence[Appointment]
) -> Mapping[tuple[int, int, int, int], list[str]]:
    """Days and hours by (buyer, street, product, venue) of the schedule.

    Parameters
    ----------
    slots, appointments
        The schedule, and its days.

    Returns
    -------
    ``2027-01-16 14:00`` for a sitting, ``2027-01-16/2027-01-29`` for a run of days; in order.
    """
    found: dict[tuple[int, int, int, int], list[str]] = {}
    for each in appointments:
        slot = slots[each.slot]
        hour = f"{each.minute // 60:02d}:{each.minute % 60:02d}"
        words = f"{each.first} {hour}" if each.first == each.last else f"{each.first}/{each.last}"
        found.setdefault((slot.buyer, slot.street, slot.product, slot.venue), []).append(words)
    return {key: sorted(words) for key, words in found.items()}
