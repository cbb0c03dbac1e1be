"""The curve on which digits lie: a denoiser leads back to it, a contractive code only sees steps along it."""

from __future__ import annotations

import numpy as np
import torch
from sketch import FOREST, GHOST, QUIET, RUST, X_HAT, Drawing
from torch.nn import functional as F

from aecourse.data import corrupt, load_mnist
from aecourse.plotting import BLUE, GREEN, VERMILION
from aecourse.zoo.weights import load_weights


def curve(drawing: Drawing, a: np.ndarray, b: np.ndarray) -> None:
    """A thick smooth line through many points."""
    drawing.line(*zip(a.round(1).tolist(), b.round(1).tolist(), strict=True), colour=GREEN, width=5)


@torch.inference_mode()
def denoising_manifold() -> None:
    """Three digits, pushed off the curve by three damages, and the repaired ones that a denoiser returns."""
    drawing = Drawing(
        "denoising_manifold",
        "Damage pushes a digit off the curve, the denoiser leads it back",
        "A green curve, the manifold, stands for all images that are digits. Three clean digits x on it, a two, a five "
        "and a six, are pushed off the curve by noise, by lost pixels and by a black square; the damaged images are "
        "above the curve. Blue arrows, the denoiser, lead back to the curve, close to where each came from: the "
        "restored images look like the clean ones.",
        height=476,
    )
    x = load_mnist()[1].one_of_each(1)
    denoiser = load_weights("denoising-mixed")
    trips = (
        (150, 2, "gaussian", 0.5, "noise"),
        (450, 5, "mask", 0.5, "pixels lost"),
        (750, 6, "occlude", 12, "covered"),
    )

    def height(a: np.ndarray) -> np.ndarray:
        return 272 - 12 * np.sin((a - 150) * 2 * np.pi / 600)

    a = np.linspace(24, 876, 143)
    curve(drawing, a, height(a))
    for centre, label, noise, strength, word in trips:
        clean = x[label : label + 1]
        damaged = corrupt(clean, noise, strength, seed=0)
        restored = denoiser(damaged)
        (start, end), top = (centre - 40, centre + 40), (centre, 156)
        left, right = (start, float(height(np.array(start)))), (end, float(height(np.array(end))))
        drawing.arrow((left[0] + 3, left[1] - 9), (top[0] - 16, top[1]), colour=VERMILION, dashed=True)
        drawing.arrow((top[0] + 16, top[1]), (right[0] - 3, right[1] - 9), colour=BLUE)
        drawing.digit(damaged[0].numpy(), (centre - 46, 56), size=92)
        drawing.text((centre - 46, 218), word, anchor="end", colour=RUST)
        drawing.text((centre + 46, 218), "repair", anchor="start", colour=BLUE)
        for point, side, image, name in ((left, -56, clean, "clean *x*"), (right, 56, restored, f"restored {X_HAT}")):
            drawing.disc(point, 7, fill="white", width=3)
            drawing.digit(image[0].numpy(), (centre + side - 50, 300), size=100)
            drawing.text((centre + side, 424), name, weight="bold")
    drawing.text((300, 246), "manifold 流形", weight="bold", colour=FOREST)
    drawing.text((300, 94), "off the curve:", "damaged images", colour=QUIET)
    drawing.text(
        (450, 461),
        "The curve stands for all images that are digits. One trained network made all repairs.",
        colour=QUIET,
    )
    drawing.save()


def turn(x: torch.Tensor, degrees: float) -> torch.Tensor:
    """Pictures turned about their middle; (n, 784) → (n, 784)."""
    angle = torch.deg2rad(torch.tensor(degrees))
    c, s = angle.cos(), angle.sin()
    matrix = torch.stack([torch.stack([c, -s, 0 * c]), torch.stack([s, c, 0 * c])]).expand(len(x), 2, 3)
    grid = F.affine_grid(matrix, (len(x), 1, 28, 28), align_corners=False)
    return F.grid_sample(x.view(-1, 1, 28, 28), grid, align_corners=False).flatten(1)


@torch.inference_mode()
def steps(name: str, x: torch.Tensor, along: torch.Tensor, off: torch.Tensor) -> tuple[float, float]:
    """How far a network's code moves for a nudge along the digits and for one off them, averaged."""
    encode = load_weights(name).encode
    z = encode(x)
    return tuple((encode(x + nudge) - z).norm(dim=1).mean().item() for nudge in (along, off))


@torch.inference_mode()
def contraction() -> None:
    """A nudge along the digits and one of the same size off them, and what each does to the code."""
    _, test = load_mnist()
    degrees = 12.0
    x = test.x[:1000]
    along = turn(x, degrees) - x
    off = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    off *= (along.norm(dim=1) / off.norm(dim=1))[:, None]  # as long a step, in a random direction
    plain, kept = (steps(name, x, along, off) for name in ("contractive-0", "contractive-1"))
    shorter = [before / after for before, after in zip(plain, kept, strict=True)]
    drawing = Drawing(
        "contraction",
        "Along the digits a step moves the code more than off them",
        "Left, the space of images: a green curve of fours that turn step by step. From the middle one, a blue arrow "
        "goes along the curve to a turned four and an equally long vermilion arrow goes off it to a noisy four. Right, "
        f"the space of codes: the blue step still moves the code far, the vermilion one {kept[0] / kept[1]:.1f} times "
        f"less, in a network trained with the penalty; without it, {plain[0] / plain[1]:.1f} times less.",
        height=520,
        size=16,
    )
    four = test.one_of_each(1)[4:5]
    fours = torch.cat([turn(four, degrees * i) for i in (-2, -1, 0, 1, 2)])
    nudge = torch.randn(four.shape, generator=torch.Generator().manual_seed(1))
    # clipped for the eye only; what is measured above is not
    noisy = (four + nudge * (fours[3] - four).norm() / nudge.norm())[0].clamp(0, 1)

    def height(a: np.ndarray) -> np.ndarray:
        return 316 + 0.0006 * (a - 264) ** 2

    drawing.text((264, 84), "space of images *x*", size=18, weight="bold")
    a = np.linspace(32, 496, 117)
    curve(drawing, a, height(a))
    places = [(264 + 98 * i, float(height(np.array(264.0 + 98 * i)))) for i in (-2, -1, 0, 1, 2)]
    for place, image in zip(places, fours.numpy(), strict=True):
        drawing.disc(place, 7, width=3)
        drawing.digit(image, (place[0] - 40, place[1] + 20), size=80)
    middle = places[2]
    drawing.arrow((middle[0], middle[1] - 9), (middle[0], middle[1] - 98), colour=VERMILION)
    drawing.digit(noisy.numpy(), (middle[0] - 40, middle[1] - 188), size=80)
    drawing.arrow((middle[0] + 8, middle[1] - 16), (places[3][0] - 2, places[3][1] - 16), colour=BLUE)
    drawing.text((middle[0] - 14, middle[1] - 44), "off: noise", anchor="end", colour=RUST, weight="bold")
    drawing.text((middle[0] + 20, middle[1] - 34), "along: a turn", anchor="start", colour=BLUE, weight="bold")
    drawing.half(524, 606, 300, (120, 72), BLUE, "*f*")
    drawing.arrow((500, 300), (520, 300))
    drawing.arrow((610, 300), (634, 300))
    drawing.text((762, 84), "space of codes *z*", size=18, weight="bold")
    reach = 130
    for y, (far, near), name in ((190, plain, "no penalty, *λ* = 0"), (362, kept, "contractive, *λ* = 1")):
        drawing.box((642, y - 82), 236, 152, GREEN, fill="white")
        drawing.text((774, y - 56), name)
        drawing.line((654, y + 26), (866, y + 26), colour=GHOST, width=2)
        drawing.arrow((684, y + 26), (684 + reach, y + 26), colour=BLUE)
        drawing.arrow((684, y + 26), (684, y + 26 - reach * near / far), colour=VERMILION)
        drawing.disc((684, y + 26), 7, width=3)
        drawing.text((702, y + 50), "along", anchor="start", colour=BLUE, weight="bold")
        drawing.text((698, y - 14), "off", anchor="start", colour=RUST, weight="bold")
        drawing.text((764, y + 50), f"= {far / near:.1f} × off", anchor="start", weight="bold")
    drawing.text(
        (28, 478),
        "Both steps in the images are equally long. Right: how far the code moves, averaged over 1,000 test digits;",
        "each box has its own scale, for the penalty makes both shorter: "
        f"along by a factor of {shorter[0]:.1f}, off by {shorter[1]:.1f}.",
        anchor="start",
        colour=QUIET,
    )
    drawing.save()
