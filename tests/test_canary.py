"""A planted phone number and id card never reach a message, a warning, a log or a printed line."""

import logging
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import layerwise as lw
from layerwise import churn, identity, privacy
from layerwise.errors import LayerwiseError
from layerwise.fitted import Labeller

PHONE, CARD, MAIL = "13800138000", "11010519491231002X", "canary.bird@example.com"
CANARIES = (PHONE, CARD, "canary.bird")
STRATEGIES = lw.StrategyTable.default()
KEY = bytes(range(7, 39))


def orders(n: int = 60) -> pd.DataFrame:
    """Return order lines whose customers are phone numbers and other identifiers."""
    rng = np.random.default_rng(2)
    people = np.array([PHONE, CARD, MAIL, *(f"139{i:08d}" for i in range(9))], dtype=object)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 170, n), "D")
    return pd.DataFrame(
        {
            "customer_id": people[np.arange(n) % 12],
            "ordered_at": days,
            "amount": rng.integers(1, 90, n).astype(float),
            "sku": rng.choice(["tea", "rice"], n),
            "channel": rng.choice(["app", "shop"], n),
            "category": rng.choice(["food", "drink"], n),
        }
    )


def customers() -> pd.DataFrame:
    """Return the customer table of these orders."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table: pd.DataFrame = lw.summarize(orders(), as_of="2024-06-30")
    spent = ["orders_365d", "spend_365d", "days_since_last", "spend_repeat_mean"]
    bought = ["customer_id", "orders", "repeat_orders", "first_to_last_days", "age_days"]
    return table[[*bought, *spent]].assign(city=["A", "B"] * 6, consent=True)


def breakages(table: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """Return the table, and the table broken in many ways with the canary in each column."""
    yield "whole", table
    yield "polars", pl.from_pandas(table)
    yield "empty", table.iloc[:0]
    yield "twice", pd.concat([table, table])
    yield "one row", table.iloc[:1]
    yield "header", table.rename(columns={table.columns[1]: PHONE})
    yield "headers twice", pd.concat([table, table.iloc[:, :1]], axis=1)
    for name in table.columns:
        yield f"without {name}", table.drop(columns=name)
        for value in (PHONE, int(PHONE), [MAIL]):
            cells = table[name].tolist()
            cells[len(cells) // 2] = value
            broken = table.assign(**{name: pd.Series(cells, index=table.index, dtype=object)})
            yield f"{name} {type(value).__name__}", broken
        yield f"{name} all", table.assign(**{name: PHONE})
        yield f"{name} numbers", table.assign(**{name: int(PHONE)})


LOG: dict[str, Callable[[Any], Any]] = {
    "check_orders": lambda t: lw.check_orders(t, as_of="2024-06-30"),
    "summarize": lambda t: lw.summarize(t, as_of="2024-06-30"),
    "calibration_holdout": lambda t: lw.calibration_holdout(
        t, split="2024-04-01", end="2024-06-30"),
    "snapshots": lambda t: lw.snapshots(t, as_of=["2024-04-01", "2024-06-30"]),
    "return_curve": lambda t: lw.return_curve(t, as_of="2024-06-30"),
    "add_baskets": lambda t: lw.add_baskets(customers(), t, as_of="2024-06-30"),
    "consent": lambda t: privacy.consent(
        t, t.assign(purpose="churn", granted_at="2024-01-01", withdrawn_at=None)
        if isinstance(t, pd.DataFrame) else t, as_of="2024-06-30", purpose="churn"),
    "consents": lambda t: privacy.consent(
        customers(), t, as_of="2024-06-30", purpose=PHONE[:2]),
    "retain": lambda t: privacy.retain(t, as_of="2024-06-30", retention_days=90, time="ordered_at"),
    "exposures": lambda t: identity.channel_exposures(
        customers(), t, as_of="2024-06-30", prices=prices(), promotions=promotions()),
    "run_record": lambda t: privacy.run_record(
        {"orders": t}, purpose="churn", as_of="2024-06-30", times={"orders": "ordered_at"},
        key=KEY, key_id="k1").to_line(),
}  # fmt: skip

TABLE: dict[str, Callable[[Any], Any]] = {
    "RFM": lambda t: lw.RFM().fit(t),
    "Value": lambda t: lw.Value().fit(t),
    "Frequency": lambda t: lw.Frequency().fit(t),
    "ChurnStatus": lambda t: lw.ChurnStatus().fit(t),
    "Layers": lambda t: lw.Layers(rfm=lw.RFM(), value=lw.Value()).fit(t),
    "BGNBD": lambda t: lw.BGNBD().fit(t),
    "plan": lambda t: STRATEGIES.plan(t, consent="consent") and None,
    "usual_gap_days": churn.usual_gap_days,
    "customer_flow": churn.customer_flow,
    "minimise": lambda t: privacy.minimise(t, ["customer_id", "orders"]) and None,
    "erase": lambda t: len(privacy.erase(t, [CARD, PHONE]).counts),
    "pseudonymise": lambda t: privacy.pseudonymise_columns(
        t, kinds={"customer_id": "id", "orders": "phone"}, key=KEY, key_id="k1", purpose="p"
        ) and None,
    "check_export": privacy.check_export,
    "scan": lambda t: privacy.scan(t).to_string(),
    "csv": lambda t: privacy.csv_text(t),
    "publish": lambda t: repr(privacy.publish(t, [["city"]], k=3)),
    "run_record": lambda t: privacy.run_record({"c": t}, purpose="p", as_of="2024-06-30").to_line(),
}  # fmt: skip

IDS: dict[str, Callable[[Any], Any]] = {
    "unify": lambda t: (lambda u: (repr(u), u.merges.to_string()))(identity.unify(t)),
    "unify, 86": lambda t: repr(identity.unify(t, country="86", max_records=2)),
}


def prices() -> pd.DataFrame:
    """Return one price."""
    row = {"sku": "tea", "channel": "app", "valid_from": "2024-01-01", "valid_to": None}
    return pd.DataFrame([{**row, "price": 5.0}, {**row, "channel": "shop", "price": 6.0}])


def promotions() -> pd.DataFrame:
    """Return two promotions."""
    return prices().drop(columns="price").assign(promo_id=["p", "q"])


def identifiers() -> pd.DataFrame:
    """Return identifiers of records."""
    kinds = ["phone", "phone", "email", "id_card"]
    values = [PHONE, f"+86{PHONE}", MAIL, CARD]
    return pd.DataFrame(
        {
            "record_id": [PHONE, "b", "c", CARD],
            "id_type": kinds,
            "id_value": values,
            "verified": True,
        }
    )


def heard(
    call: Callable[[Any], Any],
    table: Any,
    caplog: pytest.LogCaptureFixture,
    *,
    edges: bool = False,
) -> str:
    """Return all that a call says: its text result, error with its causes, warnings and logs.

    With `edges`, the fitted object is left out: the edges of layers are numbers of a column.
    """
    said: list[str] = []
    caplog.clear()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            result = call(table)
            said.append(str(result) if isinstance(result, str | tuple) else "")
            if isinstance(result, Labeller) and not edges:
                said += [repr(result), result.to_json()]
        except LayerwiseError as error:
            said += ["".join(traceback.format_exception(error)), repr(error), error.hint]
        except Exception as error:
            said += ["".join(traceback.format_exception(error))]
    said += [str(warning.message) for warning in told]
    said += [record.getMessage() for record in caplog.records]
    return "\n".join(said)


def check(
    calls: dict[str, Callable[[Any], Any]],
    table: pd.DataFrame,
    name: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Run one call on every breakage and look for the canaries."""
    caplog.set_level(logging.DEBUG)
    leaks = set()
    for how, broken in breakages(table):
        edges = how.endswith("numbers") and not how.startswith("customer_id")
        said = heard(calls[name], broken, caplog, edges=edges) + "".join(capfd.readouterr())
        own = "header" in how  # names of columns are shown where one is missing
        leaks |= {how for canary in CANARIES if canary in said and not own}
    assert not leaks


@pytest.mark.parametrize("name", LOG)
def test_order_logs(name: str, caplog: pytest.LogCaptureFixture, capfd: Any) -> None:
    """What reads order logs says nothing of whose they are."""
    check(LOG, orders(), name, caplog, capfd)


@pytest.mark.parametrize("name", TABLE)
def test_customer_tables(name: str, caplog: pytest.LogCaptureFixture, capfd: Any) -> None:
    """What reads customer tables says nothing of whose they are."""
    check(TABLE, customers(), name, caplog, capfd)


@pytest.mark.parametrize("name", IDS)
def test_identifiers(name: str, caplog: pytest.LogCaptureFixture, capfd: Any) -> None:
    """What joins records says nothing of whose they are."""
    check(IDS, identifiers(), name, caplog, capfd)


def test_the_canary_sings() -> None:
    """The check finds a canary that does get out: pandas shows values in its own errors."""

    def leak(_: Any) -> None:
        raise ValueError(f"cannot read {PHONE}")

    class NoLog:
        records: tuple[Any, ...] = ()

        def clear(self) -> None:
            """Do nothing."""

    assert PHONE in heard(leak, None, NoLog())  # type: ignore[arg-type]


def test_the_key_is_never_told(caplog: pytest.LogCaptureFixture) -> None:
    """Neither errors nor reprs show a key."""
    secret = "correct-horse-battery"  # noqa: S105 - an example
    for choices in ({"key_id": "-"}, {"purpose": ""}, {"kind": "phone"}, {}):
        said = heard(
            lambda ids, c=choices: (
                privacy.pseudonymise(  # type: ignore[misc]
                    ids, **({"key": secret, "key_id": "k", "purpose": "p"} | c)
                )
                and None
            ),
            [PHONE],
            caplog,
        )
        assert secret not in said.replace(f'secret = "{secret}"', "")
        assert PHONE not in said
