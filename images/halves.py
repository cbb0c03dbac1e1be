"""What an autoencoder is made of: the hourglass, its training, and each half at work alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from sketch import GHOST, QUIET, RUST, X_HAT, Drawing

from aecourse.data import load_mnist
from aecourse.plotting import BLUE, CLASS_COLOURS, GREEN, ORANGE, SKY, VERMILION
from aecourse.zoo.weights import load_weights


@torch.inference_mode()
def example() -> tuple[np.ndarray, np.ndarray]:
    """A test digit and what the shipped network with 32 code numbers makes of it, (784,) and (784,)."""
    x = load_mnist()[1].one_of_each(1)[5:6]
    return x[0].numpy(), load_weights("dense-k32")(x)[0].numpy()


def draw_network(drawing: Drawing, y: float, x: np.ndarray, x_hat: np.ndarray, verbs: tuple[str, str]) -> None:
    """Image → encoder → code → decoder → image, centred on height y."""
    drawing.digit(x, (40, y - 56))
    drawing.arrow((157, y), (194, y))
    drawing.half(198, 380, y, (216, 88), BLUE, "encoder *f*", verbs[0])
    drawing.arrow((384, y), (424, y))
    drawing.code(450, y)
    drawing.arrow((476, y), (516, y))
    drawing.half(520, 702, y, (88, 216), ORANGE, "decoder *g*", verbs[1])
    drawing.arrow((706, y), (743, y))
    drawing.digit(x_hat, (748, y - 56))
    drawing.text((96, y - 68), "image *x*", weight="bold")
    drawing.text((450, y - 62), "code *z*", weight="bold")
    drawing.text((804, y - 68), f"restored {X_HAT}", weight="bold")


def hourglass(x: np.ndarray, x_hat: np.ndarray) -> None:
    """The two halves, the neck between them, and the shapes that travel through."""
    drawing = Drawing(
        "hourglass",
        "An autoencoder is an hourglass",
        "An image x of 28 by 28 = 784 pixels enters the encoder f, which narrows to the code z, a bottleneck of k "
        "numbers. The decoder g widens again to the restored image x_hat. Shapes: (n, 784) to (n, k) to (n, 784).",
        height=450,
    )
    draw_network(drawing, 200, x, x_hat, ("narrows", "widens"))
    drawing.text((96, 280), "28 × 28", "= 784 numbers")
    drawing.text((804, 280), "784 numbers", "again")
    drawing.text((450, 112), "bottleneck 瓶颈", colour=QUIET)
    drawing.text((450, 268), "*k* numbers")
    for centre, shape in ((96, "(*n*, 784)"), (450, "(*n*, *k*)"), (804, "(*n*, 784)")):
        drawing.text((centre, 372), shape, size=20, weight="bold")
    for left, right, step in ((160, 392, "*z* = *f*(*x*)"), (508, 740, f"{X_HAT} = *g*(*z*)")):
        drawing.arrow((left, 366), (right, 366))
        drawing.text(((left + right) / 2, 354), step, size=20)
    drawing.text(
        (450, 424), f"Shapes are for *n* images at once. This {X_HAT} comes from a trained network with *k* = 32.",
        colour=QUIET,
    )  # fmt: skip
    drawing.save()


def compress_restore(x: np.ndarray, x_hat: np.ndarray) -> None:
    """The training loop: forwards through both halves, compare, and the error back into both."""
    drawing = Drawing(
        "compress_restore",
        "Training: compress, restore, compare, adjust",
        "The image x is compressed to the code z and restored as x_hat. Both images meet in a comparison, the mean of "
        "the squared differences. Back-propagation carries this error back and adjusts decoder g and encoder f. No "
        "labels take part: the image is its own target.",
        height=510,
    )
    draw_network(drawing, 190, x, x_hat, ("compresses", "restores"))
    left, top, width, height = 215, 330, 470, 112
    drawing.box((left, top), width, height, VERMILION)
    drawing.digit(2 * np.abs(x - x_hat), (left + 14, top + 14), size=84)
    error = float(((x - x_hat) ** 2).mean())
    drawing.text((left + 114, top + 33), f"compare *x* with {X_HAT}", size=20, weight="bold", anchor="start")
    drawing.text((left + 114, top + 63), f"error = mean of (*x* − {X_HAT})² = {error:.3f}", anchor="start")
    drawing.text((left + 114, top + 90), "left: the differences, twice as bright", anchor="start", colour=QUIET)
    drawing.arrow((96, 254), (96, top + 56), (left - 4, top + 56))
    drawing.arrow((804, 254), (804, top + 56), (left + width + 4, top + 56))
    for centre, label_x, half, anchor in ((256, 268, "f", "start"), (644, 632, "g", "end")):
        drawing.arrow((centre, top - 4), (centre, 284), colour=VERMILION, dashed=True)
        drawing.text((label_x, 312), f"adjust *{half}*", anchor=anchor)
    drawing.text((450, 312), "back-propagation", colour=RUST, weight="bold")
    drawing.text((450, 484), "No labels anywhere: the image *x* is its own right answer.", size=20, weight="bold")
    drawing.save()


def encoder_alone(x: np.ndarray) -> None:
    """After training, the encoder feeds a small classifier; the decoder is put aside."""
    drawing = Drawing(
        "encoder_alone",
        "Keep only the encoder: a small network reads the code",
        "The trained encoder f turns an image x of 784 numbers into a code z of k numbers. A small classifier takes "
        "the code and answers with one of ten digits, here five. The decoder g is put aside, drawn in dashes.",
        height=440,
    )
    y = 250
    drawing.arrow((396, y - 50), (396, 102), (445, 102), colour=GHOST, dashed=True)
    drawing.half(450, 540, 102, (36, 74), GHOST, dashed=True)
    drawing.text((556, 108), "decoder *g*: put aside", anchor="start", colour=QUIET)
    drawing.digit(x, (30, y - 56))
    drawing.arrow((146, y), (176, y))
    drawing.half(180, 336, y, (216, 88), BLUE, "encoder *f*")
    drawing.arrow((340, y), (370, y))
    drawing.code(396, y)
    drawing.arrow((422, y), (452, y))
    columns = [(484, 4, 36), (576, 6, 34), (668, 10, 23)]
    layers = [[(cx, y + gap * (i - (count - 1) / 2)) for i in range(count)] for cx, count, gap in columns]
    answer = layers[-1][5]
    for before, after in pairwise(layers):
        for start in before:
            for end in after:
                drawing.line(start, end, colour="#C9C9C9", width=1)
    for cx, cy in [node for layer in layers for node in layer]:
        drawing.disc((cx, cy), 8, fill=SKY if (cx, cy) == answer else "white")
    for i, (cx, cy) in enumerate(layers[-1]):
        drawing.text((cx + 22, cy + 6), str(i), weight="bold" if i == 5 else "normal")
    drawing.arrow((708, answer[1]), (762, answer[1]))
    drawing.text((816, answer[1] - 4), "answer:", "five", size=20, weight="bold")
    for centre, lines in (
        (86, ("image *x*", "784 numbers")),
        (258, ("trained before,", "without labels")),
        (396, ("code *z*", "*k* numbers")),
        (588, ("small classifier on *z*,", "trained with labels")),
    ):
        drawing.text((centre, 392), *lines)
    drawing.save()


@torch.inference_mode()
def code_map() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Codes of test digits (n, 2) in the unit square, their labels, two places A and B, and their images.

    A is the middle of the sixes; B is the place far from every code whose image is the most undecided gray.
    """
    _, test = load_mnist()
    network = load_weights("map-2d")
    z = network.encode(test.x[:2000])
    low, high = torch.quantile(z, torch.tensor([0.01, 0.99]), dim=0)
    z, labels = (z - low) / (high - low), test.y[:2000]
    grid = torch.cartesian_prod(*[torch.linspace(0.05, 0.95, 61)] * 2)
    x_hat = network.decode(grid * (high - low) + low)
    undecided = (x_hat * (1 - x_hat)).mean(dim=1) / x_hat.mean(dim=1)
    lonely = torch.cdist(grid, z).amin(dim=1) > 0.035
    places = torch.stack([z[labels == 6].median(dim=0).values, grid[torch.where(lonely, undecided, 0).argmax()]])
    images = network.decode(places * (high - low) + low)
    seen = ((z > 0) & (z < 1)).all(dim=1)
    return z[seen].numpy(), labels[seen].numpy(), places.numpy(), images.numpy()


def decoder_alone() -> None:
    """Codes picked from the 2-D map of a trained network: one from a crowd, one from a hole."""
    drawing = Drawing(
        "decoder_alone",
        "Keep only the decoder: pick any code, get a new image",
        "A map of two-number codes where the digits 0 to 9 form coloured crowds with empty places between them. The "
        "decoder g turns point A, among the sixes, into a clear six, and point B, in a hole, into a smudge.",
        height=466,
    )
    z, labels, places, images = code_map()
    y, left, top, side = 228, 154, 60, 336
    drawing.half(28, 108, y, (120, 56), GHOST, dashed=True)
    drawing.arrow((112, y), (left - 5, y), colour=GHOST, dashed=True)
    drawing.text((74, y + 90), "encoder *f*:", "put aside", colour=QUIET)
    drawing.box((left, top), side, side, GREEN, fill="white")

    def on_page(points: np.ndarray) -> np.ndarray:
        return np.rint([left + 8, top + side - 8] + (side - 16) * points * [1, -1]).astype(int)

    for label, colour in enumerate(CLASS_COLOURS):
        drawing.specks(on_page(z[labels == label]), colour)
    away = np.linalg.norm(z - np.median(z, axis=0), axis=1)
    for label in range(10):
        outer = (labels == label) & (away > np.quantile(away[labels == label], 0.65))  # where the crowds do not overlap
        a, b = on_page(np.median(z[outer], axis=0))
        drawing.text((a, b + 6), str(label), size=20, weight="bold", halo=True)
    drawing.text((left + side / 2, top + side + 26), "map of codes *z*: *k* = 2 numbers", weight="bold")
    drawing.text((left + side / 2, top + side + 51), "dots: test digits, coloured by their label", colour=QUIET)
    drawing.arrow((left + side + 5, y), (524, y))
    drawing.half(528, 680, y, (88, 216), ORANGE, "decoder *g*")
    outcomes = (("A", BLUE, 76, "in a crowd:", "a new six"), ("B", VERMILION, 276, "in a hole:", "here a smudge"))
    for place, image, (name, colour, height, *words) in zip(on_page(places), images, outcomes, strict=True):
        drawing.arrow((684, y), (704, y), (704, height + 40), (730, height + 40))
        drawing.digit(image, (736, height - 16))
        for centre in (tuple(place), (860, height - 4)):
            drawing.badge(centre, name, colour)
        drawing.text((792, height + 120), *words)
    drawing.save()
