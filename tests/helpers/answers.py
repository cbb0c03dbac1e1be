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
    """A right answer to exercise 02.5; each subclass changes one thing."""

    def __init__(self) -> None:
        super().__init__()
        self.inward = nn.Linear(784, 16)
        self.c = nn.Parameter(torch.zeros(784))

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return self.inward(x)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(z @ self.inward.weight + self.c)


class Lying(Tied):
    """It stores the matrix as (784, 16), the biases as rows."""

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
    """Wrong: the decoder's use of the matrix adds no gradient."""

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(F.linear(z, self.inward.weight.data.T, self.c))


class Detached(Tied):
    """The same in other words."""

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(z @ self.inward.weight.detach() + self.c)


class EncoderDetached(Tied):
    """Wrong: the encoder's use of the matrix adds no gradient."""

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.inward.weight.data, self.inward.bias)


class ByNumpy(Tied):
    """Wrong: it computes with NumPy, so no gradient comes back."""

    def encode(self, x: torch.Tensor) -> np.ndarray:
        return self.inward(x).detach().numpy()


class WithoutReturn(Tied):
    """Wrong: encode returns None."""

    def encode(self, x: torch.Tensor) -> None:
        self.inward(x)


class WithoutGradient(Tied):
    """Wrong: decode runs without gradients."""

    @torch.no_grad()
    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return super().decode(z)


class WithoutSigmoid(Tied):
    """Wrong: the sigmoid is missing, so the pixels have no bounds."""

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return z @ self.inward.weight + self.c


class WithoutC(Tied):
    """C is 0 at the beginning: only its gradient can tell that it is not used."""

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(z @ self.inward.weight)


class Bent(Tied):
    """Wrong: a sigmoid limits the code to 0 … 1."""

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.inward(x))


class TwoMatrices(nn.Module):
    """Wrong: the weights are not tied; with `share` both matrices begin in the same memory."""

    def __init__(self, share: bool = False) -> None:
        super().__init__()
        self.inward, self.outward = nn.Linear(784, 16), nn.Linear(16, 784)
        if share:
            self.outward.weight.data = self.inward.weight.data.T

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return self.inward(x)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.outward(z))


def one_step(net, optimizer, x, compare=lambda difference: (difference**2).mean()):
    """One step of training, with its loss."""
    loss = compare(net(x) - x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def one_step_by_hand(net, optimizer, x):
    """The same in another order of lines, the loss as NumPy's number."""
    optimizer.zero_grad()
    loss = F.mse_loss(net(x), x)
    loss.backward()
    optimizer.step()
    return np.float32(loss.item())


def circle(array=torch) -> tuple:
    """Eight codes on a circle and the lines that cut them off, as NumPy's or torch's."""
    angle = array.arange(8) * 2 * math.pi / 8
    codes = array.stack([array.cos(angle), array.sin(angle)], 1)
    return codes, codes, array.full((8,), -0.9)


def grid() -> tuple:
    """Eight codes in two rows of four: those inside a row cannot be cut off."""
    codes = torch.cartesian_prod(torch.arange(2.0), torch.arange(4.0))
    return codes, codes - codes.mean(0), torch.full((8,), -0.9)


def up_and_down(blocks, x, order=reversed):
    """The correct pass through a stack of blocks, or a wrong one."""
    for block in blocks:
        x = block.encoder(x)
    for block in order(blocks):
        x = block.decoder(x)
    return x


def unmixed(E, D, C):
    """The axes of C inside the space of D's columns, in torch."""
    Q = torch.linalg.qr(D)[0]
    return (Q @ torch.linalg.eigh(Q.T @ C @ Q)[1].flip(1)).T


def unmixed_by_numpy(E, D, C):
    """The same in NumPy, which eigh does not sort the other way."""
    Q = np.linalg.svd(D, full_matrices=False)[0]
    return (Q @ np.linalg.eigh(Q.T @ C @ Q)[1][:, ::-1]).T


def pretrained(blocks, x, train, encode=lambda block, x: block.encoder(x).detach()):
    """The greedy loop, or one that passes on something other than the codes."""
    for block in blocks:
        train(block, x)
        x = encode(block, x)
    return x


def encoded_first(blocks, x, train):
    """The greedy loop with each block encoding before it was trained."""
    for block in blocks:
        z = block.encoder(x).detach()
        train(block, x)
        x = z
    return x


def last_data(blocks, x, train, made):
    """The greedy loop, but it returns something made of what the top block was trained on."""
    data = []
    pretrained(blocks, x, lambda block, codes: (train(block, codes), data.append(codes)))
    return made(blocks[-1], data[-1])


def all_on_x(blocks, x, train):
    """Every block trained on the pixels."""
    for block in blocks:
        train(block, x)
    return pretrained(blocks, x, lambda block, x: None)


@torch.no_grad()
def without_gradient(blocks, x, train):
    """The greedy loop in a context without gradients, its training with them."""
    for block in blocks:
        with torch.enable_grad():
            train(block, x)
        x = block.encoder(x)
    return x.numpy()


def sizes_of_gradients(net, x, biases=False, size=lambda g: g.square().mean().sqrt()):
    """The size of the gradient in each matrix of a network, after a call of backward."""
    ((net(x) - x) ** 2).mean().backward()
    return [size(p.grad) for p in net.parameters() if biases or p.ndim == 2]


def error_in_pixels(below, block, x, order=reversed, restore=lambda block, z: block(z)):
    """The loss of a block that restores pixels through the frozen decoders."""
    z = x
    with torch.no_grad():
        for part in below:
            z = part.encoder(z)
    z = restore(block, z)
    for part in order(below):
        z = part.decoder(z)
    return ((z - x) ** 2).mean()


def up(blocks, x):
    """The codes of the topmost block."""
    return pretrained(blocks, x, lambda block, x: None)


def differences(a, b):
    """Mean and standard error of the paired differences, in plain Python."""
    d = [float(p) - float(q) for p, q in zip(a, b, strict=True)]
    mean = sum(d) / len(d)
    return mean, math.sqrt(sum((v - mean) ** 2 for v in d) / (len(d) - 1) / len(d))


RIGHT = {
    "00.1": [12.25, np.float64(12.25), np.float32(12.25), np.array(12.25), torch.tensor(12.25), [12.25]],
    "00.2": [
        lambda x, x_hat: sum(float(d) ** 2 for d in (x - x_hat).flatten()) / (len(x) * len(x[0])),
        lambda x, x_hat: np.mean((x - x_hat) ** 2),
        lambda x, x_hat: np.square(np.asarray(x) - np.asarray(x_hat)).mean(),
        lambda x, x_hat: np.mean(np.power(x - x_hat, 2), axis=(0, 1)),
        lambda x, x_hat: np.sum(np.square(x - x_hat), keepdims=True) / x.size,
        lambda x, x_hat: np.linalg.norm(x - x_hat) ** 2 / (x.shape[0] * x.shape[1]),
        lambda x, x_hat: F.mse_loss(x, x_hat),
        lambda x, x_hat: [((x - x_hat) ** 2).mean().item()],
    ],
    "00.3": [
        0.0675,
        0.06747,
        lambda: np.mean((digits()[1].numpy() - digits()[0].numpy().mean(0)) ** 2),
        lambda: np.square(digits()[1] - digits()[0].mean(0)).mean(),
        lambda: np.mean(((digits()[1] - digits()[0].mean(0)) ** 2).numpy(), keepdims=True),
        lambda: (digits()[1] - digits()[0].mean(0)).square().mean(),
        lambda: (digits()[1] - digits()[0].mean(0)).square().mean().double().requires_grad_(),
    ],
    "00.4": [2580, 2580.0, np.int64(2580), torch.tensor(2580), 3 * math.ceil(55_000 / 64), [2580]],
    "00.5": [
        lambda x, x_hat, y: [((x - x_hat)[y == c] ** 2).mean().item() for c in range(10)],
        lambda x, x_hat, y: torch.stack([F.mse_loss(x_hat[y == c], x[y == c]) for c in range(10)]),
        lambda x, x_hat, y: np.bincount(y, np.square(x - x_hat).mean(1)) / np.bincount(y),
        lambda x, x_hat, y: np.array([np.mean((x.numpy() - x_hat.numpy())[y.numpy() == c] ** 2) for c in range(10)]),
    ],
    "01.1": [
        lambda n: (n - 1).bit_length(),
        lambda n: np.ceil(np.log2(n)),
        lambda n: torch.tensor(float(n)).log2().ceil(),
    ],
    "01.2": [one_step, one_step_by_hand, lambda net, optimizer, x: one_step(net, optimizer, x).item()],
    "01.3": [
        lambda x, x_hat: ((x - x_hat) ** 2).mean() ** 0.5,
        lambda x, x_hat: np.sqrt(np.mean((x - x_hat) ** 2)),
        lambda x, x_hat: math.sqrt(F.mse_loss(x_hat, x)),
    ],
    "01.4": [(32, 4), [32, 4.0], np.array([32, 4]), (np.int64(32), np.int32(4)), torch.tensor([32, 4])],
    "01.5": [
        circle,
        lambda: circle(np),
        lambda: [part.tolist() for part in circle()],
        lambda: tuple(part.double().requires_grad_() for part in circle()),
    ],
    "02.1": [lambda k: 1569 * k + 784, lambda k: np.float64(1569 * k + 784), lambda k: torch.tensor(1569 * k + 784)],
    "02.2": [
        lambda side, width, stride, padding: (side + 2 * padding - width) // stride + 1,
        lambda side, width, stride, padding: np.floor((side + 2 * padding - width) / stride) + 1,
        lambda side, width, stride, padding: torch.zeros(side + 2 * padding).unfold(0, width, stride).shape[0],
    ],
    "02.3": [
        lambda valid, test: test[int(np.argmax(valid))],
        lambda valid, test: test[torch.argmax(valid)],
        lambda valid, test: max(zip(valid.tolist(), test.tolist(), strict=True))[1],
    ],
    "02.4": [
        lambda model, a, b, t: model.decode((1 - t) * model.encode(a) + t * model.encode(b)),
        lambda model, a, b, t: model.decode(torch.lerp(model.encode(a), model.encode(b), t)).numpy(),
        lambda model, a, b, t: model.decode(model.encode(a) + t * (model.encode(b) - model.encode(a))).tolist(),
    ],
    "02.5": [Tied, Lying, Double],
    "03.1": [87, 87.0, np.int64(87), np.array(87.0), torch.tensor(87), torch.tensor([87])],
    "03.2": [
        lambda x, mean, components: (x - mean) @ components.T @ components + mean,
        lambda x, mean, components: np.dot(np.dot(x - mean, components.T), components) + np.asarray(mean),
        lambda x, mean, components: torch.addmm(mean, F.linear(x - mean, components), components).tolist(),
    ],
    "03.3": [
        lambda E, D, M: (M @ E, D @ torch.linalg.inv(M)),
        lambda E, D, M: (np.dot(M, E), np.linalg.solve(np.transpose(M), np.transpose(D)).T),
        lambda E, D, M: [(M @ E).tolist(), torch.linalg.solve(M, D, left=False).tolist()],
    ],
    "03.4": [
        lambda z, kept: z * (torch.arange(z.shape[1]) < kept[:, None]),
        lambda z, kept: np.where(np.arange(5) < np.asarray(kept)[:, None], z, 0),
        lambda z, kept: [
            [float(v) if j < k else 0.0 for j, v in enumerate(row)] for row, k in zip(z, kept, strict=True)
        ],
    ],
    "03.5": [unmixed, unmixed_by_numpy, lambda E, D, C: -unmixed(E, D, C)],
    "04.1": [pretrained, without_gradient],
    "04.2": [up_and_down, lambda blocks, x: up_and_down(blocks, x).detach().numpy()],
    "04.3": [
        lambda below, above, gain: gain * math.sqrt(6 / (below + above)),
        lambda below, above, gain: gain * np.sqrt(np.float32(6) / (below + above)),
        lambda below, above, gain: gain * torch.tensor(6 / (below + above)).sqrt(),
    ],
    "04.4": [
        sizes_of_gradients,
        lambda net, x: np.array([float(size) for size in sizes_of_gradients(net, x)]),
        lambda net, x: torch.stack(sizes_of_gradients(net, x)),
    ],
    "04.5": [
        differences,
        lambda a, b: (np.mean(a - b), np.std(np.asarray(a - b), ddof=1) / np.sqrt(len(a))),
        lambda a, b: [(a - b).mean(), (a - b).std() / len(a) ** 0.5],
    ],
    "04.6": [
        error_in_pixels,
        lambda below, block, x: F.mse_loss(
            nn.Sequential(*[part.encoder for part in below], block, *[part.decoder for part in reversed(below)])(x), x
        ),
    ],
}

WRONG = {
    "00.1": [
        (49, "compares how many numbers there are"),
        (64, "the code in bytes"),
        (784, "the image in bytes"),
        (720, "how many bytes fewer"),
        (64 / 784, "other way round"),
        (784 / 512, "a byte has 8"),
        ("12 times", "got text in quotes"),
        (True, "one number; got True"),
        (12, "how often do"),
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
    "00.4": [
        (860, "that is one epoch"),
        (2577, "with a smaller batch"),
        (3 * 55_000 / 64, "no part of a step"),
        (2814, "put aside"),
        (165_000, "not one"),
        (3, "how many batches"),
        (2000, "how often were they seen"),
    ],
    "00.5": [
        (lambda x, x_hat, y: F.mse_loss(x_hat, x), "there should be ten"),
        (lambda x, x_hat, y: ((x - x_hat) ** 2).mean(1), "one number for each image"),
        (lambda x, x_hat, y: [((x - x_hat)[y == c] ** 2).sum(1).mean() for c in range(10)], "sum over the pixels"),
        (lambda x, x_hat, y: np.bincount(y, np.square(x - x_hat).mean(1)) / len(y), "the number of all images"),
        (lambda x, x_hat, y: [(x - x_hat)[y == c].abs().mean() for c in range(10)], "square the differences"),
        (lambda x, x_hat, y: [0.1] * 10, "pick its images"),
        ([0.1] * 10, "not its result"),
    ],
    "01.1": [
        (lambda n: int(math.log2(n)), "too few to tell them apart"),
        (lambda n: n, "far more than 5 patterns"),
        (math.log2, "a part of a switch"),
        (lambda n: n.bit_length(), "for 8 things it gives 4, but 3 are enough"),
    ],
    "01.2": [
        (lambda net, optimizer, x: ((net(x) - x) ** 2).mean().backward() or optimizer.step(), "zero_grad"),
        (lambda net, optimizer, x: ((net(x) - x) ** 2).mean(), "no weight moved"),
        (lambda net, optimizer, x: one_step(net, optimizer, x, lambda d: (d**2).sum()), "not their sum"),
        (lambda net, optimizer, x: one_step(net, optimizer, x, lambda d: d.abs().mean()), "square the differences"),
        (lambda net, optimizer, x: print(one_step(net, optimizer, x)), "return the loss as well"),
        (lambda net, optimizer, x: one_step(net, optimizer, x) * 6, "not the loss of this step"),
        (lambda net, optimizer, x: one_step(net, optimizer, 1 - x), "not as the five lines"),
        (0.1, "not its result"),
    ],
    "01.3": [
        (lambda x, x_hat: ((x - x_hat) ** 2).mean(), "that is σ²"),
        (lambda x, x_hat: ((x - x_hat) ** 2).sum(1).mean() ** 0.5, "divide by D"),
        (lambda x, x_hat: (x - x_hat).std(), "about the mean difference"),
        (lambda x, x_hat: np.abs(x - x_hat).mean(), "Laplace"),
        (lambda x, x_hat: ((x - x_hat) ** 2).mean(1) ** 0.5, "one σ for each image"),
        (lambda x, x_hat: 0.1, "set its derivative to 0"),
    ],
    "01.4": [
        ((16, 8), "more numbers with fewer bits each are better by 1."),
        ((64, 2), "fewer numbers with more bits each are better by 5."),
        ((64, 8), "need 64 bytes"),
        ((32, 3), "room for more bits"),
        ((4, 32), "other way round"),
        ((12, 8), "k must be one of"),
        (16, "2 things"),
    ],
    "01.5": [
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
        (lambda side, width, stride, padding: (side + 2 * padding - width) // stride, "add 1"),
        (lambda side, width, stride, padding: (side + padding - width) // stride + 1, "padding twice"),
        (lambda side, width, stride, padding: (side - width) // stride + 1, "zeros at the ends are missing"),
        (lambda side, width, stride, padding: (side + 2 * padding - width) / stride + 1, "whole number"),
        (lambda side, width, stride, padding: side // stride, "width of the filter is missing"),
        (lambda side, width, stride, padding: 14, "it gives 14"),
    ],
    "02.3": [
        (lambda valid, test: test.max(), "the test digits chose"),
        (lambda valid, test: valid.max(), "let the test judge"),
        (lambda valid, test: valid[test.argmax()], "exchange the two"),
        (lambda valid, test: valid.argmax(), "return its test accuracy"),
        (lambda valid, test: test.mean(), "mean over all settings"),
    ],
    "02.4": [
        (lambda model, a, b, t: (1 - t) * a + t * b, "mixes the pixels"),
        (lambda model, a, b, t: model((1 - t) * a + t * b), "encodes mixed pixels"),
        (lambda model, a, b, t: (1 - t) * model(a) + t * model(b), "mixes two restored images"),
        (lambda model, a, b, t: (1 - t) * model.encode(a) + t * model.encode(b), "the mixed code; decode it"),
        (lambda model, a, b, t: model.decode(t * model.encode(a) + (1 - t) * model.encode(b)), "goes from b to a"),
        (lambda model, a, b, t: model.decode((model.encode(a) + model.encode(b)) / 2), "half-way for every t"),
    ],
    "02.5": [
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
        (lambda E, D, M: (M @ E, D), "must first be unmixed"),
        (lambda E, D, M: (M @ E, D @ M), "mixes the code a second time"),
        (lambda E, D, M: (M @ E, D @ M.T), "only if M is a rotation"),
        (lambda E, D, M: (M @ E, D @ torch.linalg.inv(M).T), "must not be transposed"),
        (lambda E, D, M: (torch.linalg.inv(M) @ E, D @ M), "the code is now M⁻¹z"),
        (lambda E, D, M: (E, D), "its code is still z"),
        (lambda E, D, M: (M.T @ E, D @ torch.linalg.inv(M.T)), "without a transpose"),
        (lambda E, D, M: D @ torch.linalg.inv(M) @ M @ E, "the answer is 2 things"),
    ],
    "03.4": [
        (lambda z, kept: z * (torch.arange(5) <= kept[:, None]), "one number too many"),
        (lambda z, kept: z * (torch.arange(1, 6) < kept[:, None]), "one number too few"),
        (lambda z, kept: z * (torch.arange(5) >= kept[:, None]), "after the kept-th"),
        (lambda z, kept: z[:, : kept[0]], "shape (4, 1); it should be (4, 5)"),
        (lambda z, kept: z * (torch.arange(5) < kept[0]), "used the first for all"),
        (lambda z, kept: torch.arange(5) < kept[:, None], "array of numbers"),
        (lambda z, kept: (torch.arange(5) < kept[:, None]).float(), "that is the mask"),
        (lambda z, kept: z, "nothing was set to zero"),
    ],
    "03.5": [
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
        (all_on_x, "block 2: it was trained on x"),
        (encoded_first, "block 2: its data are the codes of a block that was not trained yet"),
        (functools.partial(pretrained, encode=lambda block, x: block(x).detach()), "block 2: it was not trained on"),
        (functools.partial(pretrained, encode=lambda block, x: block.encoder(x)), "still carry a gradient"),
        (lambda blocks, x, train: pretrained(blocks[::-1], x, train), "the lowest block is trained first"),
        (lambda blocks, x, train: pretrained(blocks[:1], x, train), "called 1 times"),
        (functools.partial(last_data, made=lambda block, x: x), "encode them once more"),
        (functools.partial(last_data, made=lambda block, x: block(x)), "not what it restores"),
    ],
    "04.2": [
        (lambda blocks, x: nn.Sequential(*[block.encoder for block in blocks])(x), "code at the top"),
        (functools.partial(up_and_down, order=iter), "from the top block down to the first"),
        (lambda blocks, x: up_and_down(blocks[::-1], x), "encode from the first block up"),
        (lambda blocks, x: blocks[0](x), "only the first block"),
        (lambda blocks, x: nn.Sequential(*blocks)(x), "before the next one encoded"),
        (lambda blocks, x: up_and_down(blocks[:3], x)[:, :2], "shape (4, 2); it should be (4, 6)"),
    ],
    "04.3": [
        (lambda below, above, gain: gain * (2 / (below + above)) ** 0.5, "that is the standard deviation"),
        (lambda below, above, gain: (6 / (below + above)) ** 0.5, "the gain is missing"),
        (lambda below, above, gain: gain * (3 / below) ** 0.5, "counts only the inputs"),
        (lambda below, above, gain: gain * 6 / (below + above), "without the square root"),
        (lambda below, above, gain: 1 / below**0.5, "PyTorch's default"),
        (lambda below, above, gain: gain * (6 / (below * above)) ** 0.5, "not by their product"),
    ],
    "04.4": [
        (functools.partial(sizes_of_gradients, biases=True), "leave out the biases"),
        (functools.partial(sizes_of_gradients, size=torch.norm), "that is the norm"),
        (functools.partial(sizes_of_gradients, size=lambda g: g.square().mean()), "the square root is missing"),
        (functools.partial(sizes_of_gradients, size=torch.mean), "positive and negative numbers cancel"),
        (lambda net, x: sizes_of_gradients(net, x)[::-1], "the other order"),
    ],
    "04.5": [
        (lambda a, b: (float((b - a).mean()), 0.1), "that is b − a"),
        (lambda a, b: (differences(a, b)[0], np.std(np.asarray(a - b), ddof=1)), "that is the standard deviation"),
        (lambda a, b: (differences(a, b)[0], np.std(np.asarray(a - b)) / len(a) ** 0.5), "divides by n − 1"),
        (lambda a, b: (differences(a, b)[0], ((a.var() + b.var()) / len(a)) ** 0.5), "as independent"),
        (lambda a, b: differences(a, b)[0], "2 things"),
    ],
    "04.6": [
        (functools.partial(error_in_pixels, order=iter), "from the top down"),
        (functools.partial(error_in_pixels, restore=lambda block, z: z), "the block is left out"),
        (functools.partial(error_in_pixels, restore=lambda block, z: block.encoder(z)), "not what it restores"),
        (lambda below, block, x: F.mse_loss(block(up(below, x)), up(below, x)), "error of the codes"),
        (torch.no_grad()(error_in_pixels), "no gradient leads"),
        (
            functools.partial(error_in_pixels, restore=lambda block, z: block.decoder(block.encoder(z).detach())),
            "whole",
        ),
    ],
}
