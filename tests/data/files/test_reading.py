"""Files in every shape officers have them, judged without a database."""

from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
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
        ("residents", "tel_13812345678,310105001", "resident_id", "is a phone number"),
        ("residents", "138.1234.5678,310105001", "resident_id", "is a phone number"),
        ("residents", "ZHANG.SAN,310105001", "resident_id", "is a name"),
        ("residents", "zhang_san,310105001", "resident_id", "is a name"),
        ("residents", "2026/0001,310105001", "resident_id", "is not an identifier"),
        ("residents", "..,310105001", "resident_id", "is not an identifier"),
        ("residents", "1.38001E+10,310105001", "resident_id", "a spreadsheet shortened"),
        ("residents", "r3,3.10105E+08", "area_code", "a spreadsheet shortened"),
        ("areas", "310105002.0,x,street", "area_code", "a spreadsheet shortened"),
        ("areas", "17.0,x,street", "area_code", "a spreadsheet shortened"),
        ("areas", "310105102001234000,x,street", "area_code", "lost its last digits"),
        ("areas", "=A2+1,x,street", "area_code", "is a formula"),
        ("areas", "３１０,x,street", "area_code", "full-width"),
        ("areas", "合计,2,street", "area_code", "is a total"),
        ("areas", "  ,x,street", "area_code", "is empty"),
        ("areas", '"",x,street', "area_code", "is empty"),
        ("areas", "310105002,\u3000\u200b,street", "name", "is empty"),
        ("areas", f"310105002,{'长' * 501},street", "name", "is longer than 500"),
        ("areas", "#N/A,x,street", "area_code", "is an error value"),
        ("areas", "310105002,#REF!,street", "name", "is an error value"),
        ("events", "e2,#DIV/0!,2025-05-01T10:00:00Z", "product_id", "is an error value"),
        ("events", "e2,p1,0001-01-01", "starts_at", "is out of range"),
        ("events", "e2,p1,0001-01-01T00:00:00+14:00", "starts_at", "is out of range"),
        ("events", "e2,p1,9999-12-31T23:59:59-12:00", "starts_at", "is out of range"),
        ("events", "e2,p1,9999-12-31 23:59", "starts_at", "is out of range"),
        ("events", "e2,p1,2026-10-05T19:00:00-16:00", "starts_at", "is a range"),
        ("events", "e2,p1,2026-10-05T14:00+14:30", "starts_at", "is not a time"),
        ("events", "e2,p1,2026-10-05T04:00-05:00", "starts_at", "is a range of times"),
        ("events", "e2,p1,2026年10月5日 9:30 +08:00", "starts_at", "is not a time"),
        ("bookings", "b2,r1,e1,2025-04-01 10:00-12:00,booked", "booked_at", "is a range of times"),
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


def test_periods_are_read_by_the_one_grammar_and_others_told(folder):
    (folder / "budgets.csv").write_text(
        "buyer_code,period,amount_fen\n310105001,2027 Q1,10\n310105,2027q1,20\n"
        "310105001,2027年第一季度,5\n310105,2027Q5,5\n310105,2027年3月,7\n310105, ,7\n",
        "utf-8",
    )
    dataset, report = read(folder)
    assert dataset["budgets"]["period"].tolist() == ["2027Q1", "2027Q1", "2027-03"]
    found = report.quarantine[["line", "column", "reason"]].to_numpy().tolist()
    assert [(line, column) for line, column, _ in found] == [
        (4, "buyer_code period"),
        (5, "period"),
        (7, "period"),
    ]
    assert "repeats a key" in found[0][2]
    assert "is not a period" in found[1][2]
    assert found[2][2] == "is empty"


def test_targets_that_do_not_exist_are_told(folder):
    (folder / "venues.csv").write_text("venue_id,name\nv1,中心\n", "utf-8")
    (folder / "follows.csv").write_text(
        "resident_id,target_kind,target\nr1,category,表演\nr1,category,film\nr2,product,P999\n"
        "r2,venue,V999\nr2,venue,v1\nr1,supplier,s1\nr1,tag,昆曲\n",
        "utf-8",
    )
    (folder / "surveys.csv").write_text(
        "survey_id,area_code,target_kind,target,votes\nq1,310105001,product,NOPE,5\n"
        "q2,310105001,category,戏曲,50\nq3,310105001,product,p1,5\n",
        "utf-8",
    )
    dataset, report = read(folder)
    assert dataset["follows"]["target"].tolist() == ["film", "v1", "s1", "昆曲"]
    assert dataset["surveys"]["survey_id"].tolist() == ["q3"]
    found = report.quarantine[["table", "line", "column", "value"]].to_numpy().tolist()
    assert found == [
        ["follows", 2, "target", "表演"],
        ["follows", 4, "target", "P999"],
        ["follows", 5, "target", "V999"],
        ["surveys", 2, "target", "NOPE"],
        ["surveys", 3, "target", "戏曲"],
    ]
    assert "none of performance" in report.quarantine["reason"][0]
    assert "follows: target → suppliers not checked, no such table" in report.notes


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


RANGES = [
    ("2026-10-05 10:00-12:00", "2026-10-05 10:00", "2026-10-05 12:00"),
    ("2026-10-05 14:00-16:00", "2026-10-05 14:00", "2026-10-05 16:00"),
    ("2026/10/5 19:30-21:00", "2026-10-05 19:30", "2026-10-05 21:00"),
    ("2026年10月5日 9:30-11:00", "2026-10-05 09:30", "2026-10-05 11:00"),
    ("2026-10-05T14:00-23:59", "2026-10-05 14:00", "2026-10-05 23:59"),
    ("2026-10-05 19:30—21:00", "2026-10-05 19:30", "2026-10-05 21:00"),
    ("2026.10.5 9:30至11:00", "2026-10-05 09:30", "2026-10-05 11:00"),
    ("2026-10-05 22:00 ~ 24:00", "2026-10-05 22:00", "2026-10-06 00:00"),
    ("2026-10-05 22:00-2026-10-06 01:00", "2026-10-05 22:00", "2026-10-06 01:00"),
]


@pytest.mark.parametrize(("written", "start", "end"), RANGES)
@pytest.mark.parametrize("heading", ["starts_at", "starts_at,ends_at"])
def test_a_range_of_times_fills_start_and_end(folder, written, start, end, heading):
    rest = "," * (heading.count(","))
    (folder / "events.csv").write_text(f"event_id,{heading}\ne1,{written}{rest}\n", "utf-8")
    (folder / "bookings.csv").unlink()
    dataset, report = read(folder)
    assert report.quarantined == 0
    found = dataset["events"].loc[0, ["starts_at", "ends_at"]]
    assert found.tolist() == [pd.Timestamp(t, tz="Asia/Shanghai") for t in (start, end)]


def test_a_range_that_ends_otherwise_than_the_row_says_is_bad(folder):
    (folder / "events.csv").write_text(
        "event_id,starts_at,ends_at\n"
        "e1,2026-10-05 10:00-12:00,2026-10-05 12:00\n"
        "e2,2026-10-05 10:00-12:00,2026-10-05 13:00\n",
        "utf-8",
    )
    (folder / "bookings.csv").unlink()
    dataset, report = read(folder)
    assert dataset["events"]["event_id"].tolist() == ["e1"]
    assert report.quarantine["value"].tolist() == ["2026-10-05 10:00-12:00"]


def test_long_identifiers_kept_as_text_may_end_in_zeros(folder):
    for n, code in enumerate(("310105102001234000", "310105102001234567")):
        add(folder, "areas", f"{code},x{n},street")
    dataset, report = read_dataset(folder, now=NOW)
    assert report.tables["areas"].quarantined == 0
    assert "310105102001234000" in set(dataset["areas"]["area_code"])


@pytest.mark.parametrize(
    ("written", "seats"),
    [("1.200", None), ("1.200.000", None), ("120.0", 120), ("1,200", 1200), ("0.000", 0)],
)
def test_a_point_in_a_whole_number_is_no_guess(folder, written, seats):
    (folder / "venues.csv").write_text(f'venue_id,name,seats\nv9,x,"{written}"\n')
    dataset, report = read_dataset(folder, now=NOW)
    if seats is None:
        assert "thousands or decimals" in report.quarantine["reason"].iloc[0]
    else:
        assert dataset["venues"].set_index("venue_id").loc["v9", "seats"] == seats


def test_identifiers_that_a_spreadsheet_shortened_do_not_fall_together(folder):
    people = "".join(f"1.38001E+10,3.10105E+11,{n}\n" for n in range(5))
    (folder / "residents.csv").write_text("resident_id,area_code,note\n" + people, "utf-8")
    (folder / "bookings.csv").unlink()
    dataset, report = read(folder)
    assert report.quarantined == 5
    assert dataset["residents"].empty


@pytest.mark.parametrize(
    ("kind", "codes", "good"),
    [
        ("float32", [310105001, 310105002], 0),
        ("float32", [31010501, 310105], 1),
        ("float64", [310105001, 310105002], 2),
        ("float64", [2.0**53, 310105.5], 0),
        ("int64", [2**60, 310105001], 2),
    ],
)
def test_numbers_too_coarse_to_be_identifiers_are_bad(tmp_path, kind, codes, good):
    frame = pd.DataFrame({"area_code": codes, "name": "x", "level": "street"})
    frame["area_code"] = frame["area_code"].astype(kind)
    frame.to_parquet(tmp_path / "areas.parquet")
    dataset, report = read(tmp_path)
    assert (len(dataset["areas"]), report.quarantined) == (good, 2 - good)
    assert set(dataset["areas"]["area_code"]) <= set(map(str, codes))


@pytest.mark.parametrize("unit", ["ms", "us"])
@pytest.mark.parametrize("ticks", [-(2**62), 2**62, -(2**63)])
@pytest.mark.parametrize("zone", [None, "UTC"])
def test_times_at_the_ends_of_the_calendar_in_parquet(tmp_path, unit, ticks, zone):
    times = pa.array([ticks, 10**12], pa.int64()).cast(pa.timestamp(unit, zone))
    pq.write_table(
        pa.table({"event_id": ["a", "b"], "starts_at": times}), tmp_path / "events.parquet"
    )
    dataset, report = read(tmp_path)
    assert dataset["events"]["event_id"].tolist() == ["b"]
    assert report.quarantined == 1


def test_parquet_text_kept_as_bytes_is_text_and_broken_bytes_are_bad(tmp_path):
    names = pa.array(["长宁".encode(), b"\xe5\x8d"], pa.binary())
    table = pa.table({"area_code": ["1", "2"], "name": names, "level": ["street"] * 2})
    for kind in (pa.binary(), pa.string()):
        broken = pa.Array.from_buffers(kind, 2, names.buffers())
        pq.write_table(table.set_column(1, "name", broken), tmp_path / "areas.parquet")
        dataset, report = read(tmp_path)
        assert dataset["areas"]["name"].tolist() == ["长宁"]
        assert report.quarantine["line"].tolist() == [2]


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
