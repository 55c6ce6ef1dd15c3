"""Small hand-made sources with every dirty corner, and what must become of them."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.converters import CONVERTERS, Conversion, convert
from data.files.reading import read_dataset
from data.files.writing import write_dataset
from data.schema import TABLES, Kind
from recommender.errors import InputRejectedError, UsageError

LIBRARY = {
    "arrondissements.geojson": (
        '{"features": ['
        '{"properties": {"c_arinsee": 75106, "l_ar": "6e", "l_aroff": "Luxembourg",'
        ' "geom_x_y": {"lon": 2.33, "lat": 48.85}}},'
        '{"properties": {"c_arinsee": 75107, "l_ar": "7e"}},'
        '{"properties": {"c_arinsee": 99999}}]}'
    ),
    "books.csv": (
        "book,title,year,genre,format,author,author_gender,author_nationalities\n"
        "ulysses,Ulysses,1922.0,Fiction,Book,joyce-james,Male,Ireland\n"
        'wuthering,"Wuthering\nHeights",,Fiction|Poetry,Book,brontë-emily,Female,\n'
        "untitled,,,,,,,\n"
        "ulysses,Ulysses again,,,,,,\n"
        "short,row\n"
    ),
    "members.csv": (
        "member,gender,birth_year,arrondissement,lat,lon,city\n"
        "m1,Female,1900.0,6.0,48.8,2.3,Paris\n"
        "m2,Male,1700.0,,43.6,7.2,Nice\n"
        "m3,Nonbinary,1990.0,,,,\n"
        "m4,,1910,,,,\n"
    ),
    "loans.csv": (
        "loan,member,book,start,end,arrondissement,lat,lon,city\n"
        "E1,m1,ulysses,1935-03-01,1935-03-09,6.0,,,Paris\n"
        "E2,m1,ulysses,1936-12-31,,7.0,,,Paris\n"  # open end; another address
        "E3,m2,wuthering,1935-06-01,,,43.6,7.2,Nice\n"
        "E4,m3,ulysses,1935,,,,,\n"  # a year only
        "E5,m3,ulysses,1935-04-02,1935-04-01,,,,\n"  # back before it went
        "E6,m9,ulysses,1935-04-02,,,,,\n"
        "E7,m1,nothing,1935-04-02,,,,,\n"
        "E1,m1,wuthering,1935-04-02,,,,,\n"
        "E8,m3,wuthering,--06-27,,,,,\n"
        "E9,m3,wuthering,1935-13-01,,,,,\n"
    ),
}

MEETUP = {
    "groups.csv": "id,name,urlname,rating,created\n1,Tango,t,5,1391444011000\n",
    "groups_topics.csv": "groupId,name,id,urlkey\n1,Dance,10,dance\n7,Nowhere,11,n\n",
    "venues.csv": (
        "id,name,city,address_1,address_2,lat,lon\n"
        "5,Hall,Town,,,46.8,-114.0\n5,Hall,Town,,,46.9,-114.0\n6,Nowhere,,,,0.0,0.0\n"
    ),
    "events.csv": (
        "id,name,time,utc_offset,group_id,venue_id,status\n"
        "e1,Milonga,1400000000000,0,1,5.0,past\n"
        "e2, MILONGA ,1410000000000,0,1,,past\n"
        "e3,Lost,1410000000000,0,9,,past\n"
        "e4,When,soon,0,1,5,past\n"
    ),
    "members.csv": (
        "id,joined,topics,groupId\n"
        "100,1390000000000,10;99,1\n100,1380000000000,10,2\n101,never,,1\n"
    ),
    "rsvps.csv": (
        "rsvp_id,event_id,member_id,guests,response,created,mtime\n"
        "11,e1,100,2,yes,1399000000000,1399500000000\n"
        "12,e1,101,0,no,1399000000000,1399100000000\n"
        "-1,e2,100,900,yes,1399000000000,1398000000000\n"
        "-1,e2,555,0,yes,1399000000000,1399000000000\n"
        "13,e9,100,0,yes,1399000000000,1399000000000\n"
        "14,e1,100,0,no,1399000000000,1399000000000\n"
        "15,e2,101,0,maybe,1399000000000,1399000000000\n"
    ),
}

FILMS = {
    "movies.dat": "1::A (2001)::Drama|War\n2::B (2002)::\n1::A again::\nbroken\n",
    "ratings.dat": (
        "1::1::0::1365029107\n1::2::7::1365029108\n2::1::10::1397000000\n"
        "2::2::11::1365029107\n2::3::5::1365029107\n3::1::5::soon\n1::1::9::1365029109\n"
    ),
}

BUDGET = {
    "Town_2022.pb": (
        "META\nkey;value\nunit;Łódź\ninstance;2022\nbudget;1000.5\n"
        "date_begin;10.09.2022\ndate_end;23.09.2022\n"
        "PROJECTS\nproject_id;cost;votes;name;category;beneficiaries;latitude;longitude\n"
        "A/1;2200;2;Książki;culture,education;children,animals;51.7;19.4\n"
        "B/2;dear;1;Park;urban greenery;;;\n"
        "A/1;1;1;again;;;;\n"
        "VOTES\nvoter_id;vote;points;age;sex;neighborhood\n"
        "v1;A/1,B/2;2,1;34;F;BAŁUTY\n"
        "v2;A/1,A/1,Z/9;1;199;M;BAŁUTY\n"
        "v3;B/2;1;;X;\n"
        "v1;B/2;1;40;F;BAŁUTY\n"
        "v4;B/2\n"
    )
}

SOURCES = {
    "lending-library": LIBRARY,
    "meetup": MEETUP,
    "movietweetings": FILMS,
    "pabulib": BUDGET,
}


def lay_out(files: dict[str, str], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def assert_sound(result: Conversion) -> None:
    """Accounts add up, keys are distinct, references resolve, required values are there."""
    summary = result.ledger.summary()
    parts = summary["mapped"] + summary["merged"] + summary["set_aside"]
    assert (summary["read"] == parts).all()
    unmapped = result.ledger.unmapped()
    assert (~unmapped["row_kept"].astype(bool)).sum() == summary["set_aside"].sum()
    for name, frame in result.tables.items():
        table = TABLES[name]
        assert not frame.duplicated(list(table.key)).any(), name
        for column in table.columns:
            values = frame[column.name].dropna()
            if column.required:
                assert len(values) == len(frame), (name, column.name)
            if column.references:
                known = set(result.dataset[column.references].iloc[:, 0])
                assert set(values) <= known, (name, column.name)
            if column.kind is Kind.ID:
                assert values.str.fullmatch(r"[A-Za-z0-9_.:-]+").all(), (name, column.name)
            if column.low is not None:
                assert (values >= column.low).all(), (name, column.name)
        for earlier, later in table.ordered:
            both = frame[[earlier, later]].dropna()
            assert (both[earlier] <= both[later]).all(), (name, later)


@pytest.mark.parametrize("source", SOURCES)
def test_every_row_is_accounted_for_and_tables_are_sound(source: str, tmp_path: Path) -> None:
    assert_sound(convert(source, lay_out(SOURCES[source], tmp_path)))


def test_loans_without_a_day_or_against_time_are_set_aside(tmp_path: Path) -> None:
    result = convert("lending-library", lay_out(LIBRARY, tmp_path))
    assert sorted(result.tables["bookings"]["booking_id"]) == ["E1", "E2", "E3"]
    rows = result.ledger.unmapped().query("file == 'loans.csv' and not row_kept")
    assert rows.set_index("line")["column"].to_dict() == {
        5: "start",
        6: "end",
        7: "member",
        8: "book",
        9: "loan",
        10: "start",
        11: "start",
    }


def test_a_book_has_one_event_a_year_from_its_first_loan(tmp_path: Path) -> None:
    events = convert("lending-library", lay_out(LIBRARY, tmp_path)).tables["events"]
    of_ulysses = events[events["product_id"] == "ulysses"].sort_values("starts_at")
    # The loan of 31 December at noon is still of that year: the shelf closes at three.
    assert list(of_ulysses["event_id"]) == ["ulysses.1935", "ulysses.1936"]
    assert list(of_ulysses["published_at"]) == [
        pd.Timestamp("1935-03-01T12:00Z"),
        pd.Timestamp("1935-12-31T15:00Z"),
    ]
    assert (of_ulysses["published_at"].iloc[1:].array == of_ulysses["starts_at"].iloc[:-1]).all()


def test_members_keep_what_the_contract_can_say(tmp_path: Path) -> None:
    result = convert("lending-library", lay_out(LIBRARY, tmp_path))
    residents = result.tables["residents"].set_index("resident_id")
    assert residents.loc["m1", ["area_code", "age_band", "sex"]].tolist() == ["75106", "35-59", "f"]
    assert residents.loc["m2", "area_code"] is pd.NA or pd.isna(residents.loc["m2", "area_code"])
    assert residents["age_band"].isna().tolist() == [False, True, True, True]
    assert residents.loc["m3", "sex"] == "u"
    reasons = set(result.ledger.unmapped()["reason"])
    assert "an age at the first loan that cannot be" in reasons
    assert "lent at another address than the one the resident is kept with" in reasons


def test_books_keep_words_features_and_authors(tmp_path: Path) -> None:
    tables = convert("lending-library", lay_out(LIBRARY, tmp_path)).tables
    products = tables["products"].set_index("product_id")
    assert products.loc["ulysses", "tags"] == "Fiction;Ireland"
    assert products.loc["wuthering", "title"] == "Wuthering Heights"
    assert products.loc["wuthering", "supplier_id"] == "bronte-emily"
    assert products.loc["untitled", "title"] == "untitled"


def test_answers_become_bookings_and_changes_updates(tmp_path: Path) -> None:
    result = convert("meetup", lay_out(MEETUP, tmp_path))
    bookings = result.tables["bookings"].set_index("booking_id")
    assert list(bookings.index) == ["11", "12", "e2-100", "e2-555"]
    assert list(bookings["status"]) == ["booked", "cancelled", "booked", "booked"]
    assert list(bookings["seats"]) == [3, 1, 1, 1]
    assert (bookings.loc["11", "updated_at"] - bookings.loc["11", "booked_at"]).days == 5
    assert bookings.loc["e2-100", "updated_at"] == bookings.loc["e2-100", "booked_at"]
    # An answer by somebody who left the group since is still somebody's answer.
    assert "555" in set(result.tables["residents"]["resident_id"])


def test_events_under_one_name_are_one_product(tmp_path: Path) -> None:
    result = convert("meetup", lay_out(MEETUP, tmp_path))
    assert list(result.tables["events"]["event_id"]) == ["e1", "e2"]
    assert len(set(result.tables["events"]["product_id"])) == 1
    assert result.tables["events"]["venue_id"].isna().tolist() == [False, True]
    assert result.tables["venues"]["lat"].isna().tolist() == [False, True]
    assert result.tables["products"]["tags"].tolist() == ["Dance"]


def test_profiles_are_not_known_before_they_were_read(tmp_path: Path) -> None:
    tables = convert("meetup", lay_out(MEETUP, tmp_path)).tables
    topics = tables["follows"][tables["follows"]["target_kind"] == "tag"]
    assert topics["target"].tolist() == ["Dance"]
    assert (topics["since"] >= tables["residents"]["joined_at"].max()).all()


def test_members_follow_a_group_from_when_they_joined_it(tmp_path: Path) -> None:
    follows = convert("meetup", lay_out(MEETUP, tmp_path)).tables["follows"]
    groups = follows[follows["target_kind"] == "supplier"]
    # Not of the group that is not in the source, nor of a moment that is none.
    assert groups[["resident_id", "target"]].to_numpy().tolist() == [["100", "1"]]
    assert groups["since"].tolist() == [pd.Timestamp(1390000000, unit="s", tz="UTC")]


def test_the_ten_point_scale_becomes_five_stars(tmp_path: Path) -> None:
    result = convert("movietweetings", lay_out(FILMS, tmp_path))
    assert list(result.tables["ratings"]["stars"]) == [1, 3, 5]
    assert list(result.tables["bookings"]["event_id"]) == ["f1.2013", "f2.2013", "f1.2014"]
    # Film 2 is on offer in 2014 too, though nobody rated it then.
    assert set(result.tables["events"]["event_id"]) == {"f1.2013", "f2.2013", "f1.2014", "f2.2014"}
    assert len(result.ledger.unmapped()) == 6


@pytest.mark.parametrize("mark", range(11))
def test_stars_never_leave_the_scale(mark: int, tmp_path: Path) -> None:
    files = {"movies.dat": "1::A::Drama\n", "ratings.dat": f"1::1::{mark}::1365029107\n"}
    stars = convert("movietweetings", lay_out(files, tmp_path)).tables["ratings"]["stars"]
    assert stars.tolist() == [max(1, mark // 2)]


def test_votes_projects_and_money(tmp_path: Path) -> None:
    result = convert("pabulib", lay_out(BUDGET, tmp_path))
    tables = result.tables
    assert list(tables["areas"]["area_code"]) == ["Lodz", "Lodz.BALUTY"]
    products = tables["products"].set_index("product_id")
    assert products.loc["Lodz-2022.A-1", "price_fen"] == 220_000
    assert products.loc["Lodz-2022.A-1", "category"] == "performance"
    assert products.loc["Lodz-2022.A-1", "audience_groups"] == "children"
    assert pd.isna(products.loc["Lodz-2022.B-2", "price_fen"])
    assert len(tables["bookings"]) == 4
    assert tables["budgets"].iloc[0].tolist() == ["Lodz", "2022Q4", 100_050]
    assert tables["population"][["age_band", "sex", "people"]].values.tolist() == [
        ["18-34", "f", 1]
    ]
    residents = tables["residents"].set_index("resident_id")
    assert residents["age_band"].isna().tolist() == [False, True, True]


def test_a_stray_quote_swallows_nothing(tmp_path: Path) -> None:
    files = {"x.pb": BUDGET["Town_2022.pb"].replace(";Park;", ';"Park;')}
    summary = convert("pabulib", lay_out(files, tmp_path)).ledger.summary()
    assert list(summary["read"]) == [3, 5]


def test_several_votes_of_one_place_do_not_collide(tmp_path: Path) -> None:
    text = BUDGET["Town_2022.pb"]
    result = convert("pabulib", lay_out({"a.pb": text, "b.pb": text}, tmp_path))
    assert_sound(result)
    assert len(result.tables["residents"]) == 6
    assert result.tables["budgets"]["amount_fen"].tolist() == [200_100]


def test_wrong_calls_say_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Known: lending-library"):
        convert("gtfs", tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        convert("meetup", tmp_path / "nowhere")
    for source in CONVERTERS:
        with pytest.raises(UsageError, match="Give"):
            convert(source, tmp_path)


def test_a_header_without_a_needed_column_is_refused(tmp_path: Path) -> None:
    files = {**MEETUP, "rsvps.csv": "rsvp_id,who\n1,2\n"}
    with pytest.raises(InputRejectedError, match="no column event_id"):
        convert("meetup", lay_out(files, tmp_path))
    with pytest.raises(InputRejectedError, match="no row of the source"):
        convert("movietweetings", lay_out({**FILMS, "ratings.dat": "x\n"}, tmp_path))


@given(
    lines=st.lists(
        st.lists(
            st.one_of(
                st.sampled_from(["", "11", "e1", "e2", "100", "yes", "no", "1399000000000", "-5"]),
                st.text(max_size=6),
            ),
            min_size=1,
            max_size=8,
        ).map(",".join),
        max_size=8,
    )
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_rubbish_is_set_aside_never_a_crash(lines: list[str], tmp_path: Path) -> None:
    rsvps = MEETUP["rsvps.csv"] + "\n".join(lines)
    assert_sound(convert("meetup", lay_out({**MEETUP, "rsvps.csv": rsvps}, tmp_path)))


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("source", "folder", "bookings"),
    [
        ("lending-library", "lending-library", 20_607),
        ("meetup", "meetup-montana", 7_739),
        ("movietweetings", "movietweetings", 100_000),
        ("pabulib", "pabulib/Poland_Katowice_2022.pb", 47_681),
    ],
)
def test_real_files_are_mapped_whole(
    source: str, folder: str, bookings: int, shared_data: Path
) -> None:
    result = convert(source, shared_data / folder)
    assert_sound(result)
    assert len(result.tables["bookings"]) == bookings


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("source", "folder"),
    [
        ("lending-library", "lending-library"),
        ("meetup", "meetup-montana"),
        ("movietweetings", "movietweetings"),
        ("pabulib", "pabulib/Poland_Warszawa_2024_Wawer.pb"),
    ],
)
def test_what_is_written_is_read_back_without_quarantine(
    source: str, folder: str, shared_data: Path, tmp_path: Path
) -> None:
    result = convert(source, shared_data / folder)
    write_dataset(result.tables, tmp_path)
    _, report = read_dataset(tmp_path, now=datetime.now(tz=UTC))
    assert report.quarantined == 0, report.quarantine.head()
    assert report.read == sum(len(frame) for frame in result.tables.values())
