"""Who gets what: by hand on five customers, laws, and refusals."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from layerwise.errors import (
    ColumnsError,
    DataError,
    EngineError,
    RowsLeftOutWarning,
    SpecError,
    TableError,
)
from layerwise.strategy import Strategy, StrategyTable, plan_summary
from layerwise.strategy.holdout import CONTROL, draws
from layerwise.strategy.labels import closed_labels

DEFAULT = StrategyTable.default()


def table(*rows):
    """Return a table of (id, axis, segment, priority, incentive) rows."""
    names = ("id", "axis", "segment", "priority", "incentive")
    cells = [dict(zip(names, row, strict=False)) for row in rows]
    return StrategyTable(rows=[Strategy(**c, action=f"Do {c['id']}", owner="crm") for c in cells])


FIVE = table(
    ("gift", "tier", "top", 10, "trial_pack"),
    ("ten_off", "tier", "top", 20, "coupon"),
    ("hello", "tier", "new", 10),
    ("flash", "value", "high", 30, "flash_sale"),
    ("call", "value", "high", 40),
    ("hint", "value", "low", 30),
    ("news", "all", "all", 99),
)
CUSTOMERS = pd.DataFrame(
    {
        "customer_id": [11, 12, 13, 14, 15],
        "tier": ["top", "top", "new", None, "not_evaluable"],
        "value": ["high", "low", "high", "low", None],
    }
)
BY_HAND = [
    (11, "gift", 1, "tier = top"),
    (11, "ten_off", 2, "tier = top"),
    (11, "call", 3, "value = high"),
    (12, "gift", 1, "tier = top"),
    (12, "ten_off", 2, "tier = top"),
    (12, "hint", 3, "value = low"),
    (13, "hello", 1, "tier = new"),
    (13, "flash", 2, "value = high"),
    (13, "call", 3, "value = high"),
    (14, "hint", 1, "value = low"),
    (14, "news", 2, "every customer"),
    (15, "news", 1, "every customer"),
]
KEYS = ["customer_id", "strategy_id", "rank", "reason"]


def lines(plan, keys=KEYS):
    """Return the plan's rows as tuples, of any kind of frame."""
    frame = plan if isinstance(plan, pd.DataFrame) else plan.to_pandas()
    return list(frame[keys].itertuples(index=False, name=None))


def test_five_customers_by_hand():
    """Best rows first, one price incentive, three at most; customer 11 loses the flash sale."""
    assert lines(FIVE.plan(CUSTOMERS)) == BY_HAND


def test_same_on_every_engine(engine):
    """Each engine in memory gives the same plan as its own kind; a lazy one draws no holdout."""
    frame = engine.make(CUSTOMERS)
    if engine.lazy:
        with pytest.raises(EngineError, match=r"(?s)holdout=0.1: .*collect it first"):
            FIVE.plan(frame)
        return
    plan = FIVE.plan(frame, holdout=0.5, control=0.3)
    assert type(plan) is type(frame)
    keys = [*KEYS, "owner", "action", "holdout", "control"]
    assert lines(plan, keys) == lines(FIVE.plan(CUSTOMERS, holdout=0.5, control=0.3), keys)


def test_polars_categories_and_arrow():
    """Polars categories, enums and a pyarrow table give the plan of pandas."""
    frame = pl.from_pandas(CUSTOMERS)
    enum = pl.Enum(["top", "new", "not_evaluable", "unused"])
    assert lines(FIVE.plan(frame.cast({"tier": enum, "value": pl.Categorical}))) == BY_HAND
    assert lines(FIVE.plan(frame.to_arrow())) == BY_HAND


def test_columns_and_their_kinds():
    """The columns stand as documented; text is categorical, the index counts rows."""
    plan = FIVE.plan(CUSTOMERS.set_axis([5, 5, 1, 0, 2]))
    assert ",".join(plan.columns) == (
        "customer_id,strategy_id,rank,reason,channel,incentive,owner,kpi,source,objective,"
        "action,holdout,control,theme"
    )
    assert plan["holdout"].dtype == bool
    assert isinstance(plan["action"].dtype, pd.CategoricalDtype)
    assert plan.index.tolist() == list(range(len(BY_HAND)))


def test_input_is_not_changed():
    """The label table stays as it was."""
    before = CUSTOMERS.copy(deep=True)
    FIVE.plan(CUSTOMERS)
    pd.testing.assert_frame_equal(CUSTOMERS, before)


labelled = st.lists(
    st.fixed_dictionaries(
        {
            axis: st.sampled_from([*closed_labels()[axis], "not_evaluable", None])
            for axis in ("tier", "value", "loyalty", "churn", "churn_type")
        }
    ),
    min_size=1,
    max_size=12,
)


@given(labelled, st.randoms(use_true_random=False), st.integers(1, 4))
@pytest.mark.filterwarnings("ignore::layerwise.errors.RowsLeftOutWarning")
def test_laws(rows, random, cap):
    """Order of rows and columns changes nothing; the cap, one price and the stop rules hold."""
    frame = pd.DataFrame(rows).assign(customer_id=[f"c{k}" for k in range(len(rows))])
    plan = DEFAULT.plan(frame, cap=cap, holdout=0.3)
    order, columns = list(range(len(rows))), list(frame.columns)
    random.shuffle(order)
    random.shuffle(columns)
    again = DEFAULT.plan(frame.iloc[order][columns], cap=cap, holdout=0.3)
    keys = [*KEYS, "holdout"]
    assert sorted(lines(again, keys)) == sorted(lines(plan, keys))
    priced = plan["strategy_id"].isin([row.id for row in DEFAULT if row.gives_price_incentive])
    assert plan[priced].groupby("customer_id").size().le(1).all()
    ranks = plan.groupby("customer_id")["rank"].agg(["min", "max", "size"])
    assert ranks["min"].eq(1).all()
    assert ranks["max"].le(cap).all()
    assert ranks["max"].eq(ranks["size"]).all()
    final = frame.loc[frame["churn_type"] == "passive_final", "customer_id"]
    theirs = plan[plan["customer_id"].isin(final)]
    assert theirs["strategy_id"].tolist() == ["ctype_passive_stop"] * len(final)


@given(labelled)
@pytest.mark.filterwarnings("ignore::layerwise.errors.RowsLeftOutWarning")
def test_a_customer_s_plan_does_not_depend_on_others(rows):
    """Each customer planned alone gets the same rows as in the crowd, chance included."""
    frame = pd.DataFrame(rows).assign(customer_id=range(len(rows)))
    whole = lines(DEFAULT.plan(frame), [*KEYS, "holdout"])
    alone = [
        line
        for k in range(len(rows))
        for line in lines(DEFAULT.plan(frame.iloc[[k]]), [*KEYS, "holdout"])
    ]
    assert whole == alone


def test_default_table_by_hand():
    """What a champion, a lapsing and a churned customer get from the default table."""
    frame = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"],
            "tier": ["high_value", "general", "churned"],
            "churn": ["active", "lapsing", "churned"],
            "value": ["high", "mid", "low"],
        }
    )
    got = {}
    for customer, strategy, _, reason in lines(DEFAULT.plan(frame)):
        got.setdefault(customer, []).append((strategy, reason))
    assert [s for s, _ in got["a"]] == [
        "tier_high_offer",
        "tier_high_bespoke",
        "tier_high_reco",
    ]
    assert got["b"][0] == ("risk_group_solution", "churn = lapsing")
    assert got["c"] == [
        ("tier_churn_mail", "tier = churned"),
        ("tier_churn_offer", "tier = churned"),
    ]


def test_flags_add_the_strategies_of_the_other_tier():
    """A loyal customer in the high-value tier earns what loyal customers earn too."""
    frame = pd.DataFrame(
        {"customer_id": [1, 2], "tier": ["high_value"] * 2, "is_loyal": [True, None]}
    )
    plan = DEFAULT.plan(frame, cap=9)
    extra = plan[plan["strategy_id"] == "tier_loyal_points"]
    assert lines(extra, ["customer_id", "reason"]) == [(1, "is_loyal = true")]


def test_price_incentives_may_be_joined():
    """Without the rule of one price incentive customer 11 keeps both."""
    plan = FIVE.plan(CUSTOMERS, one_price_incentive=False, cap=4)
    mine = plan[plan["customer_id"] == 11]["strategy_id"].tolist()
    assert mine == ["gift", "ten_off", "flash", "call"]


def test_consent():
    """No consent and missing consent get nothing but duties, and are counted."""
    frame = pd.DataFrame(
        {
            "customer_id": [1, 2, 3, 4],
            "tier": ["new"] * 4,
            "churn_type": [None, None, None, "passive_final"],
            "ok": [True, False, None, None],
        }
    )
    with pytest.warns(RowsLeftOutWarning, match="2 of 4 customers .* 3 have not consented, 0 have"):
        plan = DEFAULT.plan(frame, consent="ok")
    assert lines(plan, KEYS[:2]) == [(1, "tier_new_onboard"), (4, "ctype_passive_stop")]
    counts = DEFAULT.plan_counts(frame, consent="ok")
    assert (counts.planned, counts.no_consent, counts.no_strategy) == (2, 3, 0)


def test_consent_as_numbers():
    """0 and 1, as databases give them, are no and yes; 2 is neither."""
    frame = CUSTOMERS.assign(ok=[1, 0, 1, 1, None])
    with pytest.warns(RowsLeftOutWarning, match="2 have not consented"):
        assert set(FIVE.plan(frame, consent="ok")["customer_id"]) == {11, 13, 14}
    with pytest.raises(ColumnsError, match="1 of 5 cells are not"):
        FIVE.plan(CUSTOMERS.assign(ok=[1, 0, 1, 1, 2]), consent="ok")


def test_gaps_may_be_allowed():
    """A table for some labels only plans for those when gaps are allowed; others get nothing."""
    some = table(("gift", "tier", "top", 1))
    with pytest.raises(TableError, match="tier: 1 of 2 labels"):
        some.plan(CUSTOMERS)
    with pytest.warns(RowsLeftOutWarning, match="3 of 5 customers"):
        assert lines(some.plan(CUSTOMERS, allow_gaps=True), KEYS[:2]) == [
            (11, "gift"),
            (12, "gift"),
        ]


def test_customer_column_must_not_be_a_column_of_the_plan():
    """A customer column called like one of the plan's own is refused."""
    with pytest.raises(SpecError, match="'reason'"):
        FIVE.plan(CUSTOMERS.rename(columns={"customer_id": "reason"}), customer="reason")


def test_counts():
    """What was dropped, and why, is counted over customers."""
    counts = FIVE.plan_counts(CUSTOMERS)
    assert (counts.customers, counts.planned, counts.rows) == (5, 5, 12)
    assert (counts.price_conflicts, counts.over_cap, counts.combinations) == (1, 3, 5)


def test_customers_without_strategy_are_told():
    """Who has no label gets no row, and a warning says how many."""
    with pytest.warns(RowsLeftOutWarning, match="2 of 5 customers"):
        plan = FIVE.without(["news"]).plan(CUSTOMERS, axes=["tier"])
    assert set(plan["customer_id"]) == {11, 12, 13}


def test_holdout_is_the_draw():
    """A row is held out when the customer's draw for that strategy is below the share."""
    frame = pd.DataFrame({"customer_id": range(3000), "tier": ["high_value"] * 3000})
    plan = DEFAULT.plan(frame, holdout=0.25)
    for strategy, rows in plan.groupby("strategy_id", observed=True):
        want = draws(rows["customer_id"], strategy) < 0.25
        np.testing.assert_array_equal(rows["holdout"], want)
        assert 0.2 < want.mean() < 0.3


def test_a_greater_share_keeps_those_held_out():
    """Raising the share adds customers to the holdout and drops none; 0 holds nobody out."""
    frame = pd.DataFrame({"customer_id": range(500), "tier": ["loyal"] * 500})
    small, large = (DEFAULT.plan(frame, holdout=h)["holdout"] for h in (0.1, 0.3))
    assert (small <= large).all()
    assert small.sum() < large.sum()
    assert not DEFAULT.plan(frame, holdout=0)["holdout"].any()


def test_duties_are_never_held_out():
    """Nobody who must not be contacted is contacted to measure an effect."""
    frame = pd.DataFrame({"customer_id": range(300), "churn_type": ["passive_final"] * 300})
    assert not DEFAULT.plan(frame, holdout=0.99)["holdout"].any()


def crowd(n=3000):
    """Return customers some of whom earn duties only."""
    final = [None, None, "passive_final"] * (n // 3)
    return pd.DataFrame({"customer_id": range(n), "tier": ["loyal"] * n, "churn_type": final})


def test_control_is_held_out_of_everything_but_duties():
    """The drawn customers keep all their rows, each held out; duties alone are not."""
    plan = DEFAULT.plan(crowd(), holdout=0, control=0.2)
    in_group = draws(plan["customer_id"], CONTROL) < 0.2
    assert 0.17 < in_group.mean() < 0.23
    np.testing.assert_array_equal(plan["control"], in_group)
    duty = plan["strategy_id"] == "ctype_passive_stop"
    assert duty.sum() == 1000
    np.testing.assert_array_equal(plan["holdout"], in_group & ~duty)


def test_control_changes_nothing_else():
    """Rows and the holdout of the others are those of a plan without control; more only adds."""
    none, some, more = (DEFAULT.plan(crowd(), control=share) for share in (0, 0.1, 0.3))
    assert lines(none) == lines(some)
    assert not none["control"].any()
    others = ~some["control"]
    assert (none["holdout"] == some["holdout"])[others].all()
    assert (some["control"] <= more["control"]).all()


def test_control_is_drawn_apart_from_each_strategy():
    """Of the control group a tenth, not more, would have been held out of a strategy."""
    group = draws(range(40_000), CONTROL) < 0.1
    row = draws(range(40_000), "tier_high_offer") < 0.1
    assert stats.binomtest(int(row[group].sum()), int(group.sum()), 0.1).pvalue > 0.001
    assert set(DEFAULT.plan(crowd(300), control=0.1, salt="other")["control"]) == {True, False}


def test_no_strategy_can_be_called_like_the_control_group():
    """The name that draws the control group is no id, so no row shares its draws."""
    with pytest.raises(TableError, match="control character"):
        table((CONTROL, "tier", "top", 1))


def test_text_and_integer_ids_draw_alike():
    """The same customers read as text are held out by the same strategies."""
    frame = pd.DataFrame({"customer_id": range(200), "tier": ["loyal"] * 200})
    text = frame.assign(customer_id=frame["customer_id"].astype(str))
    assert DEFAULT.plan(frame)["holdout"].tolist() == DEFAULT.plan(text)["holdout"].tolist()


def test_axes_by_name_and_mapping():
    """Axes may be chosen, and their columns may have other names."""
    renamed = CUSTOMERS.rename(columns={"tier": "my_tier", "customer_id": "id"})
    plan = FIVE.plan(renamed, customer="id", axes={"tier": "my_tier", "value": "value"})
    assert lines(plan, ["id", *KEYS[1:]]) == BY_HAND
    only = FIVE.plan(CUSTOMERS, axes=iter(["tier"]))
    assert "value" not in "".join(only["reason"].astype(str))


def test_chinese():
    """Objective, action and reason in Chinese; a row without Chinese shows its English."""
    frame = pd.DataFrame({"customer_id": [1], "tier": ["new"]})
    plan = DEFAULT.plan(frame, lang="zh")
    assert plan["reason"].item() == "用户层级 = 新用户"
    assert plan["action"].item() == "欢迎新用户，介绍会员权益，并赠送第二单优惠券"
    assert FIVE.plan(CUSTOMERS, lang="zh")["action"].iloc[0] == "Do gift"


def test_integer_labels():
    """Whole-number labels match segments of the same digits; missing ones match nothing."""
    mine = table(("a", "shop", "1", 1), ("b", "shop", "2", 1))
    frame = pd.DataFrame({"customer_id": [1, 2], "shop": [2, 1]})
    assert lines(mine.plan(frame), KEYS[:2]) == [(1, "b"), (2, "a")]
    frame["shop"] = pd.array([2, None], dtype="Int64")
    with pytest.warns(RowsLeftOutWarning):
        assert lines(mine.plan(frame), KEYS[:2]) == [(1, "b")]


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_nobody(kind):
    """An empty label table gives an empty plan with the same columns."""
    frame = kind({"customer_id": [], "tier": []})
    plan = FIVE.plan(frame)
    assert len(plan) == 0
    assert list(plan.columns) == list(FIVE.plan(CUSTOMERS).columns)


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"tier": ["top", "tpo", "new", "new", "x"]}, TableError, "tier: 2 of 4 labels .* 2 cust"),
        ({"tier": [1.5, 2, 3, 4, 5]}, ColumnsError, "'tier' is Float64"),
        ({"tier": [True] * 5}, ColumnsError, "'tier' is Boolean"),
        ({"tier": ["top", 5, "new", "new", None]}, ColumnsError, "tier mixes int, str"),
        ({"customer_id": [1, 1, 2, 3, 3]}, DataError, "customer_id repeats in 2 of 5 rows"),
        ({"customer_id": [1, "1", 2, 3, 4]}, DataError, "repeats in 1 of 5"),
        ({"tier": [["top"]] * 5}, ColumnsError, "tier holds list"),
        ({"customer_id": ["", "a", "b", "c", "d"]}, DataError, "1 of 5 rows have an empty cust"),
        ({"customer_id": [1, None, 3, 4, 5]}, DataError, "1 of 5 rows have no customer_id"),
        ({"customer_id": [1.0, 2.0, 3.0, 4.0, 5.0]}, DataError, "5 of 5 customer ids"),
    ],
)
def test_hostile_label_tables(change, kind, said):
    """Unknown labels, columns that hold no labels, and bad ids are refused with counts."""
    frame = CUSTOMERS.assign(**{k: pd.Series(v, dtype=_dtype(v)) for k, v in change.items()})
    with pytest.raises(kind, match=said):
        FIVE.plan(frame)


def _dtype(values):
    return object if len({type(v) for v in values}) > 1 and 1.5 not in values else None


def test_unknown_label_is_not_shown():
    """A wrong column may hold customers' data: the message shows our labels and counts only."""
    names = pd.Categorical(["topp", "Ann Lee", "top", "new", "new"])
    for tier in (names, names.astype(str)):
        with pytest.raises(
            TableError, match=r"\(did you mean 'top'\?\); the table knows new, top\n"
        ) as error:
            FIVE.plan(CUSTOMERS.assign(tier=tier))
        assert "Ann" not in str(error.value)


def test_our_own_label_without_a_strategy_is_named():
    """A label of the built-in lists is a class name, so the message may show it."""
    frame = CUSTOMERS.assign(tier=["potential", "loyal", "Ann Lee", "new", "new"])
    with pytest.raises(TableError, match=r"3 of 4 labels .* \(loyal, potential\), 3 cust") as error:
        FIVE.plan(frame)
    assert "Ann" not in str(error.value)


def test_long_lists_of_labels_are_cut():
    """Of many labels that the table knows, the first twelve are told."""
    many = table(*[(f"r{k:02}", "shop", f"s{k:02}", 1) for k in range(20)])
    frame = pd.DataFrame({"customer_id": [1], "shop": ["x"]})
    with pytest.raises(TableError, match=r"knows s00, .*s11, and 8 more\n"):
        many.plan(frame)


@pytest.mark.parametrize(
    ("choice", "kind", "said"),
    [
        ({"cap": 0}, SpecError, "cap"),
        ({"cap": 1.5}, SpecError, "cap"),
        ({"cap": True}, SpecError, "cap"),
        ({"holdout": 1}, SpecError, "holdout"),
        ({"holdout": -0.1}, SpecError, "holdout"),
        ({"holdout": float("nan")}, SpecError, "holdout"),
        ({"holdout": "10%"}, SpecError, "holdout"),
        ({"control": 1}, SpecError, "control must be a share"),
        ({"control": None}, SpecError, "control must be a share"),
        ({"salt": ""}, SpecError, "salt"),
        ({"lang": "fr"}, SpecError, "lang"),
        ({"axes": "tier"}, SpecError, "axes must be a list"),
        ({"axes": 5}, SpecError, "axes must be a list"),
        ({"axes": [["tier"]]}, SpecError, "axes must be names"),
        ({"axes": ["teir"]}, SpecError, "did you mean 'tier'"),
        ({"axes": {"tier": "teir"}}, ColumnsError, "no column 'teir'.*did you mean 'tier'"),
        ({"customer": "id"}, ColumnsError, "no column 'id'"),
        ({"consent": "ok"}, ColumnsError, "no column 'ok'"),
        ({"consent": "value"}, ColumnsError, "'value' must be true or false: 4 of 5"),
    ],
)
def test_impossible_choices(choice, kind, said):
    """Each choice that cannot be is refused by name."""
    with pytest.raises(kind, match=said):
        FIVE.plan(CUSTOMERS, **choice)


def test_no_axis_at_all():
    """A table without any axis of the strategies is refused, with what was found."""
    with pytest.raises(
        ColumnsError, match=r"no column that is an axis(.|\n)*Found: customer_id, x"
    ):
        DEFAULT.plan(pd.DataFrame({"customer_id": [1], "x": [2]}))


def test_ids_in_a_label_column():
    """A column with thousands of different values holds no labels."""
    frame = pd.DataFrame({"customer_id": range(2000), "tier": [f"t{k}" for k in range(2000)]})
    with pytest.raises(ColumnsError, match="2,000 different values"):
        DEFAULT.plan(frame)


def test_not_a_frame():
    """A list is no table."""
    with pytest.raises(EngineError, match="list"):
        FIVE.plan([1, 2])


def test_summary(engine):
    """Customers and held-out customers per strategy, the most first; lazy ones in no order."""
    if engine.lazy:
        plan = FIVE.plan(engine.make(CUSTOMERS), holdout=0)
        found = engine.pandas(plan_summary(plan), sort="strategy_id")
        expected = plan_summary(FIVE.plan(CUSTOMERS, holdout=0)).sort_values("strategy_id")
        assert found.values.tolist() == expected.values.tolist()
        return
    summary = plan_summary(FIVE.plan(engine.make(CUSTOMERS), holdout=0))
    assert lines(summary, ["strategy_id", "owner", "customers", "holdout"])[:4] == [
        ("call", "crm", 2, 0),
        ("gift", "crm", 2, 0),
        ("hint", "crm", 2, 0),
        ("news", "crm", 2, 0),
    ]
    assert type(summary) is type(engine.make(CUSTOMERS))


def test_summary_counts_the_holdout():
    """The summary counts the rows held out and those of the control group."""
    plan = FIVE.plan(CUSTOMERS, holdout=0.6, control=0.5)
    for name in ("holdout", "control"):
        assert plan_summary(plan)[name].sum() == plan[name].sum() > 0
    with pytest.raises(ColumnsError, match="holdout"):
        plan_summary(plan.drop(columns="holdout"))
