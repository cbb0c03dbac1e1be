"""The variational autoencoder, its two heads and its noise, and the two costs of its bound."""

from __future__ import annotations

import numpy as np
import torch
from sketch import FOREST, INK, QUIET, RUST, X_HAT, Drawing, Point

from aecourse.data import load_mnist
from aecourse.plotting import BLUE, GREEN, ORANGE, VERMILION
from aecourse.zoo.weights import load_weights


def bell(drawing: Drawing, at: Point, scale: Point, mu: float, sigma: float, colour: str, **options) -> None:
    """The density of N(mu, sigma²) over [-3, 3]; `at` is the place of 0, `scale` the pixels of a unit each way."""
    z = np.linspace(-3, 3, 181)
    density = np.exp(-(((z - mu) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))
    points = np.stack([at[0] + scale[0] * z, at[1] - scale[1] * density], axis=1).round(1)
    drawing.line(*points.tolist(), colour=colour, **options)


def operation(drawing: Drawing, at: Point, sign: str) -> None:
    """A small disc with an arithmetic sign."""
    drawing.disc(at, 15, width=2.5)
    drawing.text((at[0], at[1] + 7), sign, size=22, weight="bold")


@torch.inference_mode()
def vae() -> None:
    """From the image through two heads to a cloud, from the cloud by noise to a code, and back to an image."""
    drawing = Drawing(
        "vae",
        "The encoder gives a cloud, noise picks the code in it",
        "The image x enters the encoder, which ends in two heads, mu and logvar. Noise eps, drawn from N(0, 1), comes "
        "in from outside and is multiplied by exp(logvar / 2); mu is added, and the sum is the code z. The decoder "
        "turns z into x_hat. Below, two of the 20 code numbers of this five: one has a narrow bell away from 0 and "
        "pays for it in KL, one is the prior N(0, 1) itself and pays nothing.",
        height=650,
        size=16,
    )
    x = load_mnist()[1].one_of_each(1)[5:6]
    network = load_weights("vae-20d")
    mu, logvar = network.posterior(x)
    eps = torch.randn(mu.shape, generator=torch.Generator().manual_seed(0))
    x_hat = network.decode(mu + (logvar / 2).exp() * eps)
    y, high, low = 222, 146, 298
    drawing.digit(x[0].numpy(), (28, y - 56))
    drawing.text((84, y - 68), "image *x*", weight="bold")
    drawing.arrow((143, y), (161, y))
    drawing.half(164, 268, y, (216, 104), BLUE, "encoder")
    for centre, side in ((high, -26), (low, 26)):
        drawing.arrow((272, y + side), (290, y + side), (290, centre), (312, centre))
        drawing.code(336, centre)
    drawing.text((336, high - 54), "mean *mu*", weight="bold")
    drawing.text((336, low + 66), "log variance *logvar*", weight="bold")
    drawing.text((690, 84), "*z* = *mu* + exp(*logvar* / 2) · *eps*", size=19, weight="bold")
    drawing.arrow((360, high), (506, high), (506, y - 19))
    drawing.arrow((360, low), (487, low))
    drawing.text((421, low - 10), "exp(*logvar* / 2)")
    drawing.arrow((506, 384), (506, low + 19), colour=VERMILION)
    drawing.arrow((506, low - 19), (506, y + 19))
    operation(drawing, (506, y), "+")
    operation(drawing, (506, low), "×")
    drawing.text((522, 372), "noise *eps* ~ N(0, 1),", "new each time", anchor="start", colour=RUST, weight="bold")
    drawing.arrow((525, y), (546, y))
    drawing.code(570, y)
    drawing.text((570, y - 62), "code *z*", weight="bold")
    drawing.arrow((594, y), (614, y))
    drawing.half(618, 734, y, (88, 216), ORANGE, "decoder")
    drawing.arrow((738, y), (758, y))
    drawing.digit(x_hat[0].numpy(), (762, y - 56))
    drawing.text((818, y - 68), f"restored {X_HAT}", weight="bold")
    drawing.text((798, 364), "To generate:", "draw *z* from the", "prior N(0, 1).")
    kl = network.kl_divergence(mu, logvar)[0]
    busy = int(torch.where(mu[0].abs() > 0.9, logvar[0], -9.0).argmax())
    idle = int(torch.nonzero(kl < 0.01)[0])
    drawing.text(
        (28, 444),
        "Two of the 20 code numbers of this five, and the prior N(0, 1):",
        size=18,
        weight="bold",
        anchor="start",
    )
    bells = ((busy, 224, "in use", (319, 520), ""), (idle, 676, "not in use", (728, 540), ": the same"))
    for j, centre, word, place, remark in bells:
        at, scale = (centre, 590), (62, 92)
        drawing.line((centre - 190, 590), (centre + 190, 590), colour=QUIET, width=1.5)
        bell(drawing, at, scale, float(mu[0, j]), float((logvar[0, j] / 2).exp()), GREEN, width=4)
        bell(drawing, at, scale, 0, 1, INK, dashed=True)
        for tick in (-2, 0, 2):
            drawing.text((centre + tick * scale[0], 611), f"{tick}".replace("-", "−"))
        drawing.text((centre + 200, 596), "*z*")
        drawing.text((centre - 108, 552), "prior p(*z*)", anchor="end")
        drawing.text(place, f"q(*z*|*x*){remark}", anchor="start", weight="bold", colour=FOREST)
        drawing.text((centre, 638), f"{word}: KL = {abs(float(kl[j])):.2f} nats")
    drawing.save()


@torch.inference_mode()
def elbo() -> None:
    """The two costs that training lowers, stacked, beside the one that they can never undercut."""
    _, test = load_mnist()
    network = load_weights("vae-20d")
    minus_elbo = -float(network.elbo(test.x, samples=5, seed=0).mean())
    kl = float(network.kl_divergence(*network.posterior(test.x)).sum(1).mean())
    tighter = -float(network.iwae_bound(test.x, samples=20, seed=0).mean())
    drawing = Drawing(
        "elbo",
        "−ELBO is a stack of two costs, and never lower than −log p(x)",
        f"Two columns of equal height. Left, minus the ELBO: the reconstruction cost, {minus_elbo - kl:.1f} nats, with "
        f"the KL divergence from q(z|x) to the prior p(z), {kl:.1f} nats, on top, together {minus_elbo:.1f}. Right: "
        f"minus log p(x), at most {tighter:.1f} nats, and on top of it the gap, the KL divergence from q(z|x) to "
        "p(z|x). The gap is never negative.",
        height=560,
    )
    base, unit, gap = 446, 3.5, 56
    top = base - unit * minus_elbo
    middle = base - unit * (minus_elbo - kl)
    left, right, width = 150, 520, 310
    drawing.box((left, middle), width, base - middle, ORANGE)
    drawing.box((left, top), width, middle - top, GREEN)
    drawing.box((right, top), width, gap, VERMILION, dashed=True)
    drawing.box((right, top + gap), width, base - top - gap, BLUE)
    drawing.text((left + width / 2, 78), "what training lowers: −ELBO", weight="bold")
    drawing.text((right + width / 2, 78), "what it should lower: −log p(*x*)", weight="bold")
    drawing.text((left + width / 2, top + 29), "KL(q(*z*|*x*) ‖ p(*z*))", size=20, weight="bold")
    drawing.text((left + width / 2, top + 54), "cost of leaving the prior")
    drawing.text((left + width / 2, middle + 110), "reconstruction", size=20, weight="bold")
    drawing.text((left + width / 2, middle + 138), "−E log p(*x*|*z*)", size=20)
    drawing.text((left + width / 2, middle + 166), f"cost of {X_HAT} not being *x*")
    drawing.text((right + width / 2, top + 34), "gap: KL(q(*z*|*x*) ‖ p(*z*|*x*)) ≥ 0", weight="bold")
    drawing.text((right + width / 2, (top + gap + base) / 2), "−log p(*x*)", size=20, weight="bold")
    drawing.text((right + width / 2, (top + gap + base) / 2 + 28), "how much *x* surprises the model")
    drawing.line((left + width + 4, top), (right - 4, top), colour=INK, dashed=True)
    drawing.line((50, base), (850, base), width=2.5)
    drawing.text((left - 14, (top + middle) / 2 + 6), f"{kl:.1f} nats", anchor="end")
    drawing.text((left - 14, (middle + base) / 2 + 6), f"{minus_elbo - kl:.1f} nats", anchor="end")
    drawing.text((left + width / 2, 474), f"together {minus_elbo:.1f} nats", weight="bold")
    drawing.text((right + width / 2, 474), f"at most {tighter:.1f} nats", weight="bold")
    drawing.text(
        (450, 514), "Nats an image, averaged over the test digits, for a VAE with 20 code numbers.",
        "The gap is drawn larger than it is: its size is not known exactly.", colour=QUIET
    )  # fmt: skip
    drawing.save()
