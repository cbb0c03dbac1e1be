"""Each damage against what it promises: moments, shares, squares and blocks counted in NumPy."""

import numpy as np
import pytest
import torch
from helpers.strategies import choices_other_than, junk, not_bools, not_counts, not_seeds, numpy_of, refuses
from hypothesis import example, given, strategies as st
from scipy.ndimage import shift as scipy_shift
from scipy.stats import chisquare, kstest, norm

from aecourse.data import (
    CORRUPTIONS,
    corrupt,
    downsample,
    gaussian_noise,
    mask_pixels,
    occlude,
    salt_and_pepper,
    shift_images,
    whitened_patches,
)
from aecourse.data.corruptions import corrupt_in_training

STRENGTHS = {"gaussian": 0.4, "salt and pepper": 0.3, "mask": 0.6, "occlude": 9, "downsample": 4}
NAMES = {"gaussian": "sigma", "salt and pepper": "share", "mask": "share", "occlude": "size", "downsample": "factor"}
every_damage = pytest.mark.parametrize("noise", CORRUPTIONS)


@pytest.fixture
def x() -> torch.Tensor:
    """300 images strictly between black and white."""
    return 0.2 + 0.6 * torch.rand(300, 784, generator=torch.Generator().manual_seed(0))


def test_every_damage_is_tested_here():
    """A new one belongs into the lists above."""
    assert list(CORRUPTIONS) == list(STRENGTHS) == list(NAMES)


@every_damage
def test_shape_kind_and_place_stay(x, noise, device):
    """(n, d) → (n, d) on the same device in the same precision, in [0, 1], also for no image at all."""
    for kind in (torch.float32, torch.float64):
        images = x.to(device, kind)
        damaged = corrupt(images, noise, STRENGTHS[noise], seed=0)
        assert (damaged.shape, damaged.dtype, damaged.device) == (images.shape, kind, images.device)
        assert 0 <= damaged.min() <= damaged.max() <= 1
        assert not torch.equal(damaged, images)
    assert corrupt(x[:0].to(device), noise, STRENGTHS[noise]).shape == (0, 784)


@every_damage
def test_the_pictures_themselves_stay(x, noise):
    """Damage is a copy, and gradients find their way through it."""
    before = x.clone()
    corrupt(x, noise, STRENGTHS[noise])
    assert torch.equal(x, before)
    x.requires_grad_()
    corrupt(x, noise, STRENGTHS[noise], seed=1).sum().backward()
    assert torch.isfinite(x.grad).all()
    assert x.grad.abs().sum() > 0


@every_damage
def test_seeds(x, noise, device):
    """A seed repeats itself and leaves torch's own generator alone; None draws from that one."""
    x = x.to(device)
    torch.manual_seed(7)
    before = torch.get_rng_state()
    first, again, other = (corrupt(x, noise, STRENGTHS[noise], seed=seed) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, again)
    assert torch.equal(first, other) == (noise == "downsample")
    drawn = []
    for seed in (7, 7, 8):
        torch.manual_seed(seed)
        drawn.append(corrupt(x, noise, STRENGTHS[noise]))
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[0], drawn[2]) == (noise == "downsample")


@pytest.mark.parametrize("noise", ["gaussian", "salt and pepper", "mask", "occlude"])
def test_every_picture_is_hit_elsewhere(noise):
    """Equal pictures get different damage."""
    same = torch.full((20, 784), 0.5)
    assert len(corrupt(same, noise, STRENGTHS[noise], seed=0).unique(dim=0)) > 15


def test_gaussian_noise_is_gaussian(x):
    """Mean 0, deviation sigma, the whole curve by Kolmogorov and Smirnov, no two pixels alike."""
    for sigma in (0.1, 2.0):
        noise = numpy_of(gaussian_noise(x, sigma, clip=False, seed=1) - x)
        assert noise.mean() == pytest.approx(0, abs=5 * sigma / np.sqrt(noise.size))
        assert noise.std() == pytest.approx(sigma, rel=0.01)
        assert kstest(noise[:20].ravel(), norm(0, sigma).cdf).pvalue > 1e-3
        assert abs(np.corrcoef(noise[:, 0], noise[:, 1])[0, 1]) < 5 / np.sqrt(300)


def test_clipping_is_all_that_a_camera_does(x):
    """The same noise, cut off at black and white."""
    free, clipped = (gaussian_noise(x, 0.5, clip=clip, seed=2) for clip in (False, True))
    np.testing.assert_array_equal(clipped.numpy(), np.clip(free.numpy(), 0, 1))
    assert free.min() < 0
    assert free.max() > 1


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_share_of_pixels_hit(x, share):
    """So many pixels, within five standard errors; salt and pepper in equal parts; the others as they were."""
    near = 5 * np.sqrt(share * (1 - share) / x.numel())
    masked, salted = mask_pixels(x, share, seed=1), salt_and_pepper(x, share, seed=1)
    assert (masked != x).float().mean().item() == pytest.approx(share, abs=near)
    assert torch.equal(masked[masked != x].unique(), torch.zeros(1))
    hit = salted[salted != x]
    assert len(hit) / x.numel() == pytest.approx(share, abs=near)
    assert hit.unique().tolist() == [0, 1]
    assert hit.mean().item() == pytest.approx(0.5, abs=2.5 / np.sqrt(len(hit)))


def test_nothing_and_everything(x):
    """The ends of each range."""
    for noise, strength in {"gaussian": 0, "salt and pepper": 0, "mask": 0.0, "occlude": 0, "downsample": 1}.items():
        assert torch.equal(corrupt(x, noise, strength), x)
    assert (mask_pixels(x, 1) == 0).all()
    assert (occlude(x, 28) == 0).all()
    assert salt_and_pepper(x, 1.0).unique().tolist() == [0, 1]
    for row in downsample(x, 28):
        assert len(row.unique()) == 1


@given(side=st.integers(1, 12), size=st.integers(0, 12), seed=st.integers(0, 99))
@example(side=12, size=12, seed=0)
def test_occlusion_is_a_square(side, size, seed):
    """One size×size block is black in each picture, whatever the picture's side."""
    size = min(size, side)
    pictures = occlude(torch.ones(4, side * side), size, seed=seed).view(4, side, side).numpy()
    for black in pictures == 0:
        rows, columns = np.flatnonzero(black.any(1)), np.flatnonzero(black.any(0))
        assert len(rows) == len(columns) == size
        assert size == 0 or (np.ptp(rows), np.ptp(columns)) == (size - 1, size - 1)
        assert black.sum() == size * size


def test_every_place_is_as_likely():
    """Upper left corners spread evenly over 5×5 places, down and across apart from each other."""
    black = occlude(torch.ones(5_000, 64), 4, seed=0).view(-1, 8, 8) == 0
    corner = black.flatten(1).int().argmax(1)
    places = np.bincount(corner.numpy(), minlength=64).reshape(8, 8)
    assert places[5:].sum() == places[:, 5:].sum() == 0
    assert chisquare(places[:5, :5].ravel()).pvalue > 1e-3


@pytest.mark.parametrize(("side", "factor"), [(28, 2), (28, 4), (28, 7), (28, 14), (8, 4), (9, 3)])
def test_blocks_are_means(side, factor):
    """Each block is the mean of its pixels, worked out by NumPy's reshape."""
    x = torch.rand(3, side * side, generator=torch.Generator().manual_seed(0))
    blocks = numpy_of(x).reshape(3, side // factor, factor, side // factor, factor).mean((2, 4))
    expected = blocks.repeat(factor, 1).repeat(factor, 2).reshape(3, -1)
    np.testing.assert_allclose(downsample(x, factor).numpy(), expected, atol=1e-6)


@every_damage
@given(strength=junk.filter(lambda s: not (isinstance(s, float) and 0 <= s <= 5)) | st.integers(max_value=-1))
@example(strength=True)
@example(strength=float("nan"))
@example(strength=-0.1)
@example(strength=29)
def test_bad_strength(noise, strength):
    """Named as that function names it, before any random number is drawn."""
    before = torch.get_rng_state()
    refuses(NAMES[noise], corrupt, torch.zeros(2, 784), noise, strength)
    assert torch.equal(torch.get_rng_state(), before)


def test_strengths_just_out_of_range():
    """A hair more than everything, a square larger than the picture, blocks that do not fit."""
    x = torch.zeros(2, 784)
    for noise, strength in {"gaussian": 5.01, "salt and pepper": 1.01, "mask": 1.01, "occlude": 29}.items():
        refuses(NAMES[noise], corrupt, x, noise, strength)
    for factor in (3, 5, 29, 2.0):
        refuses("factor", downsample, x, factor)


@given(noise=choices_other_than(*CORRUPTIONS), seed=not_seeds.filter(lambda s: s is not None), clip=not_bools)
def test_bad_words_and_seeds(noise, seed, clip):
    """An unknown damage is answered with the known ones."""
    x = torch.zeros(2, 784)
    assert "salt and pepper, mask, occlude" in refuses("noise", corrupt, x, noise, 0.5)
    refuses("clip", gaussian_noise, x, clip=clip)
    for known, strength in STRENGTHS.items():
        refuses("seed", corrupt, x, known, strength, seed=seed)


@every_damage
@given(
    x=not_counts
    | st.sampled_from([torch.zeros(784), torch.zeros(1, 28, 28), torch.zeros(2, 4).int(), np.zeros((2, 4)), [[0.5]]])
)
def test_bad_pictures(noise, x):
    """A floating-point tensor of flat pictures, nothing else."""
    refuses("x", corrupt, x, noise, STRENGTHS[noise])


@pytest.mark.parametrize("noise", ["gaussian", "salt and pepper", "mask", "occlude"])
@pytest.mark.parametrize(
    ("scale", "shift", "said"),
    [(2, -1, r"take \(x \+ 1\) / 2"), (255, 0, "divide them by 255"), (float("nan"), 0, "NaN"), (1, 2, "divide")],
)
def test_black_and_white_are_known(x, noise, scale, shift, said):
    """Outside [0, 1] a zero is not black, and clipping destroys the picture: an error, with what would fit."""
    with pytest.raises(ValueError, match=rf"^x must hold pixels in \[0, 1\].*{said}"):
        corrupt(x * scale + shift, noise, STRENGTHS[noise])
    assert torch.equal(corrupt_in_training(x, noise, 0), x)  # the same damage, and no look at the pixels


def test_noise_on_anything(x):
    """Unclipped, it adds its variance to pictures of any range: .01 on [−1, 1] and on whitened patches."""
    for pictures in (-torch.ones(100, 784), whitened_patches(2_000), 255 * x):
        with pytest.raises(ValueError, match="clip=False"):
            gaussian_noise(pictures, 0.1)
        added = (gaussian_noise(pictures, 0.1, clip=False, seed=0) - pictures).square().mean()
        assert added.item() == pytest.approx(0.01, rel=0.02)
    refuses("x", gaussian_noise, x * float("nan"), clip=False)


@pytest.mark.parametrize("damage", [occlude, downsample])
def test_squares_need_square_pictures(damage):
    """Seven segments have no side; noise does not care."""
    refuses("x", damage, torch.zeros(2, 7), 2)
    assert mask_pixels(torch.ones(2, 7), 1.0).sum() == 0


def test_shifts_are_all_the_neighbours(mnist):
    """Each image moves whole, by each of the nine steps, black coming in."""
    torch.manual_seed(0)
    x = mnist[1].x[:1].repeat(300, 1)
    moved = shift_images(x, max_shift=1)
    image = x[0].view(28, 28).numpy()
    steps = {scipy_shift(image, (i, j), order=0).tobytes() for i in (-1, 0, 1) for j in (-1, 0, 1)}
    assert {row.numpy().tobytes() for row in moved} == steps
    assert len(steps) == 9
    assert torch.equal(shift_images(x, max_shift=0), x)


@given(max_shift=junk | st.integers(max_value=-1) | st.integers(min_value=28))
@example(max_shift=-1)
@example(max_shift=28)
@example(max_shift=True)
def test_bad_shift(max_shift):
    """More than the picture's width is no shift."""
    refuses("max_shift", shift_images, torch.zeros(2, 784), max_shift=max_shift)


@pytest.mark.parametrize("shape", [(784,), (2, 785), (2, 2 * 784), (1, 28, 28)])
def test_bad_images_to_shift(shape):
    """Only flat 28×28 images."""
    refuses("x", shift_images, torch.zeros(shape))
