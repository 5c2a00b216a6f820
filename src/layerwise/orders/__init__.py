"""How an order log becomes counts: dates, amounts and ids read once, then counted.

Private to `layerwise.summary`, which is the door to it. One idea a file, in the order of the work:
`request` (what was asked), `table` (columns of any eager frame), `dates`, `text_dates`, `amounts`,
`ids`, `left_out` (what cannot be used), `rows` (all of these together), `netting` (refunds),
`counting` (numpy), `eager` and `holdout` (one period and two), `expressions` and `lazy` (the same
for lazy engines).
"""
