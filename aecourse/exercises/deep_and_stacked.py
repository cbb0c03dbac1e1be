"""Checks of the answers to the exercises of notebooks/04_deep_and_stacked.ipynb."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.nn import functional as F

from aecourse.exercises.checking import Hint, agree, compare, exercise
from aecourse.exercises.conversion import as_array, as_number, as_parts, call
from aecourse.models import ShallowAutoencoder, StackedAutoencoder


@exercise("04.1", "medium")
def greedy_loop(answer) -> Hint:
    """Expect a function (blocks, x, train) that trains each block on the codes of the one below."""
    torch.manual_seed(0)
    blocks = [ShallowAutoencoder(6, in_features=6, output="sigmoid" if i == 0 else "tanh") for i in range(3)]
    for number, block in enumerate(blocks):
        block.number = number
    x, calls = torch.rand(4, 6), []

    def train(block: nn.Module, codes: torch.Tensor) -> None:
        calls.append((block.number, codes.detach().clone(), codes.requires_grad))
        with torch.no_grad():
            for weight in block.parameters():
                weight.mul_(-2)

    found = as_array(call(answer, blocks, x, train, before=calls.clear))
    numbers = [number for number, *_ in calls]
    if sorted(numbers) != [0, 1, 2]:
        return f"each block is trained once; `train` was called {len(calls)} times for {len(set(numbers))} blocks"
    if numbers != [0, 1, 2]:
        return "the lowest block is trained first: the others need its codes"
    with torch.no_grad():
        codes = x
        for (_, got, linked), block in zip(tuple(calls), copy.deepcopy(blocks), strict=True):
            if hint := _trained_on(got, codes, x, blocks, block):
                return f"block {block.number + 1}: {hint}"
            if linked:
                return "the codes still carry a gradient to the block that made them: .detach() them"
            train(block, codes)
            below, codes = codes, block.encode(codes)
    mistakes = {
        "those are the codes on which the top block was trained; encode them once more": below,
        "return the codes of the top block, not what it restores": block(below).detach(),
    }
    return compare(found, codes, mistakes)


def _trained_on(
    got: torch.Tensor, codes: torch.Tensor, x: torch.Tensor, blocks: list[ShallowAutoencoder], block: ShallowAutoencoder
) -> Hint:
    """Return what is wrong with the numbers that a block was trained on."""
    if agree(got, codes, 1e-4):
        return None
    if agree(got, x, 1e-4):
        return "it was trained on x; it should restore the codes of the block below"
    untrained = x
    for lower in blocks[: block.number]:
        untrained = lower.encode(untrained)
    if agree(got, untrained, 1e-4):
        return "its data are the codes of a block that was not trained yet: train first, then encode"
    return "it was not trained on the codes of the block below (.encoder, after its training)"


@exercise("04.2", "medium")
@torch.no_grad()
def through_the_stack(answer) -> Hint:
    """Expect a function (blocks, x) that encodes up through all blocks and decodes down again."""
    torch.manual_seed(0)
    for sizes in ((6, 6, 6, 6), (9, 5, 3)):  # equal sizes first, so that a wrong order runs and is recognised
        activations = ["tanh"] * (len(sizes) - 2) + ["linear"]  # of each encoder, and of the decoder above it
        blocks = [
            ShallowAutoencoder(above, in_features=below, output=output, activation=activation)
            for (below, above), output, activation in zip(
                itertools.pairwise(sizes), ["sigmoid", *activations], activations, strict=False
            )
        ]
        for weight in (p for block in blocks for p in block.parameters()):
            weight.mul_(3)  # far from linear, so that every order gives another result
        x = torch.rand(4, sizes[0])
        mistakes = _known_mistakes(blocks, x) if len(blocks) == 3 else {}
        if hint := compare(call(answer, blocks, x), StackedAutoencoder.from_layers(blocks)(x), mistakes):
            return hint
    return None


def _known_mistakes(blocks: list[ShallowAutoencoder], x: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return {hint: the result of that mistake for x}; all blocks must have the same size."""

    def run(*steps: nn.Module) -> torch.Tensor:
        return nn.Sequential(*steps)(x)

    up, down = [block.encoder for block in blocks], [block.decoder for block in blocks]
    return {
        "that is the code at the top; the decoders must bring it down again": run(*up),
        "the decoders run from the top block down to the first: reversed(blocks)": run(*up, *down),
        "the encoders run from the first block up to the top": run(*up[::-1], *down[::-1]),
        "encode from the first block up to the top, then decode from the top down to the first": run(*up[::-1], *down),
        "only the first block was used; the upper ones encode its code": run(*blocks[:1]),
        "only the top block was used; it needs the code of the blocks below": run(*blocks[-1:]),
        "each block has decoded before the next one encoded; first encode all the way up, then decode": run(*blocks),
        "the decoders got x; they need the code at the top": run(*down[::-1]),
    }


@exercise("04.3", "easy")
def xavier_bound(answer) -> Hint:
    """Expect a function (below, above, gain) → the bound of Xavier's uniform start."""
    for below, above, gain in ((784, 256, 1.0), (256, 128, 5 / 3), (128, 32, 5 / 3)):
        right = gain * math.sqrt(6 / (below + above))
        got = as_number(call(answer, below, above, gain))
        mistakes = {
            "that is the standard deviation; the bound of a uniform draw is √3 times as large": right / math.sqrt(3),
            "that is the bound without the square root": gain * 6 / (below + above),
            "that counts only the inputs; Xavier takes the mean of inputs and outputs": gain * math.sqrt(3 / below),
            "6 is divided by the sum of both sizes, not by their product": gain * math.sqrt(6 / (below * above)),
            "that is PyTorch's default bound": 1 / math.sqrt(below),
        }
        if gain != 1:
            mistakes |= {
                "the gain is missing": right / gain,
                "the gain stands before the square root": math.sqrt(gain * 6 / (below + above)),
            }
        otherwise = f"for {below} → {above} and gain {gain:.3g} you give {got:.4g}"
        if hint := compare(got, right, mistakes, tolerance=1e-6, otherwise=otherwise):
            return hint
    return None


@exercise("04.4", "medium")
def gradient_sizes(answer) -> Hint:
    """Expect a function (net, x) → the root mean square of the gradient of each weight matrix."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(9, 5), nn.Tanh(), nn.Linear(5, 3), nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 9))
    x = torch.rand(4, 9)
    gradients = torch.autograd.grad(F.mse_loss(net(x), x), list(net.parameters()))
    matrices = [gradient for gradient in gradients if gradient.ndim == 2]

    def sizes(measure: Callable[[torch.Tensor], torch.Tensor], parts: Sequence[torch.Tensor]) -> torch.Tensor:
        return torch.stack([measure(part) for part in parts])

    def root_mean_square(part: torch.Tensor) -> torch.Tensor:
        return part.square().mean().sqrt()

    right = sizes(root_mean_square, matrices)
    weights = [weight.detach() for weight in net.parameters() if weight.ndim == 2]
    mistakes = {
        "one number for each weight matrix: leave out the biases, which have one dimension": sizes(
            root_mean_square, gradients
        ),
        "that is the norm; larger matrices have larger norms: take the mean of the squares, not their sum": sizes(
            torch.norm, matrices
        ),
        "the square root is missing": right**2,
        "that is the mean; positive and negative numbers cancel in it: square them first": sizes(torch.mean, matrices),
        "those are the sizes of the weights; the gradient is in .grad": sizes(root_mean_square, weights),
        "the other order: the matrix nearest to the input comes first": right.flip(0),
        "the loss is the mean squared error; yours is a sum": right * x.numel(),
    }
    got = call(answer, net, x)
    if isinstance(got, list | tuple):
        got = [as_number(number) for number in got]
    return compare(torch.as_tensor(as_array(got)), right, mistakes)


@exercise("04.5", "easy")
def paired_difference(answer) -> Hint:
    """Expect a function (a, b) → the mean of the paired differences a − b and its standard error."""
    generator = torch.Generator().manual_seed(0)
    for n in (10, 5):
        draw = 3 * torch.randn(n, generator=generator).double()  # the effect of a draw, equal for both
        a = 80 + draw + 0.5 * torch.randn(n, generator=generator).double()
        b = 79 + draw + 0.5 * torch.randn(n, generator=generator).double()
        d = a - b
        mean, error = as_parts(call(answer, a, b), "the mean difference", "its standard error")
        if hint := compare(as_number(mean), d.mean(), {"that is b − a; take a − b": -d.mean()}):
            return f"the mean: {hint}"
        right = d.std() / math.sqrt(n)
        mistakes = {
            "that is the standard deviation of the differences; divide it by the root of their number": d.std(),
            "that treats a and b as independent; subtract draw by draw first": ((a.var() + b.var()) / n).sqrt(),
            "divide by the root of their number, not by the number": d.std() / n,
            "the deviation of a sample divides by n − 1 (ddof=1 in NumPy)": d.std(correction=0) / math.sqrt(n),
            "that is the variance of the mean; take its square root": d.var() / n,
        }
        if hint := compare(as_number(error), right, mistakes):
            return f"the mean is right; the standard error: {hint}"
    return None


@exercise("04.6", "stretch")
def pixel_loss(answer) -> Hint:
    """Expect a function (below, block, x) → the error in pixels of one block through the frozen decoders below it."""
    torch.manual_seed(0)
    blocks = [ShallowAutoencoder(6, in_features=6, output="sigmoid" if i == 0 else "tanh") for i in range(3)]
    with torch.no_grad():
        for weight in (p for block in blocks for p in block.parameters()):
            weight.mul_(3)  # far from linear, so that every order gives another result
    *below, block = blocks
    x = torch.rand(4, 6)

    def error(x_hat: torch.Tensor) -> torch.Tensor:
        return F.mse_loss(x_hat, x)

    z = x
    for part in below:
        z = part.encoder(z)
    z_hat = block(z)
    right = error(below[0].decoder(below[1].decoder(z_hat)))
    mistakes = {
        "that is the error of the codes; bring them down to pixels first": F.mse_loss(z_hat, z),
        "the block is left out": error(below[0].decoder(below[1].decoder(z))),
        "the decoders run from the top down: reversed(below)": error(below[1].decoder(below[0].decoder(z_hat))),
        "the block's code is not what it restores: send z through block(z)": error(
            below[0].decoder(below[1].decoder(block.encoder(z)))
        ),
        "that is the sum of the squares; take their mean": right * x.numel(),
        "the block got x; it needs the codes of the blocks below": error(below[0].decoder(below[1].decoder(block(x)))),
    }
    mistakes = {hint: wrong.detach() for hint, wrong in mistakes.items()}
    if hint := compare(as_number(call(answer, below, block, x)), right.detach(), mistakes):
        return hint
    again = copy.deepcopy((below, block, x))
    loss = call(lambda: answer(*again))  # not a copy of these: the gradient must reach this block
    if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
        return "the number is right, but no gradient leads from it to the block: only the encoding may have none"
    pairs = ((right, block), (loss, again[1]))
    wanted, got = (torch.autograd.grad(value, list(part.parameters()), allow_unused=True) for value, part in pairs)
    if any(part is None or not agree(part, other, 1e-3) for part, other in zip(got, wanted, strict=True)):
        return "the number is right, but the gradient does not pass through the whole block: do not detach inside"
    return None
