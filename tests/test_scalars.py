"""A number may come from NumPy or torch wherever one is asked for, and gives the same as Python's."""

import numpy as np
import pytest
import torch
from helpers.strategies import same, state_of

import aecourse as ae
from aecourse.data import corrupt
from aecourse.models import Classifier, DenseAutoencoder, NestedAutoencoder, StackedAutoencoder, VariationalAutoencoder
from aecourse.training import fit, fit_classifier, fit_layerwise

X = torch.rand(12, 784, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(12) % 3
WHOLE = {
    "NumPy": (np.int64, np.float32, np.float64),
    "0-d array": (np.array, np.array, np.array),
    "torch": (torch.tensor, torch.tensor, torch.tensor),
}


def trained(whole, number) -> dict:
    """A small network after fit with these numbers."""
    torch.manual_seed(0)
    model = DenseAutoencoder(whole(2), hidden=(whole(8),))
    fit(model, X, epochs=whole(2), batch_size=whole(4), lr=number(0.5), seed=whole(3), progress=False)
    return state_of(model)


def stacked(whole, number) -> dict:
    """A small stack, trained layer by layer."""
    torch.manual_seed(0)
    stack = StackedAutoencoder(2, hidden=(8,))
    fit_layerwise(stack, X, epochs=whole(1), batch_size=whole(4), lr=number(0.5), progress=False)
    return state_of(stack)


def classified(whole, number) -> float:
    """A classifier's accuracy, trained and judged."""
    torch.manual_seed(0)
    model = Classifier(DenseAutoencoder(2, hidden=(8,)), classes=whole(3))
    fit_classifier(
        model, X, LABELS, epochs=whole(2), batch_size=whole(5), lr=number(0.5), seed=whole(1), progress=False
    )
    return model.accuracy(X, LABELS, batch_size=whole(4))


def generated(whole, number) -> torch.Tensor:
    """What a variational autoencoder draws, bounds and walks through."""
    torch.manual_seed(0)
    model = VariationalAutoencoder(2, hidden=(8,), beta=number(0.5), sigma=number(0.25), likelihood="gaussian")
    parts = [model.elbo(X, samples=whole(2), seed=whole(4)), model.iwae_bound(X, samples=whole(2), seed=whole(4))]
    parts += [model.sample(whole(2), seed=whole(1)).ravel(), model.interpolate(X[0], X[1], steps=whole(3)).ravel()]
    return torch.cat(parts)


def nested(whole, number) -> torch.Tensor:
    """An ordered code, cut."""
    torch.manual_seed(0)
    model = NestedAutoencoder(4, hidden=(8,))
    return torch.cat([model.encode(X, whole(2)).ravel(), model.squeeze(X, whole(3)).ravel()]).detach()


CALLS = {
    "fit": trained,
    "fit_layerwise": stacked,
    "fit_classifier": classified,
    "variational": generated,
    "nested": nested,
    "seed_everything": lambda whole, number: [ae.seed_everything(whole(3)), torch.rand(2)][1],
    "gaussian_noise": lambda whole, number: ae.gaussian_noise(X, number(0.5), seed=whole(1)),
    "salt_and_pepper": lambda whole, number: ae.salt_and_pepper(X, number(0.5), seed=whole(1)),
    "mask_pixels": lambda whole, number: ae.mask_pixels(X, number(0.5), seed=whole(1)),
    "occlude": lambda whole, number: ae.occlude(X, whole(6), seed=whole(1)),
    "downsample": lambda whole, number: ae.downsample(X, whole(4), seed=whole(1)),
    "corrupt": lambda whole, number: corrupt(X, "gaussian", number(0.5), seed=whole(1)),
    "shift_images": lambda whole, number: [torch.manual_seed(0), ae.shift_images(X, max_shift=whole(2))][1],
    "spiral": lambda whole, number: ae.spiral(whole(9), turns=number(0.5)),
    "photo_patches": lambda whole, number: ae.photo_patches(whole(3), seed=whole(1)),
    "whitened_patches": lambda whole, number: ae.whitened_patches(whole(3), side=whole(8), seed=whole(1)),
    "split": lambda whole, number: ae.ImageSet(X, LABELS).split(whole(4), seed=whole(2))[1].x,
    "reconstruct": lambda whole, number: ae.reconstruct(ae.PCA.fit(X, whole(2)), X, batch_size=whole(5)),
    "psnr": lambda whole, number: ae.psnr(X, X.flip(0), peak=number(1.5)),
    "mixture_score": lambda whole, number: ae.mixture_score(X[:, :2], X[:5, :2], number(0.5)),
    "nearest": lambda whole, number: ae.nearest(X, X[:3], n=whole(2), batch_size=whole(2)),
    "anomaly_scores": lambda whole, number: ae.anomaly_scores(X, X.flip(0), ink_power=number(0.5)),
    "threshold_at": lambda whole, number: ae.threshold_at(X[:, 0], number(0.5)),
    "ridge": lambda whole, number: ae.ridge_probe_accuracy(X, LABELS, X, LABELS, penalty=number(0.5)),
    "mosaic": lambda whole, number: torch.from_numpy(ae.mosaic([X], gap=whole(1), background=whole(9))),
    "explorer": lambda whole, number: ae.BottleneckExplorer(whole(8)).k,
}  # fmt: skip


@pytest.mark.parametrize("kinds", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("name", CALLS)
def test_numbers_of_every_library(name, kinds):
    """0.5 and 0.25 are the same in every precision, so nothing may differ."""
    whole, *numbers = kinds
    expected = CALLS[name](int, float)
    for number in numbers:
        got = CALLS[name](whole, number)
        if isinstance(expected, dict):
            assert same(got, expected)
        elif isinstance(expected, torch.Tensor):
            assert got.dtype == expected.dtype
            assert torch.equal(got, expected)
        else:
            assert (type(got), got) == (type(expected), expected)
