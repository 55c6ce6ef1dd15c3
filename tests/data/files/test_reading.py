"""Files in every shape officers have them, judged without a database."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from data.files.reading import read_dataset
from recommender.errors import InputRejectedError, UsageError

NOW = datetime(2026, 1, 1, tzinfo=UTC)

GOOD = {
    "areas": "area_code,name,level\n310105,长宁区,district\n310105001,华阳路街道,street\n",
    "products": "product_id,title,category\np1,沪剧,performance\n",
    "events": "event_id,product_id,starts_at\ne1,p1,2025-05-01T10:00:00+08:00\n",
    "residents": "resident_id,area_code\nr1,310105001\nr2,310105001\n",
    "bookings": "booking_id,resident_id,event_id,booked_at,status\n"
    "b1,r1,e1,2025-04-01T10:00:00+08:00,booked\n",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in GOOD.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def read(path):
    dataset, report = read_dataset(path, now=NOW)
    counts = report.to_frame()
    parts = counts[["new", "changed", "same", "quarantined"]].sum(axis=1)
    assert (counts["read"] == parts).all()
    assert len(report.quarantine) == report.quarantined
    return dataset, report


def add(folder, name, *lines):
    path = folder / f"{name}.csv"
    path.write_text(path.read_text("utf-8") + "".join(f"{line}\n" for line in lines), "utf-8")


def test_a_good_folder_is_read_whole(folder):
    dataset, report = read(folder)
    assert report.quarantined == 0
    assert {name: len(dataset[name]) for name in GOOD} == {
        "areas": 2,
        "products": 1,
        "events": 1,
        "residents": 2,
        "bookings": 1,
    }
    assert dataset["events"]["starts_at"][0] == pd.Timestamp("2025-05-01T02:00:00Z")


@pytest.mark.parametrize(
    ("table", "line", "column", "reason"),
    [
        ("bookings", "b2,r1,e1,yesterday,booked", "booked_at", "is not a time"),
        ("bookings", "b2,r1,e1,2025-02-30T10:00:00Z,booked", "booked_at", "is not a time"),
        ("bookings", "b2,r1,e1,2026-01-01T00:00:01Z,booked", "booked_at", "is in the future"),
        ("bookings", "b2,r9,e1,2025-04-01T10:00:00Z,booked", "resident_id", "is not in residents"),
        ("bookings", "b2,r1,e9,2025-04-01T10:00:00Z,booked", "event_id", "is not in events"),
        ("bookings", "b2,r1,e1,2025-04-01T10:00:00Z,maybe", "status", "is none of booked"),
        ("bookings", "b2,r1,e1,2025-04-01T10:00:00Z,", "status", "is empty"),
        ("bookings", "b1,r2,e1,2025-04-01T10:00:00+08:00,booked", "booking_id", "than line 2"),
        ("bookings", "b2,r1", "", "has 2 cells, the header has 5"),
        ("areas", "310105002,a\x07b,street", "name", "control"),
        ("areas", "310 105,ab,street", "area_code", "is not an identifier"),
        ("residents", "13800138000,310105001", "resident_id", "is a phone number"),
        ("residents", "+86 138-0013-8000,310105001", "resident_id", "is a phone number"),
        ("residents", "11010519491231002X,310105001", "resident_id", "is an identity number"),
        ("residents", "王小明,310105001", "resident_id", "is a name"),
        ("residents", "Wang Xiaoming,310105001", "resident_id", "is a name"),
        ("residents", "wang@example.org,310105001", "resident_id", "is an e-mail address"),
        ("bookings", "b2,13800138000,e1,2025-04-01T10:00:00Z,booked", "resident_id", "a phone"),
    ],
)
def test_one_bad_row_is_told_and_the_others_land(folder, table, line, column, reason):
    before = {name: len(text.splitlines()) - 1 for name, text in GOOD.items()}
    add(folder, table, line)
    dataset, report = read(folder)
    assert {name: len(dataset[name]) for name in GOOD} == before
    (found,) = report.quarantine.to_dict("records")
    assert (found["table"], found["line"], found["column"]) == (table, before[table] + 2, column)
    assert reason in found["reason"]


def test_personal_values_are_masked_and_others_are_not(folder):
    add(folder, "residents", "13800138000,310105001", "r3,999")
    values = read(folder)[1].quarantine["value"].tolist()
    assert values == ["13*******00", "999"]


@pytest.mark.parametrize("resident", ["18f3a9c2d4", "110105194912310021", "u13800138000x", "R-7"])
def test_a_pseudonym_that_only_looks_personal_is_let_in(folder, resident):
    add(folder, "residents", f"{resident},310105001")
    assert resident in read(folder)[0]["residents"]["resident_id"].tolist()


def test_a_row_whose_reference_is_bad_is_bad_too(folder):
    add(folder, "events", "e2,p1,whenever")
    add(folder, "bookings", "b2,r1,e2,2025-04-01T10:00:00Z,booked")
    report = read(folder)[1]
    assert report.quarantine[["table", "column"]].to_numpy().tolist() == [
        ["events", "starts_at"],
        ["bookings", "event_id"],
    ]


def test_the_end_may_not_come_before_the_start(folder):
    (folder / "events.csv").write_text(
        "event_id,starts_at,ends_at\n"
        "e1,2025-05-01T10:00:00+08:00,2025-05-01T01:59:59Z\n"
        "e2,2025-05-01T10:00:00+08:00,2025-05-01T02:00:00Z\n",
        "utf-8",
    )
    dataset, report = read(folder)
    assert dataset["events"]["event_id"].tolist() == ["e2"]
    assert "is before starts_at" in report.quarantine["reason"][0]


def test_the_newest_version_of_a_booking_stands(folder):
    (folder / "bookings.csv").write_text(
        "booking_id,resident_id,event_id,booked_at,status,updated_at\n"
        "b1,r1,e1,2025-04-01T10:00:00Z,attended,2025-05-02T10:00:00Z\n"
        "b1,r1,e1,2025-04-01T10:00:00Z,booked,\n"
        "b1,r1,e1,2025-04-01T10:00:00Z,booked,2025-04-01T10:00:00Z\n"
        "b1,r1,e1,2025-04-01T10:00:00Z,attended,2025-05-02T10:00:00Z\n"
        "b1,r1,e1,2025-04-01T10:00:00Z,no_show,2025-05-02T10:00:00Z\n",
        "utf-8",
    )
    dataset, report = read(folder)
    assert dataset["bookings"]["status"].tolist() == ["attended"]
    counts = report.tables["bookings"]
    assert (counts.read, counts.new, counts.same, counts.quarantined) == (5, 1, 3, 1)
    assert report.quarantine["line"].tolist() == [6]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings_are_recognised(folder, encoding):
    (folder / "areas.csv").write_text(GOOD["areas"], encoding)
    assert read(folder)[0]["areas"]["name"].tolist() == ["长宁区", "华阳路街道"]


def test_one_broken_byte_in_utf8_spoils_one_row(folder):
    text = GOOD["areas"] + "".join(f"3101050{n},街道镇{n},street\n" for n in range(10, 30))
    (folder / "areas.csv").write_bytes(text.encode().replace("华".encode(), b"\xe5\x8d"))
    dataset, report = read(folder)
    assert len(dataset["areas"]) == 21
    assert report.quarantine["line"][0] == 3


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_recognised(folder, delimiter):
    (folder / "areas.csv").write_text(GOOD["areas"].replace(",", delimiter), "utf-8")
    assert len(read(folder)[0]["areas"]) == 2


def test_headers_are_trimmed_and_caseless_and_unknown_columns_told(folder):
    (folder / "areas.csv").write_text(" Area_Code ,NAME,Level, 备注\n0105,甲,Street,x\n", "utf-8")
    dataset, report = read(folder)
    assert dataset["areas"]["area_code"].tolist() == ["0105"]
    assert any("备注" in note for note in report.notes)


def test_lines_are_those_of_the_file_even_with_breaks_inside_cells(folder):
    (folder / "areas.csv").write_text(
        'area_code,name,level\n1,"a\nb",street\n\n2,c,nowhere\n', "utf-8"
    )
    assert read(folder)[1].quarantine.query("table == 'areas'")["line"].tolist() == [5]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2025-04-01 10:00:00+08:00", "2025-04-01T02:00:00Z"),
        ("2025-04-01T10:00:00.250Z", "2025-04-01T10:00:00.25Z"),
        ("2025/4/1 10:00", "2025-04-01T02:00:00Z"),
        ("2025年4月1日 10:00", "2025-04-01T02:00:00Z"),
        ("2025-04-01", "2025-03-31T16:00:00Z"),
        ("45748.4166666667", "2025-04-01T02:00:00Z"),
        ("2025-04-30T10:00:00Z", "2025-04-30T10:00:00Z"),
    ],
)
def test_times_are_read_as_people_and_excel_write_them(folder, written, moment):
    add(folder, "bookings", f"b2,r1,e1,{written},booked", "b3,r1,e1,never,booked")
    dataset, report = read(folder)
    assert dataset["bookings"]["booked_at"][1] == pd.Timestamp(moment)
    assert report.quarantined == 1


def test_workbook_oddities(folder, tmp_path_factory):
    file = tmp_path_factory.mktemp("xlsx") / "all.xlsx"
    with pd.ExcelWriter(file, engine="xlsxwriter") as writer:
        for name, text in GOOD.items():
            rows = [line.split(",") for line in text.splitlines()]
            frame = pd.DataFrame(rows[1:], columns=rows[0])
            if name == "areas":  # codes as numbers
                frame["area_code"] = frame["area_code"].astype(float)
            if name == "residents":  # numbers as text, with a code that starts with zero
                frame.loc[2] = ["007", "310105001"]
            if name == "bookings":  # a date as its serial, and as a date
                frame["booked_at"] = 45748.5
                frame["updated_at"] = pd.Timestamp("2025-05-01 12:00")
            frame.to_excel(writer, sheet_name=name.title(), index=False, startrow=1)
        pd.DataFrame({"x": [1]}).to_excel(writer, sheet_name="notes")
    dataset, report = read(file)
    assert report.quarantined == 0
    assert dataset["areas"]["area_code"].tolist() == ["310105", "310105001"]
    assert dataset["residents"]["resident_id"].tolist() == ["r1", "r2", "007"]
    assert dataset["bookings"]["booked_at"][0] == pd.Timestamp("2025-04-01T04:00:00Z")
    assert dataset["bookings"]["updated_at"][0] == pd.Timestamp("2025-05-01T04:00:00Z")
    assert report.notes == ["ignored: all.xlsx: sheet notes"]


def test_parquet_with_its_own_types_reads_as_csv_does(folder, tmp_path_factory):
    from_csv = read(folder)[0]
    parquet = tmp_path_factory.mktemp("parquet")
    for name in GOOD:
        frame = from_csv[name].dropna(axis="columns", how="all")
        frame.to_parquet(parquet / f"{name}.parquet")
    frame = from_csv["products"].assign(
        tags=[["海派", "戏曲"]], audience_groups=[["senior", "all"]]
    )
    frame.to_parquet(parquet / "products.parquet")
    dataset, report = read(parquet)
    assert report.quarantined == 0
    assert dataset["products"]["tags"].tolist() == ["海派;戏曲"]
    for name in set(GOOD) - {"products"}:
        pd.testing.assert_frame_equal(dataset[name], from_csv[name])


def test_a_missing_required_column_is_told_by_name(folder):
    (folder / "events.csv").write_text("event_id,title\ne1,x\n", "utf-8")
    with pytest.raises(InputRejectedError, match=r"events\.csv lacks .* starts_at"):
        read_dataset(folder, now=NOW)


def test_a_folder_without_tables_is_a_wrong_call(tmp_path):
    with pytest.raises(UsageError, match="no table of the contract"):
        read_dataset(tmp_path, now=NOW)


@pytest.mark.parametrize("name", ["events.parquet", "events.xlsx", "events.csv"])
def test_files_that_are_not_what_they_say_are_rejected(tmp_path, name):
    (tmp_path / name).write_bytes(b"" if name.endswith("csv") else b"\x00\x01nonsense")
    with pytest.raises(InputRejectedError):
        read_dataset(tmp_path, now=NOW)
