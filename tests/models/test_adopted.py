"""Anybody's network: what `adopt` is told, what it finds out, and what it refuses to guess."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from helpers.foreign import FOREIGN, Autoencoder as Basic, Both, Halves, Lin, Logits, Seq, Vae, vae_loss
from helpers.strategies import junk, refuses
from hypothesis import given
from torch import nn
from torch.nn import functional as F

from aecourse.evaluation import reconstruct, reconstruction_mse
from aecourse.explorers import BottleneckExplorer, DrawingPad, LatentMapExplorer
from aecourse.explorers.base.network import for_display
from aecourse.models import DenseAutoencoder, adopt
from aecourse.training import fit
from aecourse.zoo.weights import load_weights, save_weights

WITHOUT_A_CODE = {"models basic"}
each_network = pytest.mark.parametrize("name", FOREIGN)


def adopted(name: str):
    """One of the networks, with the same weights each time, and what it became."""
    torch.manual_seed(0)
    net, told = FOREIGN[name]()
    return net, adopt(net, **told)


def test_enough_of_them():
    """The 22 that the field's 24 must come to: one of the others needs labels, one stops by itself."""
    assert len(FOREIGN) == 22


@each_network
def test_it_trains_and_is_judged(name, mnist):
    """Three lines: adopt, fit, judge. The network itself learns, and the error falls by a fifth."""
    net, model = adopted(name)
    train, test = (part.x[:count] for part, count in zip(mnist, (1_500, 100), strict=True))
    before, weights = reconstruction_mse(model, test), copy.deepcopy(net.state_dict())
    fit(model, train, epochs=3, lr=0.01, progress=False)
    assert reconstruction_mse(model, test) < 0.8 * before
    assert any(not torch.equal(now, weights[key]) for key, now in net.state_dict().items())
    x_hat = reconstruct(model, test)
    assert x_hat.shape == test.shape
    assert float(F.mse_loss(x_hat, test)) == pytest.approx(reconstruction_mse(model, test))


@pytest.mark.parametrize("name", sorted(FOREIGN.keys() - WITHOUT_A_CODE))
def test_it_is_shown_live(name, mnist, strokes):
    """In the drawing pad and in the bottleneck explorer, with the numbers that the network itself gives."""
    _, model = adopted(name)
    x = mnist[1].x[:10]
    pad = DrawingPad(model)
    pad.ink = strokes.tobytes()
    rows = pad.rows(**pad.settings())
    with torch.no_grad():
        torch.testing.assert_close(rows["restored"], model.eval()(rows["stored"]), atol=1e-5, rtol=1e-4)
    explorer = BottleneckExplorer(model=model, images=x)
    shown = explorer.rows(**explorer.settings())
    with torch.no_grad():
        torch.testing.assert_close(shown[f"autoencoder-{model.latent_dim}"], model(x), atol=1e-5, rtol=1e-4)
    assert explorer.static_png().startswith(b"\x89PNG")


@each_network
def test_its_weights_are_kept(name, tmp_path, mnist):
    """What any network holds is stored and filled into another of its kind."""
    net, model = adopted(name)
    path = save_weights(model, tmp_path / "net.safetensors", dtype=torch.float32)
    torch.manual_seed(1)
    other = load_weights(path, into=FOREIGN[name]()[0])
    assert all(torch.equal(other.state_dict()[key], value) for key, value in net.state_dict().items())
    assert "into=net" in refuses("weights", load_weights, path)


def test_pictures_go_in_and_come_out_as_the_network_wants_them(mnist):
    """Between black and white at -1 and 1, with an axis for gray, in three colours: the same digits come back."""
    x = mnist[1].x[:5]
    for shape in ((784,), (1, 28, 28), (3, 28, 28)):
        for scale in ((0, 1), (-1, 1)):
            seen = []

            class Copy(nn.Module):
                def forward(self, x, seen=seen):
                    seen.append(x)
                    return x

            model = adopt(Copy(), shape=shape, scale=scale)
            torch.testing.assert_close(model(x), x, atol=1e-6, rtol=0)
            assert seen[-1].shape == (5, *shape)
            assert (seen[-1].min().item(), seen[-1].max().item()) == (scale[0], 1)


def test_another_size_is_said(capsys, mnist):
    """The digits of a network of 32 × 32 are resized, and what comes back is hardly softer."""
    model = adopt(nn.Identity(), shape=(1, 32, 32))
    assert "32 × 32" in capsys.readouterr().out
    x = mnist[1].x[:50]
    assert reconstruction_mse(model, x) < 0.005


def test_our_own_pass_through():
    """An Autoencoder comes back as it is, and shows no more than it did."""
    ours = DenseAutoencoder(4)
    assert adopt(ours) is ours


def test_layers_in_a_row_are_cut_at_the_narrowest(mnist):
    """Nested or not, behind its narrowest linear layer; the parts share the weights."""
    flat = Seq(Lin(784, 50), nn.ReLU(), Lin(50, 6), nn.ReLU(), Lin(6, 50), nn.ReLU(), Lin(50, 784), nn.Sigmoid())
    nested = Seq(flat[:4], flat[4:])
    x = mnist[1].x[:3]
    for net in (flat, nested):
        model = adopt(net)
        assert model.latent_dim == 6 and torch.equal(model.encode(x), flat[:3](x)) and torch.equal(model(x), flat(x))


@pytest.mark.parametrize(
    ("net", "told", "words"),
    [
        (Vae(), {}, r"encode of this Vae returns a tuple \(0: \(3, 8\), 1: \(3, 8\)\)"),
        (Basic(), {}, r"returns a tuple \(0: \(3, 784\), 1: \(3, 784\)\).*output=0"),
        (Logits(), {"encode": "squeeze", "decode": "nothing"}, "decode must name a method"),
        (Halves(Lin(784, 3), Lin(3, 700)), {}, r"give back pictures \(784,\).*got \(700,\)"),
        (Lin(20, 20), {}, r"does not take pictures .*784.* or .*28, 28.*shape="),
        (Lin(784, 784), {"scale": (0, 255)}, r"scale must be \(0, 1\) or \(-1, 1\)"),
        (Lin(784, 784), {"shape": (28, 28)}, "shape must be"),
        (Lin(784, 784), {"loss": 3}, "loss must be a function"),
        (Lin(784, 784), {"scale": 255}, "scale must be"),
        (Lin(784, 784), {"shape": 785}, "shape must be"),
        (Lin(784, 784), {"shape": "28x28"}, "shape must be"),
        (Basic(), {"output": 5}, "output 5 picks nothing"),
        (Both(Lin(784, 3), Lin(3, 784)), {"output": "x_hat"}, "output must pick the picture"),
        (Seq(nn.Conv2d(1, 1, 1)), {}, "fewer than two linear layers"),
        (
            Halves(Lin(784, 16), Lin(8, 784)),
            {},
            r"cannot be run on pictures \(784,\).*adopt\(net, encode=…, decode=…\)",
        ),
        (Lin(784, 784), {"output": lambda x: x.cfloat()}, "returns numbers of torch.complex64"),
    ],
    ids=[
        *("codes", "pictures", "no such method", "width", "size", "scale", "shape", "loss", "one number", "one size"),
        *("words", "no such part", "no such key", "no cut", "wide code", "complex"),
    ],
)
def test_what_is_wrong_says_what_to_write(net, told, words):
    """Nothing is guessed: the message lists what came and the argument that settles it."""
    with pytest.raises((TypeError, ValueError), match=words):
        adopt(net, **told)


def test_logits_are_not_taken_for_the_picture():
    """Halves whose decoder gives logits, in a network that gives pictures: the two disagree, and that is said."""

    class Forgetful(Halves):
        def forward(self, x):
            return torch.sigmoid(super().forward(x))

    torch.manual_seed(0)
    net = Forgetful(Lin(784, 3), Lin(3, 784))
    with pytest.raises(ValueError, match="different pictures"):
        adopt(net)
    assert adopt(net, decode=lambda net, z: torch.sigmoid(net.decoder(z))).latent_dim == 3


def test_a_network_without_a_code_is_trained_but_not_shown(mnist):
    """It says which argument would name its code."""
    model = adopt(Basic(), output=1)
    assert np.isfinite(reconstruction_mse(model, mnist[1].x[:10]))
    for show in (DrawingPad, LatentMapExplorer, lambda net: BottleneckExplorer(model=net)):
        assert "encode=" in refuses("model", show, model)
    with pytest.raises(TypeError, match="encode="):
        model.encode(mnist[1].x[:2])


def test_the_authors_loss_is_minimised(mnist):
    """Number for number, on pictures of the network's own shape."""
    torch.manual_seed(0)
    net, x = Vae(), mnist[0].x[:64]
    model = adopt(net, encode=lambda net, x: net.encode(x)[0], loss=vae_loss)
    torch.manual_seed(5)
    expected = vae_loss(net, x)
    torch.manual_seed(5)
    assert torch.equal(model.loss(x), expected)


def test_a_loss_that_wants_more_says_what_to_write(mnist):
    """As an attribute of torch's does; without any, the mean squared error is minimised."""
    net, x = Halves(Lin(784, 3), Lin(3, 784)), mnist[0].x[:50]
    assert torch.equal(adopt(net).loss(x), F.mse_loss(net(x), x))
    net.loss = nn.MSELoss()
    assert "adopt(net, loss=…)" in refuses("loss", fit, adopt(net), x, epochs=1, progress=False)
    model = adopt(net, loss=lambda net, x: net.loss(net(x), x))
    assert torch.equal(model.loss(x), F.mse_loss(net(x), x))


def test_it_is_shown_as_it_is_now():
    """A copy on the CPU, in evaluation mode and float32; the network that learns stays in its mode."""
    net = Halves(Lin(784, 4), Lin(4, 784)).double().train()
    shown = for_display(net)
    assert net.training and not shown.training and next(shown.parameters()).dtype == torch.float32
    net.encoder.weight.data.fill_(float("nan"))
    assert shown.net.encoder.weight.isfinite().all()
    assert "NaN" in refuses("model", for_display, net)


def test_codes_of_many_numbers_get_a_map(mnist):
    """The plane of their first two principal components, which the caption names."""
    torch.manual_seed(0)
    explorer = LatentMapExplorer(Halves(Seq(Lin(784, 20), nn.Tanh()), Lin(20, 784)), mnist[1][:300])
    codes = explorer.model.encode(mnist[1].x[:300]).detach().double()
    centred = codes - codes.mean(0)
    values = torch.linalg.svdvals(centred) ** 2
    assert explorer.setup["plane"]["share"] == pytest.approx(float(values[:2].sum() / values.sum()), rel=1e-6)
    place = torch.from_numpy(explorer.map.codes[:1]).float()
    explorer.z1, explorer.z2 = place[0].tolist()
    z = explorer.plane.decode(place.double()).float()
    with torch.no_grad():
        torch.testing.assert_close(explorer.rows(**explorer.settings())["decoded"], explorer.model.decode(z))


@pytest.mark.parametrize("wrap", [lambda net: torch.compile(net, backend="eager"), nn.DataParallel])
def test_wrapped_networks_are_taken_out(wrap, tmp_path, mnist):
    """Their halves are found, and their weights go into the same network with or without the wrapping."""
    torch.manual_seed(0)
    net, x = Halves(Lin(784, 3), Lin(3, 784)), mnist[1].x[:3]
    for ours, other in ((wrap(net), Halves(Lin(784, 3), Lin(3, 784))), (net, wrap(Halves(Lin(784, 3), Lin(3, 784))))):
        assert adopt(ours).net is net and adopt(ours).latent_dim == 3
        path = save_weights(ours, tmp_path / "net.safetensors", dtype=torch.float32)
        assert torch.equal(load_weights(path, into=other)(x), net(x))


def test_a_layer_that_is_used_twice_is_stored(tmp_path):
    """Under both of its names."""
    net = Seq(Lin(784, 3), Lin(3, 784))
    net.again = net[0]
    path = save_weights(net, tmp_path / "net.safetensors", dtype=torch.float32)
    other = Seq(Lin(784, 3), Lin(3, 784))
    other.again = other[0]
    assert torch.equal(load_weights(path, into=other).again.weight, net[0].weight)


def test_a_network_that_takes_a_pair(mnist):
    """(x, y) in one argument: refused at the door, and no reason against halves that are known."""

    class Pair(Halves):
        def forward(self, batch):
            x, _ = batch
            return super().forward(x)

    assert adopt(Pair(Lin(784, 3), Lin(3, 784))).latent_dim == 3
    with pytest.raises(ValueError, match="does not take pictures"):
        adopt(Pair(Lin(784, 3), Lin(3, 784)), encode=lambda net, x: net((x, None))[:0] if len(x) == 2 else net(x))


def test_images_are_not_changed(mnist):
    """By networks that work in place."""

    class InPlace(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = Lin(784, 784)

        def forward(self, x):
            return self.layer(x.sub_(0.5))

    net, x = InPlace(), mnist[1].x[:20].clone()
    for model in (net, adopt(net)):
        fit(model, x, validation=x, loss=lambda net, x: net(x).square().mean(), epochs=1, progress=False)
        reconstruction_mse(model, x)
        assert torch.equal(x, mnist[1].x[:20])


def test_an_output_that_is_no_picture_is_reported(mnist):
    """Logits where a loss outside the network takes the sigmoid: the error says what to write."""
    net, x = Halves(Lin(784, 3), Lin(3, 784)), mnist[1].x[:20]
    nn.init.constant_(net.decoder.bias, -9.0)
    model = adopt(net, loss=lambda net, x: F.binary_cross_entropy_with_logits(net(x), x))
    with pytest.warns(UserWarning, match=r"if these are logits, adopt\(net, decode="):
        reconstruction_mse(model, x)
    assert "logits" in refuses("model", lambda: BottleneckExplorer(model=model))
    model = adopt(net, loss=lambda net, x: F.binary_cross_entropy(net(x), x))
    with pytest.raises(RuntimeError, match="end with a sigmoid"):
        fit(model, x, epochs=1, progress=False)


@given(net=junk)
def test_what_is_no_network(net):
    """Is named."""
    refuses("net", adopt, net)
