"""The map of codes: what is decoded where, what the words say of a place, and how pad and sliders move together."""

import re

import numpy as np
import pytest
import torch
from helpers.strategies import caption_in, junk, numpy_of, picture_in, refuses
from hypothesis import given, strategies as st
from scipy.spatial import cKDTree

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


def place_in(explorer) -> tuple[float, float]:
    """The place the caption names."""
    return tuple(map(float, re.search(r"z = \((-?[\d.]+), (-?[\d.]+)\)", caption_in(explorer)[1]).groups()))


@given(right=st.floats(0, 1), down=st.floats(0, 1))
def test_pointing_moves_sliders_and_picture(explorer, right, down):
    """The left edge is the lowest z₁, the top the highest z₂; what is there is decoded."""
    explorer.picker.value = [right, down]
    z1 = explorer.z1.min + right * (explorer.z1.max - explorer.z1.min)
    z2 = explorer.z2.max - down * (explorer.z2.max - explorer.z2.min)
    assert (explorer.z1.value, explorer.z2.value) == pytest.approx((z1, z2), abs=0.0051)  # two digits are shown
    assert place_in(explorer) == (explorer.z1.value, explorer.z2.value)
    decoded = numpy_of(explorer.model.decode(torch.tensor([place_in(explorer)]))).reshape(28, 28)
    np.testing.assert_allclose(picture_in(explorer), 255 * decoded, atol=0.51)


@given(share=st.floats(0, 1))
def test_sliders_move_the_pad(explorer, share):
    """The mark stands where the sliders are."""
    explorer.picker.value = [0.5, 0.5]
    explorer.z1.value = explorer.z1.min + share * (explorer.z1.max - explorer.z1.min)
    assert explorer.picker.value == [pytest.approx(share, abs=0.0061), pytest.approx(0.5, abs=0.0061)]
    explorer.z2.value = explorer.z2.min + share * (explorer.z2.max - explorer.z2.min)
    assert explorer.picker.value[1] == pytest.approx(1 - share, abs=0.0061)


def test_one_move_is_one_drawing(explorer, monkeypatch):
    """Two sliders follow the pad, but nothing is drawn half-way."""
    drawn, render = [], explorer.render
    monkeypatch.setattr(explorer, "render", lambda z1, z2: drawn.append((z1, z2)) or render(z1, z2))
    explorer.picker.value = [0.21, 0.83]
    assert drawn == [(explorer.z1.value, explorer.z2.value)]


@given(which=st.integers(0, 9_999))
def test_words_name_the_neighbourhood(explorer, mnist, codes, taught, which):
    """A hole without training codes, or the commonest label of the twenty nearest test codes, by another search."""
    size = np.array([explorer.z1.max - explorer.z1.min, explorer.z2.max - explorer.z2.min])
    place = codes[which].clip([explorer.z1.min, explorer.z2.min], [explorer.z1.max, explorer.z2.max]).round(2)
    explorer.z1.value, explorer.z2.value = map(float, place)
    nearest = cKDTree(codes / size).query(place / size, 20)[1]
    distance = cKDTree(taught / size).query(place / size)[0]
    words = caption_in(explorer)[1]
    if distance > 0.0301:
        assert "a hole" in words
    elif distance < 0.0299:
        share, digit = map(int, re.search(r": (\d+)% of the 20 nearest test digits are a (\d)\.", words).groups())
        counts = np.bincount(mnist[1].y[nearest], minlength=10)
        assert counts[digit] == counts.max()
        assert share == 5 * counts.max()


def test_far_corners_are_holes(explorer):
    """Where no digit has its code, the words say so."""
    corners = []
    for corner in ([0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]):
        explorer.picker.value = corner
        corners.append("a hole" in caption_in(explorer)[1])
    assert any(corners)


def test_nearly_all_codes_are_on_the_map(explorer, codes):
    """99 of 100 codes lie within the sliders' reach."""
    low, high = [explorer.z1.min, explorer.z2.min], [explorer.z1.max, explorer.z2.max]
    assert ((codes > low) & (codes < high)).all(1).mean() > 0.98
    assert (high - codes.max(0) < 0.2 * (np.array(high) - low)).all()


@pytest.mark.parametrize("family", [DenseAutoencoder, ConvAutoencoder])
def test_a_model_and_images_of_ones_own(mnist, family):
    """Any model with two codes, any labelled images."""
    torch.manual_seed(0)
    model = family(2).eval()
    mine = LatentMapExplorer(model, mnist[0][:300])
    z = torch.tensor([[mine.z1.value, mine.z2.value]])
    np.testing.assert_allclose(picture_in(mine), 255 * numpy_of(model.decode(z)).reshape(28, 28), atol=0.51)
    assert mine.static_png()


@pytest.mark.parametrize("scale", [1e-4, 0.03, 1000])
def test_codes_of_any_size(mnist, scale):
    """A map of tiny codes is as finely divided as one of large codes."""
    torch.manual_seed(0)
    model = LinearAutoencoder(2)
    model.encoder.weight.data *= scale
    mine = LatentMapExplorer(model, mnist[1][:300])
    for slider in (mine.z1, mine.z2):
        assert 50 <= (slider.max - slider.min) / slider.step <= 1000
    mine.picker.value = [0.3, 0.3]
    share = (mine.z1.value - mine.z1.min) / (mine.z1.max - mine.z1.min)
    assert share == pytest.approx(0.3, abs=0.02)
    assert place_in(mine) == pytest.approx((mine.z1.value, mine.z2.value), rel=1e-2)


def test_a_model_that_gives_one_code_to_all(mnist):
    """Nothing to draw a map of."""
    model = LinearAutoencoder(2)
    model.encoder.weight.data[1] = 0
    refuses("model", LatentMapExplorer, model, mnist[1][:300])


@given(model=junk.filter(lambda model: model is not None))
def test_bad_model(model):
    """Only an Autoencoder with two codes can be drawn as a map."""
    refuses("model", LatentMapExplorer, model)
    assert "3" in refuses("model", LatentMapExplorer, DenseAutoencoder(3, hidden=()))


def test_images_without_labels(mnist):
    """Pictures of one kind are drawn in one colour, and the words name no label."""
    explorer = LatentMapExplorer(None, mnist[1].x[:50])
    explorer.z1.value, explorer.z2.value = map(float, explorer.codes[7].clip([-1, -3], [3, 4]))
    assert caption_in(explorer)[1].endswith(": training digits have their codes near here.")
    mine = LatentMapExplorer(load_weights("map-2d"), mnist[1].x[:50])
    mine.picker.value = [0.0, 0.0]
    assert "No picture has a code near here" in caption_in(mine)[1]


def test_shipped_map_is_the_default(explorer):
    """The network whose recipe is "map-2d" ."""
    ours, shipped = explorer.model.state_dict(), load_weights("map-2d").state_dict()
    assert all(torch.equal(ours[key], shipped[key]) for key in shipped)
