"""Every segmenter and model of layerwise keeps the contract, and what breaks it is found."""

from typing import Any, ClassVar

import attrs
import numpy as np
import pytest

import layerwise as lw
from layerwise.columns import SPEND_MEAN
from layerwise.errors import SpecError
from layerwise.fitted import Fitted, Spec
from layerwise.models import MBGCNBD, MBGNBD, ParetoNBD, WithCovariates
from layerwise.rules import Cut
from layerwise.rules.base import numbers
from layerwise.saved import saved
from layerwise.testing import check_segmenter, example_customers, segmenter_checks
from layerwise.vectors import Columns

CUSTOMERS = example_customers()
LABELLED = (
    lw.Layers(
        value=lw.Value(),
        frequency=lw.Frequency(),
        churn=lw.ChurnStatus(),
        loyalty=lw.Loyalty(churn="churn"),
    )
    .fit(CUSTOMERS)
    .transform(CUSTOMERS)
    .assign(web=CUSTOMERS["customer_id"] % 2)
)

BASKETS = CUSTOMERS.assign(
    basket_orders=CUSTOMERS["orders"],
    basket_distance=(CUSTOMERS["customer_id"] % 7) / 10,
    special_share=(CUSTOMERS["customer_id"] % 5) / 5,
    special_orders=CUSTOMERS["customer_id"] % 3,
    special_kind="vegan",
    custom_orders=0,
)

OURS = {
    "value": (lw.Value(), CUSTOMERS),
    "value_share": (lw.Value(method="share"), CUSTOMERS),
    "frequency": (lw.Frequency(), CUSTOMERS),
    "rfm": (lw.RFM(), CUSTOMERS),
    "churn": (lw.ChurnStatus(), CUSTOMERS),
    "churn_window": (lw.ChurnStatus(rule="window", window_days=90), CUSTOMERS),
    "loyalty": (lw.Loyalty(churn="churn"), LABELLED),
    "needs": (lw.Needs(), BASKETS),
    "tier": (lw.Tier(), LABELLED),
    "layers": (lw.Layers(rfm=lw.RFM(), value=lw.Value(), model=lw.BGNBD()), CUSTOMERS),
    "bgnbd": (lw.BGNBD(), CUSTOMERS),
    "mbgnbd": (MBGNBD(), CUSTOMERS),
    "mbgcnbd": (MBGCNBD(), CUSTOMERS),
    "pareto_nbd": (ParetoNBD(), CUSTOMERS),
    "covariates": (WithCovariates(model=lw.BGNBD(), rate=("web",)), LABELLED),
    "gamma_gamma": (lw.GammaGamma(), CUSTOMERS),
}


@pytest.mark.parametrize("name", OURS)
def test_every_segmenter_keeps_the_contract(name: str) -> None:
    """All checks, on a table that the spec can be fitted to."""
    spec, customers = OURS[name]
    check_segmenter(spec, customers=customers)


def test_there_are_forty_checks_with_different_names() -> None:
    """Each says what it looks at."""
    names = [name for name, _ in segmenter_checks(lw.Value())]
    assert len(names) >= 40
    assert len(set(names)) == len(names)


@saved
@attrs.frozen(kw_only=True)
class Halved(Spec):
    """Above and below a middle; the subclasses below spoil one thing each."""

    default_name: ClassVar[str] = "half"

    def needs(self, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the column that is cut."""
        return (SPEND_MEAN,)

    def middle(self, columns: Columns) -> float:
        """Return the edge."""
        return float(np.median(numbers(columns[SPEND_MEAN])))

    def learn(self, columns: Columns, name: str) -> Fitted:
        """Cut at the middle."""
        edges = (self.middle(columns),)
        cut = Cut(output=name, column=SPEND_MEAN, edges=edges, labels=("below", "above"))
        return Fitted(spec=self, name=name, rules=(cut,))


@saved
@attrs.frozen(kw_only=True)
class FirstRow(Halved):
    """Cuts at the first row: another order of rows, another edge."""

    def middle(self, columns: Columns) -> float:
        """Return the first value."""
        return float(numbers(columns[SPEND_MEAN])[0])


@saved
@attrs.frozen(kw_only=True)
class Forgetful(Halved):
    """Says that it gives another column than it does."""

    def gives(self, name: str) -> tuple[str, ...]:
        """Return a column that is not given."""
        return (name, "other")


class Crashing(Halved):
    """Trips over a table of one row."""

    def middle(self, columns: Columns) -> float:
        """Return the second value."""
        return float(np.sort(numbers(columns[SPEND_MEAN]))[1])


BROKEN: list[tuple[Any, str]] = [
    (FirstRow(), "fit_does_not_see_the_order_of_rows"),
    (Forgetful(), "spec_foretells_its_outputs"),
    (Crashing(), "fit_survives_one_row: .*IndexError"),
    (Crashing(), "json_gives_it_back: raises SavedFileError"),
]


@pytest.mark.parametrize(("spec", "check"), BROKEN, ids=lambda v: str(v)[:20])
def test_what_breaks_the_contract_is_found(spec: Any, check: str) -> None:
    """By the name of the check."""
    with pytest.raises(AssertionError, match=check):
        check_segmenter(spec, customers=CUSTOMERS)


def test_a_sound_one_of_ones_own_passes() -> None:
    """A layer in ten lines keeps the contract."""
    check_segmenter(Halved(), customers=CUSTOMERS)


def test_the_table_must_be_one() -> None:
    """Too few rows, ids of text and other frames are refused."""
    for table in (
        CUSTOMERS.head(10),
        CUSTOMERS.assign(customer_id=CUSTOMERS["customer_id"].astype(str)),
        "customers",
    ):
        with pytest.raises(SpecError, match="50 customers"):
            list(segmenter_checks(lw.Value(), customers=table))  # type: ignore[arg-type]


@pytest.mark.parametrize("spec", [lw.Value, "value", object()])
def test_what_is_no_spec_is_told_so(spec: Any) -> None:
    """A class, a text or anything that cannot be fitted is no list of forty failures."""
    with pytest.raises(SpecError, match=r"is none\.\nHint: give one that is made"):
        check_segmenter(spec)
