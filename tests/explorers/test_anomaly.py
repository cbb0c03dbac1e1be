"""The odd one out: what the explorer says is counted again, and its mistakes are looked up."""

import numpy as np
import pytest
import torch
import traitlets
from helpers.strategies import numpy_of, refuses
from safetensors.torch import load
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

from aecourse.data import ImageSet
from aecourse.evaluation import reconstruct
from aecourse.evaluation.anomaly import threshold_at
from aecourse.explorers import AnomalyExplorer
from aecourse.explorers.anomaly import log_bins, mistakes
from aecourse.models import ConvAutoencoder, DenseAutoencoder
from aecourse.zoo.weights import load_weights

HALF = 2**-11  # by which share a rounding to half precision may change a number


@pytest.fixture(scope="module")
def explorer() -> AnomalyExplorer:
    """One for all tests, which ask it for rows and numbers."""
    return AnomalyExplorer()


def by_hand(mnist, normal: int, scorer: str, power: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the validation images of the normal digit and of all test images."""
    fitting, valid = mnist[0].split(5_000, seed=0)
    groups = [valid.x[valid.y == normal], mnist[1].x]
    if scorer == "PCA":
        pca = PCA(16).fit(numpy_of(fitting.x[fitting.y == normal]))
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
def test_numbers_are_measured(explorer, mnist, normal, scorer, power, rate):
    """AUROC, false alarms and misses, by scikit-learn and counting."""
    numbers = explorer.numbers(rate, normal, scorer, power)
    valid_scores, scores = by_hand(mnist, normal, scorer, power)
    y = mnist[1].y.numpy()
    strange = y != normal
    threshold = np.sort(valid_scores)[::-1][int(len(valid_scores) * rate / 100)]
    assert numbers["AUROC"] == pytest.approx(roc_auc_score(strange, scores), abs=6e-4)
    assert numbers["threshold"] == pytest.approx(threshold, rel=1e-3)  # two ways to find PCA
    assert (numbers["normal"], numbers["others"]) == ((~strange).sum(), strange.sum())
    assert numbers["alarms"] == pytest.approx((scores[~strange] > threshold).sum(), abs=2)
    missed = y[strange & (scores <= threshold)]
    assert numbers["misses"] == pytest.approx(len(missed), abs=max(4, 0.01 * numbers["misses"]))
    assert numbers["most"] == np.bincount(missed).argmax()
    assert numbers["of most"] == pytest.approx(np.bincount(missed).max(), abs=4)
    assert numbers["in all"] == (y == numbers["most"]).sum()


@pytest.mark.parametrize(("normal", "rate"), [(3, 0.0), (3, 5.0), (3, 50.0), (1, 0.0), (1, 1.0)])
def test_mistakes_from_the_nearest_to_the_farthest(explorer, mnist, normal, rate):
    """Normal and above the threshold, strange and not; both ends are among the ten; the rest is nearly a mistake."""
    result = explorer.detectors.results[normal, "autoencoder", 0.5]
    threshold = threshold_at(result.valid_normal, rate / 100)
    score_of = np.empty(10_000)
    score_of[result.normal_places], score_of[result.abnormal_places] = result.normal, result.abnormal
    is_normal = mnist[1].y.numpy() == normal
    for name, group, outward in (("false alarm", is_normal, 1), ("missed", ~is_normal, -1)):
        places, wrong = mistakes(result, threshold)[name]
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


def test_pictures_are_the_digits_their_copies_and_the_errors(explorer, mnist):
    """Row by row, and paler where the scorer was right."""
    rows = explorer.rows(0.5, 1, "PCA", 0.0)
    assert [name.strip() for name in rows] == ["false alarm", "restored", "error", "missed", "restored", "error"]
    rows = [numpy_of(row) for row in rows.values()]
    assert all(row.shape == (10, 784) for row in rows)
    result = explorer.detectors.results[1, "PCA", 0.0]
    found = mistakes(result, explorer.numbers(0.5, 1, "PCA", 0.0)["threshold"])
    assert not all(wrong.all() for _, wrong in found.values())  # some are pale
    for top, (places, wrong) in zip((0, 3), found.values(), strict=True):
        x = numpy_of(mnist[1].x[torch.from_numpy(places.copy())])
        assert np.abs(rows[top] - x)[wrong].max(initial=0) < 1e-6
        assert np.abs(rows[top] - (0.75 + 0.25 * x))[~wrong].max(initial=0) < 1e-6
        assert np.abs(rows[top + 2] - np.abs(rows[top] - rows[top + 1]))[wrong].max(initial=0) < 1e-6


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_what_the_page_gets(explorer, mnist, power):
    """Of every detector the error of each test digit; what errors are divided by, and the labels, once for all."""
    names = [name for name in explorer.later if name.startswith("errors-")]
    assert len(names) == 19  # one of 20 comes with the widget
    found, of_all = load(explorer.later["errors-3-autoencoder"]()), load(explorer.assets["test set"])
    nth = [0.0, 0.5, 1.0].index(power)
    scores = found["test"].float() / (of_all["lengths"][nth - 1] if power else 1)
    valid_scores, by_errors = by_hand(mnist, 3, "autoencoder", power)
    assert {found["test"].dtype, found["valid"].dtype, of_all["lengths"].dtype} == {torch.float16}
    roundings = 2 if power else 1  # of the error, of what it is divided by; the threshold's scores once more
    np.testing.assert_allclose(scores, by_errors, rtol=1e-4 + roundings * HALF)
    np.testing.assert_allclose(found["valid"][nth], np.sort(valid_scores), rtol=1e-4 + (roundings + 1) * HALF)
    assert found["AUROC"][nth] == pytest.approx(roc_auc_score(mnist[1].y.numpy() != 3, by_errors), abs=5e-5)
    assert torch.equal(of_all["labels"].long(), mnist[1].y)
    everybody = [load(explorer.later[f"digits-{part}"]())["x"] for part in range(20)]
    assert torch.equal(torch.cat(everybody).float() / 255, mnist[1].x)


def test_the_first_pictures_come_with_the_widget(explorer, mnist):
    """Whatever the slider is set to: the page waits for nothing."""
    near = load(explorer.assets["near digits"])
    places = set(near["places"].tolist())
    result = explorer.detectors.results[8, "autoencoder", 0.0]
    for rate in (0.0, 0.5, 5.0, 23.5, 50.0):
        for found, _ in mistakes(result, threshold_at(result.valid_normal, rate / 100)).values():
            assert places >= set(found.tolist())
    assert torch.equal(near["images"].float() / 255, mnist[1].x[near["places"].long()])


@pytest.mark.parametrize("wrong", [-1, 10, "8", None, 2.0, True])
def test_bad_start(wrong):
    """A digit."""
    refuses("normal", AnomalyExplorer, wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [("rate", -0.5), ("rate", 51), ("rate", float("nan")), ("normal", 10), ("scorer", "VAE"), ("score", 0.3)],
)
def test_bad_setting(explorer, name, value):
    """What a control does not have is refused by name, and nothing changes."""
    before = explorer.settings()
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(explorer, name, value)
    assert explorer.settings() == before


def test_bins():
    """Every score falls into a bin, and the bins are equally wide on a logarithmic axis."""
    scores = np.array([0.5, 1.0, 8.0])
    edges = log_bins(scores, bins=4)
    assert np.histogram(scores, edges)[0].sum() == 3
    assert np.diff(np.log(edges)) == pytest.approx(np.log(edges[-1] / edges[0]) / 4)


def test_bins_with_a_perfect_score():
    """A score of 0 has no logarithm: all bins lie on a linear axis, and nothing is lost."""
    scores = np.array([0.0, 0.0, 2.0, 4.0])
    edges = log_bins(scores, bins=4)
    assert np.diff(edges) == pytest.approx(edges[-1] / 4)
    assert np.histogram(scores, edges)[0].tolist() == [2, 1, 0, 1]
    assert np.isfinite(log_bins(np.zeros(3))).all()
    assert (np.diff(log_bins(np.zeros(3))) > 0).all()


def test_own_pictures_are_judged(mnist) -> None:
    """Ten of them, restored, with the error; the alarms are counted among all of them."""
    strangers = mnist[1].x[:30] * 0.5
    explorer = AnomalyExplorer(8, images=strangers)
    rows = explorer.rows(5.0, 8, "autoencoder", 0.0)
    assert list(rows) == ["yours", "restored", "error"]
    model = load_weights("normal-8")
    scores = ((strangers - reconstruct(model, strangers)) ** 2).sum(1)
    threshold = threshold_at(explorer.detectors.results[8, "autoencoder", 0.0].valid_normal, 0.05)
    numbers = explorer.numbers(5.0, 8, "autoencoder", 0.0)
    assert numbers == {"threshold": threshold, "alarms": int((scores > threshold).sum()), "pictures": 30}
    assert 0 < numbers["alarms"] < 30
    pale = ~(scores[:10] > threshold)[:, None] * 0.75
    assert torch.allclose(rows["yours"], strangers[:10] + pale * (1 - strangers[:10]))
    assert "near digits" not in explorer.assets
    assert "digits-0" not in explorer.later
    explorer._repr_mimebundle_()
    with pytest.raises(ValueError, match="images must hold at least one"):
        AnomalyExplorer(images=strangers[:0])


def test_own_digits_stand_in_their_order(mnist) -> None:
    """With labels from 0 to 9 one of each is shown; all are counted."""
    digits = ImageSet(mnist[1].x[:300], mnist[1].y[:300])
    explorer = AnomalyExplorer(1, images=digits)
    page = load(explorer.assets["images"])["images"].float() / 255
    assert torch.equal(page, digits.one_of_each(1))
    judged = load(explorer.assets["errors-1-autoencoder"])
    assert (judged["own"].shape, judged["own shown"].shape) == ((3, 300), (3, 10))
    x_hat = reconstruct(load_weights("normal-1"), page)
    torch.testing.assert_close(judged["own shown"][0], (page - x_hat).square().sum(1), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("images", [False, True])
def test_a_network_of_ones_own(mnist, images):
    """Its errors, beside PCA of the normal digit with as many numbers; no other digit can be normal."""
    torch.manual_seed(0)
    model = ConvAutoencoder(5, hidden=(4, 8)).eval()
    explorer = AnomalyExplorer(3, model=model, images=mnist[1].x[:30] if images else None)
    assert explorer.setup["scorers"] == [("autoencoder", "your ConvAutoencoder"), ("PCA", "PCA-5")]
    assert explorer.setup["normals"] == [3]
    with pytest.raises(traitlets.TraitError, match="normal must be"):
        explorer.normal = 8
    fitting, valid = mnist[0].split(5_000, seed=0)
    pca = PCA(5).fit(numpy_of(fitting.x[fitting.y == 3]))
    by_pca = lambda x: torch.from_numpy(pca.inverse_transform(pca.transform(numpy_of(x)))).float()  # noqa: E731
    strange = mnist[1].y.numpy() != 3
    for scorer, restore in (("autoencoder", model), ("PCA", by_pca)):
        with torch.inference_mode():
            error = lambda x, restore=restore: numpy_of((x - restore(x)).square().sum(1))  # noqa: E731
            threshold, scores = threshold_at(error(valid.x[valid.y == 3]), 0.05), error(mnist[1].x)
        numbers = explorer.numbers(5.0, 3, scorer, 0.0)
        assert numbers["threshold"] == pytest.approx(threshold, rel=1e-3)
        if images:
            assert numbers["alarms"] == (scores[:30] > threshold).sum()
        else:
            assert numbers["AUROC"] == pytest.approx(roc_auc_score(strange, scores), abs=1e-4)
    assert {name for name in explorer.later if name.startswith(("PCA", "auto"))} == {"PCA-3"}
    assert explorer.static_png()


def test_wrong_networks():
    """No network, and one of other pictures."""
    refuses("model", AnomalyExplorer, model=3)
    refuses("model", AnomalyExplorer, model=DenseAutoencoder(2, hidden=(3,), in_features=64))
