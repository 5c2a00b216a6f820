"""k-means and the adjusted Rand index, against scikit-learn in the same run."""

import numpy as np
import pytest

from layerwise.layers.clustering import agreement, distances, kmeans, nearest, stability


@pytest.mark.parametrize("seed", range(5))
def test_agreement_equals_scikit_learn(seed: int) -> None:
    """The adjusted Rand index is that of scikit-learn on random clusterings."""
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 5, 300), rng.integers(0, 4, 300)
    b[:150] = a[:150] % 4
    wanted = metrics.adjusted_rand_score(a, b)
    assert agreement(a, b) == pytest.approx(wanted, abs=1e-12)
    assert agreement(b, a) == pytest.approx(wanted, abs=1e-12)


def test_agreement_at_the_ends() -> None:
    """Renamed clusters agree fully; one cluster against several is chance; one row agrees."""
    a = np.array([0, 0, 1, 1, 2])
    assert agreement(a, (a + 1) % 3) == 1.0
    assert agreement(a, np.zeros(5, dtype=int)) == 0.0
    assert agreement(a[:1], a[:1]) == 1.0


def test_kmeans_finds_blobs_as_scikit_learn_does() -> None:
    """On separated blobs the clusters and the sum of squares are those of scikit-learn."""
    cluster = pytest.importorskip("sklearn.cluster")
    rng = np.random.default_rng(3)
    truth = np.repeat(np.arange(4), 50)
    points = rng.normal(size=(2, 200)) + 9 * np.array([[0, 1, 0, 1], [0, 0, 1, 1]])[:, truth]
    found = kmeans(points, 4, np.random.default_rng(0))
    theirs = cluster.KMeans(4, n_init=5, random_state=0).fit(points.T)
    assert agreement(found.codes, truth) == 1.0
    assert found.inertia == pytest.approx(theirs.inertia_, rel=1e-9)


def test_inertia_is_the_sum_of_squares() -> None:
    """The reported sum is that of the reported centres, each the mean of its points."""
    points = np.random.default_rng(5).random((3, 80))
    found = kmeans(points, 3, np.random.default_rng(0))
    assert found.inertia == pytest.approx(distances(points, found.centers).min(axis=0).sum())
    means = [points[:, found.codes == i].mean(axis=1) for i in range(3)]
    assert np.allclose(found.centers, means)
    assert nearest(points, found.centers).tolist() == found.codes.tolist()


def test_stability_tells_blobs_from_a_ball() -> None:
    """Blobs come back from resampling, five parts of a ball without structure do not."""
    rng = np.random.default_rng(8)
    ball = rng.normal(size=(6, 300))
    blobs = rng.normal(size=(2, 300)) + 12 * (np.arange(300) % 3)
    for points, k, low, high in ((blobs, 3, 0.99, 1.0), (ball, 5, -0.1, 0.6)):
        found = kmeans(points, k, np.random.default_rng(0))
        assert low <= stability(points, found, np.random.default_rng(1)) <= high
