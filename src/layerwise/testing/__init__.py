"""A contract for layers and models: run it on one of your own.

After scikit-learn's `check_estimator`: what every segmenter of layerwise keeps, as checks with a
name each.

```python
from layerwise.testing import check_segmenter

def test_my_layer_keeps_the_contract():
    check_segmenter(MyLayer())
```
"""

from layerwise.testing.contract import check_segmenter, example_customers, segmenter_checks

__all__ = ["check_segmenter", "example_customers", "segmenter_checks"]
