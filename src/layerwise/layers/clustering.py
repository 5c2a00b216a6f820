"""k-means, and how far two clusterings of the same rows agree.

Written out in numpy: distances are summed a coordinate at a time (no matrix product, whose threads
slow everything else down). Points stand in columns, so that a coordinate is one run of memory. The
same points in the same order and the same seed give the same clusters.
"""

import attrs
import numpy as np

from layerwise.vectors import Array, Floats

STEPS = 100
"""Most steps of one k-means run; on shares it settles in about twenty."""


@attrs.frozen(eq=False)
class Clusters:
    """Centres (a row each), each point's cluster, and the sum of squared distances."""

    centers: Floats
    codes: Array
    inertia: float


def agreement(first: Array, second: Array) -> float:
    """Return the adjusted Rand index of two clusterings of the same rows.

    1 is full agreement up to the names of the clusters, 0 what chance gives; it can be negative.
    Codes are whole numbers from 0. Two clusterings with one cluster each agree (1).

    Source: Hubert and Arabie (1985), Comparing partitions, equation 5.

    >>> agreement(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]))
    1.0
    >>> round(agreement(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])), 12)
    -0.5
    """
    width = int(second.max()) + 1
    both = _pairs(np.bincount(first * np.int64(width) + second))
    rows, columns = _pairs(np.bincount(first)), _pairs(np.bincount(second))
    expected = rows * columns / _pairs(np.array([len(first)])) if len(first) > 1 else 0.0
    most = (rows + columns) / 2
    return 1.0 if most == expected else float((both - expected) / (most - expected))


def kmeans(points: Floats, k: int, rng: np.random.Generator, *, starts: int = 5) -> Clusters:
    """Return the best of several runs of Lloyd's algorithm, each from a k-means++ start.

    Args:
        points: One column a point, one row a coordinate; all finite.
        k: The number of clusters, at most the number of distinct points.
        rng: The source of the starts.
        starts: The number of runs.

    Source: Lloyd (1982); Arthur and Vassilvitskii (2007).
    """
    runs = [_lloyd(points, _spread(points, k, rng)) for _ in range(starts)]
    return min(runs, key=lambda run: run.inertia)


def nearest(points: Floats, centers: Floats) -> Array:
    """Return the index of each point's nearest centre; of equal distances the first."""
    codes: Array = distances(points, centers).argmin(axis=0)
    return codes


def distances(points: Floats, centers: Floats) -> Floats:
    """Return squared distances, one row a centre."""
    far = np.zeros((len(centers), points.shape[1]))
    step = np.empty(points.shape[1])
    for total, center in zip(far, centers, strict=True):
        for coordinate, place in zip(points, center, strict=True):
            np.subtract(coordinate, place, out=step)
            np.multiply(step, step, out=step)
            total += step
    return far


def stability(
    points: Floats, found: Clusters, rng: np.random.Generator, *, resamples: int = 20
) -> float:
    """Return the mean adjusted Rand index of a clustering with those of resampled points.

    Each time points are drawn with replacement, clustered anew, and all points given to the nearest
    of the new centres. A draw with too few distinct points counts as no agreement (0).

    Source: Hennig (2007), Cluster-wise assessment of cluster stability; Dolnicar and Leisch (2010).
    """
    return float(np.mean([_once_more(points, found, rng) for _ in range(resamples)]))


def _once_more(points: Floats, found: Clusters, rng: np.random.Generator) -> float:
    count, k = points.shape[1], len(found.centers)
    drawn = points[:, rng.integers(count, size=count)]
    if len(np.unique(drawn[:, :1000], axis=1).T) < k > len(np.unique(drawn, axis=1).T):
        return 0.0
    again = kmeans(drawn, k, rng, starts=2)
    return agreement(found.codes, nearest(points, again.centers))


def _pairs(counts: Array) -> float:
    """Return the number of pairs inside groups of these sizes."""
    sizes = counts.astype(np.float64)
    return float((sizes * (sizes - 1) / 2).sum())


def _spread(points: Floats, k: int, rng: np.random.Generator) -> Floats:
    """Draw start centres, each with probability in proportion to the squared distance so far."""
    count = points.shape[1]
    centers = points[:, rng.integers(count, size=1)].T
    nearby = distances(points, centers)[0]
    while len(centers) < k:
        reach = np.cumsum(nearby)
        place = np.searchsorted(reach, rng.random() * reach[-1], side="right")
        chosen = points[:, [min(int(place), count - 1)]].T
        nearby = np.minimum(nearby, distances(points, chosen)[0])
        centers = np.vstack([centers, chosen])
    return centers


def _lloyd(points: Floats, centers: Floats) -> Clusters:
    codes = np.full(points.shape[1], -1)
    for _ in range(STEPS):
        far = distances(points, centers)
        before, codes = codes, far.argmin(axis=0)
        if np.array_equal(before, codes):
            break
        centers = _means(points, codes, centers)
    return Clusters(centers, codes, float(far.min(axis=0).sum()))


def _means(points: Floats, codes: Array, centers: Floats) -> Floats:
    """Return the mean of each cluster; one that lost all its rows keeps its centre."""
    counts = np.bincount(codes, minlength=len(centers))
    sums = [np.bincount(codes, weights=column, minlength=len(centers)) for column in points]
    means = np.stack(sums, axis=1) / np.maximum(counts, 1)[:, None]
    return np.where(counts[:, None] > 0, means, centers)
