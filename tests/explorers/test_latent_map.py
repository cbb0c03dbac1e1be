"""The map of codes: what is decoded where, what the numbers say of a place, and what comes with the widget."""

import numpy as np
import pytest
import torch
import traitlets
from helpers.strategies import junk, numpy_of, refuses
from hypothesis import given, strategies as st
from matplotlib import pyplot as plt
from safetensors.torch import load
from scipy.spatial import cKDTree

from aecourse.data import ImageSet
from aecourse.explorers import LatentMapExplorer
from aecourse.models import ConvAutoencoder, DenseAutoencoder, LinearAutoencoder
from aecourse.zoo.catalogue import load_split
from aecourse.zoo.weights import load_weights


@pytest.fixture(scope="module")
def explorer() -> LatentMapExplorer:
    """The shipped map."""
    return LatentMapExplorer()


@pytest.fixture(scope="module")
def codes(mnist) -> np.ndarray:
    """Where the shipped encoder puts the test digits."""
    return numpy_of(load_weights("map-2d").encode(mnist[1].x))


@pytest.fixture(scope="module")
def taught() -> np.ndarray:
    """Where the shipped encoder puts the digits that the decoder learnt from."""
    return numpy_of(load_weights("map-2d").encode(load_split()[0].x))


def frame_of(explorer) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and highest values that both sliders have in the page."""
    frame = explorer.setup["frame"]
    return np.array(frame["low"]), np.array(frame["high"])


def put(explorer, place) -> dict:
    """Move the point; return all settings."""
    explorer.z1, explorer.z2 = map(float, place)
    return explorer.settings()


@given(right=st.floats(0, 1), up=st.floats(0, 1))
def test_what_is_there_is_decoded(explorer, right, up):
    """Anywhere on the map."""
    low, high = frame_of(explorer)
    place = low + np.array([right, up]) * (high - low)
    settings = put(explorer, place.clip(low, high))
    assert list(settings) == ["z1", "z2"]
    expected = load_weights("map-2d").decode(torch.tensor([[settings["z1"], settings["z2"]]]))
    np.testing.assert_allclose(numpy_of(explorer.rows(**settings)["decoded"]), numpy_of(expected), atol=1e-6)


@given(which=st.integers(0, 9_999))
def test_numbers_name_the_neighbourhood(explorer, mnist, codes, taught, which):
    """A hole without training codes, or the commonest label of the twenty nearest test codes, by another search."""
    low, high = frame_of(explorer)
    size = high - low
    place = codes[which].clip(low, high).round(2)
    numbers = explorer.numbers(**put(explorer, place))
    nearest = cKDTree(codes / size).query(place / size, 20)[1]
    distance = cKDTree(taught / size).query(place / size)[0]
    if distance > 0.0301:
        assert numbers == {"hole": 1}
    elif distance < 0.0299:
        counts = np.bincount(mnist[1].y[nearest], minlength=10)
        assert numbers["hole"] == 0
        assert counts[int(numbers["label"])] == counts.max()
        assert numbers["share"] == pytest.approx(counts.max() / 20)


def test_far_corners_are_holes(explorer):
    """Where no digit has its code."""
    low, high = frame_of(explorer)
    corners = [(z1, z2) for z1 in (low[0], high[0]) for z2 in (low[1], high[1])]
    assert any(explorer.numbers(*corner)["hole"] for corner in corners)


def test_nearly_all_codes_are_on_the_map(explorer, codes):
    """99 of 100 codes lie within the sliders' reach."""
    low, high = frame_of(explorer)
    assert ((codes > low) & (codes < high)).all(1).mean() > 0.98
    assert (high - codes.max(0) < 0.2 * (high - low)).all()


def test_the_page_gets_the_codes(explorer, codes, taught, mnist):
    """Those of the test digits with their labels, those of the training digits, a picture, and half a network."""
    shown, learnt = load(explorer.assets["map"]), load(explorer.assets["taught"])
    for sent, made in ((shown, codes), (learnt, taught)):
        assert sent["codes"].dtype == torch.float16
        np.testing.assert_allclose(sent["codes"], made, rtol=5e-4, atol=1e-4)
    assert torch.equal(shown["labels"].long(), mnist[1].y)
    assert bytes(shown["picture"].numpy())[8:12] == b"WEBP"
    assert {name.split(".")[0] for name in load(explorer.assets["decoder"])} == {"decoder"}
    assert sum(map(len, explorer.assets.values())) < 2.5e6


@pytest.mark.parametrize("family", [DenseAutoencoder, ConvAutoencoder])
def test_a_model_and_images_of_ones_own(mnist, family):
    """Any model with two codes, any labelled images; the first place lies among those of the first one's label."""
    torch.manual_seed(0)
    model = family(2).eval()
    mine = LatentMapExplorer(model, mnist[0][:300])
    z = numpy_of(model.encode(mnist[0].x[:300]))[(mnist[0].y[:300] == mnist[0].y[0]).numpy()]
    assert (mine.z1, mine.z2) == pytest.approx(np.median(z, axis=0), abs=0.01)
    decoded = numpy_of(model.decode(torch.tensor([[mine.z1, mine.z2]])))
    np.testing.assert_allclose(numpy_of(mine.rows(**mine.settings())["decoded"]), decoded, atol=1e-6)
    assert mine.setup["learnt"] == mine.setup["images"]["name"] == "picture"
    assert mine.static_png()


@pytest.mark.parametrize("scale", [1e-4, 0.03, 1000])
def test_codes_of_any_size(mnist, scale):
    """A map of tiny codes is as finely divided as one of large codes."""
    torch.manual_seed(0)
    model = LinearAutoencoder(2)
    for part, factor in ((model.encoder.weight, scale), (model.encoder.bias, scale), (model.decoder.weight, 1 / scale)):
        part.data *= factor
    mine = LatentMapExplorer(model, mnist[1][:300])
    low, high = frame_of(mine)
    steps, digits = mine.setup["frame"]["steps"], mine.setup["frame"]["digits"]
    assert all(50 <= (high - low)[i] / steps[i] <= 1000 for i in range(2))
    assert (high - low).min() * 10**digits >= 50  # how finely a place is named
    assert (mine.z1, mine.z2) == (round(mine.z1, digits), round(mine.z2, digits))


def test_only_places_on_the_map(explorer):
    """A value beyond is refused by name, and the old one stays."""
    before = explorer.settings()
    for name, end in zip(("z1", "z2"), frame_of(explorer)[1], strict=True):
        with pytest.raises(traitlets.TraitError, match=name):
            setattr(explorer, name, end + 0.01)
        with pytest.raises(traitlets.TraitError, match=name):
            setattr(explorer, name, float("nan"))
    assert explorer.settings() == before


def test_a_model_that_gives_one_code_to_all(mnist):
    """Nothing to draw a map of."""
    model = LinearAutoencoder(2)
    model.encoder.weight.data[1] = 0
    refuses("model", LatentMapExplorer, model, mnist[1][:300])


@given(model=junk.filter(lambda model: model is not None))
def test_bad_model(model):
    """Only a network with two code numbers or more can be drawn as a map, and of more than one picture."""
    refuses("model", LatentMapExplorer, model)
    assert "1" in refuses("model", LatentMapExplorer, DenseAutoencoder(1, hidden=()))
    refuses("images", LatentMapExplorer, images=torch.zeros(1, 784))


def test_classes_with_names(mnist):
    """The map and the caption call them so."""
    kinds = ImageSet(mnist[1].x[:200], mnist[1].y[:200] % 2, names=("even", "odd"))
    explorer = LatentMapExplorer(images=kinds)
    assert explorer.setup["images"]["names"] == ["even", "odd"]
    axes = plt.figure().add_subplot()
    explorer.map.draw(axes)
    assert {text.get_text() for text in axes.texts} == {"even", "odd"}


def test_images_without_labels(mnist):
    """Pictures of one kind are drawn in one colour, and no number names a label."""
    explorer = LatentMapExplorer(None, mnist[1].x[:50])
    numbers = explorer.numbers(**put(explorer, explorer.map.codes[7].clip(*frame_of(explorer))))
    assert numbers == {"hole": 0}
    assert explorer.setup["labelled"] is False
    assert (explorer.setup["learnt"], explorer.setup["images"]["name"]) == ("training digit", "picture")
    mine = LatentMapExplorer(load_weights("map-2d"), mnist[1].x[:50])
    assert mine.setup["learnt"] == "picture"
    low, high = frame_of(mine)
    assert mine.numbers(low[0], high[1])["hole"] == 1


def test_shipped_map_is_the_default(explorer):
    """The network whose recipe is "map-2d" ."""
    ours, shipped = explorer.model.state_dict(), load_weights("map-2d").state_dict()
    assert all(torch.equal(ours[key], shipped[key]) for key in shipped)
