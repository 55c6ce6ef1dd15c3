"""Streets: figures are those of the API, foreign streets stay closed, small cells too."""

import csv
import io
import re
from collections import OrderedDict
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from serving.console.demand import shares


def test_the_map_shows_an_officer_the_own_street_alone(as_user) -> None:
    html = as_user("officer").get("/console/streets").text
    assert 'href="/console/streets/310105001?' in html
    assert "/console/streets/310105002" not in html
    both = as_user("district").get("/console/streets").text
    assert 'href="/console/streets/310105001?' in both
    assert 'href="/console/streets/310105002?' in both
    assert "<svg" in both


@pytest.mark.parametrize("page", ["", "/demand.csv", "/products/p1"])
def test_a_foreign_street_is_closed(as_user, page: str) -> None:
    assert as_user("officer").get(f"/console/streets/310105002{page}").status_code == 403
    assert as_user("operator").get(f"/console/streets/310105001{page}").status_code == 403
    assert as_user("officer").get(f"/console/streets/310105001{page}").status_code == 200
    assert as_user("district").get(f"/console/streets/nowhere{page}").status_code == 404


@pytest.fixture
def shown_figures(as_user, site_service, monkeypatch) -> None:
    """As if a hundred residents stood behind each figure of the small world."""
    as_user("officer").get("/console/streets")  # the model is loaded
    loaded = site_service.refresher.loaded
    model = replace(loaded.demand, contributors=np.full_like(loaded.demand.contributors, 100))
    monkeypatch.setattr(site_service.refresher, "_loaded", replace(loaded, demand=model))
    monkeypatch.setattr("serving.console.demand._cache", OrderedDict())


def test_figures_of_few_residents_are_not_shown(as_user) -> None:
    browser = as_user("officer")
    assert "依据不足10人" in browser.get("/console/streets/310105001").text
    html = browser.get("/console/streets/310105001/products/p1").text
    assert "为保护隐私不予显示" in html
    assert "<svg" not in html


@pytest.mark.usefixtures("shown_figures")
def test_a_streets_page_has_the_figures_of_its_file(as_user) -> None:
    browser = as_user("officer")
    html = browser.get("/console/streets/310105001").text
    content = browser.get("/console/streets/310105001/demand.csv").content
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(rows) == 9
    listed = re.findall(r"/products/(p\d)\?", html)
    assert listed == [row["product_id"] for row in rows]
    for row in rows:
        assert row["suppressed"] == "False"
        shown = f"{float(row['expected']):,.0f}"
        assert f"<strong>{shown}</strong>" in html
    for words in ("需求与供给对照", "10分钟公共文化服务圈", "80%区间"):
        assert words in html


@pytest.mark.usefixtures("shown_figures")
def test_the_steps_of_a_figure_sum_to_it(as_user) -> None:
    html = as_user("officer").get("/console/streets/310105001/products/p1").text
    changes = [float(text) for text in re.findall(r'class="num">([+-]\d+\.\d)<', html)]
    figures = [float(text) for text in re.findall(r'class="num">(\d+\.\d)<', html)]
    assert len(changes) == 7
    assert sum(changes) == pytest.approx(figures[-1], abs=0.1 * len(changes))


def test_shares_split_products_of_several_groups_evenly() -> None:
    rows = pd.DataFrame({"expected": [30.0, 10.0, np.nan], "supply": [0.0, 40.0, 0.0]})
    found = shares(rows, [["a", "b"], ["b"], ["c"]])
    assert [(each["group"], each["demand"], each["supply"]) for each in found] == [
        ("b", 0.625, 1.0),
        ("a", 0.375, 0.0),
        ("c", 0.0, 0.0),
    ]
    nothing = shares(rows.assign(supply=0.0), [["a"], ["b"], ["c"]])
    assert all(np.isnan(each["supply"]) for each in nothing)
