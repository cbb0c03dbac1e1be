"""Right answers of every kind to the exercises of notebooks 05 to 09, and likely wrong ones with their hints."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.special import logsumexp
from torch.autograd.functional import jacobian
from torch.func import jacfwd, jacrev, vjp
from torch.nn import functional as F


def pursued(x, D, k, *, again=True, add=True):
    """Matching pursuit; an option set to its other value makes one of the usual mistakes."""
    z = torch.zeros(D.shape[1])
    for _ in range(k):
        product = D.T @ (x - D @ z)
        best = (product.abs() if again else product.abs() * (z == 0)).argmax()
        if add:
            z[best] += product[best]
        else:
            z[best] = product[best]
    return z


def pursued_by_numpy(x, D, k):
    """Matching pursuit in NumPy."""
    z, missing = np.zeros(D.shape[1]), np.array(x)
    for _ in range(k):
        product = np.dot(D.T, missing)
        best = np.argmax(np.abs(product))
        z[best] += product[best]
        missing = missing - product[best] * np.asarray(D)[:, best]
    return z


def pursued_in_place(x, D, k):
    """Matching pursuit that subtracts from x in place."""
    z = [0.0] * D.shape[1]
    for _ in range(k):
        product = D.T @ x
        best = int(product.abs().argmax())
        z[best] += product[best].item()
        x -= product[best] * D[:, best]
    return z


def orthogonally_pursued(x, D, k):
    """Orthogonal matching pursuit: another method."""
    z, chosen = torch.zeros(D.shape[1]), []
    for _ in range(k):
        chosen.append(int((D.T @ (x - D @ z)).abs().argmax()))
        z[chosen] = torch.linalg.lstsq(D[:, chosen], x[:, None]).solution[:, 0]
    return z


def denoised(x_tilde, centres, sigma, factor=2, dim=1):
    """The mean of the centres, weighted by their probabilities given the point."""
    squared = ((x_tilde[:, None, :] - centres) ** 2).sum(2)
    return (-squared / (factor * sigma**2)).softmax(dim) @ centres


def denoised_by_numpy(x_tilde, centres, sigma):
    """The same in NumPy."""
    weights = np.exp(-np.sum((x_tilde[:, None] - centres[None]) ** 2, axis=2) / (2 * sigma**2))
    return weights / weights.sum(axis=1, keepdims=True) @ centres


def told(net, x_tilde, sigma, variance, w=None):
    """A mixture of the noisy picture and a network's output; another w makes the usual mistakes."""
    w = variance / (variance + (3 * sigma) ** 2) if w is None else w
    return w * x_tilde + (1 - w) * net(torch.cat([x_tilde, sigma], 1))


def told_by_numpy(net, x_tilde, sigma, variance):
    """The same in NumPy."""
    x_tilde, sigma, variance = map(np.asarray, (x_tilde, sigma, variance))
    drawn = net(np.concatenate([x_tilde, sigma], axis=1))
    return drawn + variance / (variance + 9 * sigma**2) * (x_tilde - drawn)


def filled_in(x, known, mean, C, minus=1):
    """The mean of the lost pixels given the known ones."""
    x_hat = x.clone()
    pull = torch.linalg.solve(C[known][:, known], x[known] - minus * mean[known])
    x_hat[~known] = mean[~known] + C[~known][:, known] @ pull
    return x_hat


def filled_in_by_numpy(x, known, mean, C):
    """The same in NumPy, by the inverse covariance."""
    x, known, mean, C = map(np.array, (x, known, mean, C))
    P, lost = np.linalg.inv(C), ~known
    x[lost] = mean[lost] - np.linalg.solve(P[np.ix_(lost, lost)], P[np.ix_(lost, known)] @ (x - mean)[known])
    return x


def filled_in_place(x, known, mean, C):
    """Pixel by pixel, written into x itself."""
    pull = torch.linalg.inv(C[known][:, known]) @ (x - mean)[known]
    for j in (~known).nonzero()[:, 0]:
        x[j] = mean[j] + C[j, known] @ pull
    return x


def two_layers(x, W1, W2):
    """The code whose Jacobian 07.5 asks for."""
    return torch.sigmoid(W2 @ torch.sigmoid(W1 @ x))


def chain(x, W1, W2):
    """Its Jacobian by the chain rule."""
    a = torch.sigmoid(W1 @ x)
    z = torch.sigmoid(W2 @ a)
    return ((z * (1 - z))[:, None] * W2) @ ((a * (1 - a))[:, None] * W1)


def chain_by_numpy(x, W1, W2):
    """The same in NumPy."""
    a = 1 / (1 + np.exp(-np.dot(W1, x)))
    z = 1 / (1 + np.exp(-np.dot(W2, a)))
    return np.diag(z * (1 - z)) @ np.asarray(W2) @ np.diag(a * (1 - a)) @ np.asarray(W1)


def pulled_back(f, x, v):
    """One backward pass."""
    x = x.clone().requires_grad_()
    (row,) = torch.autograd.grad(v @ f(x), x)
    return row.square().sum()


def by_gradients(x, W1, W2):
    """One gradient a row."""
    x = x.clone().requires_grad_()
    z = two_layers(x, W1, W2)
    return torch.stack([torch.autograd.grad(number, x, retain_graph=True)[0] for number in z])


def by_backward(x, W1, W2):
    """One backward pass a row."""
    rows = []
    for j in range(len(W2)):
        leaf = torch.tensor(x.tolist(), requires_grad=True)
        two_layers(leaf, W1, W2)[j].backward()
        rows.append(leaf.grad)
    return torch.stack(rows)


def by_differences(x, W1, W2, step=1e-2):
    """Finite differences."""
    nudges = step * torch.eye(len(x), dtype=x.dtype)
    return torch.stack([(two_layers(x + n, W1, W2) - two_layers(x, W1, W2)) / step for n in nudges], 1)


def slopes(x, W1, W2):
    """The slopes of the lower and of the upper layer."""
    a = torch.sigmoid(W1 @ x)
    z = torch.sigmoid(W2 @ a)
    return a * (1 - a), z * (1 - z)


def one_maximum_for_all(log_w):
    """Wrong: stable for one image, but not for images of very unequal likelihood."""
    return (log_w - log_w.max()).exp().mean(0).log() + log_w.max()


def two_terms(x, decode, mu, logvar, eps, std=lambda logvar: (logvar / 2).exp(), kl=1.0):
    """The two costs of a variational network, or a wrong kind of them."""
    x_hat = decode(mu + std(logvar) * eps)
    cost = F.binary_cross_entropy(x_hat, x, reduction="none").sum(1).mean()
    return cost, kl * (0.5 * (mu**2 + logvar.exp() - logvar - 1)).sum(1).mean()


def two_terms_by_numpy(x, decode, mu, logvar, eps):
    """The same with NumPy."""
    x, mu, logvar, eps = (np.asarray(part) for part in (x, mu, logvar, eps))
    x_hat = np.asarray(decode(mu + np.exp(logvar / 2) * eps))
    cost = -(x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat)).sum(1).mean()
    return [cost, (0.5 * (mu**2 + np.exp(logvar) - logvar - 1)).sum(1).mean()]


def posterior(w, b, sigma, x):
    """Mean and precision of the code given the image."""
    precision = 1 + (w @ w) / sigma**2
    return w @ (x - b) / sigma**2 / precision, precision


def rates(normal, abnormal, threshold):
    """Shares of false alarms and of misses."""
    return (normal > threshold).float().mean(), (abnormal <= threshold).float().mean()


def slants(x):
    """How far the ink of each picture moves right from one row to the next."""
    along = torch.arange(28.0)
    ink = x.sum((1, 2))
    dx = along - (x.sum(1) @ along / ink)[:, None]
    dy = along - (x.sum(2) @ along / ink)[:, None]
    return (x * dy[:, :, None] * dx[:, None]).sum((1, 2)) / (x.sum(2) * dy**2).sum(1)


def slants_by_numpy(x):
    """The same in NumPy, one picture after the other."""
    found, (row, column) = [], np.indices((28, 28))
    for picture in np.asarray(x):
        dy, dx = (place - (picture * place).sum() / picture.sum() for place in (row, column))
        found.append((picture * dx * dy).sum() / (picture * dy**2).sum())
    return found


def slants_from_the_corner(x):
    """Wrong: measured from the corner instead of the centre of the ink."""
    along = torch.arange(28.0)
    return (x * along[:, None] * along).sum((1, 2)) / (x.sum(2) * along**2).sum(1)


def hamming(a, b):
    """How many bits differ on average, by matrix products."""
    return a @ (1 - b).T + (1 - a) @ b.T


def fair(valid_a, test_a, valid_b, test_b, choose=None, error=None):
    """The mean paired difference of the chosen settings, and its standard error."""
    choose = choose or (lambda valid, test: test[valid.mean(1).argmax()])
    a, b = choose(valid_a, test_a), choose(valid_b, test_b)
    return (a - b).mean(), (error or (lambda a, b: (a - b).std() / len(a) ** 0.5))(a, b)


def fair_by_numpy(valid_a, test_a, valid_b, test_b):
    """The same with NumPy."""
    tables = [np.asarray(table, np.float64) for table in (valid_a, test_a, valid_b, test_b)]
    difference = tables[1][tables[0].mean(1).argmax()] - tables[3][tables[2].mean(1).argmax()]
    return difference.mean(), difference.std(ddof=1) / np.sqrt(difference.size)


def first_by(candidates, choosing_x, reported_x, choose=min):
    """The candidate with the smallest error on one set of pictures, and its error on another."""
    errors = {name: ((restore(choosing_x) - choosing_x) ** 2).mean() for name, restore in candidates.items()}
    winner = choose(errors, key=errors.get)
    return winner, ((candidates[winner](reported_x) - reported_x) ** 2).mean()


def chosen_with_one_eye_on_the_test(candidates, valid_x, test_x):
    """The right winner, but every candidate has seen the test pictures."""
    return first_by(candidates, test_x, test_x) and first_by(candidates, valid_x, test_x)


RIGHT = {
    "05.1": [
        lambda units, k: math.log2(math.comb(units, k)),
        lambda units, k: np.log2(math.comb(units, k)),
        lambda units, k: torch.tensor(math.comb(units, k)).double().log2(),
        lambda units, k: sum(math.log2((units - i) / (i + 1)) for i in range(k)),
    ],
    "05.2": [
        lambda a, lam: [max(number.item() - lam / 2, 0) for number in a],
        lambda a, lam: np.maximum(np.asarray(a) - lam / 2, 0),
        lambda a, lam: np.clip(a - lam / 2, a_min=0, a_max=None),
        lambda a, lam: (a - lam / 2).relu(),
    ],
    "05.3": [
        lambda z, x, D, lam, L: (z + D.T @ (x - D @ z) / L - lam / (2 * L)).relu(),
        lambda z, x, D, lam, L: np.maximum(np.asarray(z) - np.asarray(D).T @ (D @ z - x).numpy() / L - lam / 2 / L, 0),
        lambda z, x, D, lam, L: [max(0.0, a - lam / L / 2) for a in (z + D.T @ (x - D @ z) / L).tolist()],
    ],
    "05.4": [
        lambda z, k: torch.zeros_like(z).scatter(1, z.topk(k, dim=1).indices, z.topk(k, dim=1).values),
        lambda z, k: np.where(z >= np.sort(z, axis=1)[:, -k][:, None], z, 0),
        lambda z, k: [[v if v in sorted(row)[-k:] else 0.0 for v in row] for row in z.tolist()],
    ],
    "05.5": [pursued, pursued_by_numpy, pursued_in_place],
    "06.1": [
        lambda clean, damaged, repaired: (
            10 * math.log10(((damaged - clean) ** 2).sum() / ((repaired - clean) ** 2).sum())
        ),
        lambda clean, damaged, repaired: (
            10 * np.log10(np.mean((damaged - clean) ** 2) / np.mean((repaired - clean) ** 2))
        ),
        lambda clean, damaged, repaired: 10 * (F.mse_loss(damaged, clean) / F.mse_loss(repaired, clean)).log10(),
    ],
    "06.2": [told, told_by_numpy, lambda net, x, sigma, v: told(net, x, sigma, v).tolist()],
    "06.3": [
        lambda x, x_hat, sigma, after: x_hat + after / sigma * (x - x_hat),
        lambda x, x_hat, sigma, after: np.asarray(x_hat) * (1 - after / sigma) + np.asarray(x) * (after / sigma),
        lambda x, x_hat, sigma, after: x + (sigma - after) * (x_hat - x) / sigma,
    ],
    "06.4": [
        filled_in,
        filled_in_by_numpy,
        filled_in_place,
        lambda x, known, mean, C: mean + C[:, known] @ torch.linalg.inv(C[known][:, known]) @ (x - mean)[known],
    ],
    "06.5": [denoised, denoised_by_numpy, lambda x_tilde, centres, sigma: denoised(x_tilde, centres, sigma).tolist()],
    "07.1": [
        lambda J, v: math.dist((J @ v).tolist(), [0] * len(J)) / math.hypot(*v.tolist()),
        lambda J, v: np.linalg.norm(J @ v) / np.linalg.norm(v),
        lambda J, v: (J @ F.normalize(v, dim=0)).norm(),
    ],
    "07.2": [
        lambda z, W: (z * (1 - z)) ** 2 @ (W**2).sum(1),
        lambda z, W: np.square(z * (1 - z)) @ np.sum(W**2, axis=1),
        lambda z, W: [
            sum(float(u * (1 - u) * w) ** 2 for u, row in zip(z_i, W, strict=True) for w in row) for z_i in z
        ],
    ],
    "07.3": [
        pulled_back,
        lambda f, x, v: vjp(f, x)[1](v)[0].square().sum(),
        lambda f, x, v: np.square(np.asarray(v) @ np.asarray(jacobian(f, x))).sum(),
        lambda f, x, v: float(sum(entry**2 for entry in (v @ jacobian(f, x)).tolist())),
    ],
    "07.4": [
        lambda z, W: (1 - z**2) ** 2 @ (W**2).sum(1),
        lambda z, W: np.square(1 - z**2) @ np.sum(W**2, axis=1),
        lambda z, W: [sum(float((1 - u**2) * w) ** 2 for u, row in zip(z_i, W, strict=True) for w in row) for z_i in z],
    ],
    "07.5": [
        chain,
        chain_by_numpy,
        lambda x, W1, W2: chain(x, W1, W2).tolist(),
        lambda x, W1, W2: by_differences(x.double(), W1.double(), W2.double(), step=1e-7),
    ],
    "08.1": [1.07, 1.0677, np.float32(1.0677), np.array([1.0677]), torch.tensor(1.0677, requires_grad=True)],
    "08.2": [
        two_terms,
        two_terms_by_numpy,
        lambda x, decode, mu, logvar, eps: [part.item() for part in two_terms(x, decode, mu, logvar, eps)],
        lambda x, decode, mu, logvar, eps: torch.stack(two_terms(x, decode, mu, logvar, eps)),
    ],
    "08.3": [
        lambda x, x_hat, kl, sigma: ((x - x_hat) ** 2).sum(1).mean() / (2 * sigma**2) + kl.mean(),
        lambda x, x_hat, kl, sigma: np.mean(np.sum((x - x_hat) ** 2, axis=1) / (2 * sigma**2) + kl),
        lambda x, x_hat, kl, sigma: (F.mse_loss(x_hat, x) * x.shape[1] / (2 * sigma**2) + kl.mean()).item(),
        lambda x, x_hat, kl, sigma: (kl - torch.distributions.Normal(x_hat, sigma).log_prob(x).sum(1)).mean(),
    ],
    "08.4": [
        lambda log_w: log_w.logsumexp(0) - math.log(len(log_w)),
        lambda log_w: logsumexp(np.asarray(log_w), axis=0) - np.log(len(log_w)),
        lambda log_w: (log_w - log_w.amax(0)).exp().mean(0).log() + log_w.amax(0),
        lambda log_w: np.log(np.mean(np.exp(log_w - np.max(log_w, axis=0)), axis=0)) + np.max(log_w, axis=0),
        lambda log_w: (log_w.logsumexp(0) - math.log(len(log_w))).tolist(),
    ],
    "08.5": [
        lambda w, b, sigma, x: (posterior(w, b, sigma, x)[0], -posterior(w, b, sigma, x)[1].log()),
        lambda w, b, sigma, x: [float(posterior(w, b, sigma, x)[0]), -math.log(posterior(w, b, sigma, x)[1])],
        lambda w, b, sigma, x: np.array([posterior(w, b, sigma, x)[0], -np.log(posterior(w, b, sigma, x)[1])]),
        lambda w, b, sigma, x: torch.stack([posterior(w, b, sigma, x)[0], -posterior(w, b, sigma, x)[1].log()]),
    ],
    "09.1": [
        rates,
        lambda normal, abnormal, threshold: [np.mean(normal > threshold), np.mean(abnormal <= threshold)],
        lambda normal, abnormal, threshold: ((normal > threshold).mean(), (abnormal <= threshold).mean()),
        lambda normal, abnormal, threshold: (
            sum(score > threshold for score in normal.tolist()) / len(normal),
            sum(score <= threshold for score in abnormal.tolist()) / len(abnormal),
        ),
        lambda normal, abnormal, threshold: torch.stack(rates(normal, abnormal, threshold)),
    ],
    "09.2": [
        slants,
        slants_by_numpy,
        lambda x: slants(x).double().numpy(),
        lambda x: [float(slants(picture[None])) for picture in x],
    ],
    "09.3": [
        hamming,
        lambda a, b: np.dot(a, 1 - b.T) + np.dot(1 - a, b.T),
        lambda a, b: a.shape[1] - a @ b.T - (1 - a) @ (1 - b).T,
        lambda a, b: (a[:, None] + b - 2 * a[:, None] * b).sum(2),
        lambda a, b: [[sum(p + q - 2 * p * q for p, q in zip(row, other, strict=True)) for other in b] for row in a],
    ],
    "09.4": [
        fair,
        fair_by_numpy,
        lambda *tables: [float(part) for part in fair(*tables)],
        lambda *tables: torch.stack(fair(*tables)),
    ],
    "09.5": [
        lambda candidates, valid_x, test_x: first_by(candidates, valid_x, test_x),
        lambda candidates, valid_x, test_x: [
            winner := min(candidates, key=lambda name: np.mean((candidates[name](valid_x) - valid_x) ** 2)),
            np.mean((candidates[winner](test_x) - test_x) ** 2),
        ],
        lambda candidates, valid_x, test_x: (first_by(candidates, valid_x, test_x)[0], 0.0625),
    ],
}

WRONG = {
    "05.1": [
        (lambda units, k: units, "one bit per unit"),
        (lambda units, k: k * math.log2(units), "one after the other"),
        (lambda units, k: math.log2(math.perm(units, k)), "counts every order"),
        (lambda units, k: math.comb(units, k), "number of choices"),
        (lambda units, k: math.log(math.comb(units, k)), "natural logarithm"),
        (lambda units, k: math.ceil(math.log2(math.comb(units, k))), "leave the fraction"),
        (lambda units, k: 284, "for 10 units and k = 3 it gives 284"),
    ],
    "05.2": [
        (lambda a, lam: (a - lam).relu(), "mind the 2"),
        (lambda a, lam: a - lam / 2, "lie below 0"),
        (lambda a, lam: torch.where(a > lam / 2, a, 0.0), "paid by all"),
        (lambda a, lam: F.softshrink(a, lam / 2), "from the other side"),
        (lambda a, lam: a.relu(), "no effect"),
        (lambda a, lam: (a - lam / 2).relu().sum(), "shape (); it should be (26,)"),
    ],
    "05.3": [
        (lambda z, x, D, lam, L: (z + D.T @ (x - D @ z) / L).relu(), "no effect yet"),
        (lambda z, x, D, lam, L: (z + D.T @ (x - D @ z) / L - lam / 2).relu(), "divide the penalty by L"),
        (lambda z, x, D, lam, L: z + D.T @ (x - D @ z) / L - lam / (2 * L), "below 0"),
        (lambda z, x, D, lam, L: (z - D.T @ (x - D @ z) / L - lam / (2 * L)).relu(), "up the slope"),
    ],
    "05.4": [
        (lambda z, k: torch.where(z >= z.flatten().topk(k).values[-1], z, 0.0), "whole batch"),
        (lambda z, k: z.topk(k, dim=1).values, "leave them where they were"),
        (lambda z, k: torch.where(z > z.topk(k, dim=1).values[:, -1:], z, 0.0), "one too few"),
    ],
    "05.5": [
        (lambda x, D, k: pursued(x, D, k, add=False), "earlier share is lost"),
        (lambda x, D, k: pursued(x, D, k, again=False), "no atom is taken twice"),
        (lambda x, D, k: torch.where((D.T @ x).abs() >= (D.T @ x).abs().topk(k).values[-1], D.T @ x, 0.0), "at once"),
        (lambda x, D, k: D.T @ x, "with k = 1 it activates 14 atoms"),
        (orthogonally_pursued, "orthogonal matching pursuit"),
        (lambda x, D, k: F.one_hot((D.T @ x).abs().argmax(), 14) * (D.T @ x).abs().max(), "its sign"),
        (lambda x, D, k: F.one_hot((D.T @ x).argmax(), 14) * (D.T @ x).max(), "largest in size"),
        (lambda x, D, k: k * F.one_hot((D.T @ x).abs().argmax(), 14) * (D.T @ x), "computed anew"),
        (lambda x, D, k: torch.zeros(D.shape[1]), "all of z is 0"),
        (lambda x, D, k: x, "shape of x"),
    ],
    "06.1": [
        (lambda c, d, r: 10 * (((r - c) ** 2).mean() / ((d - c) ** 2).mean()).log10(), "the sign"),
        (lambda c, d, r: -10 * ((r - c) ** 2).mean().log10(), "PSNR after the repair"),
        (lambda c, d, r: 10 * (((d - c) ** 2).mean() / ((r - c) ** 2).mean()).log(), "natural logarithm"),
        (lambda c, d, r: (((d - c) ** 2).mean() / ((r - c) ** 2).mean()).log10(), "bels"),
        (lambda c, d, r: 10 * (((d - c) ** 2).mean(1) / ((r - c) ** 2).mean(1)).log10().mean(), "over pictures"),
        (lambda c, d, r: 10 * (((d - c) / (r - c)) ** 2).log10().mean(), "over pixels"),
        (lambda c, d, r: np.mean((d - c) ** 2) / np.mean((r - c) ** 2), "take its logarithm"),
    ],
    "06.2": [
        (lambda net, x, sigma, v: net(x), "sigma beside them"),
        (lambda net, x, sigma, v: told(net, x, sigma**0, v), "should be sigma"),
        (lambda net, x, sigma, v: told(net, x, sigma, v, w=0), "mix it with x_tilde"),
        (lambda net, x, sigma, v: told(net, x, sigma, v, w=9 * sigma**2 / (v + 9 * sigma**2)), "exchanged"),
        (lambda net, x, sigma, v: told(net, x, sigma, v, w=v / (v + 3 * sigma)), "square 3 sigma"),
        (lambda net, x, sigma, v: told(net, x, sigma, v, w=v / (v + 3 * sigma**2)), "not 3 * sigma"),
        (lambda net, x, sigma, v: told(net, x, sigma, v, w=v / (v + sigma**2)), "3 sigma should stand"),
        (lambda net, x, sigma, v: x + net(torch.cat([x, sigma], 1)), "adds the two"),
    ],
    "06.3": [
        (lambda x, x_hat, sigma, after: x_hat, "gone at once"),
        (lambda x, x_hat, sigma, after: x + after / sigma * (x_hat - x), "keeps what should go"),
        (lambda x, x_hat, sigma, after: x_hat + sigma / after * (x - x_hat), "upside down"),
        (lambda x, x_hat, sigma, after: x_hat + after * (x - x_hat), "not after"),
        (lambda x, x_hat, sigma, after: after / sigma * (x - x_hat), "what is left of the noise"),
        (lambda x, x_hat, sigma, after: x_hat + (after / sigma) ** 2 * (x - x_hat), "no squares"),
        (lambda x, x_hat, sigma, after: x_hat + after / sigma * (x_hat - x), "the sign"),
    ],
    "06.4": [
        (lambda x, known, mean, C: filled_in(x, known, mean, C)[~known], "beside the known ones"),
        (lambda x, known, mean, C: torch.where(known, x, mean), "let the known pixels pull"),
        (lambda x, known, mean, C: x, "as it came"),
        (lambda x, known, mean, C: filled_in(x, known, mean, C, minus=0), "subtract it"),
        (lambda x, known, mean, C: filled_in(x, known, mean, C.diagonal().diag()), "let the known pixels pull"),
        (lambda x, known, mean, C: filled_in(x, known, 0 * mean, C), "add that of the lost ones"),
        (lambda x, known, mean, C: filled_in(x, ~known, mean, C), "exchanged"),
        (lambda x, known, mean, C: filled_in(x, known, mean, torch.linalg.inv(C)), "the known pixels stay"),
    ],
    "06.5": [
        (lambda x, centres, sigma: centres[torch.cdist(x, centres).argmin(1)], "nearest centre"),
        (lambda x, centres, sigma: denoised(x, centres, sigma, factor=1), "mind the 2"),
        (lambda x, centres, sigma: denoised(x, centres, sigma**0.5), "square of sigma"),
        (lambda x, centres, sigma: denoised(x, centres, sigma, dim=0), "runs over the points"),
        (lambda x, centres, sigma: denoised(x, centres, sigma) - x, "arrow"),
        (lambda x, centres, sigma: centres.mean(0).expand_as(x), "weigh the same"),
        (lambda x, centres, sigma: (-(torch.cdist(x, centres) ** 2) / 0.72).exp() @ centres, "sum to 1"),
        (lambda x, centres, sigma: x, "as they are"),
        (lambda x, centres, sigma: denoised(x, centres, sigma).T, "transpose it"),
    ],
    "07.1": [
        (lambda J, v: (J @ v).norm(), "divide by how far"),
        (lambda J, v: ((J @ v).norm() / v.norm()) ** 2, "the square of the ratio"),
        (lambda J, v: J @ v, "a vector"),
        (lambda J, v: J.norm(), "does not depend on the direction"),
        (lambda J, v: v.norm() / (J @ v).norm(), "that is the inverse"),
        (lambda J, v: J.T @ v, "RuntimeError"),
    ],
    "07.2": [
        (lambda z, W: (1 - z**2) ** 2 @ (W**2).sum(1), "slope of tanh"),
        (lambda z, W: (z * (1 - z)) @ (W**2).sum(1), "the slope with it"),
        (lambda z, W: ((z * (1 - z)) ** 2 @ (W**2).sum(1)).mean(), "mean over the batch"),
        (lambda z, W: (z * (1 - z)) ** 2 @ (W**2).sum(0), "sum each row of W"),
        (lambda z, W: (z * (1 - z)) ** 2 @ W**2, "for each pixel"),
        (lambda z, W: z**2 @ (W**2).sum(1), "z alone is not it"),
        (lambda z, W: (1 - z) ** 2 @ (W**2).sum(1), "1 − z alone"),
        (lambda z, W: (W**2).sum().expand(len(z)), "slopes are missing"),
    ],
    "07.3": [
        (lambda f, x, v: pulled_back(f, x, v).sqrt(), "the length of vᵀJ"),
        (lambda f, x, v: v @ jacobian(f, x), "for each pixel"),
        (lambda f, x, v: jacobian(f, x).square().sum(), "‖J‖² itself"),
        (lambda f, x, v: (jacobian(f, x) @ v).square().sum(), "from the left"),
        (lambda f, x, v: pulled_back(f, x, torch.ones_like(v)), "v is not in it"),
        (lambda f, x, v: pulled_back(f, x, v) / len(v), "not averaged"),
        (lambda f, x, v: (v @ jacobian(f, x)).sum(), "square each of them first"),
        (lambda f, x, v: torch.autograd.grad(v @ f(x), x), "RuntimeError"),
    ],
    "07.4": [
        (lambda z, W: (z * (1 - z)) ** 2 @ (W**2).sum(1), "slope of a sigmoid"),
        (lambda z, W: (1 - z**2) @ (W**2).sum(1), "the slope with it"),
        (lambda z, W: ((1 - z**2) ** 2 @ (W**2).sum(1)).mean(), "mean over the batch"),
        (lambda z, W: (1 - z**2) ** 2 @ (W**2).sum(0), "sum each row of W"),
        (lambda z, W: (1 - z**2) ** 2 @ W**2, "for each pixel"),
        (lambda z, W: (1 - np.tanh(z) ** 2) ** 2 @ (W**2).sum(1), "do not apply it again"),
    ],
    "07.5": [
        (lambda x, W1, W2: jacobian(lambda row: two_layers(row, W1, W2), x), "lets torch differentiate"),
        (
            lambda x, W1, W2: jacobian(lambda row: two_layers(row, W1, W2), x, vectorize=True),
            "lets torch differentiate",
        ),
        (lambda x, W1, W2: jacrev(lambda row: two_layers(row, W1, W2))(x), "lets torch differentiate"),
        (lambda x, W1, W2: jacfwd(lambda row: two_layers(row, W1, W2))(x), "lets torch differentiate"),
        (lambda x, W1, W2: jacrev(two_layers)(*map(torch.as_tensor, (x, W1, W2))), "lets torch differentiate"),
        (by_gradients, "lets torch differentiate"),
        (by_backward, "lets torch differentiate"),
        (by_differences, "differences of two codes are rounded"),
        (lambda x, W1, W2: W2 @ W1, "both layers bend"),
        (lambda x, W1, W2: slopes(x, W1, W2)[1][:, None] * (W2 @ W1), "the lower layer bends, too"),
        (lambda x, W1, W2: W2 @ (slopes(x, W1, W2)[0][:, None] * W1), "the upper layer bends, too"),
        (lambda x, W1, W2: (slopes(x, W1, W2)[1] * W2) @ (slopes(x, W1, W2)[0] * W1), "it multiplies a column"),
        (lambda x, W1, W2: chain(x, W1, W2).T, "one row for each code number"),
    ],
    "08.1": [
        (2.135335, "twice too much"),
        (0.533834, "mean over the two"),
        (1.5403, "in bits"),
        (2.0092, "log σ², not log σ"),
        (-1.0677, "never negative"),
        (0.5, "add the second"),
        (torch.tensor([0.5, 0.5677]), "sum over the two"),
        ([1.0, 1.1353], "twice too much, for each"),
        ("one", "got text in quotes"),
    ],
    "08.2": [
        (lambda x, decode, mu, logvar, eps: two_terms(x, decode, mu, logvar, 0 * eps), "where does eps enter"),
        (lambda *given: two_terms(*given, std=torch.exp), "the spread is its root"),
        (lambda *given: two_terms(*given, std=lambda logvar: logvar), "log variance itself"),
        (lambda *given: two_terms(*given, std=torch.ones_like), "a spread of 1"),
        (lambda *given: (two_terms(*given)[0] / 6, two_terms(*given)[1]), "mean over the pixels, too"),
        (lambda *given: (-two_terms(*given)[0], two_terms(*given)[1]), "minus the log-likelihood"),
        (lambda *given: two_terms(*given, kl=1 / 3), "mean over the code numbers, too"),
        (lambda *given: two_terms(*given, kl=2), "twice too much"),
        (lambda *given: two_terms(*given)[::-1], "the order"),
        (lambda *given: sum(two_terms(*given)), "2 things"),
    ],
    "08.3": [
        (lambda x, x_hat, kl, sigma: F.mse_loss(x_hat, x) + kl.mean(), "the forum's loss"),
        (lambda x, x_hat, kl, sigma: F.mse_loss(x_hat, x) / (2 * sigma**2) + kl.mean(), "over the pixels, too"),
        (lambda x, x_hat, kl, sigma: ((x - x_hat) ** 2).sum(1).mean() + kl.mean(), "sigma is missing"),
        (lambda x, x_hat, kl, sigma: ((x - x_hat) ** 2).sum(1).mean() / sigma**2 + kl.mean(), "the 2 is missing"),
        (lambda x, x_hat, kl, sigma: ((x - x_hat) ** 2).sum(1).mean() / (2 * sigma) + kl.mean(), "enters squared"),
        (lambda x, x_hat, kl, sigma: ((x - x_hat) ** 2).sum(1) / (2 * sigma**2) + kl, "one number for each image"),
        (lambda x, x_hat, kl, sigma: ((x - x_hat) ** 2).sum() / (2 * sigma**2) + kl.mean(), "over the images as well"),
    ],
    "08.4": [
        (lambda log_w: log_w.mean(0), "ELBO"),
        (lambda log_w: log_w.logsumexp(0), "subtract log K"),
        (lambda log_w: log_w.exp().mean(0).log(), "exp(-1000) is 0"),
        (lambda log_w: log_w.double().exp().mean(0).log(), "exp(-1000) is 0"),
        (one_maximum_for_all, "each needs its own maximum"),
        (lambda log_w: one_maximum_for_all(log_w.double()), "each needs its own maximum"),
        (lambda log_w: log_w.logsumexp(1), "down a column"),
        (lambda log_w: log_w.logsumexp(0) / len(log_w), "what does that do to a logarithm"),
        (lambda log_w: log_w.amax(0), "largest weight alone"),
        (lambda log_w: (log_w.logsumexp(0) - math.log(7)).mean(), "one for each image"),
    ],
    "08.5": [
        (lambda w, b, sigma, x: (posterior(w, b, sigma, x)[0], 0.0), "x makes z more certain"),
        (lambda w, b, sigma, x: (posterior(w, b, sigma, x)[0], 1 / posterior(w, b, sigma, x)[1]), "variance itself"),
        (
            lambda w, b, sigma, x: (posterior(w, b, sigma, x)[0], posterior(w, b, sigma, x)[1].log()),
            "log of the precision",
        ),
        (lambda w, b, sigma, x: (w @ (x - b) / (w @ w), -posterior(w, b, sigma, x)[1].log()), "nothing of the prior"),
        (
            lambda w, b, sigma, x: (posterior(w, 0 * b, sigma, x)[0], -posterior(w, b, sigma, x)[1].log()),
            "b is missing",
        ),
        (lambda w, b, sigma, x: (-posterior(w, b, sigma, x)[1].log(), posterior(w, b, sigma, x)[0]), "the order"),
        (lambda w, b, sigma, x: (posterior(w, b, sigma, x)[0], 1.0), "not the log variance of p(z|x)"),
        (lambda w, b, sigma, x: w @ x, "2 things: mu, logvar"),
        (lambda w, b, sigma, x: (w * (x - b), w), "one number each"),
    ],
    "09.1": [
        (lambda n, a, t: rates(n, a, t)[::-1], "the order"),
        (lambda n, a, t: ((n > t).sum(), (a <= t).sum()), "those are counts"),
        (lambda n, a, t: ((n > t).sum() / 240, (a <= t).sum() / 240), "each share is of its own group"),
        (lambda n, a, t: (rates(n, a, t)[0], (a > t).float().mean()), "share that was caught"),
        (lambda n, a, t: ((n <= t).float().mean(), rates(n, a, t)[1]), "share without an alarm"),
        (lambda n, a, t: ((n >= t).float().mean(), (a < t).float().mean()), "the first: a normal score equal"),
        (lambda n, a, t: (rates(n, a, t)[0], (a < t).float().mean()), "the second: an abnormal score equal"),
        (lambda n, a, t: (100 * rates(n, a, t)[0], 100 * rates(n, a, t)[1]), "percentages"),
        (lambda n, a, t: rates(n, a, t)[0], "2 things"),
    ],
    "09.2": [
        (lambda x: -slants(x), "the other way round"),
        (slants_from_the_corner, "not from the corner"),
        (lambda x: slants(x.mT), "divided by the sum with dx²"),
        (lambda x: slants(x).atan(), "that is the angle"),
        (lambda x: slants(x).mean(), "it should be (4,)"),
        (lambda x: slants(x)[:, None], "it should be (4,)"),
    ],
    "09.3": [
        (lambda a, b: ((a[:, None] > 0.5) ^ (b > 0.5)).sum(2), "treats every bit as certain"),
        (lambda a, b: (a[:, None] != b).sum(2), "whether two chances are equal"),
        (lambda a, b: torch.cdist(a, b, p=1), "right only for certain bits"),
        (lambda a, b: a.shape[1] - hamming(a, b), "in which they agree"),
        (lambda a, b: a @ b.T, "both bits are 1"),
        (lambda a, b: a @ (1 - b).T, "half of it"),
        (lambda a, b: (1 - a) @ b.T, "half of it"),
        (lambda a, b: torch.cdist(a, b), "along a straight line"),
        (lambda a, b: hamming(b, a), "transpose"),
        (lambda a, b: hamming(a, b) / a.shape[1], "share of bits"),
    ],
    "09.4": [
        (lambda *tables: fair(*tables, choose=lambda valid, test: test[test.mean(1).argmax()]), "chosen on the test"),
        (lambda *tables: fair(*tables, choose=lambda valid, test: test.amax(0)), "best test result of each draw"),
        (lambda *tables: fair(*tables, choose=lambda valid, test: valid[valid.mean(1).argmax()]), "on validation"),
        (
            lambda *tables: fair(*tables, choose=lambda valid, test: test.gather(0, valid.argmax(0)[None])[0]),
            "chosen for each draw",
        ),
        (lambda *tables: fair(*tables[2:], *tables[:2]), "how far A is ahead"),
        (lambda va, ta, vb, tb: fair(va, ta, vb[:1], tb[:1]), "B was given its first"),
        (lambda *tables: fair(*tables, error=lambda a, b: (a - b).std()), "divide by the root of their number"),
        (lambda *tables: fair(*tables, error=lambda a, b: ((a.var() + b.var()) / len(a)).sqrt()), "pair them"),
        (lambda *tables: fair(*tables, error=lambda a, b: (a - b).std(correction=0) / len(a) ** 0.5), "n − 1"),
        (lambda *tables: fair(*tables)[0], "2 things"),
    ],
    "09.5": [
        (lambda candidates, valid_x, test_x: first_by(candidates, test_x, test_x), "choose by the validation pictures"),
        (lambda candidates, valid_x, test_x: first_by(candidates, valid_x, valid_x), "MSE on the validation pictures"),
        (chosen_with_one_eye_on_the_test, "shown to others"),
        (lambda candidates, valid_x, test_x: first_by(candidates, valid_x, test_x, max), "largest MSE"),
        (
            lambda candidates, valid_x, test_x: first_by(candidates, valid_x, test_x)[::-1],
            "first the name, then the MSE",
        ),
        (lambda candidates, valid_x, test_x: first_by(candidates, valid_x, test_x)[:1], "2 things"),
        (lambda candidates, valid_x, test_x: ("mine", 0.06), "not a key of candidates"),
        (lambda candidates, valid_x, test_x: ("best on validation", 0.25), "without their squares"),
    ],
}
