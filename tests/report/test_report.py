"""The monthly report: what it says, what it hides, that nothing in it runs, equal bytes."""

import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

import layerwise as lw
from layerwise.churn import high_churn_groups, rank_causes, risk_table
from layerwise.errors import ColumnsError, DataError, SpecError
from layerwise.evaluate import drift, kpis, measure_migration, monitor, refit_due
from layerwise.privacy import run_record
from layerwise.report import report
from layerwise.report.document import HIDDEN

EVIL = "<script>alert('x')</script>\" onload=\"x"
IDS = "canary-"


@pytest.fixture(scope="module")
def orders():
    """Return orders whose customer ids are easily found wherever they leak to."""
    made = lw.datasets.simulate_orders(400, seed=7)
    return made.assign(customer_id=IDS + made["customer_id"].astype(str))


@pytest.fixture(scope="module")
def found(orders):
    """Return the overview of these orders."""
    return lw.overview(orders, as_of="2024-12-30")


@pytest.fixture(scope="module")
def parts(orders, found):
    """Return every other part of a report, made from the same orders."""
    table = found.customers.assign(
        left=(found.customers["churn"] == "churned").astype(int),
        late=(found.customers["orders"] % 3 == 0).astype(int),
    )
    days = {"exposure_end": "2024-06-30", "outcome_start": "2024-07-01"}
    figures = kpis(orders, as_of="2024-12-30", window_days=90, draws=20)
    return {
        "groups": high_churn_groups(table, by=["value", "tier"], outcome="left"),
        "causes": rank_causes(table, outcome="left", exposures=["late"], draws=20, **days),
        "kpis": figures,
        "monitoring": monitor(rates(), baseline_until="2024-05-19"),
        "drift": (moved := drift(found.customers, found.customers)),
        "refit": refit_due(as_of="2024-12-30", drift=moved),
        "effects": effects(),
        "migration": moves([[40, 20], [3, 60]]),
        "privacy": {"consent checked": True, "k": 10},
    }


def rates():
    """Return 24 weeks of a rate, the last of them unusual."""
    hits = [50, 54, 47, 52] * 5 + [51, 49, 53, 90]
    weeks = pd.date_range("2024-01-07", periods=24, freq="7D")
    return pd.DataFrame({"period_end": weeks, "numerator": hits, "denominator": 1000})


def effects(**changes):
    """Return a table of effects of one strategy."""
    row = {"strategy_id": "win_back", "treated": 180, "control": 20, "effect": 0.03, "low": 0.01}
    return pd.DataFrame([row | {"high": 0.05, "verdict": "keep"} | changes])


def moves(matrix, layer="value"):
    """Return a table of moves between low and high."""
    names = ("low", "high")
    rows = [
        (layer, a, b, n)
        for a, row in zip(names, matrix, strict=True)
        for b, n in zip(names, row, strict=True)
    ]
    return pd.DataFrame(rows, columns=["layer", "from", "to", "customers"])


def section(made, name):
    """Return a section of a report."""
    return next(each for each in made.sections if each.id == name)


class Tags(HTMLParser):
    """Collects tags and attributes."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs


def parsed(page):
    """Return the tags and attributes of a page."""
    tags = Tags()
    tags.feed(page)
    return tags


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_section_in_both_languages(found, parts, lang):
    """A report of all but warnings and cost has a headline, in every section."""
    made = report(found, **parts, lang=lang)
    assert [name for name, *_ in made.not_made] == ["warnings", "impact"]
    assert all(each.headline and each.title for each in made.sections)
    chinese = re.compile("[\u4e00-\u9fff]")
    assert all(bool(chinese.search(each.headline)) == (lang == "zh") for each in made.sections)


def test_the_dict_is_json(found, parts):
    """The dict goes through JSON unchanged, with sections, hidden cells and what is not made."""
    made = report(found, **parts).to_dict()
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert made["as_of"] == "2024-12-30"
    assert made["not_made"][0] == {
        "id": "warnings",
        "title": "Early warnings",
        "needs": "warnings= of early_warning",
    }


def test_empty_report_lists_what_it_needs():
    """Without any part there is a page of what is missing, not an error."""
    made = report(as_of="2024-12-31")
    assert made.sections == ()
    assert len(made.not_made) == 14
    assert "Not in this report" in made.to_html()
    assert "overview=" in made.to_markdown()


def test_those_held_out_are_called_by_the_plans_column(found):
    """In Chinese too: the plan has `holdout` and `control`, and 对照组 alone could be either."""
    made = report(found, lang="zh").to_markdown()
    assert "留出对照（holdout）" in made
    assert "对照组" not in made


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_equal_inputs_give_equal_bytes(orders, found, parts, lang):
    """Shuffled orders and shuffled tables give the same JSON, page and Markdown."""
    again = lw.overview(orders.sample(frac=1, random_state=1), as_of="2024-12-30")
    tables = ("kpis", "drift", "effects", "migration")
    mixed = parts | {name: parts[name].sample(frac=1, random_state=2) for name in tables}
    one, two = report(found, **parts, lang=lang), report(again, **mixed, lang=lang)
    assert one.to_json() == two.to_json()
    assert one.to_html() == two.to_html()
    assert one.to_markdown() == two.to_markdown()


def test_no_customer_id_anywhere(found, parts):
    """No form of the report holds an id."""
    made = report(found, **parts)
    for text in (made.to_json(), made.to_html(), made.to_markdown()):
        assert IDS not in text


def test_the_page_stands_alone(found, parts):
    """No script, link or picture from elsewhere, and a policy that forbids them."""
    page = report(found, **parts).to_html()
    tags = parsed(page)
    assert not tags.tags & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not [name for name, _ in tags.attributes if name.startswith("on") or name == "src"]
    links = [value for name, value in tags.attributes if name == "href"]
    assert links
    assert all(value.startswith("#") for value in links)
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "url(" not in page
    assert "@import" not in page


def test_names_of_others_are_text():
    """Titles, labels, verdicts and keys of others stay text in HTML, in attributes too."""
    made = report(
        as_of="2024-12-31",
        title=EVIL,
        effects=effects(strategy_id=EVIL, verdict=EVIL),
        migration=moves([[40, 20], [30, 60]], layer=EVIL),
        privacy={EVIL: EVIL},
    )
    page = made.to_html()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    tags = parsed(page)
    assert "script" not in tags.tags
    assert "onload" not in dict(tags.attributes)
    assert "<script" not in made.to_markdown()
    assert made.to_dict()["title"] == EVIL


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝"])
def test_formulas_are_text(start):
    """A label that a spreadsheet would run gets an apostrophe, in page and Markdown."""
    evil = f"{start}HYPERLINK(1)"
    made = report(
        as_of="2024-12-31",
        effects=effects(strategy_id=evil, verdict=evil),
        migration=moves([[40, 20], [30, 60]]).replace({"from": {"low": evil}}),
    )
    cells = re.findall(r"<t[hd][^>]*>(?:<span[^>]*>)?([^<]*)", made.to_html())
    assert f"&#39;{evil}" in cells
    assert evil not in cells
    assert f"| {evil}" not in made.to_markdown()


def test_figures_keep_their_signs(found, parts):
    """A change with a plus sign is a number, not a formula: it stands as it is."""
    made = report(found, **parts)
    assert "'+" not in made.to_markdown()
    assert "&#39;+" not in made.to_html()


def test_unseen_signs_are_shown():
    """Signs that turn or hide text, and line ends, cannot make a name look like another."""
    made = report(as_of="2024-12-31", privacy={"a\u202eb\x00": "one\n\n# two"})
    for text in (made.to_html(), made.to_markdown()):
        assert "\u202e" not in text
        assert "\x00" not in text
        assert "\n# two" not in text


def test_small_moves_are_hidden_against_subtraction():
    """Three customers who moved do not show, and no sum of row or column gives them away."""
    made = section(report(as_of="2024-12-31", migration=moves([[40, 20], [3, 60]])), "migration")
    cells = [row[1:3] for row in made.tables[0].rows]
    assert all(cell is HIDDEN for row in cells for cell in row)
    assert made.headline == "81.3% of customers stayed where they were."


def test_moves_up_and_down():
    """Labels from low to high tell who moved up; a small number of them is not told."""
    made = section(report(as_of="2024-12-31", migration=moves([[40, 25], [15, 20]])), "migration")
    assert made.headline == (
        "Spending power: 60.0% of customers stayed where they were, 25.0% moved up, 15.0% down."
    )


def test_too_few_customers_are_not_told():
    """Of one customer nothing is told: no number, layer, probability or action."""
    log = pd.DataFrame({"customer_id": ["a"], "ordered_at": ["2024-01-01"], "amount": [3.0]})
    made = report(lw.overview(log, as_of="2024-12-31"))
    assert [each.id for each in made.sections] == ["orders"]
    assert made.sections[0].headline.startswith("Fewer than 10 customers")
    assert made.sections[0].numbers == made.sections[0].tables == ()


def test_measured_migration_does_as_well():
    """What `measure_migration` returns is read as its last moves of those in both tables."""
    dates = pd.to_datetime(["2024-06-30", "2024-12-31"])
    before = pd.DataFrame({"customer_id": range(100), "value": ["low"] * 60 + ["high"] * 40})
    after = before.assign(value=["low"] * 40 + ["high"] * 60)
    both = pd.concat([before.assign(as_of=dates[0]), after.assign(as_of=dates[1])])
    found = measure_migration(both, label="value")
    one = section(report(as_of=dates[1], migration=found), "migration")
    assert one == section(report(as_of=dates[1], migration=moves([[40, 20], [0, 40]])), "migration")


def test_measured_effects_do_as_well():
    """A table as `effects` returns it is read: arms, decision, and the goal beside the strategy."""
    names = {"treated": "treated_n", "control": "holdout_n", "verdict": "decision"}
    table = effects().rename(columns=names).assign(metric="churned", evidence="strong")
    found = section(report(as_of="2024-12-31", effects=table), "effects")
    assert found.headline == (
        "1 of 1 results say: keep. The largest: win_back: churned, +3.0 points (+1.0 to +5.0)."
    )
    assert found.tables[0].rows[0][1:3] == (180, 20)


def test_a_run_record_does_as_well():
    """The record of a run is told without its few."""
    table = pd.DataFrame({"customer_id": range(50), "spend": 1.0})
    counts = {"orders": {"no consent": 3, "used": 47}}
    record = run_record({"orders": table}, purpose="service", as_of="2024-12-31", counts=counts)
    rows = dict(section(report(as_of="2024-12-31", privacy=record), "privacy").tables[0].rows)
    assert rows["purpose"] == "service"
    assert rows["orders: rows"] == "50"
    assert rows["orders: no consent"] is HIDDEN
    assert rows["orders: used"] is HIDDEN


def test_moves_from_no_label():
    """A missing label of one snapshot is a label of its own."""
    table = moves([[40, 25], [15, 20]]).replace({"from": {"low": None}})
    made = section(report(as_of="2024-12-31", migration=table), "migration")
    assert [row[0] for row in made.tables[0].rows] == [
        "Low spend",
        "High spend",
        "Cannot be judged",
    ]


@pytest.mark.parametrize("name", ["effects", "migration"])
def test_empty_tables(name):
    """A table without rows makes a section that says so."""
    table = {"effects": effects(), "migration": moves([[1, 1], [1, 1]])}[name].iloc[:0]
    made = report(as_of="2024-12-31", **{name: table})
    assert section(made, name).headline
    assert made.to_html()


def test_large_moves_show():
    """Without a small cell nothing is hidden."""
    made = section(report(as_of="2024-12-31", migration=moves([[40, 20], [30, 60]])), "migration")
    assert made.tables[0].hidden == 0
    assert made.tables[0].rows[0] == ("Low spend", 40, 20, 60)


def test_small_arms_are_hidden():
    """An effect measured on few customers does not show."""
    made = section(report(as_of="2024-12-31", effects=effects(control=4)), "effects")
    assert made.tables[0].rows[0][1:] == (HIDDEN,) * 4
    assert "win_back" not in made.headline


def small_cells(made, k):
    """Return counts of customers from 1 to k - 1 that a report shows."""
    return [
        (each.title, row)
        for part in made.sections
        for each in part.tables
        for row in each.rows
        for cell, column in zip(row, each.columns, strict=True)
        if column.title in ("customers", "held out", "all", "with") and isinstance(cell, int)
        if 0 < cell < k
    ]


@pytest.mark.parametrize("k", [10, 60])
def test_no_small_cell_shows(found, parts, k):
    """No table shows a count of customers below k, and what is hidden adds up to k or more."""
    made = report(found, **parts, k=k)
    assert small_cells(made, k) == []
    for each in section(made, "layers").tables:
        shown = sum(row[1] for row in each.rows if row[1] is not HIDDEN)
        hidden = sum(row[1] is HIDDEN for row in each.rows)
        assert not hidden or (hidden > 1 and len(found.customers) - shown >= k)


def test_churned_customers_hide_alike(found):
    """Tier, loyalty and churn status show the churned alike: no table gives away another's."""
    made = section(report(found), "layers")
    churned = [row[1] for each in made.tables for row in each.rows if row[0].startswith("Churned")]
    assert len(churned) == 3
    assert len(set(map(str, churned))) == 1


def figures(**values):
    """Return key figures of one month."""
    units = {"churned_customers": 200.0, "returned_customers": 80.0, "new_customers": 50.0}
    rows = [{"kpi": kpi, "value": v, "numerator": v} for kpi, v in (units | values).items()]
    end = pd.Timestamp("2024-12-31")
    table = pd.DataFrame(rows).assign(period_end=end, segment="all", note="")
    return table.assign(denominator=float("nan"), low=float("nan"), high=float("nan"))


def test_a_small_flow_takes_another_with_it():
    """New customers are had from count, returned and churned: with 4 of them two are hidden."""
    made = report(kpis=figures(new_customers=4.0), as_of="2024-12-31")
    shown = {row[0]: row[2] for row in section(made, "kpis").tables[0].rows}
    assert shown == {
        "New customers": HIDDEN,
        "Returned customers": HIDDEN,
        "Churned customers": "200",
    }


def test_calibration_bands_are_merged(found):
    """Every band of the published calibration has 10 silent customers and 10 buyers, or none."""
    from layerwise.report.customers_sections import merged_bands

    bands = merged_bands(found.scorecard.calibration, 10)
    silent = (bands["actual"] * bands["customers"]).round()
    assert bands["customers"].sum() == found.scorecard.customers
    assert ((silent == 0) | (silent >= 10)).all()
    assert ((bands["customers"] - silent == 0) | (bands["customers"] - silent >= 10)).all()


def test_layers_headline_is_the_table(found):
    """The headline's shares are those of the row, and of the customers."""
    made = section(report(found), "layers")
    high = found.customers["tier"] == "high_value"
    spend = found.customers["spend_365d"]
    assert f"{high.mean():.1%} of customers" in made.headline
    assert f"{spend[high].sum() / spend.sum():.1%} of spend" in made.headline


def test_risk_names_the_baseline(found):
    """The churn section says how plain silence does beside the model."""
    made = section(report(found), "risk")
    card = found.scorecard
    assert f"in {card.auc * 100:.0f} of 100" in made.texts[0]
    assert f"do in {card.auc_silence * 100:.0f}" in made.texts[0]


def test_spend_at_risk(found):
    """A table of risk adds the spend at risk by tier, which adds up to that of the table."""
    model = lw.BGNBD(horizon_days=90).fit(found.customers)
    spend = lw.GammaGamma().fit(found.customers)
    table = risk_table(found.customers, model=model, spend=spend)
    tier = section(report(found, risk=table, k=2), "risk").tables[0]
    assert tier.columns[4].title == "spend at risk, 90 days"
    told = sum(row[4] for row in tier.rows)
    assert told == pytest.approx(table["value_at_risk_90d"].sum(), rel=1e-4)


def test_files_hold_the_same(found, tmp_path):
    """What is written is what is returned, byte for byte."""
    made = report(found)
    page = made.to_html(tmp_path / "r.html")
    text = made.to_markdown(tmp_path / "r.md")
    assert (tmp_path / "r.html").read_bytes() == page.encode()
    assert (tmp_path / "r.md").read_bytes() == text.encode()


def test_inputs_stay(found, parts):
    """Tables that are given are not changed."""
    before = {name: parts[name].copy() for name in ("kpis", "drift", "effects", "migration")}
    customers = found.customers.copy()
    report(found, **parts)
    assert all(parts[name].equals(table) for name, table in before.items())
    assert found.customers.equals(customers)


def test_polars_tables_do_as_well():
    """Tables may be Polars frames."""
    import polars as pl

    one = report(as_of="2024-12-31", effects=effects())
    assert one == report(as_of="2024-12-31", effects=pl.from_pandas(effects()))


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"lang": "fr"}, SpecError, "lang"),
        ({"k": 1}, SpecError, "k must"),
        ({"as_of": "soon"}, SpecError, "as_of"),
        ({"as_of": None}, SpecError, "as_of is missing"),
        ({"groups": 3, "causes": 4}, SpecError, "causes= is of the type int"),
        ({"effects": effects(effect="much")}, ColumnsError, "no numbers: effect"),
        ({"effects": effects(control=-1)}, DataError, "control of effects= .* 1 of 1 rows"),
        ({"migration": moves([[1, 2], [3, 0.5]])}, DataError, "customers of migration="),
        ({"risk": effects()}, ColumnsError, "no churn probability"),
        ({"effects": effects().drop(columns="low")}, ColumnsError, "effects= lacks columns: low"),
    ],
)
def test_refused(wrong, error, said):
    """A part that cannot be used is named."""
    with pytest.raises(error, match=said):
        report(**({"as_of": "2024-12-31"} | wrong))


def test_missing_jinja_is_named(monkeypatch):
    """Without Jinja2 the error names the extra; the dict and Markdown need none."""
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    made = report(as_of="2024-12-31", privacy={"k": 10})
    assert made.to_dict()
    assert made.to_markdown()
    with pytest.raises(lw.LayerwiseError, match=r"layerwise\[report\]"):
        made.to_html()


@pytest.mark.parametrize("form", ["to_html", "to_markdown"])
def test_a_report_is_written_whole_or_not_at_all(tmp_path, form):
    """A folder that is not there is not made; what was written is what is returned."""
    made = report(title="Shop", as_of="2024-12-31")
    with pytest.raises(FileNotFoundError, match="No such folder"):
        getattr(made, form)(tmp_path / "lacking" / "report.html")
    assert not list(tmp_path.iterdir())
    text = getattr(made, form)(tmp_path / "report")
    assert (tmp_path / "report").read_bytes() == text.encode("utf-8")
