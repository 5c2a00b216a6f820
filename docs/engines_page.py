"""Write the table of what works on which engine; `python docs/engines_page.py`.

The table is the list of features of the conformance suite (tests/engines), each cell of which that
suite holds to be true: what is shown as working agreed with pandas, what is shown as refused raised
an EngineError. A test says when the page is not current.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "engines.md"

_HEAD = """# What works on which engine

Written by `docs/engines_page.py` from the conformance suite; do not edit by hand. Each cell is one
test: the same body on every engine, with one golden log (refunds, ties, same-day duplicates, leap
days, week edges, missing amounts, whole-number and text ids). The guides:
[Run it elsewhere](../guides/engines.md), [The same layers on Spark](../guides/spark.md),
[Labels inside the warehouse](../guides/warehouse.md).

"""

_FOOT = """
**yes**: counts, dates, labels and spend equal to those of pandas to the last bit, computed numbers
(probabilities, expected orders and spend) to 1e-12. **no**: an `EngineError` says which engine
cannot do what, and how to collect the frame first.

Level A (pandas, Polars, DuckDB, PyArrow) runs with every test run; DuckDB on a connection that is
not the default one, PyArrow in two chunks. Level B runs in CI as a step of its own, with
`pip install "layerwise[engines]"`: Spark as `local[2]` reading Parquet, Dask with four partitions,
ibis on DuckDB and on a PostgreSQL that the tests start. narwhals 2.29 says that its Dask support
moves to a package of its own, `narwhals-dask`, which was not to be had when this was written.

## What is collected

Lazy engines count; what is taken out of them is the counts, and no more than 5 million rows of it:

| | what the engine counts and we collect | then |
| --- | --- | --- |
| `fit` of a model of orders | distinct histories | numpy fits |
| `fit` of layers and `GammaGamma` | distinct rows of the needed columns | numpy learns |
| `transform` | for expected orders the distinct histories | a small table joins there |
| `measure_migration` | customers by label before and after, by pair of dates | numpy rates |
| `publish` | customers by cell, or by set of cells where they are in several | numpy hides |
| `plan` | combinations of labels, flags and consent | a small table joins there |
| `segment_profile` | values of each feature by segment | numpy averages |

Rows above the limit are refused, and the message says what to do. Where the columns of all layers
together have more different rows, `Layers.fit` learns layer by layer, each from its own columns
(`RFM` from each column by itself), and the engine gives the labels of the earlier ones; a cut on a
model's probability or expected spend is then learned from the engine's numbers, equal to 1e-12.
`fit` of layers holds 8 bytes a customer and column while it learns, since equal rows are laid side
by side again.

## What is refused

* `gaps=True` and `explain` need every row; collect the customers in question first.
* A plan's `holdout` and `control` are drawn from an HMAC of each id, for which the engines share no
  expression. `plan(holdout=0)` runs inside the engine and equals that of pandas row
  by row; for a holdout collect ids and labels, they are few bytes a customer.
* Contact rules, budgets and everything else that looks at one customer at a time takes a plan in
  memory.
* Times with a zone, but on Polars; Spark's `timestamp`, which moves with the session.

## SQL

`Fitted.to_sql(dialect)` is run in the tests on DuckDB and PostgreSQL, with labels equal to those of
`transform`. For Snowflake, BigQuery, Databricks/Spark and ClickHouse the text is written and read
by a parser of that dialect (sqlglot), **not run**: no such database is at hand. A model's expected
orders need a lookup table, which one `SELECT` cannot hold; `to_sql` refuses it.
"""


def page() -> str:
    """Return the page as it should be."""
    sys.path.insert(0, str(ROOT))
    try:
        from tests.engines.backends import BACKENDS
        from tests.engines.features import FEATURES
    finally:
        sys.path.remove(str(ROOT))
    heads = [f"{backend.title} ({backend.level})" for backend in BACKENDS.values()]
    rows = [f"| | {' | '.join(heads)} |", f"| --- |{' --- |' * len(heads)}"]
    for feature in FEATURES.values():
        cells = ("**no**" if name in feature.refused else "yes" for name in BACKENDS)
        rows.append(f"| {feature.title} | {' | '.join(cells)} |")
    return _HEAD + "\n".join(rows) + "\n" + _FOOT


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
