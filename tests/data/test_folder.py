"""A folder of pictures: cut, shrunk, grayed, labelled by its subfolders; and every way it can be wrong."""

import numpy as np
import pytest
import torch
from helpers.strategies import junk, not_bools, not_counts, refuses
from hypothesis import given
from PIL import Image

from aecourse.data import load_folder


def paint(path, array, **options) -> None:
    """An array as a file, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)


@pytest.fixture
def noise() -> np.ndarray:
    """A 28×28 picture of random grays."""
    return np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)


def test_a_picture_of_the_right_size_is_kept(tmp_path, noise):
    """Not a gray value changes; inverted, white is black."""
    paint(tmp_path / "a.png", noise)
    loaded = load_folder(tmp_path, minimum=1)
    assert loaded.x.dtype == torch.float32
    assert torch.equal((loaded.x * 255).round().byte().view(28, 28), torch.from_numpy(noise))
    assert torch.allclose(load_folder(str(tmp_path), minimum=1, invert=True).x, 1 - loaded.x)


@pytest.mark.parametrize("shape", [(56, 140), (140, 56), (7, 7)])
def test_the_square_in_the_middle(tmp_path, shape):
    """What lies outside it is cut off, in both directions, and sizes do not matter."""
    picture = np.zeros(shape, np.uint8)
    side, (top, left) = min(shape), [(size - min(shape)) // 2 for size in shape]
    picture[top : top + side, left : left + side] = 255
    paint(tmp_path / "wide.png", picture)
    assert (load_folder(tmp_path, minimum=1).x > 0.9).all()  # the border feels its neighbours outside a little


def test_labels_are_the_subfolders_in_order(tmp_path, noise):
    """By alphabet, nested ones under their first name; without subfolders all are 0; other files are passed over."""
    for name in ("dogs/1.png", "cats/deep/2.png", "cats/3.jpg", "dogs/4.PNG"):
        paint(tmp_path / name, noise)
    (tmp_path / "notes.txt").write_text("no picture")
    assert load_folder(tmp_path, minimum=4).y.tolist() == [0, 0, 1, 1]
    assert load_folder(tmp_path / "dogs", minimum=2).y.tolist() == [0, 0]


def test_colour_transparency_and_a_turned_camera(tmp_path):
    """Colours by their brightness, nothing painted is white, the note of a camera is heeded."""
    red = np.zeros((30, 30, 3), np.uint8)
    red[..., 0] = 255
    paint(tmp_path / "1.png", red)
    paint(tmp_path / "2.png", np.zeros((30, 30, 4), np.uint8))
    upright = np.zeros((28, 28), np.uint8)
    upright[:14] = 255
    turned = Image.Exif()
    turned[0x0112] = 3  # upside down
    paint(tmp_path / "3.png", upright, exif=turned)
    x = load_folder(tmp_path, minimum=3).x
    assert x[0].unique().tolist() == pytest.approx([76 / 255])  # 0.299 of red, in bytes
    assert (x[1] == 1).all()
    assert (x[2].view(28, 28)[:14] == 0).all() and (x[2].view(28, 28)[14:] == 1).all()


def test_broken_files_are_left_out_and_named(tmp_path, noise):
    """With a warning while enough remain, else with an error."""
    paint(tmp_path / "good.png", noise)
    (tmp_path / "broken.png").write_bytes(b"no picture at all")
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:300])
    with pytest.warns(UserWarning, match="2 files that cannot be read, such as broken.png"):
        assert len(load_folder(tmp_path, minimum=1)) == 1
    message = refuses("path", load_folder, tmp_path, minimum=2)
    assert "1 readable pictures, and 2 that cannot be read, such as broken.png; at least 2" in message


def as_stored(path, array, kind: str) -> None:
    """Grays in [0, 255] in one of the ways that files hold them."""
    deep, share = np.uint16(array) * 257, array / np.float32(255)
    if kind == "PGM, 10 bits":
        ten = (share * 1023).round().astype(">u2")
        path.write_bytes(b"P5 %d %d 1023\n" % array.shape[::-1] + ten.tobytes())
        return
    picture = {
        "PNG, 16 bits": deep, "TIFF, 16 bits": deep, "TIFF, 16 bits, big-endian": deep.astype(">u2"),
        "PGM, 16 bits": deep, "JP2, 16 bits": deep, "TIFF, 32 bits": np.int32(array), "TIFF, float": share,
    }.get(kind, array)  # fmt: skip
    image = Image.fromarray(picture)
    if kind.startswith(("1 bit", "palette", "LA", "CMYK")):
        image = image.convert({"1": "1", "p": "P", "L": "LA", "C": "CMYK"}[kind[0]], dither=Image.Dither.NONE)
    image.save(path)


@pytest.mark.parametrize(
    ("kind", "ending"),
    [
        ("PNG, 16 bits", "png"), ("TIFF, 16 bits", "tif"), ("TIFF, 16 bits, big-endian", "tif"),
        ("PGM, 16 bits", "pgm"), ("PGM, 10 bits", "pgm"), ("JP2, 16 bits", "jp2"), ("TIFF, 32 bits", "tif"),
        ("TIFF, float", "tif"), ("1 bit PNG", "png"), ("1 bit TIFF", "tif"), ("palette PNG", "png"), ("LA PNG", "png"),
        ("CMYK TIFF", "tif"),
    ],
)  # fmt: skip
def test_every_kind_of_gray(tmp_path, noise, kind, ending):
    """The same picture, however many bits a pixel has."""
    expected = np.where(noise > 127, 255, 0) if kind.startswith("1 bit") else noise
    as_stored(tmp_path / f"a.{ending}", noise, kind)
    got = load_folder(tmp_path, minimum=1).x.view(28, 28) * 255
    assert np.abs(got.numpy() - expected).max() <= 1


def test_deep_grays_are_turned_and_see_through(tmp_path, noise):
    """A camera's note and a transparent value are heeded in 16 bits too."""
    deep = np.uint16(noise) * 257
    turned = Image.Exif()
    turned[0x0112] = 3  # upside down
    paint(tmp_path / "1.png", deep, exif=turned)
    paint(tmp_path / "2.png", deep, transparency=int(deep[0, 0]))
    x = load_folder(tmp_path, minimum=2).x.view(2, 28, 28) * 255
    assert np.abs(x[0].numpy() - noise[::-1, ::-1]).max() < 0.01
    assert np.abs(x[1].numpy() - np.where(noise == noise[0, 0], 255, noise)).max() < 0.01


@pytest.mark.parametrize(
    "values", [[[0.0, 255.0]], [[-0.5, 0.5]], [[0.2, np.nan]], [[0, 70_000]], [[-5, 200]], [[0, 65_535]]]
)
def test_where_nobody_knows_what_is_white(tmp_path, noise, values):
    """Decimal numbers beyond 1, whole numbers of 32 bits beyond 255: left out and named, not white."""
    array = np.array(values, np.float32 if isinstance(values[0][1], float) else np.int32).repeat(20, 0).repeat(10, 1)
    paint(tmp_path / "good.png", noise)
    paint(tmp_path / "unclear.tif", array)
    with pytest.warns(UserWarning, match="1 files that cannot be read, such as unclear.tif"):
        assert len(load_folder(tmp_path, minimum=1)) == 1


def test_pictures_that_cannot_be_made_gray(tmp_path, noise):
    """One file that Pillow opens and cannot convert is left out like any other, and the rest are loaded."""
    paint(tmp_path / "good.png", noise)
    Image.new("LAB", (28, 28)).save(tmp_path / "lab.tif")
    with pytest.warns(UserWarning, match="1 files that cannot be read, such as lab.tif"):
        assert len(load_folder(tmp_path, minimum=1)) == 1


def test_no_folder_no_picture_too_few(tmp_path, noise):
    """Each says what is there and what is wanted."""
    with pytest.raises(FileNotFoundError, match=r"path .* does not exist"):
        load_folder(tmp_path / "nowhere")
    assert "no readable picture; at least 100" in refuses("path", load_folder, tmp_path)
    paint(tmp_path / "one.png", noise)
    with pytest.raises(NotADirectoryError, match=r"path .* is a file"):
        load_folder(tmp_path / "one.png")
    assert "1 readable pictures; at least 100" in refuses("path", load_folder, tmp_path)


@given(wrong=junk.filter(lambda value: not isinstance(value, str)), flag=not_bools, count=not_counts)
def test_bad_arguments(wrong, flag, count):
    """Before any file is looked at."""
    refuses("path", load_folder, wrong)
    refuses("invert", load_folder, "nowhere", invert=flag)
    refuses("least", load_folder, "nowhere", minimum=count)
