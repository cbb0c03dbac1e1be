"""The odd one out: what the explorer says is counted again, and its mistakes are looked up."""

import re

import numpy as np
import pytest
import torch
from helpers.strategies import caption_in, numpy_of, picture_in, refuses
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

from aecourse.data import load_mnist
from aecourse.evaluation import reconstruct
from aecourse.evaluation.anomaly import threshold_at
from aecourse.explorers import AnomalyExplorer
from aecourse.explorers.base.chart import log_bins, svg_histogram
from aecourse.zoo.shipped import COMPONENTS
from aecourse.zoo.weights import load_weights


@pytest.fixture(scope="module")
def explorer() -> AnomalyExplorer:
    """One for all tests; each sets what it needs."""
    return AnomalyExplorer()


def by_hand(mnist, normal: int, scorer: str, power: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the validation images of the normal digit and of all test images."""
    fitting, valid = mnist[0].split(5_000, seed=0)
    groups = [valid.x[valid.y == normal], mnist[1].x]
    if scorer == "PCA":
        pca = PCA(COMPONENTS).fit(numpy_of(fitting.x[fitting.y == normal]))
        restored = [pca.inverse_transform(pca.transform(numpy_of(x))) for x in groups]
    else:
        model = load_weights(f"normal-{normal}")
        with torch.inference_mode():
            restored = [numpy_of(model(x)) for x in groups]
    pairs = zip(map(numpy_of, groups), restored, strict=True)
    return tuple(((x - x_hat) ** 2).sum(1) / (x**2).sum(1) ** power for x, x_hat in pairs)


@pytest.mark.parametrize(
    ("normal", "scorer", "power", "rate"),
    [(8, "autoencoder", 0.5, 5.0), (1, "PCA", 0.0, 10.0), (8, "autoencoder", 1.0, 5.0)],
)
def test_caption_is_measured(explorer, mnist, normal, scorer, power, rate):
    """AUROC, false alarms and misses, by scikit-learn and counting."""
    controls = {"normal": normal, "scorer": scorer, "score": power, "rate": rate}
    for name, value in controls.items():
        explorer.controls[name].value = value
    valid_scores, scores = by_hand(mnist, normal, scorer, power)
    strange = mnist[1].y.numpy() != normal
    threshold = np.sort(valid_scores)[::-1][int(len(valid_scores) * rate / 100)]
    words = caption_in(explorer)[1]
    numbers = re.search(r"AUROC (\S+)\. .* (\d+) false alarms among (\d+) .*?, (\d+) of (\d+) strangers missed", words)
    auroc, alarms, normals, misses, others = map(float, numbers.groups())
    assert auroc == pytest.approx(roc_auc_score(strange, scores), abs=6e-4)
    assert (normals, others) == ((~strange).sum(), strange.sum())
    assert alarms == pytest.approx((scores[~strange] > threshold).sum(), abs=2)
    assert misses == pytest.approx((scores[strange] <= threshold).sum(), abs=max(4, 0.01 * misses))


@pytest.mark.parametrize(("normal", "rate"), [(3, 0.0), (3, 5.0), (3, 50.0), (1, 0.0), (1, 1.0)])
def test_mistakes_from_the_nearest_to_the_farthest(explorer, normal, rate):
    """Normal and above the threshold, strange and not; both ends are among the ten; the rest is nearly a mistake."""
    settings = {"rate": rate, "normal": normal, "scorer": "autoencoder", "score": 0.5}
    result, threshold = explorer._threshold(**settings)
    score_of = np.empty(10_000)
    score_of[result.normal_places], score_of[result.abnormal_places] = result.normal, result.abnormal
    is_normal = explorer.test.y.numpy() == normal
    for name, group, outward in (("false alarm", is_normal, 1), ("missed", ~is_normal, -1)):
        places, wrong = explorer.mistakes(**settings)[name]
        beyond = outward * (score_of - threshold)
        mistaken = np.flatnonzero(group & ((score_of > threshold) == (name == "false alarm")))
        assert group[places].all()
        assert len(set(places)) == 10
        assert (np.diff(beyond[places]) >= 0).all()
        assert np.array_equal(wrong, np.isin(places, mistaken))
        assert wrong.sum() == min(10, len(mistaken))
        if len(mistaken):
            assert beyond[places[-1]] == beyond[mistaken].max()
        if len(mistaken) >= 10:
            assert beyond[places[0]] == beyond[mistaken].min()
        else:
            rightly = np.setdiff1d(np.flatnonzero(group), mistaken)
            assert beyond[places[~wrong]].min() == np.sort(beyond[rightly])[-(~wrong).sum()]


def test_pictures_are_the_digits_their_copies_and_the_errors(explorer):
    """Row by row, and paler where the scorer was right."""
    settings = {"rate": 0.5, "normal": 1, "scorer": "PCA", "score": 0.0}
    for name, value in settings.items():
        explorer.controls[name].value = value
    shown = picture_in(explorer).astype(float) / 255
    tiles = np.stack([[shown[30 * i : 30 * i + 28, 30 * j : 30 * j + 28].ravel() for j in range(10)] for i in range(6)])
    assert "Pale" in caption_in(explorer)[1]
    for top, (places, wrong) in zip((0, 3), explorer.mistakes(**settings).values(), strict=True):
        x = numpy_of(explorer.test.x[torch.from_numpy(places.copy())])
        assert np.abs(tiles[top] - x)[wrong].max(initial=0) < 0.003
        assert np.abs(tiles[top] - (0.75 + 0.25 * x))[~wrong].max(initial=0) < 0.003
        assert np.abs(tiles[top + 2] - np.abs(tiles[top] - tiles[top + 1]))[wrong].max(initial=0) < 0.006


@pytest.mark.parametrize("wrong", [-1, 10, "8", None, 2.0, True])
def test_bad_start(wrong):
    """A digit."""
    refuses("normal", AnomalyExplorer, wrong)


def test_histogram():
    """Every score falls into a bin, and the outlines end on the ground."""
    scores = np.array([0.5, 1.0, 8.0])
    edges = log_bins(scores, bins=4)
    assert np.histogram(scores, edges)[0].sum() == 3
    shares = np.array([0.2, 0.8, 0.0, 0.0])
    svg = svg_histogram({"a < b": ("#123456", shares)}, edges, title="t", x_label="x", y_label="y", threshold=edges[2])
    assert "a &lt; b" in svg
    outline = re.search(r'<path d="(M[^"]+Z)"', svg)[1]
    heights = [float(y) for _, y in re.findall(r"L(\S+) (\S+?)H", outline)]
    ground = float(outline.split("V")[1].rstrip("Z"))
    assert [(ground - y) / (ground - heights[1]) for y in heights] == pytest.approx([0.25, 1, 0, 0], abs=0.01)


def test_histogram_with_a_perfect_score():
    """A score of 0 has no logarithm: all bins lie on a linear axis, which says so, and nothing is lost."""
    scores = np.array([0.0, 0.0, 2.0, 4.0])
    edges = log_bins(scores, bins=4)
    assert (np.diff(edges) > 0).all()
    assert np.histogram(scores, edges)[0].tolist() == [2, 1, 0, 1]
    shares = np.histogram(scores, edges)[0] / 4
    words = {"title": "t", "x_label": "score (log scale)", "y_label": "share"}
    svg = svg_histogram({"a": ("#123456", shares)}, edges, **words, threshold=2.0)
    assert "score<" in svg and "log scale" not in svg
    outline = re.search(r'<path d="(M[^"]+Z)"', svg)[1]
    rights = [float(x) for x in re.findall(r"H(\S+?)(?=[LV])", outline)]
    assert np.ptp(np.diff(rights)) < 0.2  # equal steps
    assert np.isfinite(log_bins(np.zeros(3))).all() and (np.diff(log_bins(np.zeros(3))) > 0).all()


def test_own_pictures_are_judged() -> None:
    """Ten of them, restored, with the error; the caption counts the alarms among all of them."""
    strangers = load_mnist()[1].x[:30] * 0.5
    explorer = AnomalyExplorer(8, images=strangers)
    assert list(explorer.row_names) == ["yours", "restored", "error"] and not explorer.column_names
    model = explorer.detectors.models[8, "autoencoder"]
    scores = ((strangers - reconstruct(model, strangers)) ** 2).sum(1)
    threshold = threshold_at(explorer.detectors.results[8, "autoencoder", 0.0].valid_normal, 0.05)
    assert f"{int((scores > threshold).sum())} of your 30 pictures" in caption_in(explorer)[1]
    explorer._repr_mimebundle_()
    with pytest.raises(ValueError, match="images must hold at least one"):
        AnomalyExplorer(images=strangers[:0])
