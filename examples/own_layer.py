"""A layer of your own in a dozen lines: it gets reasons, a saved form, SQL and every engine.

Polars only shows that engines do not matter: pip install "layerwise[polars]".
"""

from typing import ClassVar

import attrs
import polars as pl

import layerwise as lw
from layerwise.columns import SPEND_MEAN
from layerwise.rules import Cut
from layerwise.spec import Columns, Fitted, Spec, numbers, present, quantile_edges, saved
from layerwise.testing import check_segmenter


@saved
@attrs.frozen(kw_only=True)
class BasketSize(Spec):
    """Small, usual and big baskets: the mean spend of an order, cut at two quantiles."""

    default_name: ClassVar[str] = "basket"
    cuts: tuple[float, ...] = (0.25, 0.75)

    def needs(self, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the column that is cut."""
        return (SPEND_MEAN,)

    def learn(self, columns: Columns, name: str) -> Fitted:
        """Learn the two amounts."""
        edges = quantile_edges(present(numbers(columns[SPEND_MEAN]), SPEND_MEAN), self.cuts)
        cut = Cut(output=name, column=SPEND_MEAN, edges=edges, labels=("small", "usual", "big"))
        return Fitted(spec=self, name=name, rules=(cut,))


def main() -> None:
    """Fit it beside a layer of the house, and use it everywhere."""
    orders = lw.datasets.load_cdnow()
    customers = lw.summarize(orders[orders["amount"] > 0], as_of="1998-06-30")
    fitted = lw.Layers(basket=BasketSize(), value=lw.Value()).fit(customers)
    print("sizes      ", fitted.sizes["basket"])
    print("why        ", fitted.explain(customers, ids=[1])["reason"].iloc[0])
    print("from JSON  ", lw.loads(fitted.to_json()) == fitted)
    check_segmenter(BasketSize())  # raises if it breaks the contract of a layer
    lazy = fitted.transform(pl.from_pandas(customers).lazy())
    print("lazy Polars", dict(lazy.group_by("basket").len().sort("basket").collect().iter_rows()))


if __name__ == "__main__":
    main()
