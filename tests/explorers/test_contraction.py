"""The nudge explorer: its movements, norms and directions against finite differences and NumPy's decomposition."""

import copy

import numpy as np
import pytest
import torch
import traitlets
from helpers.strategies import junk, numpy_of, refuses
from hypothesis import example, given, strategies as st
from scipy.ndimage import affine_transform

from aecourse.data import ImageSet
from aecourse.explorers import ContractionExplorer
from aecourse.explorers.contraction import BEND, DIRECTIONS
from aecourse.models import ContractiveAutoencoder, DenseAutoencoder
from aecourse.plotting import as_images
from aecourse.zoo.weights import load_weights

STRENGTHS = (0, 0.03, 0.1, 0.3, 1)


@pytest.fixture(scope="module")
def explorer() -> ContractionExplorer:
    """One for all tests; each sets what it reads."""
    return ContractionExplorer()


def numbers_of(explorer, **settings) -> dict[str, float]:
    """The numbers behind the caption of some settings."""
    with torch.inference_mode():
        return explorer.numbers(**explorer.settings() | settings)


def movement_of(explorer, **settings) -> torch.Tensor:
    """By what the picture is moved; (784,)."""
    x = explorer.nudged(**explorer.settings() | settings)["x"]
    return x[1] - x[0]


def finite_jacobian(strength: float, x: torch.Tensor) -> np.ndarray:
    """∂f/∂x of a shipped encoder by central differences in double precision; (256, 784)."""
    encoder = load_weights(f"contractive-{strength:g}").encoder.double()
    steps = 1e-5 * torch.eye(784, dtype=torch.float64)
    with torch.no_grad():
        return numpy_of((encoder(x.double() + steps) - encoder(x.double() - steps)).T / 2e-5)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_norm_and_directions_are_those_of_finite_differences(explorer, strength):
    """Singular values, the direction followed most and ‖J‖, without the closed form."""
    weights = f"contractive-{strength:g}"
    jacobian = finite_jacobian(strength, explorer.images.x[7])
    _, sigma, right = np.linalg.svd(jacobian, full_matrices=False)
    with torch.inference_mode():
        got, directions = explorer.jacobian(weights, 7)
    np.testing.assert_allclose(numpy_of(got)[:30], sigma[:30], rtol=1e-4)
    for rank, direction in directions.items():
        assert np.linalg.norm(jacobian @ numpy_of(direction)) == pytest.approx(sigma[rank - 1], rel=1e-3)
    assert abs(right[0] @ numpy_of(directions[1])) == pytest.approx(1, abs=1e-3)
    numbers = numbers_of(explorer, weights=weights, digit=7, direction=1, amount=0.0)
    assert numbers["‖J‖"] == pytest.approx(np.linalg.norm(jacobian), rel=1e-4)
    assert numbers["gain"] == pytest.approx(sigma[0], rel=1e-4)  # the limit of a nudge of length 0
    assert numbers["σ 10"] == pytest.approx(sigma[9], rel=1e-4)
    assert numbers["σ 10, λ = 0"] == pytest.approx(numbers_of(explorer, weights="contractive-0", digit=7)["σ 10"])


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("amount", [-4.0, 0.3, 4.0])
def test_numbers_against_the_network(explorer, strength, amount):
    """Lengths of the nudge and of both movements, by the network itself."""
    settings = {"weights": f"contractive-{strength:g}", "digit": 3, "direction": "shift", "amount": amount}
    model, x = load_weights(f"contractive-{strength:g}"), explorer.images.x[3]
    moved = torch.roll(x.view(28, 28), 1, dims=1)
    moved[:, 0] = 0
    dx = amount * (moved.flatten() - x) / (moved.flatten() - x).norm()
    with torch.inference_mode():
        z = model.encode(torch.stack([x, x + dx]))
        x_hat = model.decode(z)
    numbers = numbers_of(explorer, **settings)
    assert numbers["‖Δx‖"] == pytest.approx(abs(amount), rel=1e-5)
    assert numbers["‖Δz‖"] == pytest.approx((z[1] - z[0]).norm().item(), rel=1e-4)
    assert numbers["gain"] == pytest.approx((z[1] - z[0]).norm().item() / abs(amount), rel=1e-4)
    assert numbers["‖Δx_hat‖"] == pytest.approx((x_hat[1] - x_hat[0]).norm().item(), rel=1e-4)


def test_nine_tiles(explorer):
    """Picture, code and reconstruction; before, after and the change five times as bright."""
    settings = {"weights": "contractive-0.3", "digit": 11, "direction": 2, "amount": 3.0}
    with torch.inference_mode():
        rows, parts = explorer.rows(**settings), explorer.nudged(**settings)
    assert (parts["x"][1] - parts["x"][0]).norm().item() == pytest.approx(3, rel=1e-5)
    assert [row.shape for row in rows.values()] == [(3, 784), (3, 256), (3, 784)]
    for row, (before, after) in zip(rows.values(), parts.values(), strict=True):
        assert np.array_equal(as_images(row), as_images(torch.stack([before, after, 5 * (after - before).abs()])))


def test_contraction_holds_the_code(explorer):
    """λ = 0 lets the code move most and λ = 1 least, for every kind of nudge."""
    for direction in DIRECTIONS.values():
        settings = {"digit": 0, "direction": direction, "amount": 1.0}
        gains = [
            numbers_of(explorer, weights=f"contractive-{strength:g}", **settings)["gain"] for strength in STRENGTHS
        ]
        assert gains[0] == max(gains) and gains[-1] == min(gains)


def test_controls_of_a_shift(explorer):
    """Another digit's shift is that of the next digit of another class; smooth noise has no fine detail."""
    assert explorer.images.y[3] != explorer.images.y[4]  # 0, then 4
    x = explorer.images.x[4].view(28, 28)
    moved = (torch.nn.functional.pad(x, (1, 0))[:, :-1] - x).flatten()
    dx = movement_of(explorer, digit=3, amount=1.0, direction="other")
    assert torch.cosine_similarity(dx, moved, dim=0).item() == pytest.approx(1, abs=1e-5)
    dx = numpy_of(movement_of(explorer, digit=3, amount=1.0, direction="smooth"))
    spectrum = np.abs(np.fft.fft2(dx.reshape(28, 28))) ** 2
    coarse = np.hypot(*np.meshgrid(np.fft.fftfreq(28), np.fft.fftfreq(28))) < 0.25
    assert spectrum[coarse].sum() > 0.95 * spectrum.sum()


@pytest.mark.parametrize("labels", [None, [5, 5, 1, 1, 1, 5], [2, 2, 2], [0]])
def test_the_next_of_another_class(explorer, labels):
    """For test digits, and where a run of one label goes on from the end to the start; by looking."""
    labels = explorer.images.y.tolist() if labels is None else labels
    if len(labels) < 10:
        explorer = ContractionExplorer(images=ImageSet(torch.zeros(len(labels), 784), torch.tensor(labels)))
    for place in range(0, len(labels), 1 + len(labels) // 500):
        later = [(place + step) % len(labels) for step in range(1, len(labels) + 1)]
        found = next((other for other in later if labels[other] != labels[place]), later[0])
        assert explorer.others[place] == found


@pytest.mark.parametrize(
    ("direction", "matrix"),
    [
        ("turn", [[np.cos(BEND), np.sin(BEND)], [-np.sin(BEND), np.cos(BEND)]]),  # (down, across) from (down, across)
        ("slant", [[1, 0], [BEND, 1]]),
    ],
)
def test_turn_and_slant(explorer, direction, matrix):
    """The digit turned or slanted about its centre, by SciPy's bilinear interpolation, less the digit."""
    x, centre = numpy_of(explorer.images.x[4]).reshape(28, 28), np.array([13.5, 13.5])
    moved = affine_transform(x, matrix, centre - matrix @ centre, order=1)
    expected = 1.5 * (moved - x) / np.linalg.norm(moved - x)
    dx = numpy_of(movement_of(explorer, digit=4, amount=1.5, direction=direction)).reshape(28, 28)
    np.testing.assert_allclose(dx, expected, atol=1e-4)


def test_where_the_top_goes():
    """An upright bar: a turn to the left takes its top to the left, a slant to the right takes it to the right."""
    bar = torch.zeros(28, 28)
    bar[4:24, 13:15] = 1
    explorer = ContractionExplorer(images=bar.view(1, 784))
    for direction, way in {"turn": -1, "slant": 1}.items():
        top = numpy_of(movement_of(explorer, direction=direction)).reshape(28, 28)[6]
        assert np.sign(top @ (np.arange(28) - 13.5)) == way


def test_accepted_settings(explorer):
    """What is on the menus, and lengths of up to 4."""
    wrong = {"weights": "contractive-2", "direction": 4, "amount": 4.5, "digit": 10_000}
    for name, value in wrong.items():
        with pytest.raises(traitlets.TraitError, match=name):
            setattr(explorer, name, value)


def test_what_comes_with_it(explorer):
    """The network chosen and that of λ = 0, and the first pictures; the others when the page asks."""
    assert set(explorer.assets) == {"contractive-0.1", "contractive-0", "pictures-0", "directions", "others"}
    assert {f"contractive-{strength:g}" for strength in STRENGTHS} <= explorer.later.keys()
    assert sum(map(len, explorer.assets.values())) < 1.5e6


def test_training_panel(explorer):
    """It trains a contractive autoencoder."""
    trainer = ContractionExplorer().open_training()
    assert trainer.model.strength == 0.1


@given(strength=junk | st.floats(min_value=1.01) | st.floats(min_value=0.031, max_value=0.09))
@example(strength=-1)
@example(strength=True)
def test_bad_start(strength):
    """λ starts at a shipped place."""
    if type(strength) is float and strength in STRENGTHS:
        return
    refuses("strength", ContractionExplorer, strength)


def test_a_network_of_ones_own():
    """It stands beside that of λ = 0; its singular values are those of finite differences."""
    torch.manual_seed(0)
    model = ContractiveAutoencoder(strength=0.05).eval()
    explorer = ContractionExplorer(model=model)
    assert explorer.weights == "yours"
    assert explorer.setup["strengths"] == {"contractive-0": "0", "yours": "0.05 (yours)"}
    x, encoder = explorer.images.x[7].double(), copy.deepcopy(model.encoder).double()
    steps = 1e-5 * torch.eye(784, dtype=torch.float64)
    with torch.no_grad():
        sigma = np.linalg.svd(numpy_of((encoder(x + steps) - encoder(x - steps)) / 2e-5), compute_uv=False)
    numbers = numbers_of(explorer, digit=7, direction=1, amount=0.0)
    assert [numbers["σ 1"], numbers["σ 10"]] == pytest.approx([sigma[0], sigma[9]], rel=1e-4)
    assert numbers["‖J‖"] == pytest.approx(np.linalg.norm(sigma), rel=1e-4)
    assert numbers["gain"] == pytest.approx(sigma[0], rel=1e-4)
    with pytest.raises(traitlets.TraitError, match="weights must be"):
        explorer.weights = "contractive-1"
    assert explorer.static_png()


def test_networks_whose_code_is_no_square():
    """Another family, more layers, another size: said in words."""
    for wrong in (DenseAutoencoder(256, hidden=()), ContractiveAutoencoder(64), ContractiveAutoencoder(hidden=(300,))):
        refuses("model", ContractionExplorer, model=wrong)
