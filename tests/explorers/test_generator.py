"""The generator explorer: each way to generate against the model itself, and what the words say of it."""

import re

import numpy as np
import pytest
import torch
import traitlets
from helpers.strategies import caption_in, choices_other_than, junk, numpy_of, picture_in, refuses
from hypothesis import given, strategies as st
from scipy.stats import chi2

from aecourse.data import load_mnist, normalise_digit
from aecourse.explorers import GeneratorExplorer
from aecourse.explorers.base.controls import CodeSliders
from aecourse.explorers.prior_map import REACH, PriorMap
from aecourse.zoo import BETAS, VARIATIONAL
from aecourse.zoo.weights import load_weights


@pytest.fixture(scope="module")
def explorer() -> GeneratorExplorer:
    """All three panels."""
    return GeneratorExplorer()


def decoded(name: str, z: list[float]) -> np.ndarray:
    """What a shipped network draws, 28×28 in [0, 255]."""
    return 255 * numpy_of(load_weights(name).decode(torch.tensor([z]))).reshape(28, 28)


def test_the_codes_are_those_of_the_slider():
    """At first, and when it moves: not those of the last β that was loaded."""
    explorer = PriorMap(1)
    for beta in (1, 10, 0.3):
        explorer.beta.value = beta
        with torch.inference_mode():
            expected = load_weights(VARIATIONAL[beta]).encode(load_mnist()[1].x[:50])
        assert np.allclose(explorer.codes[:50], expected.numpy(), atol=1e-5)


@pytest.mark.parametrize("beta", BETAS)
def test_the_map_decodes_and_describes_its_place(explorer, mnist, beta):
    """Pixels, the share of draws farther out, the neighbours' label, and how many codes fit the frame."""
    panel = explorer.panels["map"]
    panel.beta.value = beta
    panel.picker.value = [0.75, 0.3]
    z = [panel.z1.value, panel.z2.value]
    assert z == pytest.approx([REACH * 0.5, REACH * 0.4], abs=0.0051)
    np.testing.assert_allclose(picture_in(panel), decoded(f"vae-2d-beta{beta:g}", z), atol=0.51)
    codes = numpy_of(load_weights(f"vae-2d-beta{beta:g}").encode(mnist[1].x))
    farther, share, label, inside = re.search(
        r"(\d+)% of the prior.* (\d+)% of the 20 nearest test digits are a (\d)\. (\d+)% of all", caption_in(panel)[1]
    ).groups()
    assert int(farther) == pytest.approx(100 * chi2(2).sf(z[0] ** 2 + z[1] ** 2), abs=0.51)
    nearest = mnist[1].y.numpy()[np.argsort(((codes - z) ** 2).sum(1))[:20]]
    assert int(share) == pytest.approx(100 * np.bincount(nearest).max() / 20, abs=0.51)
    assert (nearest == int(label)).sum() == np.bincount(nearest).max()
    assert int(inside) == pytest.approx(100 * (np.abs(codes) <= REACH).all(1).mean(), abs=0.51)


def test_the_background_follows_beta_and_choice(explorer):
    """Ten different maps, each sent when it is asked for."""
    panel, seen = explorer.panels["map"], set()
    for shows in ("codes", "digits"):
        for beta in BETAS:
            panel.shows.value, panel.beta.value = shows, beta
            seen.add(panel.picker.background)
    assert len(seen) == 2 * len(BETAS)


@given(z=st.lists(st.floats(-3, 3, width=32), min_size=20, max_size=20))
def test_twenty_dials_are_one_code(explorer, z):
    """The first slider is the dimension with most KL; the words give the length of what is awake of the code."""
    panel = explorer.panels["twenty"]
    panel.z.value = tuple(z)
    z = panel.z.value
    code = torch.zeros(20)
    code[panel.order] = torch.tensor(z)
    np.testing.assert_allclose(picture_in(panel), decoded("vae-20d", code.tolist()), atol=0.51)
    length = float(re.search(r"‖z‖ = ([\d.]+)", caption_in(panel)[1])[1])
    assert length == pytest.approx(np.sqrt(np.square(z[: panel.active]).sum()), abs=0.051)


def test_the_usual_lengths_are_those_of_draws(explorer):
    """Of as many normal numbers as are awake, 95 % are as long as the words say."""
    panel = explorer.panels["twenty"]
    low, high = map(float, re.search(r"between ([\d.]+) and ([\d.]+)", caption_in(panel)[1]).groups())
    lengths = np.linalg.norm(np.random.default_rng(0).normal(size=(20_000, panel.active)), axis=1)
    assert np.mean((lengths > low) & (lengths < high)) == pytest.approx(0.95, abs=0.015)


def test_dials_that_are_asleep_change_nothing(explorer, mnist):
    """The sliders are sorted: all awake ones first, and the last ones leave the picture alone."""
    panel = explorer.panels["twenty"]
    varies = numpy_of(load_weights("vae-20d").encode(mnist[1].x)).var(0)[panel.order] > 0.01
    awake = int(re.search(r"(\d+) of 20 are awake", caption_in(panel)[1])[1])
    assert varies.tolist() == [True] * awake + [False] * (20 - awake)
    panel.start_from(0)
    before = picture_in(panel).astype(int)
    panel.z.sliders[0].value -= 1
    assert np.abs(picture_in(panel).astype(int) - before).max() > 20
    panel.z.sliders[0].value += 1
    panel.z.sliders[-1].value = 3 if awake < 20 else panel.z.sliders[-1].value
    assert np.abs(picture_in(panel).astype(int) - before).max() < 20


def test_starting_points_of_the_dials(explorer):
    """A test digit comes back, zero is zero, a draw is new."""
    panel = explorer.panels["twenty"]
    panel.start_from(5)
    x = panel.images.x[5:6]
    restored = 255 * numpy_of(load_weights("vae-20d")(x)).reshape(28, 28)
    np.testing.assert_allclose(picture_in(panel), restored, atol=0.6)
    before = panel.z.value
    panel.draw()
    assert panel.z.value != before
    assert [slider.value for slider in panel.z.sliders] == list(panel.z.value)


@pytest.mark.parametrize("network", ["vae-20d", "vae-2d-beta1"])
@pytest.mark.parametrize("share", [0, 0.25, 1])
def test_between_mixes_pixels_and_codes(explorer, mnist, strokes, network, share):
    """The ends, both mixtures, and a drawing in the first digit's place."""
    panel = explorer.panels["between"]
    panel.network.value, panel.share.value, panel.first.value, panel.second.value = network, share, 7, 11
    for ink, first in ((b"", mnist[1].x[7]), (strokes.tobytes(), torch.from_numpy(normalise_digit(strokes)))):
        panel.ink.value = ink
        ends, model = torch.stack([first, mnist[1].x[11]]), load_weights(network)
        z = numpy_of(model.encode(ends))
        expected = [ends[0], (1 - share) * ends[0] + share * ends[1]]
        mixed = torch.from_numpy((1 - share) * z[0] + share * z[1]).float()
        expected += [model.decode(mixed[None])[0], ends[1]]
        for column, tile in enumerate(expected):
            shown = picture_in(panel)[:, 30 * column : 30 * column + 28]
            np.testing.assert_allclose(shown, 255 * numpy_of(tile).reshape(28, 28), atol=0.6)
    assert "from your drawing to a" in caption_in(panel)[1]
    panel.ink.clear()


def test_one_mode_is_open_at_a_time(explorer):
    """Its picture and words are the explorer's; the others keep their controls out of sight."""
    for mode in ("twenty", "between", "map"):
        explorer.mode.value = mode
        assert [n for n, panel in explorer.panels.items() if panel.layout.display == "flex"] == [mode]
        assert explorer.picture is explorer.panels[mode].picture
        assert len(explorer.static_png()) > 3_000


@given(mode=choices_other_than("map", "twenty", "between"))
def test_bad_mode(mode):
    """Only the three there are."""
    refuses("mode", GeneratorExplorer, mode)


@given(beta=(junk | st.integers(-5, 20)).filter(lambda b: isinstance(b, bool) or b not in BETAS))
def test_bad_beta(beta):
    """Only those for which weights ship."""
    refuses("beta", GeneratorExplorer, beta=beta)


@pytest.mark.parametrize("value", [(1, 2), (0,) * 21, ("a",) * 20])
def test_dials_take_whole_codes_only(value):
    """Twenty numbers, nothing else."""
    dials = CodeSliders(20)
    with pytest.raises((traitlets.TraitError, ValueError)):
        dials.value = value
    assert dials.value == (0.0,) * 20
