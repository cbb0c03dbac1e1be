"""Networks written in the styles of other courses and libraries, with the one call that adopts each of them.

Written for these tests, small; what matters is the form: how they take pictures, name
their halves, and what they return.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

Seq, Lin, Conv, Up = nn.Sequential, nn.Linear, nn.Conv2d, nn.ConvTranspose2d


class Vae(nn.Module):
    """Mean and log variance from `encode`, three things from `forward`; a loss outside (pytorch/examples)."""

    def __init__(self, hidden=40, code=8):
        super().__init__()
        self.fc1, self.mean, self.spread = Lin(784, hidden), Lin(hidden, code), Lin(hidden, code)
        self.fc3, self.fc4 = Lin(code, hidden), Lin(hidden, 784)

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.mean(h), self.spread(h)

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, 784))
        return self.decode(mu + torch.randn_like(mu) * (logvar / 2).exp()), mu, logvar


def vae_loss(net, x):
    """The sum over pixels and code numbers, the mean over pictures."""
    x_hat, mu, logvar = net(x)
    kl = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum()
    return (F.binary_cross_entropy(x_hat, x.view(-1, 784), reduction="sum") + kl) / len(x)


class Halves(nn.Module):
    """Two attributes and a plain `forward`; the usual tutorial."""

    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, x):
        return self.decoder(self.encoder(x))


class Both(Halves):
    """`forward` returns the code and the picture."""

    def forward(self, x):
        z = self.encoder(x)
        return z, self.decoder(z)


class Autoencoder(nn.Module):
    """A class of the course's own name, with single layers and no halves; `forward` gives logits and the picture."""

    def __init__(self):
        super().__init__()
        self.linear_1, self.linear_2 = Lin(784, 16), Lin(16, 784)

    def forward(self, x):
        logits = self.linear_2(F.leaky_relu(self.linear_1(x)))
        return logits, torch.sigmoid(logits)


class Gaussian(nn.Module):
    """Four things from `forward`, the code in the middle of a tuple, logits from the decoder."""

    def __init__(self):
        super().__init__()
        self.hidden, self.z_mean, self.z_log_var = Lin(784, 30), Lin(30, 6), Lin(30, 6)
        self.up, self.out = Lin(6, 30), Lin(30, 784)

    def encoder(self, x):
        h = F.leaky_relu(self.hidden(x))
        mean, log_var = self.z_mean(h), self.z_log_var(h)
        return mean, log_var, mean + torch.randn_like(mean) * (log_var / 2).exp()

    def decoder(self, z):
        return self.out(F.leaky_relu(self.up(z)))

    def forward(self, x):
        mean, log_var, z = self.encoder(x)
        return mean, log_var, z, torch.sigmoid(self.decoder(z))


class Logits(nn.Module):
    """Convolutions written out in `forward`, upsampling by interpolation, and only logits come back."""

    def __init__(self):
        super().__init__()
        self.conv_1, self.conv_2 = Conv(1, 4, 3, padding=1), Conv(4, 2, 3, padding=1)
        self.conv_3, self.conv_4 = Conv(2, 4, 3, padding=1), Conv(4, 1, 3, padding=1)

    def squeeze(self, x):
        return F.max_pool2d(F.leaky_relu(self.conv_2(F.max_pool2d(F.leaky_relu(self.conv_1(x)), 2))), 2)

    def expand(self, z):
        return self.conv_4(F.interpolate(F.leaky_relu(self.conv_3(F.interpolate(z, scale_factor=2))), scale_factor=2))

    def forward(self, x):
        return self.expand(self.squeeze(x))


class Lightning(Halves):
    """Pictures of 32 × 32 in [-1, 1]; the loss has another name and takes a batch with labels (UvA, tutorial 9)."""

    def __init__(self, channels):
        down = Seq(Conv(channels, 4, 3, 2, 1), nn.GELU(), Conv(4, 8, 3, 2, 1), nn.GELU(), nn.Flatten(), Lin(8 * 64, 32))
        up = Seq(Lin(32, 8 * 64), nn.GELU(), nn.Unflatten(1, (8, 8, 8)), Up(8, 4, 3, 2, 1, 1), nn.GELU())
        super().__init__(down, Seq(*up, Up(4, channels, 3, 2, 1, 1), nn.Tanh()))

    def reconstruction_loss(self, batch):
        x, _ = batch
        return F.mse_loss(self(x), x, reduction="none").sum(dim=[1, 2, 3]).mean()


class Listed(nn.Module):
    """Lists from everything, a loss of keyword arguments that returns a dict (PyTorch-VAE)."""

    def __init__(self, samples=1, beta=1.0):
        super().__init__()
        self.body = Seq(Conv(3, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.LeakyReLU(), nn.Flatten(), Lin(4 * 32 * 32, 16))
        self.fc_mu, self.fc_var, self.samples, self.beta = Lin(16, 10), Lin(16, 10), samples, beta
        self.decoder_input, self.final = Lin(10, 4 * 32 * 32), Seq(Up(4, 3, 4, 2, 1), nn.Tanh())

    def encode(self, x):
        h = self.body(x)
        return [self.fc_mu(h), self.fc_var(h)]

    def decode(self, z):
        pictures = self.final(self.decoder_input(z.view(-1, 10)).view(-1, 4, 32, 32))
        return pictures if self.samples == 1 else pictures.view(-1, self.samples, 3, 64, 64)

    def forward(self, x):
        mu, log_var = self.encode(x)
        shape = (len(x), self.samples, 10) if self.samples > 1 else mu.shape
        z = mu.view(len(x), -1, 10).expand(-1, self.samples, -1).reshape(shape)
        return [self.decode(z + 0.1 * torch.randn(shape)), x, mu, log_var]

    def loss_function(self, recons, x, mu, log_var, *, M_N):
        target = x if self.samples == 1 else x[:, None].expand_as(recons)
        kld = -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(1).mean()
        recons_loss = F.mse_loss(recons, target)
        return {
            "loss": recons_loss + self.beta * M_N * kld,
            "Reconstruction_Loss": recons_loss.detach(),
            "KLD": -kld.detach(),
        }


class Quantised(nn.Module):
    """Each place of a small picture of codes becomes its nearest entry of a codebook; a list comes back (VQ-VAE)."""

    def __init__(self):
        super().__init__()
        self.encoder, self.book = Seq(Conv(1, 4, 4, 2, 1), nn.ReLU(), Conv(4, 2, 4, 2, 1)), nn.Embedding(16, 2)
        self.decoder = Seq(Up(2, 4, 4, 2, 1), nn.ReLU(), Up(4, 1, 4, 2, 1), nn.Sigmoid())

    def encode(self, x):
        return [self.encoder(x)]

    def quantise(self, z):
        rows = z.permute(0, 2, 3, 1)
        nearest = self.book(torch.cdist(rows.reshape(-1, 2), self.book.weight).argmin(1)).view(rows.shape)
        loss = F.mse_loss(nearest, rows.detach()) + 0.25 * F.mse_loss(rows, nearest.detach())
        return (rows + (nearest - rows).detach()).permute(0, 3, 1, 2), loss

    def forward(self, x):
        z, loss = self.quantise(self.encode(x)[0])
        return [self.decoder(z), x, loss]


class Output(dict):
    """A dict whose entries are attributes too, as a library's outputs are."""

    __getattr__ = dict.__getitem__


class Wrapped(nn.Module):
    """Halves that return an output object; `forward` takes a dict and returns the loss with the rest (pythae)."""

    class Half(nn.Module):
        """A stack of layers with a named result."""

        def __init__(self, name, *layers):
            super().__init__()
            self.name, self.layers = name, Seq(*layers)

        def forward(self, x):
            return Output({self.name: self.layers(x)})

    def __init__(self, kl=0.0):
        super().__init__()
        self.encoder = self.Half("embedding", nn.Flatten(), Lin(784, 32), nn.ReLU(), Lin(32, 8))
        self.decoder = self.Half(
            "reconstruction", Lin(8, 32), nn.ReLU(), Lin(32, 784), nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28))
        )
        self.kl = kl

    def forward(self, inputs):
        x = inputs["data"]
        z = self.encoder(x).embedding
        recon = self.decoder(z + self.kl * torch.randn_like(z)).reconstruction
        loss = F.mse_loss(recon, x, reduction="none").flatten(1).sum(1).mean() + self.kl * z.square().sum(1).mean()
        return Output(loss=loss, recon_x=recon, z=z)


class TopK(nn.Module):
    """Only the k largest of many units are active; the loss method returns a number."""

    def __init__(self, k=10):
        super().__init__()
        self.k, self.enc, self.dec = k, Lin(784, 60), Lin(60, 784)

    def encode(self, x):
        h = self.enc(x)
        top = h.topk(self.k, dim=1)
        return torch.zeros_like(h).scatter(1, top.indices, top.values)

    def decode(self, z):
        return self.dec(z)

    def forward(self, x):
        return self.decode(self.encode(x))

    def loss(self, x):
        return F.mse_loss(self(x), x)


class Contractive(Halves):
    """Sigmoid units and the squared Jacobian in closed form; the loss is a dict."""

    def __init__(self):
        super().__init__(Seq(Lin(784, 30), nn.Sigmoid()), Seq(Lin(30, 784), nn.Sigmoid()))

    def loss(self, x):
        h = self.encoder(x)
        jacobian = ((h * (1 - h)) ** 2 @ self.encoder[0].weight.square().sum(1)).mean()
        return {"loss": F.mse_loss(self.decoder(h), x) + 1e-4 * jacobian, "jacobian": jacobian}


def _conv_halves(*end):
    down = Seq(Conv(1, 4, 3, 3, 1), nn.ReLU(), nn.MaxPool2d(2), Conv(4, 8, 3, 2, 1), nn.ReLU(), nn.MaxPool2d(2, 1))
    up = (Up(8, 8, 3, 2), nn.ReLU(), Up(8, 4, 5, 3, 1), nn.ReLU(), Up(4, 1, 2, 2, 1))
    return Halves(down, Seq(*up, *end))


def _pythae(kl=0.0):
    return Wrapped(kl), {
        "shape": (1, 28, 28), "encode": lambda net, x: net.encoder(x).embedding,
        "decode": lambda net, z: net.decoder(z).reconstruction, "loss": lambda net, x: net({"data": x})["loss"],
    }  # fmt: skip


def _listed(**options):
    return Listed(**options), {
        "shape": (3, 64, 64), "scale": (-1, 1), "encode": lambda net, x: net.encode(x)[0],
        "decode": lambda net, z: net.final(net.decoder_input(z).view(-1, 4, 32, 32)),
        "loss": lambda net, x: net.loss_function(*net(x), M_N=1e-4),
    }  # fmt: skip


def _quantised():
    return Quantised(), {
        "encode": lambda net, x: net.encode(x)[0], "decode": lambda net, z: net.decoder(net.quantise(z)[0]),
        "loss": lambda net, x: F.mse_loss(net(x)[0], x) + net(x)[2], "shape": (1, 28, 28),
    }  # fmt: skip


FOREIGN = {  # name → a network and what `adopt` must be told of it
    "examples VAE": lambda: (Vae(), {"encode": lambda net, x: net.encode(x)[0], "loss": vae_loss}),
    "beginner simple": lambda: (
        Halves(Seq(Lin(784, 64), nn.ReLU(True), Lin(64, 3)), Seq(Lin(3, 64), nn.ReLU(True), Lin(64, 784), nn.Tanh())),
        {"scale": (-1, 1)},
    ),
    "beginner conv": lambda: (_conv_halves(nn.Tanh()), {"scale": (-1, 1)}),
    "beginner VAE": lambda: (Vae(), {"encode": lambda net, x: net.encode(x)[0], "output": 0, "loss": vae_loss}),
    "tutorial 404": lambda: (
        Both(Seq(Lin(784, 64), nn.Tanh(), Lin(64, 3)), Seq(Lin(3, 64), nn.Tanh(), Lin(64, 784), nn.Sigmoid())),
        {},
    ),
    "models basic": lambda: (Autoencoder(), {"output": 1}),
    "models variational": lambda: (
        Gaussian(),
        {"encode": lambda net, x: net.encoder(x)[0], "decode": lambda net, z: torch.sigmoid(net.decoder(z))},
    ),
    "models deconvolution": lambda: (_conv_halves(), {"decode": lambda net, z: torch.sigmoid(net.decoder(z))}),
    "models nearest neighbour": lambda: (
        Logits(),
        {"encode": "squeeze", "decode": lambda net, z: torch.sigmoid(net.expand(z))},
    ),
    "UvA gray": lambda: (
        Lightning(1),
        {"shape": (1, 32, 32), "scale": (-1, 1), "loss": lambda net, x: net.reconstruction_loss((x, None))},
    ),
    "UvA colour": lambda: (Lightning(3), {"shape": (3, 32, 32), "scale": (-1, 1)}),
    "PyTorch-VAE vanilla": _listed,
    "PyTorch-VAE beta": lambda: _listed(beta=4.0),
    "PyTorch-VAE IWAE": lambda: _listed(samples=3),
    "PyTorch-VAE VQ": _quantised,
    "pythae AE": _pythae,
    "pythae VAE": lambda: _pythae(0.1),
    "top-k": lambda: (TopK(), {}),
    "contractive": lambda: (Contractive(), {}),
    "Keras dense": lambda: (Seq(Lin(784, 32), nn.ReLU(), Lin(32, 784), nn.Sigmoid()), {}),
    "Keras convolution": lambda: (_conv_halves(nn.Sigmoid()), {}),
    "batch norm": lambda: (
        Halves(
            Seq(Lin(784, 40), nn.BatchNorm1d(40), nn.ReLU(), Lin(40, 12)),
            Seq(Lin(12, 40), nn.ReLU(), nn.BatchNorm1d(40), Lin(40, 784), nn.Sigmoid()),
        ),
        {},
    ),
}
