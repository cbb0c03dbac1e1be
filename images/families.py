"""Deep nets out of shallow ones, and wide nets of which few units are active."""

from __future__ import annotations

import torch
from sketch import FOREST, GHOST, QUIET, X_HAT, Drawing

from aecourse.data import load_mnist
from aecourse.plotting import BLUE, GREEN, ORANGE, VERMILION
from aecourse.zoo.weights import load_weights, read_card

FROZEN = "#E6E6E6"
TALL = {784: 92, 256: 62, 128: 42, 32: 26}  # how tall a layer of so many numbers is drawn
# where each part stands in every step, from left to right: weights in, codes between them, weights out
WEIGHTS_IN = ((386, 446, 784, 256), (464, 514, 256, 128), (532, 574, 128, 32))
CODES = ((455, 256), (523, 128), (584, 32))


def bar(drawing: Drawing, centre: float, y: float, size: int, name: str = "") -> None:
    """A code of `size` numbers as a thin column, its name above it."""
    drawing.box((centre - 5, y - TALL[size] / 2), 10, TALL[size], GREEN, fill="#66C4A8")
    drawing.text((centre, y - TALL[size] / 2 - 9), name)


def weights(drawing: Drawing, y: float, place: tuple[int, int, int, int], name: str, *, train: bool) -> None:
    """One layer of weights between two sizes: in colour while it is trained, gray while it is kept as it is."""
    left, right, size_in, size_out = place
    colour = BLUE if size_in > size_out else ORANGE
    drawing.half(
        left, right, y, (TALL[size_in], TALL[size_out]), colour if train else GHOST, fill=None if train else FROZEN
    )
    drawing.text(((left + right) / 2, y + 6), name)


def outwards(start: float, depth: int) -> list[tuple[int, int, int, int]]:
    """The decoders of `depth` layers, mirrored, from `start` on."""
    places = []
    for left, right, size_in, size_out in reversed(WEIGHTS_IN[:depth]):
        places.append((start, start + right - left, size_out, size_in))
        start += right - left + 18
    return places


def compare(drawing: Drawing, y: float, left: float, right: float, drop: float) -> None:
    """A bracket under the two things that training makes alike."""
    foot = y + drop
    drawing.arrow((right, foot + 14), (left, foot + 14), (left, foot), colour=VERMILION)
    drawing.arrow((left, foot + 14), (right, foot + 14), (right, foot), colour=VERMILION)


@torch.inference_mode()
def greedy_stacking() -> None:
    """One layer after the other, then all together."""
    drawing = Drawing(
        "greedy_stacking",
        "Greedy stacking: train one layer at a time, then all together",
        "Five steps. 1: a shallow autoencoder f1, g1 learns to restore the image x from its code z1. 2: f1 is frozen; "
        "f2, g2 learn to restore z1 from z2. 3: f1 and f2 are frozen; f3, g3 learn to restore z2 from z3. 4: unrolled, "
        "f1, f2, f3, g3, g2, g1 are one deep autoencoder 784, 256, 128, 32, 128, 256, 784, and its output is blurred. "
        "5: fine-tuning trains all six layers together, and the output is clear.",
        height=694,
    )
    x = load_mnist()[1].one_of_each(1)[5:6]
    greedy, tuned = load_weights("stacked-greedy"), load_weights("stacked-tuned")
    results = {4: greedy(x)[0].numpy(), 5: tuned(x)[0].numpy()}
    first = greedy.layers[0]
    results[1] = first.decode(first.encode(x))[0].numpy()
    errors = [read_card(name).scores["test_mse"] for name in ("stacked-greedy", "stacked-tuned")]
    steps = (
        ("Train layer 1", f"to make {X_HAT} like the image *x*"),
        ("Freeze 1, train layer 2", "to make *ẑ*₁ like the code *z*₁"),
        ("Freeze 1 and 2, train 3", "to make *ẑ*₂ like the code *z*₂"),
        ("Unroll: append *g*₂, *g*₁", f"one deep net, error {errors[0]:.4f}"),
        ("Fine-tune all six", f"error falls to {errors[1]:.4f}"),
    )
    for step, (what, why) in enumerate(steps, start=1):
        y, depth = 4 + 114 * step + 8 * (step == 5), min(step, 3)
        drawing.badge((42, y - 8), str(step), BLUE)
        drawing.text((64, y - 2), what, weight="bold", anchor="start")
        drawing.text((64, y + 22), why, anchor="start", colour=QUIET)
        drawing.digit(x[0].numpy(), (300, y - 32), size=64)
        drawing.arrow((366, y), (383, y))
        for i in range(depth):
            weights(drawing, y, WEIGHTS_IN[i], f"*f*{'₁₂₃'[i]}", train=step in (i + 1, 5))
            bar(drawing, CODES[i][0], y, CODES[i][1], f"*z*{'₁₂₃'[i]}")
        back = outwards(CODES[depth - 1][0] + 9 + (depth == 3), depth)
        for i, place in enumerate(back if step in (1, 4, 5) else back[:1]):
            layer = depth - 1 - i
            weights(drawing, y, place, f"*g*{'₁₂₃'[layer]}", train=step != 4)
            if layer:
                bar(drawing, place[1] + 9, y, place[3], f"*z\u0302*{'₁₂₃'[layer - 1]}")
        if step in results:
            end = back[-1][1]
            drawing.arrow((end + 3, y), (end + 20, y))
            drawing.digit(results[step], (end + 23, y - 32), size=64)
            if step == 1:
                drawing.text((332, y - 40), "*x*")
                drawing.text((end + 55, y - 40), X_HAT)
            if step == 4:
                sizes = [784, 256, 128, 32, 128, 256, 784]
                columns = [332, *(at for at, _ in CODES), *(place[1] + 9 for place in back[:-1]), end + 55]
                for column, size in zip(columns, sizes, strict=True):
                    drawing.text((column, y + (TALL[size] / 2 if size < 784 else 32) + 20), str(size), size=14)
            else:
                compare(drawing, y, 332, end + 55, 36)
        else:
            compare(drawing, y, CODES[step - 2][0], back[0][1] + 9, TALL[CODES[step - 2][1]] / 2 + 4)
    y = 672
    for a, colour, fill in ((28, BLUE, None), (64, ORANGE, None), (264, GHOST, FROZEN)):
        drawing.box((a, y - 14), 28, 18, colour, fill=fill)
    drawing.text((102, y), "trained in this step", anchor="start")
    drawing.text((302, y), "frozen: kept as it is", anchor="start")
    drawing.arrow((500, y - 5), (482, y - 5), colour=VERMILION)
    drawing.arrow((482, y - 5), (520, y - 5), colour=VERMILION)
    drawing.text((530, y), "made alike; error: MSE on the test digits", anchor="start")
    drawing.save()


@torch.inference_mode()
def active_units() -> None:
    """All units of a sparse net for one digit, and the sum of what the active ones draw."""
    x = load_mnist()[1].one_of_each(1)[7:8]
    network = load_weights("sparse-l1-0.25")
    z = network.encode(x)[0]
    units, active = len(z), int(network.active(z).sum())
    strongest = z.argsort(descending=True)[:4].tolist()
    atoms = network.decoder.atoms.T
    drawing = Drawing(
        "active_units",
        "Many units, few active: a digit is the sum of a few atoms",
        f"A handwritten seven activates only {active} of the {units:,} units of a sparse network, shown as a wide grid "
        "of cells, most of them pale. Below, the atoms of the four strongest units, among them the bar and the stem of "
        "a seven, are added one by one to what the decoder starts from; a gray smudge turns into the seven.",
        height=666,
    )
    y, left, cell, columns = 152, 274, 9.4, 64
    drawing.digit(x[0].numpy(), (28, y - 56))
    drawing.text((84, y + 80), "image *x*", weight="bold")
    drawing.arrow((144, y), (168, y))
    drawing.half(172, 236, y, (112, 150), BLUE, "*f*")
    drawing.arrow((240, y), (268, y))
    peak = z.max()
    for strength, fill in (
        (None, "#E9ECEB"),
        (0.0, "#7CCDB5"),
        (0.1, GREEN),
        (float(z[strongest[-1]] / peak) - 1e-6, FOREST),
    ):
        chosen = range(units) if strength is None else torch.nonzero(z > strength * peak).flatten().tolist()
        cells = "".join(
            f"M{left + cell * (i % columns):.1f} {y - 75 + cell * (i // columns):.1f}h8v8h-8z" for i in chosen
        )
        drawing.parts.append(f'<path d="{cells}" fill="{fill}"/>')
    drawing.text((left, y + 100), "code *z*:", weight="bold", anchor="start")
    drawing.text((left + 66, y + 100), f"{units:,} units, more than the {x.shape[1]} pixels", anchor="start")
    drawing.text((left + 600, y + 100), f"only {active} are active", weight="bold", anchor="end", colour=FOREST)
    top, size, pitch = 352, 100, 148
    drawing.text(
        (28, top - 50),
        "Every active unit adds its atom; here the four darkest of the grid, then the rest:",
        anchor="start",
    )
    parts = [z[j] * atoms[j] for j in strongest]
    rest = network.decode(z[None])[0] - network.decoder.bias - sum(parts)
    so_far = network.decoder.bias.clone()
    drawing.text((28, top + 26), "white adds ink,", "black takes", "ink away", anchor="start", colour=QUIET)
    for column in range(6):
        a = 28 + column * pitch
        if column:
            part = parts[column - 1] if column <= len(parts) else rest
            so_far += part
            words = f"{z[strongest[column - 1]]:.1f} × atom" if column <= len(parts) else f"{active - len(parts)} more"
            drawing.text((a + size / 2, top - 12), words, weight="bold")
            drawing.digit((0.5 + 0.5 * part / part.abs().max()).numpy(), (a, top), size=size)
            drawing.text((a - 24, top + size / 2 + 8), "+", size=24, weight="bold")
            drawing.arrow((a + size / 2, top + size + 6), (a + size / 2, top + size + 54))
            drawing.arrow((a - pitch + size + 6, top + 210), (a - 6, top + 210))
        drawing.digit(so_far.numpy(), (a, top + 160), size=size)
    names = ("bias *b*", "*b* + 1 atom", *(f"*b* + {k} atoms" for k in (2, 3, 4)), f"restored {X_HAT}")
    for column, name in enumerate(names):
        drawing.text((28 + column * pitch + size / 2, top + 284), name)
    drawing.save()
