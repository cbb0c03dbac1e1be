"""Controls of notebook 04: what a greedy layer loses and why, and pretraining compared with a better start."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Sequence

import torch
from bench import Numbers, control
from torch import nn
from torch.nn import functional as F

from aecourse.data import ImageSet, load_mnist
from aecourse.evaluation import mse, pca_mse, reconstruct, reconstruction_mse
from aecourse.evaluation.probes import tuned_ridge_accuracy
from aecourse.models import PCA, Classifier, StackedAutoencoder
from aecourse.training import fit, fit_layerwise
from aecourse.zoo import load_split
from aecourse.zoo.weights import shared_weights

SIZES = (784, 256, 128, 32)
RATES = (0.001, 0.002, 0.004, 0.008, 0.016)  # of the race, for every contender
GREEDY_RATES = (0.002, 0.004, 0.008)
LONG_RATE = 0.004  # of the long race: the best of most contenders in the middle one
STARTS = {"default": None, "Xavier": 1.0, "Xavier, gain 5/3": 5 / 3}  # gains


@functools.cache
def pca() -> PCA:
    """Return the 256 components of the 55,000 digits."""
    return PCA.fit(load_split()[0].x, 256)


def xavier(model: nn.Module, gain: float | None) -> nn.Module:
    """Draw all weights anew after Glorot & Bengio (2010), biases 0; without a gain, leave PyTorch's default."""
    for part in model.modules() if gain else ():
        if isinstance(part, nn.Linear):
            nn.init.xavier_uniform_(part.weight, gain)
            nn.init.zeros_(part.bias)
    return model


def fresh(seed: int, *, activation: str = "tanh", gain: float | None = None, depth: int = 3) -> StackedAutoencoder:
    """Return an untrained stack 784 → 256 → 128 → 32."""
    torch.manual_seed(seed)
    return xavier(StackedAutoencoder(32, hidden=(256, 128), activation=activation, depth=depth), gain)


def greedy(seed: int, epochs: int, *, hidden: Sequence[int] = (256, 128), k: int = 32, **options) -> StackedAutoencoder:
    """Return a stack after greedy pretraining on the 55,000 digits, and nothing else."""
    torch.manual_seed(seed)
    stack = StackedAutoencoder(k, hidden=hidden)
    fit_layerwise(stack, load_split()[0].x, epochs=epochs, seed=seed, progress=False, **options)
    return stack


def by_depth(stack: StackedAutoencoder, name: str) -> Numbers:
    """Return the test error with the first layers only, for each depth."""
    found = {}
    for depth in range(1, len(stack.layers) + 1):
        stack.depth = depth
        found[f"{name}, {depth}"] = reconstruction_mse(stack, load_mnist()[1].x)
    return found


@control(
    "Greedy layers of equal width cost little; one block with 32 numbers beats a greedy stack that ends in 32.",
    "PCA with as many numbers, also cut to [0, 1]; fewer blocks with the same 32 numbers; three blocks of equal width",
)
def layers(seed: int) -> Numbers:
    """Return test errors after four epochs for each layer."""
    x, test = load_split()[0].x, load_mnist()[1].x
    errors, found = pca_mse(pca().components, pca().mean, test), {}
    with torch.inference_mode():
        z = pca().encode(test)
        for k in SIZES[1:]:
            found[f"PCA-{k}"] = errors[k - 1]
            found[f"PCA-{k}, cut to [0, 1]"] = mse(test, pca().decode(z[:, :k]).clamp(0, 1))
    stack = greedy(seed, 4)
    found |= by_depth(stack, "256-128-32")
    stack.depth = 2
    with torch.inference_mode():
        codes, test_codes = stack.encode(x).clone(), stack.encode(test)
        linear = PCA.fit(codes, 32)
        found["256-128, then PCA-32 of the codes"] = mse(test, stack.decode(linear.decode(linear.encode(test_codes))))
    found |= by_depth(greedy(seed, 4, hidden=(256,)), "256-32")
    found |= by_depth(greedy(seed, 4, hidden=()), "32")
    return found | by_depth(greedy(seed, 4, hidden=(256, 256), k=256), "256-256-256")


def on_pixels(stack: StackedAutoencoder, index: int, seed: int, epochs: int) -> None:
    """Train one layer of a stack, those below it frozen, to restore the pixels through the frozen decoders."""
    torch.manual_seed(seed)
    new = StackedAutoencoder(stack.sizes[-1], hidden=stack.sizes[1:-1]).layers[index]
    below = stack.layers[:index].requires_grad_(False)

    def loss(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            z = x
            for part in below:
                z = part.encoder(z)
        x_hat = layer(z)
        for part in reversed(below):
            x_hat = part.decoder(x_hat)
        return F.mse_loss(x_hat, x)

    fit(nn.Sequential(new.encoder, new.decoder), load_split()[0].x, loss=loss, epochs=epochs, seed=seed, progress=False)
    stack.layers[index].load_state_dict(new.state_dict())


@control(
    "A top layer that restores the pixels instead of codes loses less; the middle layer hardly differs.",
    "The same layers, trained on codes for as many epochs, above the same first layer",
)
def codes_or_pixels(seed: int) -> Numbers:
    """Return the test error with two and three layers, trained on codes or on pixels, after 1 and 4 epochs each."""
    found = {}
    for epochs in (1, 4):
        stack = greedy(seed, epochs)
        found |= by_depth(stack, f"{epochs} epochs, on codes")
        only_top = copy.deepcopy(stack)
        on_pixels(only_top, 2, seed, epochs)
        found[f"{epochs} epochs, only the top layer on pixels, 3"] = reconstruction_mse(only_top, load_mnist()[1].x)
        on_pixels(stack, 1, seed, epochs)
        on_pixels(stack, 2, seed, epochs)
        found |= by_depth(stack, f"{epochs} epochs, on pixels")
    return found


def race(seed: int, *, activation: str = "tanh", gain: float | None = None, count: int = 55_000) -> Numbers:
    """Return validation and test error after four epochs end to end, for every rate."""
    (fitting, valid), test, found = load_split(), load_mnist()[1], {}
    for lr in RATES:
        model = fresh(seed, activation=activation, gain=gain)
        fit(model, fitting.x[:count], epochs=4, lr=lr, seed=seed, progress=False)
        found |= {f"valid, {lr:g}": reconstruction_mse(model, valid.x)}
        found |= {f"test, {lr:g}": reconstruction_mse(model, test.x)}
    return found


def greedy_race(seed: int, *, gain: float | None = None, count: int = 55_000) -> Numbers:
    """Return the errors after an epoch for each layer and one for all, for every rate of the last epoch.

    Each of them begins from the pretraining, at one of three rates, that serves it best on the validation digits.
    """
    (fitting, valid), test, found = load_split(), load_mnist()[1], {}
    stacks, x = [], fitting.x[:count]
    for lr in GREEDY_RATES:
        stacks.append(fresh(seed, gain=gain, depth=0))
        fit_layerwise(stacks[-1], x, epochs=1, lr=lr, seed=seed, progress=False)
    best = min(stacks, key=lambda stack: reconstruction_mse(stack, valid.x))
    found["before tuning"] = reconstruction_mse(best, test.x)
    for lr in RATES:
        tuned = []
        for stack in stacks:
            tuned.append(copy.deepcopy(stack))
            fit(tuned[-1], x, epochs=1, lr=lr, seed=seed, progress=False)
        chosen = min(tuned, key=lambda model: reconstruction_mse(model, valid.x))
        found |= {f"valid, {lr:g}": reconstruction_mse(chosen, valid.x)}
        found |= {f"test, {lr:g}": reconstruction_mse(chosen, test.x)}
    return found


SAME_STEPS = "every contender at 3,440 steps, with five rates, the best of which validation digits choose"


@control("End to end from PyTorch's default start, with tanh units.", SAME_STEPS)
def race_default(seed: int) -> Numbers:
    """Return the errors for every rate."""
    return race(seed)


@control("End to end from Xavier's start with gain 1, with tanh units.", SAME_STEPS)
def race_xavier(seed: int) -> Numbers:
    """Return the errors for every rate."""
    return race(seed, gain=1.0)


@control("End to end from Xavier's start with gain 5/3: the smallest error of all tanh networks.", SAME_STEPS)
def race_gain(seed: int) -> Numbers:
    """Return the errors for every rate."""
    return race(seed, gain=5 / 3)


@control("End to end from PyTorch's default start, with GELU units.", SAME_STEPS)
def race_gelu(seed: int) -> Numbers:
    """Return the errors for every rate."""
    return race(seed, activation="gelu")


@control("Greedy and tuned is no better than end to end, with tanh units.", SAME_STEPS)
def race_greedy(seed: int) -> Numbers:
    """Return the errors for every rate of the tuning."""
    return greedy_race(seed)


@control("In the middle race greedy and tuned does not profit from Xavier's start: a block is shallow.", SAME_STEPS)
def race_greedy_gain(seed: int) -> Numbers:
    """Return the errors for every rate of the tuning."""
    return greedy_race(seed, gain=5 / 3)


def at_best_rate(found: Numbers) -> float:
    """Return the test error at the rate that is best on the validation digits."""
    return found[f"test, {min(RATES, key=lambda lr: found[f'valid, {lr:g}']):g}"]


@control(
    "With a fifth of the steps, 688 on 11,000 digits, the order of the race is another.",
    "every contender at 688 steps, with five rates, the best of which validation digits choose",
)
def race_short(seed: int) -> Numbers:
    """Return the test error of every contender at its best rate."""
    return {
        "greedy": at_best_rate(greedy_race(seed, count=11_000)),
        "greedy, gain 5/3": at_best_rate(greedy_race(seed, gain=5 / 3, count=11_000)),
        "default": at_best_rate(race(seed, count=11_000)),
        "gain 5/3": at_best_rate(race(seed, gain=5 / 3, count=11_000)),
        "gelu": at_best_rate(race(seed, activation="gelu", count=11_000)),
    }


@control(
    "With three times the steps, 10,320, the default start has caught up with Xavier's.",
    "the control `race_short` and those with 3,440 steps; the rates are the best of those",
)
def race_long(seed: int) -> Numbers:
    """Return the test errors of the tanh network from two starts, end to end."""
    found, (fitting, _) = {}, load_split()
    for name, gain in (("default", None), ("gain 5/3", 5 / 3)):
        model = fresh(seed, gain=gain)
        fit(model, fitting.x, epochs=12, lr=LONG_RATE, seed=seed, progress=False)
        found[name] = reconstruction_mse(model, load_mnist()[1].x)
    return found


@control(
    "With three times the steps, 10,320, the greedy stack stays behind.",
    "the control `race_long`; three epochs for each layer and three for all",
)
def race_long_greedy(seed: int) -> Numbers:
    """Return the test errors of the greedy and tuned stack and of the GELU network."""
    (fitting, _), test = load_split(), load_mnist()[1]
    stack, gelu = fresh(seed, depth=0), fresh(seed, activation="gelu")
    fit_layerwise(stack, fitting.x, epochs=3, lr=LONG_RATE, seed=seed, progress=False)
    fit(stack, fitting.x, epochs=3, lr=LONG_RATE, seed=seed, progress=False)
    fit(gelu, fitting.x, epochs=12, lr=LONG_RATE, seed=seed, progress=False)
    return {"greedy": reconstruction_mse(stack, test.x), "gelu": reconstruction_mse(gelu, test.x)}


def layer_gradients(model: StackedAutoencoder, x: torch.Tensor) -> list[float]:
    """Return the root mean square of the loss's gradient in each weight matrix, input side first."""
    weights = [layer.encoder[0].weight for layer in model.layers]
    weights += [layer.decoder[0].weight for layer in reversed(model.layers)]
    gradients = torch.autograd.grad(F.mse_loss(model(x), x), weights)
    return [gradient.square().mean().sqrt().item() for gradient in gradients]


@control(
    "At the default start the gradient of the first layer is smaller than that of the last, most for sigmoid units.",
    "Xavier's start, for tanh with gain 5/3, for sigmoid with gain 4; GELU",
    quick=True,
)
def gradients(seed: int) -> Numbers:
    """Return the gradient's size in the first matrix as a share of that in the last."""
    x, found = load_split()[0].x[:1_000], {}
    for activation, gain in (("tanh", None), ("tanh", 1.0), ("tanh", 5 / 3), ("gelu", None), ("sigmoid", None)):
        sizes = layer_gradients(fresh(seed, activation=activation, gain=gain), x)
        found[f"{activation}, {'default' if gain is None else f'Xavier {gain:.3g}'}"] = sizes[0] / sizes[-1]
    sizes = layer_gradients(fresh(seed, activation="sigmoid", gain=4.0), x)
    return found | {"sigmoid, Xavier 4": sizes[0] / sizes[-1]}


def teach(
    model: nn.Module, digits: ImageSet, epochs: int, batch_size: int, descent: torch.optim.Optimizer, seed: int
) -> nn.Module:
    """Minimise cross-entropy; the rate falls linearly to 0, the momentum is constant."""
    shuffler = torch.Generator().manual_seed(seed)
    steps = epochs * -(-len(digits) // batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(descent, lambda step: 1 - step / steps)
    for _ in range(epochs):
        for index in torch.randperm(len(digits), generator=shuffler).split(batch_size):
            loss = F.cross_entropy(model(digits.x[index]), digits.y[index])
            descent.zero_grad()
            loss.backward()
            descent.step()
            schedule.step()
    return model


@torch.inference_mode()
def accuracy(model: nn.Module, digits: ImageSet) -> float:
    """Return the share of digits classified correctly, in per cent."""
    return 100 * (model(digits.x).argmax(1) == digits.y).float().mean().item()


def best_rate(
    build: Callable[[], nn.Module], digits: ImageSet, plan: tuple[int, int], rates: Sequence[float], seed: int, **sgd
) -> tuple[float, float]:
    """Return the test accuracy at the rate that classifies most validation digits correctly, and that rate.

    Adam is used, or gradient descent if `sgd` has any option.
    """
    valid, test, tries = load_split()[1], load_mnist()[1], []
    for lr in rates:
        torch.manual_seed(seed)
        model = build()
        weights = model.parameters()
        descent = torch.optim.SGD(weights, lr, **sgd) if sgd else torch.optim.Adam(weights, lr, fused=True)
        teach(model, digits, *plan, descent, seed)
        tries.append((accuracy(model, valid), accuracy(model, test), lr))
    return max(tries)[1:]


PLAN = {100: (40, 32), 300: (16, 32), 1_000: (10, 32), 10_000: (2, 64), 55_000: (1, 128)}  # labels: epochs, batch
DEEP_RATES, PLAIN_RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2), (3e-3, 1e-2, 3e-2, 1e-1, 3e-1)


def contenders(seed: int) -> dict[str, Callable[[], nn.Module]]:
    """Return what builds each classifier; two of them were pretrained with as many steps, without labels."""
    stack, together = greedy(seed, 1), fresh(seed, gain=5 / 3)
    fit(together, load_split()[0].x, epochs=4, seed=seed, progress=False)
    fit(stack, load_split()[0].x, epochs=1, seed=seed, progress=False)
    return {
        "pretrained": lambda: Classifier(stack),
        "pretrained end to end": lambda: Classifier(together),
        "random start": lambda: Classifier(StackedAutoencoder(32, hidden=(256, 128), depth=3)),
        "Xavier start": lambda: Classifier(xavier(StackedAutoencoder(32, hidden=(256, 128), depth=3), 5 / 3)),
        "GELU": lambda: Classifier(StackedAutoencoder(32, hidden=(256, 128), activation="gelu", depth=3)),
        "plain": lambda: nn.Linear(784, 10),
    }


def label_sweep(seed: int, counts: Sequence[int]) -> Numbers:
    """Return the test accuracy of every contender with each number of labels, and its chosen rate."""
    fitting, found = load_split()[0], {}
    order = torch.randperm(len(fitting), generator=torch.Generator().manual_seed(seed))
    for name, build in contenders(seed).items():
        rates = PLAIN_RATES if name == "plain" else DEEP_RATES
        for n in counts:
            found[f"{name}, {n}"], found[f"rate of {name}, {n}"] = best_rate(
                build, fitting[order[:n]], PLAN[n], rates, seed
            )
    return found


@control(
    "Pretraining helps with few labels, but no more than a better start or a better unit does.",
    "The same network from two random starts, a GELU network, logistic regression; paired by draw of the labels",
    seeds=10,
)
def few_labels(seed: int) -> Numbers:
    """Return the test accuracy in per cent with 100, 300 and 1,000 labels."""
    return label_sweep(seed, (100, 300, 1_000))


@control(
    "With many labels pretraining gains less, and no more than a better start or a better unit.",
    "The same network from two random starts, a GELU network, logistic regression; paired by draw of the labels",
    seeds=5,
)
def many_labels(seed: int) -> Numbers:
    """Return the test accuracy in per cent with 10,000 and with all 55,000 labels."""
    return label_sweep(seed, (10_000, 55_000))


OLD_RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


def pretrain_by_descent(seed: int, x: torch.Tensor, valid: torch.Tensor) -> StackedAutoencoder:
    """Pretrain a stack of sigmoid units greedily as `fit_layerwise` does, by gradient descent with momentum .9."""
    stack = fresh(seed, activation="sigmoid", depth=0)
    for layer in stack.layers:
        tries = []
        for lr in (1.0, 3.0, 10.0, 30.0):
            part = copy.deepcopy(layer)
            descent = torch.optim.SGD(part.parameters(), lr, momentum=0.9)
            shuffler = torch.Generator().manual_seed(seed)
            for index in torch.randperm(len(x), generator=shuffler).split(32):
                loss = F.mse_loss(part(x[index]), x[index])
                descent.zero_grad()
                loss.backward()
                descent.step()
            tries.append((mse(valid, reconstruct(part, valid)), lr, part))
        layer.load_state_dict(min(tries, key=lambda found: found[0])[2].state_dict())
        stack.depth += 1
        with torch.no_grad():
            x, valid = layer.encoder(x), layer.encoder(valid)
    return stack


def old_starts(seed: int) -> dict[str, Callable[[], nn.Module]]:
    """Return what builds a classifier of sigmoid units from each start."""
    fitting, valid = load_split()
    unlabelled = fitting.x[:20_000]
    by_adam = fresh(seed, activation="sigmoid", depth=0)
    fit_layerwise(by_adam, unlabelled, epochs=1, seed=seed, progress=False)
    by_descent = pretrain_by_descent(seed, unlabelled, valid.x)

    def random(gain: float | None) -> nn.Module:
        stack = StackedAutoencoder(32, hidden=(256, 128), activation="sigmoid", depth=3)
        return Classifier(xavier(stack, gain))

    return {
        "pretrained by Adam": lambda: Classifier(by_adam),
        "pretrained by descent": lambda: Classifier(by_descent),
        "random, default": lambda: random(None),
        "random, Xavier gain 4": lambda: random(4.0),
    }


@control(
    "With sigmoid units, descent and one pass pretraining is worth tens of points; with Adam or a better start few.",
    "The same network from its random start, from Xavier's, and with Adam; pretrained by Adam and by descent itself",
)
def old_tools(seed: int) -> Numbers:
    """Return the test accuracy in per cent after one pass over 10,000 labels."""
    digits, found = load_split()[0][:10_000], {}
    for name, build in old_starts(seed).items():
        for tool, rates, options in (
            ("descent", OLD_RATES, {"momentum": 0.0}),
            ("descent with momentum", OLD_RATES, {"momentum": 0.9}),
            ("Adam", DEEP_RATES, {}),
        ):
            key = f"{name}, {tool}"
            found[key], found[f"rate of {key}"] = best_rate(build, digits, (1, 32), rates, seed, **options)
    return found


@control(
    "With ten times the steps the random start of sigmoid units arrives as well.",
    "The same starts after one pass: the control `old_tools`",
)
def old_tools_longer(seed: int) -> Numbers:
    """Return the test accuracy in per cent after ten passes over 10,000 labels."""
    digits, found = load_split()[0][:10_000], {}
    for name, build in old_starts(seed).items():
        if name != "pretrained by Adam":
            found[name], found[f"rate of {name}"] = best_rate(
                build, digits, (10, 32), OLD_RATES[:5], seed, momentum=0.9
            )
    return found


@control(
    "A ridge tuned for each input reads a little more from layer 1 than from pixels, and no more from 32 numbers than "
    "from PCA-32.",
    "Pixels, the linear part of layer 1, a random layer, PCA with as many numbers; penalties chosen on validation",
)
def probes(seed: int) -> Numbers:
    """Return the test accuracy in per cent from 5,000 labels, another draw with each seed."""
    (fitting, valid), test = load_split(), load_mnist()[1]
    greedy_stack, tuned = shared_weights("stacked-greedy"), shared_weights("stacked-tuned")
    labelled = fitting[torch.randperm(len(fitting), generator=torch.Generator().manual_seed(seed))[:5_000]]
    untrained = fresh(seed)
    inputs: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {"pixels": lambda x: x}
    for depth in (1, 2, 3):
        for name, stack in (("greedy", greedy_stack), ("random", untrained)):
            part = copy.deepcopy(stack)
            part.depth = depth
            inputs[f"{name}, {part.latent_dim}"] = part.encode
    inputs["linear part of layer 1, 256"] = greedy_stack.layers[0].encoder[0]
    inputs["tuned, 32"] = tuned.encode
    inputs |= {f"PCA, {k}": functools.partial(pca().encode, k=k) for k in SIZES[1:]}
    found = {}
    for name, encode in inputs.items():
        with torch.inference_mode():
            parts = [value for part in (labelled, valid, test) for value in (encode(part.x), part.y)]
        found[name] = 100 * tuned_ridge_accuracy(*parts)
    return found
