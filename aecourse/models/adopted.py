"""Any network as an autoencoder of the course: this adapter handles how networks of other people differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import nn
from torch.nn import functional as F

from aecourse.checks import is_bool
from aecourse.data.image_set import PIXELS, SIDE
from aecourse.device import own_random_numbers
from aecourse.models.base import Autoencoder, check_network, check_rows, in_evaluation_mode

SHAPES = ((PIXELS,), (1, SIDE, SIDE))  # tried in this order where no shape is given
TRIED = 3  # pictures to try a network on; two would pass as a pair (x, y)
SCALES = ((0, 1), (-1, 1))
Half = str | Callable[[nn.Module, torch.Tensor], torch.Tensor]


def adopt(
    net: nn.Module,
    *,
    shape: tuple[int, ...] | None = None,
    scale: tuple[int, int] = (0, 1),
    encode: Half | None = None,
    decode: Half | None = None,
    output: int | str | Callable | None = None,
    loss: Callable[[nn.Module, torch.Tensor], torch.Tensor | dict[str, torch.Tensor]] | None = None,
) -> Autoencoder:
    """Return any network of digits as an `Autoencoder`, which `fit`, the measures and the explorers take.

    The network itself is kept, not a copy: training the result trains the network. An Autoencoder of the course comes
    back as it is, and what torch.compile or DataParallel has wrapped is taken out of it. An `nn.Sequential` is cut into
    two halves behind its narrowest linear layer.

    Parameters
    ----------
    net : nn.Module
    shape : tuple, optional
        One picture as the network takes it: (784,), (1, h, w) or (3, h, w). For other sizes than 28 × 28 the digits are
        resized, and so is the output. Without it, (784,) and (1, 28, 28) are tried.
    scale : {(0, 1), (-1, 1)}
        The pixel values that stand for black and white.
    encode, decode : name of a method or part, or callable (net, x) → code and (net, z) → picture, optional
        Without them, `net.encode` and `net.decode`, else `net.encoder` and `net.decoder`. A code of any shape is
        flattened. A network without halves can be trained and judged, but has no code to show.
    output : position, key, or callable, optional
        Which part of what `net(x)` returns is the picture: 0, "x_hat", or a function such as `torch.sigmoid`. It is
        never guessed. If both halves are known, the picture is that of the decoder.
    loss : callable (net, x) → scalar tensor or dict of them, optional
        What training minimises, for pictures x of the network's own shape and scale. Without it, `net.loss(x)`; if
        there is none, the mean squared error.

    Raises
    ------
    TypeError, ValueError
        If the network does not take or return what is said here; the message says what to write instead.
    """
    check_network("net", net)
    net = bare(net)
    if isinstance(net, Autoencoder):
        return net
    if not isinstance(scale, tuple | list) or tuple(scale) not in SCALES:
        raise ValueError(f"scale must be (0, 1) or (-1, 1), the values of black and white; got {scale!r}")
    if shape is not None:
        sizes = isinstance(shape, tuple | list) and all(type(size) is int for size in shape)
        shape = tuple(shape) if sizes else (shape,)
        if not sizes or (shape != (PIXELS,) and not (len(shape) == 3 and shape[0] in (1, 3) and min(shape) > 0)):
            raise ValueError(f"shape must be ({PIXELS},), (1, height, width) or (3, height, width); got {shape}")
    for name, half in (("encode", encode), ("decode", decode)):
        if half is not None and not callable(getattr(net, half, None) if isinstance(half, str) else half):
            raise TypeError(f"{name} must name a method or part of net, or be a function of (net, x); got {half!r}")
    if output is not None and not callable(output) and (is_bool(output) or not isinstance(output, int | str)):
        raise TypeError(f"output must be a position, a key, or a function of what net(x) returns; got {output!r}")
    if loss is not None and not callable(loss):
        raise TypeError(f"loss must be a function of (net, x); got {loss!r}")
    return Adopted(net, shape, tuple(scale), encode, decode, output, loss)


def bare(net: nn.Module) -> nn.Module:
    """Return the network itself in what torch.compile or DataParallel has made of it."""
    net = getattr(net, "_orig_mod", net)
    return net.module if isinstance(net, nn.DataParallel | nn.parallel.DistributedDataParallel) else net


class Adopted(Autoencoder):
    """A network from outside the course, made by `adopt`; `net` is the network itself."""

    in_features = PIXELS
    latent_dim = 0  # if no encoder is known

    def __init__(self, net, shape, scale, encode, decode, output, loss) -> None:
        super().__init__(latent_dim=1)
        self.net, self.scale, self.output, self.author_loss = net, scale, output, loss
        self.halves = {"encode": _half(net, encode, "encode"), "decode": _half(net, decode, "decode")}
        self.both = all(self.halves.values())
        weight = next(net.parameters(), torch.empty(0))
        x = torch.linspace(0, 1, TRIED * PIXELS, device=weight.device, dtype=weight.dtype).view(TRIED, PIXELS)
        with torch.no_grad(), in_evaluation_mode(self), own_random_numbers(seed=0):
            self._find_shapes(x, SHAPES if shape is None else (shape,))
            try:
                x_hat = self(x)
            except (RuntimeError, LookupError, AttributeError) as error:  # a foreign network may raise anything
                raise ValueError(
                    f"net cannot be run on pictures {self.shape} ({error}); write adopt(net, encode=…, decode=…): "
                    "functions of (net, x) and of (net, z), where z is what encode returns"
                ) from error
            self._compare(x, x_hat, trusted=decode is not None)
        if self.resized:
            print(f"Digits are resized to {self.shape[1]} × {self.shape[2]} for this {type(net).__name__}, and back.")

    @property
    def resized(self) -> bool:
        """Whether the network takes pictures of another size than 28 × 28."""
        return len(self.shape) == 3 and self.shape[1:] != (SIDE, SIDE)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Return the code of each image, flattened; (n, 784) → (n, latent_dim)."""
        check_rows("x", x, PIXELS, model=self)
        return self._ask("encode", self._to_net(x)).flatten(1)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Return the image of each code; (n, latent_dim) → (n, 784)."""
        check_rows("z", z, self.latent_dim, model=self)
        return self._from_net(self._ask("decode", z.reshape(-1, *self.code_shape)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the image that the network makes of each; (n, 784) → (n, 784)."""
        return self.decode(self.encode(x)) if self.both else self._whole(x)

    def loss(self, x: torch.Tensor) -> torch.Tensor | dict[str, torch.Tensor]:
        """Return what the network's author minimises; without that, the mean squared error."""
        if self.author_loss is not None:
            return self.author_loss(self.net, self._to_net(x))
        own = getattr(self.net, "loss", None)
        if not callable(own):
            return F.mse_loss(self(x), x)
        try:
            return own(self._to_net(x))
        except TypeError as error:  # it wants more than pictures, as nn.MSELoss() does
            name = type(self.net).__name__
            raise TypeError(f"loss of this {name} cannot be computed ({error}); write adopt(net, loss=…)") from error

    def _to_net(self, x: torch.Tensor) -> torch.Tensor:
        """Rows of pixels in [0, 1] as the network takes them."""
        x = x.clone() if self.scale == (0, 1) else 2 * x - 1  # a network may change what it is given
        if len(self.shape) == 1:
            return x
        x = x.unflatten(1, (1, SIDE, SIDE))
        if self.resized:
            x = F.interpolate(x, self.shape[1:], mode="bilinear", antialias=True)
        return x.expand(-1, self.shape[0], -1, -1)

    def _from_net(self, picture: torch.Tensor) -> torch.Tensor:
        """Pictures as the network gives them as rows of pixels in [0, 1]."""
        if picture[0].numel() != torch.Size(self.shape).numel():
            raise ValueError(f"net must give back pictures {self.shape}, as it takes them; got {(*picture.shape[1:],)}")
        if len(self.shape) == 3:
            picture = picture.reshape(-1, *self.shape).mean(1, keepdim=True)
        if self.resized:
            picture = F.interpolate(picture, (SIDE, SIDE), mode="bilinear", antialias=True)
        x = picture.reshape(-1, PIXELS)
        return x if self.scale == (0, 1) else (x + 1) / 2

    def _ask(self, half: str, x: torch.Tensor) -> torch.Tensor:
        """What one half of the network makes of a batch."""
        if (function := self.halves[half]) is None:
            raise TypeError(
                f"it is not known how this {type(self.net).__name__} does {half}: write adopt(net, {half}=…), the name "
                f"of its method or part, or a function of (net, {'x' if half == 'encode' else 'z'})"
            )
        return _one(function(self.net, x), f"{half} of this {type(self.net).__name__}", f"{half}=lambda net, x: …[0]")

    def _whole(self, x: torch.Tensor) -> torch.Tensor:
        """The picture in what the network returns when it is called."""
        found = self.net(self._to_net(x))
        if self.output is not None:
            try:
                found = self.output(found) if callable(self.output) else found[self.output]
            except (LookupError, TypeError, RuntimeError) as error:
                raise ValueError(
                    f"output {self.output!r} picks nothing of what the network returns: {error}"
                ) from error
        return self._from_net(_one(found, f"this {type(self.net).__name__}", "output=0"))

    def _find_shapes(self, x: torch.Tensor, shapes: tuple) -> None:
        """Find what shape of picture the network takes, and what shape its code has, by trying it on a few pictures."""
        first = self.halves["encode"] or (lambda net, x: net(x))
        for shape in shapes:
            self.shape = shape
            try:
                first(self.net, self._to_net(x))
                break
            except Exception as error:  # a foreign network may raise anything
                reason = f"{type(error).__name__}: {error}"
        else:
            tried = " or ".join(str(("n", *shape)).replace("'", "") for shape in shapes)
            raise ValueError(
                f"net does not take pictures {tried} ({reason}); write adopt(net, shape=…), e.g. (1, 32, 32), "
                "or encode=… and decode=… if its halves have other names"
            )
        if self.halves["encode"] is not None:
            z = self._ask("encode", self._to_net(x))
            self.code_shape, self.latent_dim = tuple(z.shape[1:]), z[0].numel()

    def _compare(self, x: torch.Tensor, x_hat: torch.Tensor, *, trusted: bool) -> None:
        """Raise an error if the halves that were found give another picture than the whole network."""
        if trusted or not self.both:
            return
        try:
            whole, again = self._whole(x), self._whole(x)
        except Exception as error:  # more than a picture, or it cannot be called with pictures alone
            if self.output is not None:
                raise ValueError(f"output must pick the picture of what net(x) returns: {error}") from error
            return
        if torch.equal(whole, again) and not torch.allclose(whole, x_hat, rtol=1e-3, atol=1e-4):
            raise ValueError(
                "net(x) and its halves give different pictures; say how the right one is made: decode=…, such as "
                "decode=lambda net, z: torch.sigmoid(net.decode(z)) where the decoder gives logits"
            )


def _half(net: nn.Module, half: Half | None, method: str) -> Callable | None:
    """One half of a network as a function of (net, x), which a copy of the network can be given too."""
    if half is None and isinstance(net, nn.Sequential):
        return lambda net, x: cut(net)[method == "decode"](x)
    if half is None:  # encode, else encoder
        half = next((name for name in (method, f"{method}r") if callable(getattr(net, name, None))), None)
    return (lambda net, x: getattr(net, half)(x)) if isinstance(half, str) else half


def cut(net: nn.Sequential) -> tuple[nn.Sequential, nn.Sequential]:
    """Both halves of layers in a row, cut behind the narrowest linear one."""
    layers = [layer for _, layer in leaves("", net)]
    places = [i for i, layer in enumerate(layers) if isinstance(layer, nn.Linear)][:-1]
    if not places:
        raise ValueError("net has fewer than two linear layers to be cut between; write encode=… and decode=…")
    code = min(places, key=lambda i: layers[i].out_features) + 1
    return nn.Sequential(*layers[:code]), nn.Sequential(*layers[code:])


def leaves(name: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The layers of nested `nn.Sequential`s in order, with their names."""
    if not isinstance(module, nn.Sequential) or type(module).forward is not nn.Sequential.forward:
        yield name, module
        return
    for inner, part in module.named_children():
        yield from leaves(f"{name}.{inner}", part)


def _one(found: object, whose: str, write: str) -> torch.Tensor:
    """Return what should be one tensor; the error lists what came instead."""
    if isinstance(found, torch.Tensor):
        if found.is_floating_point():
            return found
        raise TypeError(f"{whose} returns numbers of {found.dtype}; make them real: {write.partition('=')[0]}=…")
    parts = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, tuple | list) else ()
    came = ", ".join(f"{key!r}: {tuple(part.shape)}" for key, part in parts if isinstance(part, torch.Tensor))
    raise TypeError(
        f"{whose} returns a {type(found).__name__} ({came}); say which part is meant: {write}, or an attribute of it"
    )
