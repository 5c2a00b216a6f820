"""Price fairness: one basket, its price in every group, and the gaps that no rule explains."""

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import LayerwiseError
from layerwise.strategy import check_price_fairness


def offers() -> pd.DataFrame:
    """A table of 1,000 customers where three of four of layer a have a coupon, and nobody of b."""
    n = np.arange(1000)
    coupon = (n % 2 == 0) & (n % 8 != 0)
    return pd.DataFrame({
        "layer": np.where(n % 2, "b", "a"), "sex": np.where(n // 2 % 2, "f", "m"),
        "spend_mean": np.random.default_rng(3).gamma(3, 20, 1000).round(2),
        "coupon_value": np.where(coupon, 5.0, np.nan),
        "coupon_threshold": np.where(coupon, 50.0, np.nan),
    })  # fmt: skip


def test_price_fairness() -> None:
    """Groups with other terms for one basket are flagged, unless a published rule explains them."""
    found = check_price_fairness(offers(), groups=["layer", "sex"])
    layer = found[(found["group_by"] == "layer") & (found["basket"] == found["basket"].max())]
    assert layer["flag"].tolist() == [False, True]
    mean = np.average(layer["net_price"], weights=layer["customers"])
    assert layer["untargeted_price"].tolist() == pytest.approx([mean, mean])
    rules = {"layer": "lvl_benefit_discount"}
    told = check_price_fairness(offers(), groups=["layer"], rules=rules)
    assert not told["flag"].any()
    same = offers().assign(coupon_value=5.0, coupon_threshold=50.0)
    assert not check_price_fairness(same, groups=["layer", "sex"])["flag"].any()


def test_a_coupon_takes_off_no_more_than_the_basket() -> None:
    """Who spends less than the coupon is worth pays nothing, and is paid nothing."""
    large = offers().assign(coupon_value=80.0, coupon_threshold=1.0, spend_mean=20.0)
    found = check_price_fairness(large, groups=["layer"])
    assert found["net_price"].tolist() == [0.0, 0.0]
    assert (found["untargeted_price"] == 0).all()


def test_refused_groups() -> None:
    """Groups are a list of columns; one text is refused with a hint."""
    with pytest.raises(LayerwiseError, match="Hint: "):
        check_price_fairness(offers(), groups="layer")  # type: ignore[arg-type]
