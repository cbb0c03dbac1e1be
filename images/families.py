"""Deep nets out of shallow ones, and wide nets of which few units are active."""

from __future__ import annotations

import torch
from sketch import FOREST, GHOST, QUIET, X_HAT, Drawing

from aecourse.data import load_mnist
from aecourse.plotting import BLUE, GREEN, ORANGE, VERMILION
from aecourse.zoo.weights import load_weights, read_card

FROZEN = "#E6E6E6"
TALL = {784: 92, 256: 62, 128: 42, 32: 26}  # how tall a layer of so many numbers is drawn
SIZES = (784, 256, 128, 32)
WIDE = (40, 34, 30)  # how wide a layer is drawn, from the first to the third


def bar(drawing: Drawing, centre: float, y: float, size: int, name: str) -> None:
    """A code of `size` numbers as a thin column, its name above it."""
    drawing.box((centre - 4, y - TALL[size] / 2), 8, TALL[size], GREEN, fill="#66C4A8")
    drawing.text((centre, y - TALL[size] / 2 - 9), name)


def stack(drawing: Drawing, at: float, y: float, layers: list[int], depth: int, trained: set[int]) -> list[float]:
    """Layers from `at` on, `depth` encoders first, gray unless trained; returns where their outputs stand."""
    outputs = []
    for i, layer in enumerate(layers):
        back, right = i >= depth, at + WIDE[layer]
        sizes = SIZES[layer : layer + 2][:: -1 if back else 1]
        colour, fill = (ORANGE if back else BLUE, None) if layer in trained else (GHOST, FROZEN)
        drawing.half(at, right, y, (TALL[sizes[0]], TALL[sizes[1]]), colour, fill=fill)
        drawing.text(((at + right) / 2, y + 6), f"*{'g' if back else 'f'}*{'₁₂₃'[layer]}")
        if sizes[1] < 784:
            bar(drawing, right + 7, y, sizes[1], f"*z\u0302*{'₁₂₃'[layer - 1]}" if back else f"*z*{'₁₂₃'[layer]}")
        outputs.append(right + 7)
        at = right + 14
    return outputs


def compare(drawing: Drawing, left: float, right: float, top: float, foot: float) -> None:
    """A bracket under the two things that training makes alike."""
    drawing.arrow((right, foot), (left, foot), (left, top), colour=VERMILION)
    drawing.arrow((left, foot), (right, foot), (right, top), colour=VERMILION)


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
        height=464,
        size=16,
    )
    x = load_mnist()[1].one_of_each(1)[5:6]
    greedy, tuned = load_weights("stacked-greedy"), load_weights("stacked-tuned")
    results = {4: greedy(x)[0].numpy(), 5: tuned(x)[0].numpy()}
    first = greedy.layers[0]
    results[1] = first.decode(first.encode(x))[0].numpy()
    errors = [read_card(name).scores["test_mse"] for name in ("stacked-greedy", "stacked-tuned")]
    steps = (
        (28, 171, "Train layer 1", f"to make {X_HAT} like the image *x*"),
        (306, 171, "Freeze 1, train 2", "to make *ẑ*₁ like the code *z*₁"),
        (584, 171, "Freeze 1 and 2, train 3", "to make *ẑ*₂ like the code *z*₂"),
        (28, 359, "Unroll: append *g*₂, *g*₁", f"one deep net, error {errors[0]:.4f}"),
        (470, 359, "Fine-tune all six", f"error falls to {errors[1]:.4f}"),
    )
    for step, (left, y, what, why) in enumerate(steps, start=1):
        drawing.badge((left + 13, y - 90), str(step), BLUE)
        drawing.text((left + 36, y - 96), what, weight="bold", anchor="start")
        drawing.text((left + 36, y - 74), why, anchor="start", colour=QUIET)
        drawing.digit(x[0].numpy(), (left, y - 23), size=46)
        drawing.arrow((left + 48, y), (left + 63, y))
        depth = min(step, 3)
        back = range(depth)[::-1] if step in results else [depth - 1]
        trained = {step - 1} if step < 5 else {0, 1, 2}
        columns = [left + 23, *stack(drawing, left + 66, y, [*range(depth), *back], depth, trained)]
        if step not in results:
            half = TALL[SIZES[step - 1]] / 2
            compare(drawing, columns[step - 1], columns[-1], y + half + 4, y + half + 18)
            continue
        end = columns.pop()
        drawing.arrow((end - 4, y), (end + 11, y))
        drawing.digit(results[step], (end + 14, y - 23), size=46)
        columns.append(end + 37)
        if step == 1:
            drawing.text((columns[0], y - 32), "*x*")
            drawing.text((columns[-1], y - 32), X_HAT)
        if step == 4:
            for column, size in zip(columns, [*SIZES, *SIZES[-2::-1]], strict=True):
                drawing.text((column, y + (TALL[size] / 2 if size < 784 else 23) + 21), str(size))
        else:
            compare(drawing, columns[0], columns[-1], y + 27, y + 55)
    y = 450
    for a, colour, fill in ((28, BLUE, None), (62, ORANGE, None), (282, GHOST, FROZEN)):
        drawing.box((a, y - 14), 28, 18, colour, fill=fill)
    drawing.text((98, y), "trained in this step", anchor="start")
    drawing.text((318, y), "frozen", anchor="start")
    drawing.arrow((450, y - 5), (432, y - 5), colour=VERMILION)
    drawing.arrow((432, y - 5), (470, y - 5), colour=VERMILION)
    drawing.text((478, y), "made alike; error: MSE on the test digits", anchor="start")
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
        height=480,
    )
    y, left, cell, columns = 122, 232, 7.2, 64
    drawing.digit(x[0].numpy(), (28, y - 40), size=80)
    drawing.text((68, y + 60), "image *x*", weight="bold")
    drawing.arrow((112, y), (136, y))
    drawing.half(140, 196, y, (80, 116), BLUE, "*f*")
    drawing.arrow((200, y), (226, y))
    peak = z.max()
    for strength, fill in (
        (None, "#E9ECEB"),
        (0.0, "#7CCDB5"),
        (0.1, GREEN),
        (float(z[strongest[-1]] / peak) - 1e-6, FOREST),
    ):
        chosen = range(units) if strength is None else torch.nonzero(z > strength * peak).flatten().tolist()
        cells = "".join(
            f"M{left + cell * (i % columns):.1f} {y - 58 + cell * (i // columns):.1f}h6.2v6.2h-6.2z" for i in chosen
        )
        drawing.parts.append(f'<path d="{cells}" fill="{fill}"/>')
    drawing.text((706, y - 42), "code *z*:", weight="bold", anchor="start")
    drawing.text((706, y - 14), f"{units:,} units, more", f"than {x.shape[1]} pixels", anchor="start")
    drawing.text((706, y + 42), f"only {active} active", weight="bold", anchor="start", colour=FOREST)
    top, size, pitch = 262, 80, 152
    drawing.text(
        (28, top - 42), "Every active unit adds its atom; here the four darkest, then the rest:", anchor="start"
    )
    parts = [z[j] * atoms[j] for j in strongest]
    rest = network.decode(z[None])[0] - network.decoder.bias - sum(parts)
    so_far = network.decoder.bias.clone()
    drawing.text((28, top + 23), "white adds,", "black takes", "ink away", anchor="start", colour=QUIET)
    for column in range(6):
        a = 28 + column * pitch
        if column:
            part = parts[column - 1] if column <= len(parts) else rest
            so_far += part
            words = f"{z[strongest[column - 1]]:.1f} × atom" if column <= len(parts) else f"{active - len(parts)} more"
            drawing.text((a + size / 2, top - 10), words, weight="bold")
            drawing.digit((0.5 + 0.5 * part / part.abs().max()).numpy(), (a, top), size=size)
            drawing.text((a - 30, top + size / 2 + 8), "+", size=24, weight="bold")
            drawing.arrow((a + size / 2, top + size + 3), (a + size / 2, top + size + 25))
            drawing.arrow((a - pitch + size + 6, top + 148), (a - 6, top + 148))
        drawing.digit(so_far.numpy(), (a, top + 108), size=size)
    names = ("bias *b*", "*b* + 1 atom", *(f"*b* + {k} atoms" for k in (2, 3, 4)), f"restored {X_HAT}")
    for column, name in enumerate(names):
        drawing.text((28 + column * pitch + size / 2, top + 208), name)
    drawing.save()
