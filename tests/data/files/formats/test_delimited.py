"""CSV files as people and spreadsheets leave them: every physical line is accounted for."""

from datetime import UTC, datetime

import pytest

from data.files.reading import read_dataset
from recommender.errors import InputRejectedError, UsageError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AREAS = "area_code,name,level\n310105,长宁区,district\n310105001,华阳路街道,street\n"


def read(folder):
    dataset, report = read_dataset(folder, now=NOW)
    for counts in report.tables.values():
        assert counts.read == counts.new + counts.changed + counts.same + counts.quarantined
    assert len(report.quarantine) == report.quarantined
    return dataset, report


def areas(folder, text, encoding="utf-8"):
    content = text if isinstance(text, bytes) else text.encode(encoding)
    (folder / "areas.csv").write_bytes(content)
    dataset, report = read(folder)
    return dataset["areas"], report


EVENT = "E{0},P1,V1,{1}专场{0},2026-10-05T14:00+08:00,100\n"
HEAD = "event_id,product_id,venue_id,title,starts_at,seats\n"


@pytest.mark.parametrize(
    ("marks", "bad"),
    [
        ({3: '"', 8: '"'}, {3, 8}),  # as left by hand
        ({3: '"'}, {3}),  # open to the end of the file
        ({3: '"', 4: '"', 5: '"'}, {3, 4, 5}),
        ({1: '"', 10: '"'}, {1, 10}),
    ],
)
def test_an_open_quotation_mark_costs_its_own_line_alone(tmp_path, marks, bad):
    lines = [EVENT.format(n, marks.get(n, "")) for n in range(1, 11)]
    (tmp_path / "events.csv").write_text(HEAD + "".join(lines), "utf-8")
    dataset, report = read(tmp_path)
    assert report.tables["events"].read == 10
    assert set(report.quarantine["line"]) == {n + 1 for n in bad}
    assert report.quarantine["reason"].str.contains("quotation mark").all()
    assert set(dataset["events"]["event_id"]) == {f"E{n}" for n in range(1, 11) if n not in bad}


def test_a_mark_closed_rows_later_swallows_none_of_them(tmp_path):
    lines = [EVENT.format(n, '"' if n == 2 else "") for n in range(1, 6)]
    lines[3] = lines[3].replace("专场4", '专场4"')
    (tmp_path / "events.csv").write_text(HEAD + "".join(lines), "utf-8")
    dataset, report = read(tmp_path)
    assert report.quarantine["line"].tolist() == [3]
    assert dataset["events"]["title"].tolist() == ["专场1", "专场3", '专场4"', "专场5"]


def test_text_after_a_closing_mark_is_a_finding_and_marks_inside_words_are_not(tmp_path):
    frame, report = areas(
        tmp_path, 'area_code,name,level\n1,"甲"乙,street\n2,5" 屏,street\n3,"a ""b"" c",street\n'
    )
    assert frame["name"].tolist() == ['5" 屏', 'a "b" c']
    assert report.quarantine["line"].tolist() == [2]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_breaks_inside_cells_stay_and_lines_count(tmp_path, end):
    text = 'area_code,name,level\n1,"a\nb",street\n\n2,c,nowhere\n'.replace("\n", end)
    frame, report = areas(tmp_path, text)
    assert frame["name"].tolist() == [f"a{end}b"]
    assert report.quarantine["line"].tolist() == [5]


@pytest.mark.parametrize(
    ("above", "note"),
    [
        ("\n", None),
        (",,\n", None),
        ("sep=,\n", None),
        ("2026年长宁区街道一览表,,\n", "above the headings"),
        ("一览表\n制表：文旅局\n\n", "above the headings"),
    ],
)
def test_what_stands_above_the_headings(tmp_path, above, note):
    frame, report = areas(tmp_path, above + AREAS + "310105002,x,nowhere\n")
    assert frame["area_code"].tolist() == ["310105", "310105001"]
    assert report.quarantine["line"].tolist() == [above.count("\n") + 4]
    assert any(note in told for told in report.notes) if note else report.notes == []


@pytest.mark.parametrize("delimiter", [";", "|", "\t"])
def test_a_separator_line_names_the_delimiter(tmp_path, delimiter):
    text = f"sep={delimiter}\r\n" + AREAS.replace(",", delimiter).replace("\n", "\r\n")
    frame, report = areas(tmp_path, text)
    assert (len(frame), report.quarantined) == (2, 0)


def test_rows_of_commas_are_no_rows_and_told(tmp_path):
    frame, report = areas(tmp_path, AREAS + ",,\n , ,\n\n1,x,nowhere\n")
    assert (len(frame), report.quarantined) == (2, 1)
    assert report.quarantine["line"].tolist() == [7]
    assert any("2 rows without any value" in note for note in report.notes)


def test_a_heading_broken_over_two_lines_is_no_row(tmp_path):
    (tmp_path / "suppliers.csv").write_bytes(
        '"序号\n(内部)",supplier_id,name\r\n1,S1,甲剧团\r\n2,S2,乙书画\r\n'.encode()
    )
    dataset, report = read(tmp_path)
    assert dataset["suppliers"]["supplier_id"].tolist() == ["S1", "S2"]
    assert report.quarantined == 0
    (tmp_path / "suppliers.csv").write_bytes('"supplier\nid",name\r\nS1,甲\r\n,乙\r\n'.encode())
    dataset, report = read(tmp_path)
    assert dataset["suppliers"]["supplier_id"].tolist() == ["S1"]
    assert report.quarantine["line"].tolist() == [4]


def test_chinese_headings_are_read_and_told(tmp_path):
    (tmp_path / "products.csv").write_text("产品编号,产品名称,类别\np1,沪剧,performance\n", "utf-8")
    dataset, report = read(tmp_path)
    assert dataset["products"]["title"].tolist() == ["沪剧"]
    assert "products.csv: 产品名称 read as title" in report.notes


@pytest.mark.parametrize(
    ("text", "encoding", "names", "said"),
    [
        ("장충체육관 남산", "cp949", False, "cp949"),
        ("서울 문화 회관", "cp949", False, "cp949"),
        ("臺北市文化中心書法", "big5", True, "big5"),
        ("東京都文化会館コンサート", "shift_jis", True, "shift_jis"),
        ("Théâtre de la Ville", "cp1252", True, "cp1252"),
        ("长宁文化艺术中心书法讲座", "gb18030", True, "gb18030"),
        ("장충체육관", "cp949", False, "cp949"),
    ],
)
def test_a_guessed_encoding_is_named(tmp_path, text, encoding, names, said):
    frame, report = areas(tmp_path, f"area_code,name,level\n1,{text},street\n", encoding)
    assert any(said in note and "--encoding" in note for note in report.notes)
    assert (frame["name"].tolist() == [text]) or not names


def test_an_encoding_can_be_named(tmp_path):
    from data.files.importing import import_path

    (tmp_path / "areas.csv").write_bytes("area_code,name,level\n1,장충,street\n".encode("cp949"))
    report = import_path(None, tmp_path, now=NOW, encoding="cp949")
    assert (report.quarantined, report.notes) == (0, [])
    with pytest.raises(UsageError, match="is no encoding"):
        import_path(None, tmp_path, now=NOW, encoding="klingon")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-16"])
def test_wide_encodings(tmp_path, encoding):
    frame, _ = areas(tmp_path, AREAS * 1, encoding)
    assert frame["name"].tolist() == ["长宁区", "华阳路街道"]


def test_a_line_beyond_all_measure_costs_itself(tmp_path):
    frame, report = areas(tmp_path, AREAS + "1," + "长" * 1_500_000 + ",street\n2,乙,street\n")
    assert frame["area_code"].tolist() == ["310105", "310105001", "2"]
    assert report.quarantine["line"].tolist() == [4]
    with pytest.raises(InputRejectedError, match="more than"):
        areas(tmp_path, "a" * 1_500_000)


def test_a_table_without_its_headings_leaves_the_others_alone(tmp_path):
    from data.files.importing import import_path

    (tmp_path / "areas.csv").write_text(AREAS, "utf-8")
    (tmp_path / "venues.csv").write_text("编码,名称\nv1,甲\n", "utf-8")
    report = import_path(None, tmp_path, now=NOW)
    assert report.tables["areas"].new == 2
    assert report.quarantine[["table", "line"]].to_numpy().tolist() == [["venues", 1]]
    assert "venue_id" in report.quarantine["reason"][0]
