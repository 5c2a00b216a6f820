"""layerwise: customer layers, churn probability and strategy plans from an order log.

orders --summarize--> customers --fit--> fitted rules --transform--> labelled customers --> plan
"""

__version__ = "0.1.0"
