"""The nudge explorer: its movements, norms and directions against finite differences and NumPy's decomposition."""

import re

import numpy as np
import pytest
import torch
from helpers.strategies import caption_in, junk, numpy_of, picture_in, places_of, refuses
from hypothesis import example, given, strategies as st

from aecourse.explorers import ContractionExplorer
from aecourse.plotting import as_images
from aecourse.zoo.weights import load_weights

STRENGTHS = (0, 0.03, 0.1, 0.3, 1)


@pytest.fixture(scope="module")
def explorer() -> ContractionExplorer:
    """One for all tests; each sets what it reads."""
    return ContractionExplorer()


def numbers_in(explorer) -> dict[str, float]:
    """The figures of the caption."""
    pattern = (
        r"λ = ([\d.]+), nudge of length ([\d.]+) by .*moves by ([\d.]+), so ‖Δz‖/‖Δx‖ = ([\d.]+); "
        r"the reconstruction moves by ([\d.]+)\. At this digit ‖J‖ = ([\d.]+)\."
    )
    found = re.search(pattern, caption_in(explorer)[1]).groups()
    return dict(zip(("strength", "length", "code", "gain", "restored", "norm"), map(float, found), strict=True))


def put(explorer, **values) -> None:
    """Set controls by name."""
    for name, value in values.items():
        explorer.controls[name].value = value


def finite_jacobian(strength: float, x: torch.Tensor) -> np.ndarray:
    """∂f/∂x of a shipped encoder by central differences in double precision; (256, 784)."""
    encoder = load_weights(f"contractive-{strength:g}").encoder.double()
    steps = 1e-5 * torch.eye(784, dtype=torch.float64)
    with torch.no_grad():
        return numpy_of((encoder(x.double() + steps) - encoder(x.double() - steps)).T / 2e-5)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_norm_and_directions_are_those_of_finite_differences(explorer, strength):
    """Singular values, the direction followed most and ‖J‖, without the closed form."""
    put(explorer, weights=f"contractive-{strength:g}", digit=7, direction=1, amount=0.0)
    jacobian = finite_jacobian(strength, explorer.images.x[7])
    _, sigma, right = np.linalg.svd(jacobian, full_matrices=False)
    with torch.inference_mode():
        got, directions = explorer._jacobian(f"contractive-{strength:g}", 7)
    np.testing.assert_allclose(numpy_of(got)[:30], sigma[:30], rtol=1e-4)
    for rank, direction in directions.items():
        assert np.linalg.norm(jacobian @ numpy_of(direction)) == pytest.approx(sigma[rank - 1], rel=1e-3)
    assert abs(right[0] @ numpy_of(directions[1])) == pytest.approx(1, abs=1e-3)
    assert numbers_in(explorer)["norm"] == pytest.approx(np.linalg.norm(jacobian), abs=0.006)
    assert numbers_in(explorer)["gain"] == pytest.approx(sigma[0], abs=6e-4)  # the limit of a nudge of length 0


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("amount", [-4.0, 0.3, 4.0])
def test_caption_against_the_network(explorer, strength, amount):
    """Lengths of the nudge and of both movements, by the network itself."""
    put(explorer, weights=f"contractive-{strength:g}", digit=3, direction="shift", amount=amount)
    model, x = load_weights(f"contractive-{strength:g}"), explorer.images.x[3]
    moved = torch.roll(x.view(28, 28), 1, dims=1)
    moved[:, 0] = 0
    dx = amount * (moved.flatten() - x) / (moved.flatten() - x).norm()
    with torch.inference_mode():
        z = model.encode(torch.stack([x, x + dx]))
        x_hat = model.decode(z)
    said = numbers_in(explorer)
    assert said["strength"] == strength
    assert said["length"] == pytest.approx(abs(amount))
    assert said["code"] == pytest.approx((z[1] - z[0]).norm().item(), abs=0.006)
    assert said["gain"] == pytest.approx((z[1] - z[0]).norm().item() / abs(amount), abs=6e-4)
    assert said["restored"] == pytest.approx((x_hat[1] - x_hat[0]).norm().item(), abs=0.006)


def test_nine_tiles(explorer):
    """Picture, code and reconstruction; before, after and the change five times as bright."""
    put(explorer, weights="contractive-0.3", digit=11, direction=2, amount=3.0)
    with torch.inference_mode():
        parts = explorer.nudged(**explorer.settings())
    assert (parts["x"][1] - parts["x"][0]).norm().item() == pytest.approx(3, rel=1e-5)
    assert picture_in(explorer).shape == (352, 352)
    for i, (before, after) in enumerate(parts.values()):
        for j, image in enumerate(as_images(torch.stack([before, after, 5 * (after - before).abs()]))):
            tile = picture_in(explorer)[120 * i : 120 * i + 112, 120 * j : 120 * j + 112]
            assert np.array_equal(tile[:: 112 // len(image), :: 112 // len(image)], image)


def test_contraction_holds_the_code(explorer):
    """λ = 0 lets the code move most and λ = 1 least, for every kind of nudge."""
    for direction in places_of(explorer.direction):
        gains = []
        for strength in STRENGTHS:
            put(explorer, weights=f"contractive-{strength:g}", digit=0, direction=direction, amount=1.0)
            gains.append(numbers_in(explorer)["gain"])
        assert gains[0] == max(gains) and gains[-1] == min(gains)


def test_controls_of_a_shift(explorer):
    """Another digit's shift is that of the next digit of another class; smooth noise has no fine detail."""
    put(explorer, weights="contractive-1", digit=3, amount=1.0, direction="other")  # 0, then 4
    assert explorer.images.y[3] != explorer.images.y[4]
    x = explorer.images.x[4].view(28, 28)
    moved = (torch.nn.functional.pad(x, (1, 0))[:, :-1] - x).flatten()
    parts = explorer.nudged(**explorer.settings())
    assert torch.cosine_similarity(parts["x"][1] - parts["x"][0], moved, dim=0).item() == pytest.approx(1, abs=1e-5)
    put(explorer, direction="smooth")
    parts = explorer.nudged(**explorer.settings())
    spectrum = np.abs(np.fft.fft2(numpy_of(parts["x"][1] - parts["x"][0]).reshape(28, 28))) ** 2
    coarse = np.hypot(*np.meshgrid(np.fft.fftfreq(28), np.fft.fftfreq(28))) < 0.25
    assert spectrum[coarse].sum() > 0.95 * spectrum.sum()


def test_the_curve_marks_this_nudge(explorer):
    """One disc; the free network's curve, and the chosen one's where it is another."""
    for weights, lines in (("contractive-0", 1), ("contractive-1", 2)):
        put(explorer, weights=weights, digit=5, direction=10, amount=0.5)
        assert explorer.curve.value.count("<polyline") == lines
        assert explorer.curve.value.count("<circle") == 1


@given(strength=junk | st.floats(min_value=1.01) | st.floats(min_value=0.031, max_value=0.09))
@example(strength=-1)
@example(strength=True)
def test_bad_start(strength):
    """λ starts at a shipped place."""
    if type(strength) is float and strength in STRENGTHS:
        return
    refuses("strength", ContractionExplorer, strength)
