"""Checks of the answers to the exercises of notebooks/06_denoising.ipynb."""

from __future__ import annotations

import math

import torch

from aecourse.evaluation import mixture_score
from aecourse.exercises.checking import Hint, compare, exercise
from aecourse.exercises.conversion import call


@exercise("06.1", "easy")
def gain_in_decibels(answer) -> Hint:
    """Expect a function (clean, damaged, repaired) that says how many decibels the repair gained."""
    generator = torch.Generator().manual_seed(0)
    clean = torch.rand(6, 9, generator=generator)
    spread = torch.linspace(0.5, 1.5, 6)[:, None]  # pictures damaged unequally: a mean of decibels would differ
    damaged = clean + 0.3 * spread * torch.randn(6, 9, generator=generator)
    repaired = clean + 0.1 * torch.randn(6, 9, generator=generator)
    ratio = (damaged - clean).square() / (repaired - clean).square()
    rows = (damaged - clean).square().mean(1) / (repaired - clean).square().mean(1)
    before, after = (-10 * (x - clean).square().mean().log10() for x in (damaged, repaired))
    mistakes = {
        "the sign: a good repair should gain, not lose": before - after,
        "that is the PSNR after the repair; subtract the PSNR before it": after,
        "that is the PSNR before the repair; how much higher is it after?": before,
        "a decibel counts powers of ten: log10, not the natural logarithm": (after - before) * math.log(10),
        "that is in bels; a decibel is a tenth of one": (after - before) / 10,
        "twice too much: 20 log10 is for amplitudes; the MSE is a square already": 2 * (after - before),
        "that is the ratio of the two errors; take its logarithm": 10 ** ((after - before) / 10),
        "that is a mean of decibels over pictures; take one MSE over the whole batch, then one logarithm": (
            10 * rows.log10().mean()
        ),
        "those are decibels for each picture; take one MSE over the whole batch": 10 * rows.log10(),
        "that is a mean of decibels over pixels; take one MSE over the whole batch, then one logarithm": (
            10 * ratio.log10().mean()
        ),
    }
    otherwise = "PSNR is 10 log10(1 / MSE), with one MSE over all pixels of the batch; take after minus before"
    return compare(call(answer, clean, damaged, repaired), after - before, mistakes, otherwise=otherwise)


@exercise("06.2", "medium")
def told_sigma(answer) -> Hint:
    """Expect a function (net, x_tilde, sigma, variance) that mixes the noisy picture with the network's output."""
    generator = torch.Generator().manual_seed(0)
    x_tilde, matrix = torch.randn(4, 3, generator=generator), torch.randn(4, 3, generator=generator)
    variance, sigma = torch.tensor([0.5, 0.2, 0.0]), torch.tensor([[0.1], [0.3], [0.6], [0.9]])

    def net(joined):  # tensors or arrays
        if tuple(joined.shape) != (4, 4):
            raise ValueError(f"net takes the 3 pixels and sigma beside them, (4, 4); got {tuple(joined.shape)}")
        if not torch.as_tensor(joined)[:, 3:].allclose(sigma.to(torch.as_tensor(joined).dtype)):
            raise ValueError("the last column that net gets should be sigma")
        drawn = torch.as_tensor(joined).float() @ matrix
        return drawn if isinstance(joined, torch.Tensor) else drawn.numpy()

    drawn = net(torch.cat([x_tilde, sigma], 1))

    def mixed(w: torch.Tensor) -> torch.Tensor:
        return w * x_tilde + (1 - w) * drawn

    w = variance / (variance + (3 * sigma) ** 2)
    mistakes = {
        "that is the network's output; mix it with x_tilde": drawn,
        "the weights are exchanged: with little noise w is near 1, and the noisy picture counts": mixed(1 - w),
        "w compares two variances: square 3 sigma": mixed(variance / (variance + 3 * sigma)),
        "nearly: the square is of 3 sigma, (3 * sigma) ** 2, not 3 * sigma ** 2": (
            mixed(variance / (variance + 3 * sigma**2))
        ),
        "that w has sigma where 3 sigma should stand": mixed(variance / (variance + sigma**2)),
        "the network's output has the weight 1 − w": w * x_tilde + drawn,
        "that adds the two; x_tilde has the weight w, the network's output 1 − w": x_tilde + drawn,
        "x_tilde has the weight w, not 1": x_tilde + (1 - w) * drawn,
        "that is the filtered picture alone; add the network's output times 1 − w": w * x_tilde,
    }
    otherwise = "w = variance / (variance + (3 sigma)²); then w · x_tilde + (1 − w) · the network's output"
    return compare(call(answer, net, x_tilde, sigma, variance), mixed(w), mistakes, otherwise=otherwise)


@exercise("06.3", "easy")
def next_point(answer) -> Hint:
    """Expect a function (x, x_hat, sigma, after) that keeps the share after / sigma of what is taken for noise."""
    generator = torch.Generator().manual_seed(0)
    x, x_hat = torch.randn(2, 5, 3, generator=generator)
    sigma, after = 0.8, 0.2
    noise, share = x - x_hat, after / sigma
    mistakes = {
        "that is the repaired point: all of the noise is gone at once": x_hat,
        "that is the point where you were": x,
        "that keeps what should go: the share that stays is after / sigma": x_hat + (1 - share) * noise,
        "the sign: what is taken for noise is x − x_hat": x_hat - share * noise,
        "the share is upside down: sigma falls, so after / sigma is below 1": x_hat + noise / share,
        "that is only what is left of the noise; add it to the repaired point": share * noise,
        "start from the repaired point, not from x": x + share * noise,
        "noise shrinks with its standard deviation, not with its variance: no squares": x_hat + share**2 * noise,
        "keep the share after / sigma, not after": x_hat + after * noise,
    }
    otherwise = "x_hat plus the share after / sigma of x − x_hat"
    return compare(call(answer, x, x_hat, sigma, after), x_hat + share * noise, mistakes, otherwise=otherwise)


@exercise("06.4", "medium")
def conditional_mean(answer) -> Hint:
    """Expect a function (x, known, mean, C) that fills lost pixels with their mean given the known ones."""
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(6, 6, generator=generator)
    C = root @ root.T / 6 + 0.3 * torch.eye(6)
    x, mean = torch.randn(2, 6, generator=generator)
    known = torch.tensor([True, False, True, True, False, True])
    lost, off = ~known, x - mean
    pull = torch.linalg.solve(C[known][:, known], off[known])
    inverse = torch.linalg.inv(C)

    def filled(values: torch.Tensor) -> torch.Tensor:
        out = x.clone()
        out[lost] = values.float()
        return out

    right = filled(mean[lost] + C[lost][:, known] @ pull)
    alone = C[lost][:, known] @ (off[known] / C.diagonal()[known])
    raw = C[lost][:, known] @ torch.linalg.solve(C[known][:, known], x[known])
    mistakes = {
        "those are the lost pixels; put them into the picture, beside the known ones": right[lost],
        "that is the picture as it came; its lost pixels hold nothing": x,
        "that fills in the mean; let the known pixels pull it": filled(mean[lost]),
        "the mean of the lost pixels is missing": filled(C[lost][:, known] @ pull),
        "what pulls is how far the known pixels are from their mean: subtract it": filled(mean[lost] + raw),
        "subtract the mean of the known pixels, and add that of the lost ones": filled(raw),
        "known pixels know of each other: divide by their whole covariance (solve), not by each variance": (
            filled(mean[lost] + alone)
        ),
        "the covariance of the known pixels is not divided out: solve(C[known][:, known], …)": (
            filled(mean[lost] + C[lost][:, known] @ off[known])
        ),
        "invert the block of the known pixels, not the whole covariance": (
            filled(mean[lost] + C[lost][:, known] @ inverse[known][:, known] @ off[known])
        ),
        "that is the inverse of the whole covariance; take C for lost against known, and solve with its known block": (
            filled(mean[lost] + inverse[lost][:, known] @ off[known])
        ),
        "lost and known are exchanged: known pixels must stay as they are": torch.where(
            known,
            mean.index_put((known,), mean[known] + C[known][:, lost] @ torch.linalg.solve(C[lost][:, lost], off[lost])),
            x,
        ),
    }
    otherwise = (
        "mean[lost] + C[lost][:, known] · C[known][:, known]⁻¹ · (x[known] − mean[known]); the known pixels stay"
    )
    return compare(call(answer, x, known, mean, C), right, mistakes, tolerance=1e-3, otherwise=otherwise)


@exercise("06.5", "stretch")
def perfect_denoiser(answer) -> Hint:
    """Expect a function (x_tilde, centres, sigma) that returns E[x | x_tilde] for equally likely centres."""
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(7, 3, generator=generator)
    x_tilde, sigma = centres[[0, 2, 4, 6]] + 0.6 * torch.randn(4, 3, generator=generator), 0.6
    expected = x_tilde + sigma**2 * mixture_score(x_tilde, centres, sigma)  # Tweedie's formula
    distance = torch.cdist(x_tilde, centres)  # (4, 7)
    exponent = -(distance**2) / (2 * sigma**2)
    mistakes = {
        "that is the nearest centre; several centres are possible: average them": centres[distance.argmin(1)],
        "that is the arrow; the question is where it ends": expected - x_tilde,
        "nearly: a Gaussian's exponent is −distance² / (2 sigma²), mind the 2": (2 * exponent).softmax(1) @ centres,
        "nearly: a Gaussian's exponent is −distance² / (2 sigma²), mind the square of sigma": (
            (sigma * exponent).softmax(1) @ centres
        ),
        "nearly: a Gaussian's exponent is −distance² / (2 sigma²), mind the square of the distance": (
            (-distance / (2 * sigma**2)).softmax(1) @ centres
        ),
        "the sign: the further a centre, the less likely it is": (-exponent).softmax(1) @ centres,
        "the weights of one point do not sum to 1": exponent.exp() @ centres,
        "the softmax runs over the points; the weights of the centres must sum to 1 for each point": (
            exponent.softmax(0) @ centres
        ),
        "those are the weights of the centres; average the centres with them": exponent.softmax(1),
        "all centres weigh the same; the near ones are likelier": centres.mean(0).expand_as(x_tilde),
        "that gives the points back as they are": x_tilde,
    }
    return compare(call(answer, x_tilde, centres, sigma), expected, mistakes)
