"""The table of incentives: what is given, for what, to whom, and what guards it."""

import pandas as pd

from layerwise.knowledge import Schema, packaged

INCENTIVES = Schema(
    what="the incentive table",
    file="incentives.csv",
    filled=("incentive", "kind", "trigger", "grant", "eligible", "parameters_default", "guard"),
    optional=("parameter_basis", "term_zh", "source"),
)


def incentive_table() -> pd.DataFrame:
    """Return the packaged table of incentives, a row each, to read or to edit.

    `kind` is points_earn, points_redeem, points_rule, level, level_rule, level_benefit, coupon,
    sample, or an incentive for partners or staff; `parameters_default` are the usual numbers, and
    `parameter_basis` says whether a source states them or we assume them; `guard` is what keeps it
    from being abused or unfair.

    >>> incentive_table().loc[:1, ["id", "term_zh", "kind", "parameters_default"]]
                 id term_zh         kind                 parameters_default
    0  pts_purchase    购物积分  points_earn  1 point per 1 unit of net amount
    1    pts_review    评价积分  points_earn             20 points; max 3 a day
    """
    return packaged(INCENTIVES)
