"""Right answers of every kind to the exercises of notebooks 00 to 04, and likely wrong ones with their hints."""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from aecourse import DenseAutoencoder
from aecourse.data import load_mnist


@functools.cache
def digits() -> tuple[torch.Tensor, torch.Tensor]:
    """The pixels of the training and of the test images."""
    train, test = load_mnist()
    return train.x, test.x


class Tied(nn.Module):
    """What exercise 02.3 asks for; each subclass does one thing in another way."""

    def __init__(self) -> None:
        super().__init__()
        self.inward = nn.Linear(784, 16)
        self.c = nn.Parameter(torch.zeros(784))

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return self.inward(x)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(z @ self.inward.weight + self.c)


class Lying(Tied):
    """The matrix is kept as (784, 16), the biases as rows."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.W = nn.Parameter(torch.randn(784, 16) / 28)
        self.b, self.c = nn.Parameter(torch.zeros(1, 16)), nn.Parameter(torch.zeros(1, 784))

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.W + self.b

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return F.linear(z, self.W, self.c[0]).sigmoid()


class Double(Tied):
    """Its numbers are float64."""

    def __init__(self) -> None:
        super().__init__()
        self.double()


class ByData(Tied):
    """The gradient of the decoder's use is lost."""

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(F.linear(z, self.inward.weight.data.T, self.c))


class Detached(Tied):
    """The same in other words."""

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(z @ self.inward.weight.detach() + self.c)


class EncoderDetached(Tied):
    """The gradient of the encoder's use is lost."""

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.inward.weight.data, self.inward.bias)


class ByNumpy(Tied):
    """Numbers without a way back."""

    def encode(self, x: torch.Tensor) -> np.ndarray:
        return self.inward(x).detach().numpy()


class WithoutReturn(Tied):
    """It computes and forgets."""

    def encode(self, x: torch.Tensor) -> None:
        self.inward(x)


class WithoutGradient(Tied):
    """No gradient at all."""

    @torch.no_grad()
    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return super().decode(z)


class WithoutSigmoid(Tied):
    """The pixels are not bounded."""

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return z @ self.inward.weight + self.c


class WithoutC(Tied):
    """C is 0 at the beginning: only its gradient can tell that it is not used."""

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(z @ self.inward.weight)


class Bent(Tied):
    """A code between 0 and 1."""

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.inward(x))


class TwoMatrices(nn.Module):
    """Nothing is tied; with `share` the two matrices begin with the same numbers in memory."""

    def __init__(self, share: bool = False) -> None:
        super().__init__()
        self.inward, self.outward = nn.Linear(784, 16), nn.Linear(16, 784)
        if share:
            self.outward.weight.data = self.inward.weight.data.T

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return self.inward(x)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.outward(z))


def circle(array=torch) -> tuple:
    """Eight codes on a circle and the lines that cut them off, as NumPy's or torch's."""
    angle = array.arange(8) * 2 * math.pi / 8
    codes = array.stack([array.cos(angle), array.sin(angle)], 1)
    return codes, codes, array.full((8,), -0.9)


def grid() -> tuple:
    """Eight codes in two rows of four: those inside a row cannot be cut off."""
    codes = torch.cartesian_prod(torch.arange(2.0), torch.arange(4.0))
    return codes, codes - codes.mean(0), torch.full((8,), -0.9)


def up_and_down(bricks, x, order=reversed):
    """The right way through a stack of bricks, or another one."""
    for brick in bricks:
        x = brick.encoder(x)
    for brick in order(bricks):
        x = brick.decoder(x)
    return x


def unmixed(E, D, C):
    """The axes of C inside the space of D's columns, in torch."""
    Q = torch.linalg.qr(D)[0]
    return (Q @ torch.linalg.eigh(Q.T @ C @ Q)[1].flip(1)).T


def unmixed_by_numpy(E, D, C):
    """The same in NumPy, which eigh does not sort the other way."""
    Q = np.linalg.svd(D, full_matrices=False)[0]
    return (Q @ np.linalg.eigh(Q.T @ C @ Q)[1][:, ::-1]).T


def folded(first, second):
    """Two linear layers as one."""
    return second.weight @ first.weight, second.weight @ first.bias + second.bias


RIGHT = {
    "00.1": [49, 49.0, np.int64(49), np.float32(49), np.array(49), torch.tensor(49), torch.tensor([49.0]), [49]],
    "00.2": [
        lambda x, x_hat: sum(float(d) ** 2 for d in (x - x_hat).flatten()) / (len(x) * len(x[0])),
        lambda x, x_hat: np.mean((x - x_hat) ** 2),
        lambda x, x_hat: np.square(np.asarray(x) - np.asarray(x_hat)).mean(),
        lambda x, x_hat: F.mse_loss(x, x_hat),
        lambda x, x_hat: [((x - x_hat) ** 2).mean().item()],
    ],
    "00.3": [
        0.0675,
        0.06747,
        lambda: np.mean((digits()[1].numpy() - digits()[0].numpy().mean(0)) ** 2),
        lambda: (digits()[1] - digits()[0].mean(0)).square().mean(),
        lambda: (digits()[1] - digits()[0].mean(0)).square().mean().double().requires_grad_(),
    ],
    "01.1": [
        lambda n: (n - 1).bit_length(),
        lambda n: np.ceil(np.log2(n)),
        lambda n: torch.tensor(float(n)).log2().ceil(),
    ],
    "01.2": [(32, 4), [32, 4.0], np.array([32, 4]), (np.int64(32), np.int32(4)), torch.tensor([32, 4])],
    "01.3": [
        circle,
        lambda: circle(np),
        lambda: [part.tolist() for part in circle()],
        lambda: tuple(part.double().requires_grad_() for part in circle()),
    ],
    "02.1": [lambda k: 1569 * k + 784, lambda k: np.float64(1569 * k + 784), lambda k: torch.tensor(1569 * k + 784)],
    "02.2": [
        lambda model, a, b: model.decode((model.encode(a) + model.encode(b)) / 2),
        lambda model, a, b: model.decode(torch.lerp(model.encode(a), model.encode(b), 0.5)).numpy(),
        lambda model, a, b: model.decode((model.encode(a) + model.encode(b)) / 2).tolist(),
    ],
    "02.3": [Tied, Lying, Double],
    "03.1": [87, 87.0, np.int64(87), np.array(87.0), torch.tensor(87), torch.tensor([87])],
    "03.2": [
        lambda x, mean, components: (x - mean) @ components.T @ components + mean,
        lambda x, mean, components: np.dot(np.dot(x - mean, components.T), components) + np.asarray(mean),
        lambda x, mean, components: torch.addmm(mean, F.linear(x - mean, components), components).tolist(),
    ],
    "03.3": [unmixed, unmixed_by_numpy, lambda E, D, C: -unmixed(E, D, C)],
    "04.1": [
        lambda below, above: 2 * below * above + below + above,
        lambda below, above: np.int32(2 * below * above + below + above),
        lambda below, above: torch.tensor(2.0 * below * above + below + above),
    ],
    "04.2": [up_and_down, lambda bricks, x: up_and_down(bricks, x).detach().numpy()],
    "04.3": [
        folded,
        lambda first, second: [part.detach().numpy() for part in folded(first, second)],
        lambda first, second: tuple(part.tolist() for part in folded(first, second)),
    ],
}

WRONG = {
    "00.1": [
        (16, "size of the code"),
        (784, "size of the image"),
        (12544, "product"),
        (768, "how many numbers fewer"),
        (1 / 49, "other way round"),
        (12.25, "compares bytes"),
        ("49 times", "got text in quotes"),
        (True, "one number; got True"),
        (50, "how often does"),
    ],
    "00.2": [
        (lambda x, x_hat: ((x - x_hat) ** 2).sum(1).mean(), "sum over the pixels"),
        (lambda x, x_hat: (x - x_hat).abs().mean(), "square the differences"),
        (lambda x, x_hat: (x - x_hat).mean() ** 2, "other order"),
        (lambda x, x_hat: ((x - x_hat) ** 2).mean(1), "one number for each image"),
        (lambda x, x_hat: np.sqrt(np.mean((x - x_hat) ** 2)), "root of the error"),
        (lambda x, x_hat: np.sum((x - x_hat) ** 2), "over all pixels and images"),
        (lambda x, x_hat: (x - x_hat) ** 2, "take the mean over images and pixels"),
        (lambda x, x_hat: print(((x - x_hat) ** 2).mean()), "`return` missing"),
        (lambda x, x_hat: (x_hat - x).mean().log(), "NaN"),
        (0.0675, "not its result"),
    ],
    "00.3": [
        (0.114, "all-black"),
        (lambda: digits()[1].square().mean(), "all-black"),
        (lambda: (digits()[1] - digits()[1].mean(0)).square().mean(), "mean of the test images"),
        (lambda: (digits()[0] - digits()[0].mean(0)).square().mean(), "error on the training images"),
        (lambda: (digits()[1] - digits()[0].mean()).square().mean(), "one gray"),
        (lambda: (digits()[1] - digits()[0].mean(0)).abs().mean(), "square the differences"),
        (lambda: digits()[0].mean(0), "one number; got an array of shape (784,)"),
        ("small", "got text in quotes"),
        (0.2, "average the training images"),
    ],
    "01.1": [
        (lambda n: int(math.log2(n)), "too few to tell them apart"),
        (lambda n: n, "far more than 5 patterns"),
        (math.log2, "a part of a switch"),
        (lambda n: n.bit_length(), "for 8 things it gives 4, but 3 would do"),
    ],
    "01.2": [
        ((16, 8), "more numbers with fewer bits each are better by 1."),
        ((64, 2), "fewer numbers with more bits each are better by 5."),
        ((64, 8), "need 64 bytes"),
        ((32, 3), "room for more bits"),
        ((4, 32), "other way round"),
        ((12, 8), "k must be one of"),
        (16, "2 things"),
    ],
    "01.3": [
        (lambda: (torch.eye(8)[:, :2], torch.eye(8)[:, :2], torch.full((8,), -0.5)), "share one code"),
        (grid, "it lies among the others"),
        (lambda: (*circle()[:2], torch.zeros(8)), "with a bias of 0"),
        (lambda: (*circle()[:2], torch.full((8,), -0.6)), "output 0 is on for 3 codes"),
        (lambda: (*circle()[:2], torch.full((8,), -1.1)), "off for its own code"),
        (lambda: torch.eye(8), "3 things: codes, weight, bias"),
        (lambda: (circle()[0].T, *circle()[1:]), "codes must have shape (8, 2); got (2, 8)"),
    ],
    "02.1": [
        (lambda k: 2 * 784 * k, "those are the two matrices"),
        (lambda k: 784 * k + k, "that is the encoder;"),
        (lambda k: 2 * (784 * k + k), "the decoder has 784 outputs"),
        (lambda k: 784 * k + k + 784, "counts one matrix"),
        (lambda k: 50992, "for k = 1 it gives 50992"),
    ],
    "02.2": [
        (lambda model, a, b: (a + b) / 2, "mean of the pixels; take"),
        (lambda model, a, b: model((a + b) / 2), "encodes the mean of the pixels"),
        (lambda model, a, b: (model(a) + model(b)) / 2, "mean of two restored images"),
        (lambda model, a, b: (model.encode(a) + model.encode(b)) / 2, "mean of the codes; decode it"),
        (lambda model, a, b: model.decode(model.encode(a) + model.encode(b)), "sum of the codes"),
        (lambda model, a, b: (model.decode(model.encode(a) / 2 + model.encode(b) / 2)).mean(0), "shape (784,)"),
    ],
    "02.3": [
        (ByData, "decoder's use of the matrix does not reach"),
        (Detached, "decoder's use of the matrix does not reach"),
        (EncoderDetached, "encoder's use of the matrix does not reach"),
        (ByNumpy, "stay in torch"),
        (WithoutReturn, "`return` missing"),
        (WithoutGradient, "no gradient comes back"),
        (WithoutSigmoid, "the sigmoid is missing"),
        (WithoutC, "no gradient reaches one of"),
        (Bent, "encode should give W x + b: leave the sigmoid out"),
        (TwoMatrices, "2 matrices"),
        (lambda: TwoMatrices(share=True), "share their numbers"),
        (lambda: DenseAutoencoder(16, hidden=()), "2 matrices"),
        (lambda: nn.Linear(784, 16), "no encode and no decode"),
        (lambda: Tied, "not the class itself"),
        (lambda: torch.rand(16, 784), "extends nn.Module; got an array"),
    ],
    "03.1": [
        (86, "one short"),
        (88, "one too many"),
        (0.9, "that is a share"),
        (784, "100 %"),
        (350, "standard deviations"),
        (783, "smallest variances"),
        (706, "number of components; the question"),
    ],
    "03.2": [
        (lambda x, mean, components: (x - mean) @ components.T, "that is the code"),
        (lambda x, mean, components: (x - mean) @ components.T @ components, "must come back"),
        (lambda x, mean, components: x @ components.T @ components, "subtract it first"),
        (lambda x, mean, components: x @ components.T @ components + mean, "must be subtracted first"),
        (lambda x, mean, components: ((x - mean) @ components.T @ components + mean).T, "transpose it"),
    ],
    "03.3": [
        (lambda E, D, C: torch.linalg.eigh(C)[1][:, -3:].flip(1).T, "E and D were not used"),
        (lambda E, D, C: np.linalg.eigh(C)[1][:, :3].T, "E and D were not used"),
        (lambda E, D, C: unmixed(E, E.T, C), "space of E"),
        (lambda E, D, C: D.T, "D's columns as they are"),
        (lambda E, D, C: F.normalize(D.T, dim=1), "orthonormal basis of their space"),
        (lambda E, D, C: torch.linalg.qr(D)[0].T, "diagonalise C inside the space"),
        (lambda E, D, C: torch.linalg.svd(D)[0][:, :3].T, "diagonalise C inside the space"),
        (lambda E, D, C: unmixed(E, D, C).flip(0), "smallest first"),
        (lambda E, D, C: unmixed(E, D, C)[[1, 0, 2]], "not in the order"),
        (lambda E, D, C: unmixed(E, D, C).T, "transpose"),
        (lambda E, D, C: E @ D, "shape (3, 6); got (3, 3)"),
    ],
    "04.1": [
        (lambda below, above: 2 * below * above, "weights of both matrices"),
        (lambda below, above: below * above + above, "encoder's half"),
        (lambda below, above: 2 * (below * above + above), "as many numbers as there are below"),
        (lambda below, above: 65920, "784 → 256 → 784 you give 65920"),
    ],
    "04.2": [
        (lambda bricks, x: nn.Sequential(*[brick.encoder for brick in bricks])(x), "code at the top"),
        (functools.partial(up_and_down, order=iter), "from the top brick down to the first"),
        (lambda bricks, x: up_and_down(bricks[::-1], x), "up it goes from the first brick"),
        (lambda bricks, x: bricks[0](x), "only the first brick"),
        (lambda bricks, x: nn.Sequential(*bricks)(x), "before the next came"),
        (lambda bricks, x: up_and_down(bricks[:3], x)[:, :2], "shape (4, 2); it should be (4, 6)"),
    ],
    "04.3": [
        (lambda first, second: (first.weight @ second.weight, folded(first, second)[1]), "weight: the order"),
        (lambda first, second: (folded(first, second)[0].T, folded(first, second)[1]), "turned around"),
        (lambda first, second: (second.weight @ first.weight, second.bias), "is lost here"),
        (lambda first, second: (second.weight @ first.weight, second.weight @ first.bias), "adds its own bias"),
        (lambda first, second: (second.weight @ first.weight, first.bias + second.bias), "before it is added"),
        (lambda first, second: second.weight @ first.weight, "2 things"),
    ],
}
