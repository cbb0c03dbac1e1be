"""The odd one out: scores and thresholds by hand, the shipped scorers by scikit-learn, the explorer's mistakes."""

import re
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from strategies import caption_in, numpy_of, picture_in, refuses

from aecourse.anomaly import anomaly_scores, threshold_at
from aecourse.weights import load_weights, read_card
from aecourse.widgets import AnomalyExplorer
from aecourse.widgets.anomaly import COMPONENTS
from aecourse.widgets.histogram import log_bins, svg_histogram


@pytest.mark.parametrize("power", [0, 0.5, 1])
def test_scores_by_hand(power):
    """summed squares over a power of the ink; a black picture divides by one"""
    x = torch.tensor([[3.0, 4.0], [0.0, 2.0], [0.0, 0.0]])
    x_hat = torch.tensor([[3.0, 2.0], [1.0, 2.0], [0.0, 3.0]])
    ink = np.array([25.0, 4.0, 1.0])
    got = anomaly_scores(x, x_hat, ink_power=power)
    assert numpy_of(got) == pytest.approx(np.array([4.0, 1.0, 9.0]) / ink**power)


def test_bad_scores():
    """pictures on both sides, equally many and equally large"""
    x = torch.rand(3, 4)
    refuses("x", anomaly_scores, x.numpy(), x)
    refuses("x", anomaly_scores, x[0], x)
    refuses("x_hat", anomaly_scores, x, x[:, :3])
    refuses("x_hat", anomaly_scores, x, x[:2])
    refuses("x_hat", anomaly_scores, x, x[:1])
    for wrong in (-0.1, 1.5, None, "1", float("nan")):
        refuses("ink_power", anomaly_scores, x, x, ink_power=wrong)


@given(scores=st.lists(st.integers(0, 20), min_size=1, max_size=60), rate=st.integers(0, 20).map(lambda n: n / 20))
def test_threshold_is_the_lowest_that_keeps_the_rate(scores, rate):
    """at most the rate lies above it, and above the next lower score lies more"""
    scores = np.array(scores, float)
    threshold = threshold_at(scores, rate)
    assert threshold in scores
    assert (scores > threshold).mean() <= rate + 1e-12
    lower = scores[scores < threshold]
    assert not len(lower) or (scores > lower.max()).mean() > rate - 1e-12
    assert threshold_at(torch.from_numpy(scores), rate) == threshold


def test_threshold_counts_exactly():
    """every share i / n, as a fraction, as its decimal and as a percentage: n distinct scores, so i lie above"""
    for n in range(1, 201):
        scores = np.arange(n)[::-1]
        for i in range(n + 1):
            expected = max(n - 1 - i, 0)
            assert threshold_at(scores, i / n) == expected, (i, n)
            if n in (10, 20, 50, 100, 200):
                assert threshold_at(scores, 100 * Fraction(i, n) / 100) == expected, (i, n)
                assert threshold_at(scores, float(100 * Fraction(i, n)) / 100) == expected, (i, n)


@given(
    scores=st.lists(st.integers(0, 20), min_size=1, max_size=60),
    rate=st.decimals(0, 1, places=3).map(float) | st.floats(0, 1),
)
@example(scores=list(range(10)), rate=0.7)
def test_threshold_with_ties_by_fractions(scores, rate):
    """among the scores, the lowest that at most the share written exceeds, tried one by one"""
    allowed = Fraction(str(rate)) * len(scores)
    if abs(allowed - round(allowed)) < 1e-12:  # 1 / 3 as a decimal of 16 places
        allowed = round(allowed)
    expected = min(t for t in scores if sum(score > t for score in scores) <= allowed)
    assert threshold_at(np.array(scores, np.float32), rate) == expected


def test_bad_threshold():
    """a row of finite scores, a rate from 0 to 1"""
    for wrong in ([], [[1.0]], [float("nan")], "scores", [True]):
        refuses("normal_scores", threshold_at, np.array(wrong), 0.1)
    for wrong in (-0.01, 1.01, None, "5 %"):
        refuses("false_alarm_rate", threshold_at, np.ones(3), wrong)


@pytest.mark.parametrize("digit", range(10))
def test_shipped_scorers_score_what_they_claim(mnist, digit):
    """AUROC of each shipped network on all test digits, and it never saw a validation digit"""
    model, card = load_weights(f"normal-{digit}"), read_card(f"normal-{digit}")
    assert card.recipe["only"] == digit
    x, strange = mnist[1].x, mnist[1].y.numpy() != digit
    with torch.inference_mode():
        errors = ((numpy_of(model(x)) - numpy_of(x)) ** 2).sum(1)
    assert card.scores["test_auroc"] == pytest.approx(roc_auc_score(strange, errors), abs=1e-4)


@pytest.fixture(scope="module")
def explorer() -> AnomalyExplorer:
    """one for all tests; each sets what it needs"""
    return AnomalyExplorer()


def by_hand(mnist, normal: int, scorer: str, power: float) -> tuple[np.ndarray, np.ndarray]:
    """scores of the validation images of the normal digit and of all test images"""
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


@pytest.mark.parametrize(("normal", "scorer", "power", "rate"), [(8, "autoencoder", 0.5, 5.0), (1, "PCA", 0.0, 10.0)])
def test_caption_is_measured(explorer, mnist, normal, scorer, power, rate):
    """AUROC, false alarms and misses, by scikit-learn and counting"""
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
    """normal and above the threshold, strange and not; both ends are among the ten; the rest is nearly a mistake"""
    settings = {"rate": rate, "normal": normal, "scorer": "autoencoder", "score": 0.5}
    verdicts, threshold = explorer._threshold(**settings)
    score_of = np.empty(10_000)
    score_of[verdicts.normal_places], score_of[verdicts.abnormal_places] = verdicts.normal, verdicts.abnormal
    is_normal = explorer.guards.test.y.numpy() == normal
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
    """row by row, and paler where the scorer was right"""
    settings = {"rate": 0.5, "normal": 1, "scorer": "PCA", "score": 0.0}
    for name, value in settings.items():
        explorer.controls[name].value = value
    shown = picture_in(explorer).astype(float) / 255
    tiles = np.stack([[shown[30 * i : 30 * i + 28, 30 * j : 30 * j + 28].ravel() for j in range(10)] for i in range(6)])
    assert "Pale" in caption_in(explorer)[1]
    for top, (places, wrong) in zip((0, 3), explorer.mistakes(**settings).values(), strict=True):
        x = numpy_of(explorer.guards.test.x[torch.from_numpy(places.copy())])
        assert np.abs(tiles[top] - x)[wrong].max(initial=0) < 0.003
        assert np.abs(tiles[top] - (0.75 + 0.25 * x))[~wrong].max(initial=0) < 0.003
        assert np.abs(tiles[top + 2] - np.abs(tiles[top] - tiles[top + 1]))[wrong].max(initial=0) < 0.006


@pytest.mark.parametrize("wrong", [-1, 10, "8", None, 2.0, True])
def test_bad_start(wrong):
    """a digit"""
    refuses("normal", AnomalyExplorer, wrong)


def test_histogram():
    """every score falls into a bin, and the outlines end on the ground"""
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
    """a score of 0 has no logarithm: all bins lie on a linear axis, which says so, and nothing is lost"""
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
