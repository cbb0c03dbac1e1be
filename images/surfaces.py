"""Points around a bent sheet, the plane and the curved sheet fitted to them, and how to look at all three."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

Decode = Callable[[np.ndarray], np.ndarray]


def bent_points(count: int = 220) -> np.ndarray:
    """Points around a sheet bent like a half-pipe in three dimensions, centred, (count, 3)."""
    rng = np.random.default_rng(0)
    angle, along = rng.uniform(-1.9, 1.9, count), rng.uniform(-1.6, 1.6, count)
    x = np.stack([np.sin(angle), along, 1 - np.cos(angle)], axis=1) + rng.normal(0, 0.05, (count, 3))
    return x - x.mean(axis=0)


def fit_plane(x: np.ndarray) -> tuple[np.ndarray, Decode]:
    """PCA by singular value decomposition: codes (n, 2), and the function from codes to points."""
    axes = np.linalg.svd(x, full_matrices=False)[2][:2]
    return x @ axes.T, lambda z: z @ axes


def fit_sheet(x: np.ndarray, *, steps: int = 3000) -> tuple[np.ndarray, Decode]:
    """A 3-16-2-16-3 autoencoder in double precision: codes (n, 2), and the function from codes to points."""

    def half(*sizes: int) -> torch.nn.Sequential:
        inner, outer = torch.nn.Linear(*sizes[:2]), torch.nn.Linear(*sizes[1:])
        return torch.nn.Sequential(inner, torch.nn.Tanh(), outer).double()

    torch.manual_seed(2)
    f, g, data = half(3, 16, 2), half(2, 16, 3), torch.tensor(x)
    optimiser = torch.optim.Adam([*f.parameters(), *g.parameters()])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=0.02, total_steps=steps)
    for _ in range(steps):
        optimiser.zero_grad()
        (g(f(data)) - data).square().sum(dim=1).mean().backward()
        optimiser.step()
        schedule.step()
    return f(data).detach().numpy(), lambda z: g(torch.tensor(z)).detach().numpy()


def patches(z: np.ndarray, decode: Decode, *, count: int = 14) -> np.ndarray:
    """The part of a sheet that the codes cover, cut into small quadrilaterals (m, 4, 3)."""
    mean, turn = z.mean(axis=0), np.linalg.svd(z - z.mean(axis=0), full_matrices=False)[2]
    codes = (z - mean) @ turn.T
    ticks = [np.linspace(low, high, count) for low, high in zip(codes.min(axis=0), codes.max(axis=0), strict=True)]
    grid = np.stack(np.meshgrid(*ticks, indexing="ij"), axis=-1).reshape(-1, 2)
    corners = decode(grid @ turn + mean).reshape(count, count, 3)
    return np.stack([corners[:-1, :-1], corners[1:, :-1], corners[1:, 1:], corners[:-1, 1:]], axis=2).reshape(-1, 4, 3)


def view(points: np.ndarray, centre: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Points (..., 3) seen from above and a little to the side: places on the page (..., 2) and depth (...)."""
    turn, tilt, scale = np.radians(28), np.radians(22), 112
    x, y, z = np.moveaxis(points, -1, 0)
    right, away = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    up, depth = z * np.cos(tilt) + away * np.sin(tilt), away * np.cos(tilt) - z * np.sin(tilt)
    return np.round(np.stack([centre[0] + scale * right, centre[1] - scale * up], axis=-1), 1), depth
