"""One door for anybody's pictures: files of every kind, folders, arrays, data sets; and all that can be wrong."""

import gzip
import io
import os
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.idx import idx_bytes
from helpers.strategies import junk, not_bools, refuses
from hypothesis import given, strategies as st
from PIL import Image
from torch.utils.data import ConcatDataset, DataLoader, Subset, TensorDataset

from aecourse.data import ImageSet, load_pictures

ACCEPTED = "a folder, a ZIP, a picture's path"


def paint(path, array, **options) -> None:
    """An array as a file, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)


def bytes_of(pictures: ImageSet) -> np.ndarray:
    """The pictures as (n, 28, 28) whole numbers up to 255."""
    return (pictures.x * 255).round().byte().view(-1, 28, 28).numpy()


@pytest.fixture
def noise() -> np.ndarray:
    """A 28×28 picture of random grays."""
    return np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)


class TestFiles:
    """One picture of any kind."""

    def test_the_right_size_is_kept(self, tmp_path, noise, capsys):
        """Not a gray value changes, and one line says what came."""
        paint(tmp_path / "a.png", noise)
        for source in (tmp_path, str(tmp_path), tmp_path / "a.png", Image.open(tmp_path / "a.png")):
            loaded = load_pictures(source)
            assert np.array_equal(bytes_of(loaded)[0], noise) and loaded.y.tolist() == [0] and loaded.names == ()
            assert capsys.readouterr().out == "1 picture\n"

    @pytest.mark.parametrize("shape", [(56, 140), (140, 56), (7, 7)])
    def test_the_square_in_the_middle(self, tmp_path, shape):
        """What lies outside it is cut off, in both directions, and sizes do not matter; arrays alike."""
        picture = np.zeros(shape, np.uint8)
        side, (top, left) = min(shape), [(size - min(shape)) // 2 for size in shape]
        picture[top : top + side, left : left + side] = 255
        paint(tmp_path / "wide.png", picture)
        for source in (tmp_path, picture[None]):
            assert (load_pictures(source).x > 0.9).all()  # the border feels its neighbours outside a little

    def test_colour_and_a_turned_camera(self, tmp_path):
        """Colours by their brightness; the note of a camera is heeded."""
        red = np.zeros((30, 30, 3), np.uint8)
        red[..., 0] = 255
        paint(tmp_path / "1.png", red)
        upright = np.zeros((28, 28), np.uint8)
        upright[:14] = 255
        turned = Image.Exif()
        turned[0x0112] = 3  # upside down
        paint(tmp_path / "2.png", upright, exif=turned)
        x = load_pictures(tmp_path).x
        assert x[0].unique().tolist() == pytest.approx([76 / 255])  # 0.299 of red, in bytes
        assert (x[1].view(28, 28)[:14] == 0).all() and (x[1].view(28, 28)[14:] == 1).all()

    @pytest.mark.parametrize("ink", [0, 255])
    def test_ink_on_nothing_stays_visible(self, tmp_path, noise, ink, capsys):
        """Black ink is laid on white, white ink on black; nothing at all is white, and is reported."""
        drawn = np.full((28, 28, 4), ink, np.uint8)
        drawn[..., 3] = np.where(noise > 200, 255, 0)
        paint(tmp_path / "1.png", drawn)
        expected = np.where(noise > 200, ink, 255 - ink)
        for source in (tmp_path, drawn[None], drawn[None].astype(np.float32) / 255):
            assert np.array_equal(bytes_of(load_pictures(source))[0], expected)
        capsys.readouterr()
        assert (load_pictures(np.zeros((1, 30, 30, 4), np.uint8)).x == 1).all()
        assert capsys.readouterr().out == "1 picture · 1 is blank\n"

    def test_a_picture_of_several(self, tmp_path, noise, capsys):
        """The first, and that is said; a phone's MPO, with its preview, is one picture."""
        first, second = Image.fromarray(noise), Image.fromarray(255 - noise)
        for name, kind in (("a.gif", "GIF"), ("b.tif", "TIFF"), ("c.jpg", "MPO")):
            first.save(tmp_path / name, kind, save_all=True, append_images=[second])
        got = bytes_of(load_pictures(tmp_path)).astype(int)
        assert np.abs(got[:2] - noise).max() <= 1 and np.abs(got[2] - noise).mean() < 10  # JPEG
        assert capsys.readouterr().out == "3 pictures · only the first picture of a.gif, b.tif\n"

    def test_a_photograph_is_decoded_small(self, tmp_path, monkeypatch):
        """Twelve megapixels as a JPEG: at an eighth of its side, which changes nothing that can be seen."""
        smooth = np.asarray(Image.radial_gradient("L").resize((4000, 3000)))
        paint(tmp_path / "1.jpg", smooth, quality=95)
        expected = bytes_of(load_pictures(smooth[None])).astype(int)
        sizes = []
        load = Image.Image.load
        monkeypatch.setattr(Image.Image, "load", lambda image: (sizes.append(image.size), load(image))[1])
        assert np.abs(bytes_of(load_pictures(tmp_path)).astype(int) - expected).max() <= 2
        assert max(sizes) == (500, 375)


def as_stored(path, array, kind: str) -> None:
    """Grays in [0, 255] in one of the ways that files hold them."""
    deep, share = np.uint16(array) * 257, array / np.float32(255)
    if kind.startswith("PGM, 1"):
        top = {"PGM, 10 bits": 1023, "PGM, 16 bits": 65535}[kind]
        path.write_bytes(b"P5 %d %d %d\n" % (*array.shape[::-1], top) + (share * top).round().astype(">u2").tobytes())
        return
    picture = {
        "PNG, 16 bits": deep, "TIFF, 16 bits": deep, "TIFF, 16 bits, big-endian": deep.astype(">u2"),
        "JP2, 16 bits": deep, "TIFF, 32 bits": np.int32(array), "TIFF, float": share,
        "TIFF, 12 bits in 16": (share * 4095).round().astype(np.uint16),
    }.get(kind, array)  # fmt: skip
    image = Image.fromarray(picture)
    if kind.startswith(("1 bit", "palette", "LA", "CMYK")):
        image = image.convert({"1": "1", "p": "P", "L": "LA", "C": "CMYK"}[kind[0]], dither=Image.Dither.NONE)
    image.save(path, tiffinfo={281: 4095}) if "12 bits" in kind else image.save(path)


KINDS = {
    "PNG, 16 bits": "png", "TIFF, 16 bits": "tif", "TIFF, 16 bits, big-endian": "tif", "PGM, 16 bits": "pgm",
    "PGM, 10 bits": "pgm", "JP2, 16 bits": "jp2", "TIFF, 32 bits": "tif", "TIFF, float": "tif",
    "TIFF, 12 bits in 16": "tif", "1 bit PNG": "png", "1 bit TIFF": "tif", "palette PNG": "png", "LA PNG": "png",
    "CMYK TIFF": "tif",
}  # fmt: skip


class TestGrays:
    """However many bits a pixel has."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind(self, tmp_path, noise, kind):
        """The same picture."""
        expected = np.where(noise > 127, 255, 0) if kind.startswith("1 bit") else noise
        as_stored(tmp_path / f"a.{KINDS[kind]}", noise, kind)
        assert np.abs(bytes_of(load_pictures(tmp_path))[0].astype(int) - expected).max() <= 1

    def test_lab(self, tmp_path):
        """Lightness of 50 % is a gray of 119, not of 128."""
        Image.new("LAB", (28, 28), (128, 128, 128)).save(tmp_path / "lab.tif")
        assert np.abs(bytes_of(load_pictures(tmp_path)).astype(int) - 119).max() <= 2

    def test_deep_grays_are_turned_and_see_through(self, tmp_path, noise):
        """A camera's note and a transparent value are heeded in 16 bits too."""
        deep = np.uint16(noise) * 257
        turned = Image.Exif()
        turned[0x0112] = 3  # upside down
        paint(tmp_path / "1.png", deep, exif=turned)
        paint(tmp_path / "2.png", deep // 3, transparency=int(deep[0, 0] // 3))
        got = bytes_of(load_pictures(tmp_path)).astype(int)
        assert np.array_equal(got[0], noise[::-1, ::-1])
        assert np.abs(got[1] - np.where(noise == noise[0, 0], 255, noise / 3)).max() <= 1

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ([[0.0, 255.0]], "0 to 255 where 1"), ([[-0.5, 0.5]], "-0.5 to 0.5 where 1"), ([[0.2, np.nan]], "where 1"),
            ([[0, 70_000]], "0 to 7e"), ([[-5, 200]], "-5 to 200 where 255"), ([[0, 65_535]], "where 255"),
        ],
    )  # fmt: skip
    def test_where_nobody_knows_what_is_white(self, tmp_path, noise, values, said, capsys):
        """Decimal numbers beyond 1, whole numbers of 32 bits beyond 255: left out and named, not white."""
        array = np.array(values, np.float32 if isinstance(values[0][1], float) else np.int32).repeat(20, 0)
        paint(tmp_path / "good.png", noise)
        paint(tmp_path / "unclear.tif", array.repeat(10, 1))
        assert len(load_pictures(tmp_path)) == 1
        line = capsys.readouterr().out
        assert line.startswith("1 picture · left out unclear.tif (numbers from ") and said in line


class TestOtherFiles:
    """What people take for pictures, and pictures that need a word."""

    def test_16_bits_where_white_is_zero(self, tmp_path, noise):
        """Pillow turns them in 8 bits only."""
        Image.fromarray(65_535 - np.uint16(noise) * 257).save(tmp_path / "a.tif", tiffinfo={262: 0})
        assert np.array_equal(bytes_of(load_pictures(tmp_path))[0], noise)

    def test_too_dark_to_be_meant(self, tmp_path, noise, capsys):
        """12 or 14 bits in 16 without a tag, a mask of 0 and 1 in bytes: as their type says, and that is said."""
        paint(tmp_path / "a.png", np.uint16(noise) * 64)
        for source, share in ((tmp_path, 0.25), ((noise[None] > 127).astype(np.uint8), 1 / 255)):
            assert load_pictures(source).x.max() == pytest.approx(share, abs=0.003)
            assert "the lightest pixel has" in capsys.readouterr().out
        load_pictures(noise[None])
        assert capsys.readouterr().out == "1 picture\n"

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("a.mat", "not a picture"),
            ("a.heic", "needs pillow-heif"),
            ("a.nef", "export it"),
            ("gone.png", "not exist"),
        ],
    )
    def test_each_says_why(self, tmp_path, monkeypatch, name, said):
        """Alone as in a list; "damaged" is kept for what is."""
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        if "gone" not in name:
            (tmp_path / name).write_bytes(b"\0\0\0\x18ftypheic")
            assert said in refuses("source", load_pictures, tmp_path / name)
        assert f"{name} ({said}" in refuses("source", load_pictures, [tmp_path / name]).replace("does not", "not")

    def test_other_cameras_are_counted(self, tmp_path, noise, capsys):
        """Endings that hold pictures which Pillow cannot read."""
        paint(tmp_path / "a.png", noise)
        for name in ("b.svg", "c.DNG", "notes.txt"):
            (tmp_path / name).write_bytes(b"?")
        load_pictures(tmp_path)
        told = "1 .svg (export it as PNG or JPEG), 1 .dng (export it as PNG or JPEG)"
        assert capsys.readouterr().out == f"1 picture · left out {told}\n"

    def test_open_files_and_addresses(self, tmp_path, noise):
        """A file that is open is read; what lies elsewhere must be downloaded."""
        paint(tmp_path / "a.png", noise)
        with (tmp_path / "a.png").open("rb") as file:
            for source in (file, [io.BytesIO((tmp_path / "a.png").read_bytes())]):
                assert np.array_equal(bytes_of(load_pictures(source))[0], noise)
        with pytest.raises(FileNotFoundError, match="download it first"):
            load_pictures("https://example.com/a.png")

    @pytest.mark.parametrize("head", [b"\0\0\x08\x03", b"\x93NUMPY", b"label,a\n"])
    def test_a_small_file_that_holds_too_much(self, tmp_path, monkeypatch, head):
        """Is not unpacked to its end."""
        monkeypatch.setattr("aecourse.data.idx.MOST", 2**20)
        (tmp_path / "a.gz").write_bytes(gzip.compress(head + bytes(2**23)))
        with pytest.raises(ValueError, match=r"a\.gz holds more than 1,048,576 bytes"):
            load_pictures(tmp_path / "a.gz")

    def test_what_gzip_may_hold(self, tmp_path, noise):
        """An `.npy`; of a picture or a tar it says that they must be unpacked."""
        for name, save in (("a.npy.gz", lambda file: np.save(file, noise[None])), ("a.png.gz", None)):
            with gzip.open(tmp_path / name, "wb") as file:
                save(file) if save else Image.fromarray(noise).save(file, "PNG")
        assert np.array_equal(bytes_of(load_pictures(tmp_path / "a.npy.gz"))[0], noise)
        with pytest.raises(ValueError, match="unpack it first"):
            load_pictures(tmp_path / "a.png.gz")


class TestItems:
    """Pictures with their labels, one by one or together, as torch, Keras, Hugging Face and scipy have them."""

    def test_pairs(self, noise, capsys):
        """In a tuple, a list, a dict or a data set, as arrays or as Pillow's pictures; loaders by their data set."""
        x, y = np.stack([noise, 255 - noise, noise]), [3, 0, 4]
        tensors = TensorDataset(torch.from_numpy(x), torch.tensor(y))
        images = [Image.fromarray(one) for one in x]
        for source in (
            (x, np.array(y)), [torch.from_numpy(x), torch.tensor(y)], {"images": x, "labels": y, "__version__": "1"},
            list(zip(x, y, strict=True)), list(zip(images, y, strict=True)), tensors, ConcatDataset([tensors]),
            Subset(tensors, [0, 1, 2]), DataLoader(tensors, batch_size=2, shuffle=True),
            [{"label": label, "image": image} for image, label in zip(images, y, strict=True)],
        ):  # fmt: skip
            got = load_pictures(source)
            assert np.array_equal(bytes_of(got), x) and got.y.tolist() == y and got.names == ()
        assert np.array_equal(bytes_of(load_pictures(TensorDataset(torch.from_numpy(x)))), x)
        named = type("Named", (TensorDataset,), {"classes": list("abcde")})(*tensors.tensors)
        assert load_pictures(named).names == tuple("abcde")

    def test_transforms(self, noise, capsys):
        """Of a data set whose pictures lie in `.data` are not applied, and that is said."""
        load_pictures(SimpleNamespace(data=noise[None], targets=[0], transform=abs, target_transform=None))
        assert capsys.readouterr().out == "1 picture · its transforms are not applied\n"

    def test_the_last_axis(self, noise):
        """Of `.mat` files counts the pictures: never guessed, both ways are named."""
        x = np.stack([noise, noise, 255 - noise, noise, noise], -1)
        for source in (x, {"X": x, "y": np.zeros((5, 1))}):
            assert "np.moveaxis(x, -1, 0)" in refuses("source", load_pictures, source)
        assert len(load_pictures(np.moveaxis(x, -1, 0))) == 5 and len(load_pictures(x[..., None])) == 28
        assert "moveaxis" in refuses("source", load_pictures, np.zeros((32, 32, 3, 20), np.uint8))

    def test_the_same_size_in_several_types(self, noise):
        """Each by its own; what is no picture is named."""
        got = load_pictures([noise, noise / 255])
        assert np.array_equal(bytes_of(got), [noise, noise])
        assert "NoneType" in refuses("source", load_pictures, [None, noise])
        assert np.array_equal(bytes_of(load_pictures(noise[None].astype(object)))[0], noise)


class TestFolders:
    """Which files count, and to which class each belongs."""

    @pytest.mark.parametrize("packed", [False, True])
    @pytest.mark.parametrize("above", ["", "pets", "pets/train", "train", "a/b/train"])
    def test_classes(self, tmp_path, noise, capsys, above, packed):
        """By folder, nested ones under their first name; lone folders around all, and train, are none; ZIP alike."""
        inside = tmp_path / "source"
        for name in ("dog/1.png", "cat/deep/2.png", "cat/3.jpg", "dog/4.PNG", "dog/9.png"):
            paint(inside / above / name, noise)
        for name in ("notes.txt", ".hidden/x.png", ".ipynb_checkpoints/1.png", "__MACOSX/cat/._1.png", "._2.png"):
            (inside / above / name).parent.mkdir(parents=True, exist_ok=True)
            (inside / above / name).write_bytes(b"no picture")
        paint(inside / above / "dog" / "thumbnails" / "1.png", noise)
        source = inside
        if packed:
            source = tmp_path / "pets.zip"
            with zipfile.ZipFile(source, "w") as archive:
                for file in inside.rglob("*"):
                    archive.write(file, file.relative_to(inside))
        pictures = load_pictures(source)
        assert pictures.names == ("cat", "dog") and pictures.y.tolist() == [0, 0, 1, 1, 1]
        assert capsys.readouterr().out == "5 pictures: cat 2, dog 3\n"

    def test_train_and_test_are_no_classes(self, tmp_path, noise):
        """The classes under them are, each once."""
        for name in ("train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "test/eel/1.png", "Val/dog/1.png"):
            paint(tmp_path / name, noise)
        pictures = load_pictures(tmp_path)
        assert pictures.names == ("cat", "dog", "eel") and pictures.y.bincount().tolist() == [2, 2, 1]

    def test_without_folders_there_are_no_classes(self, tmp_path, noise):
        """Alone, or under train and test; a picture beside folders belongs to none of them."""
        paint(tmp_path / "train" / "1.png", noise)
        paint(tmp_path / "test" / "1.png", noise)
        assert load_pictures(tmp_path).names == ()
        paint(tmp_path / "2.png", noise)
        assert load_pictures(tmp_path).names == ("no folder", "test", "train")

    def test_numbers_are_in_order(self, tmp_path, noise):
        """Folders 0 … 11 and files 1 … 12 as people count."""
        for i in range(12):
            paint(tmp_path / str(i) / "a.png", noise)
            paint(tmp_path / "0" / f"b{i}.png", np.full((28, 28), i, np.uint8))
        pictures = load_pictures(tmp_path)
        assert pictures.names == tuple(map(str, range(12))) and pictures.y.tolist() == [0] * 13 + list(range(1, 12))
        assert bytes_of(pictures)[1:13, 0, 0].tolist() == list(range(12))

    def test_links_and_pipes(self, tmp_path, noise):
        """A link elsewhere is followed once, also to a class; loops end; pipes are not opened."""
        paint(tmp_path / "pets" / "dog" / "1.png", noise)
        paint(tmp_path / "elsewhere" / "1.png", noise)
        (tmp_path / "pets" / "cat").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "pets" / "dog" / "cats").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "pets" / "again").symlink_to(tmp_path / "pets" / "dog")
        (tmp_path / "elsewhere" / "up").symlink_to(tmp_path / "pets")
        (tmp_path / "pets" / "root").symlink_to(tmp_path)
        (tmp_path / "pets" / "nowhere").symlink_to(tmp_path / "gone")
        (tmp_path / "pets" / "self.png").symlink_to(tmp_path / "pets" / "self.png")
        (tmp_path / "pets" / "dog" / "2.png").symlink_to(tmp_path / "elsewhere" / "1.png")
        os.mkfifo(tmp_path / "pets" / "dog" / "pipe.png")
        pictures = load_pictures(tmp_path / "pets")
        assert pictures.names == ("cat", "dog") and pictures.y.tolist() == [0, 1, 1]
        refuses("source", load_pictures, tmp_path / "pets" / "dog" / "pipe.png")

    def test_what_cannot_be_read_is_named(self, tmp_path, noise, capsys, monkeypatch):
        """Whatever is raised at one file, that one is left out; the rest are loaded, and HEIC is counted."""
        for name in ("cat/good.png", "dog/good.png", "dog/odd.png"):
            paint(tmp_path / name, noise)
        (tmp_path / "cat" / "bad.png").write_bytes(b"no picture at all")
        (tmp_path / "cat" / "cut.png").write_bytes((tmp_path / "cat" / "good.png").read_bytes()[:300])
        (tmp_path / "dog" / "empty.jpg").write_bytes(b"")
        for i in range(5):
            (tmp_path / "dog" / f"{i}.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
        opened = Image.open
        monkeypatch.setattr(
            "aecourse.data.picture_files.Image.open", lambda file: 1 / 0 if "odd" in str(file) else opened(file)
        )
        assert load_pictures(tmp_path).y.tolist() == [0, 1]
        named = "cat/bad.png, dog/empty.jpg (not a picture that can be read), cat/cut.png, dog/odd.png (damaged), "
        named += "5 .heic (needs pillow-heif)"
        assert capsys.readouterr().out == f"2 pictures: cat 1, dog 1 · left out {named}\n"

    def test_no_readable_picture(self, tmp_path):
        """The error says what is there."""
        assert "there is: nothing" in refuses("source", load_pictures, tmp_path)
        for name in ("a.csv", "b.npz", "c.heic", "d.heic", "e.png", "f"):
            (tmp_path / name).write_bytes(b"?")
        message = refuses("source", load_pictures, tmp_path)
        for said in (
            "left out e.png (not a picture that can be read), 2 .heic (needs pillow-heif)",
            "1 .csv",
            "1 .npz",
            "1 without an ending",
        ):
            assert said in message
        with pytest.raises(FileNotFoundError, match=f"source .* does not exist; give {ACCEPTED}"):
            load_pictures(tmp_path / "nowhere")
        refuses("source", load_pictures, tmp_path / "e.png")

    def test_labels_are_those_of_all_files(self, tmp_path, noise):
        """In natural order, also for one that cannot be read; as many as there are."""
        for name in ("10.png", "9.png"):
            paint(tmp_path / name, noise)
        (tmp_path / "1.png").write_bytes(b"no picture")
        assert load_pictures(tmp_path, [5, 6, 7]).y.tolist() == [6, 7]
        assert "3 whole numbers" in refuses("labels", load_pictures, tmp_path, [5, 6])


class TestNumbers:
    """Arrays of every layout and type, and what holds them."""

    @pytest.mark.parametrize(
        "kind", ["u1", "u2", ">u2", "f2", "f4", "f8", ">f4", "i8", "bool", torch.float32, torch.bfloat16]
    )
    def test_the_type_says_what_is_white(self, noise, kind):
        """255, 65,535 or 1."""
        noise[0, :2] = 0, 255
        share = np.where(noise > 127, 1.0, 0.0) if kind == "bool" else noise / 255
        if isinstance(kind, torch.dtype):
            values = torch.from_numpy(share).to(kind).requires_grad_()
        else:
            values = (share * {"u1": 255, "u2": 65_535, ">u2": 65_535, "i8": 255}.get(kind, 1)).astype(kind)
        near = 0.004 if kind == torch.bfloat16 else 0.0005
        assert np.abs(load_pictures(values[None]).x[0].view(28, 28).numpy() - share).max() <= near

    @pytest.mark.parametrize(
        ("low", "high", "kind", "said"),
        [
            (0, 255, "f4", "divide them by 255"), (0, 16, "f8", "divide them by 16"),
            (-1, 1, "f4", r"take \(x \+ 1\) / 2"),
            (-4.09, 4.19, "f4", r"take \(x - -4.09\) / 8.28"), (0, 1023, "i8", "divide them by 1023"),
            (0, 16, "i8", "divide them by 16"), (-5, 200, "i4", "take"), (0, 4095, "i2", "divide them by 4095"),
            (0, np.nan, "f4", "got nan"), (0, np.inf, "f4", "got 0.0 to inf"),
        ],
    )  # fmt: skip
    def test_what_is_white_is_never_guessed(self, low, high, kind, said):
        """The range found, and what would fit."""
        values = np.array([low, high], kind).repeat(392)[None]
        with pytest.raises(ValueError, match=rf"^source (holds numbers from|must hold finite).*{said}"):
            load_pictures(values)

    def test_layouts(self, noise):
        """Flat, in rows, with one channel or three, first or last; lists of any of them, of any sizes."""
        three = np.stack([noise] * 3)
        for values in (
            noise.reshape(1, 784), noise[None], noise[None, None], noise[None, ..., None], three[None],
            np.moveaxis(three, 0, 2)[None], [noise], [three.transpose(1, 2, 0)], torch.from_numpy(noise)[None],
            [noise.ravel()], (noise,),
            ImageSet(torch.from_numpy(noise / np.float32(255)).view(1, 784), torch.tensor([3])),
        ):  # fmt: skip
            assert np.array_equal(bytes_of(load_pictures(values))[0], noise)
        larger = noise.repeat(2, 0).repeat(2, 1)  # 56 × 56 pictures are not cut into four
        assert load_pictures(larger[None]).x.shape == (1, 784) == load_pictures([larger]).x.shape
        assert len(load_pictures([noise, larger, noise[:20]])) == 3

    @pytest.mark.parametrize(
        ("shape", "said"),
        [
            ((784,), r"x\[None\]"), ((28, 28), "x"), ((30, 40, 3), r"x\[None\]"),
            ((500, 3136), r"reshape\(-1, 56, 56\)"),
            ((2, 64), r"reshape\(-1, 8, 8\)"), ((0, 784), "at least one"), ((2, 5, 28, 28), "shape"), ((), "shape"),
            ((1, 1, 1, 28, 28), "shape"), ((1, 0, 5), "at least one"),
        ],
    )  # fmt: skip
    def test_shapes_that_are_no_pictures(self, shape, said):
        """What came, what is accepted, and what to write."""
        with pytest.raises(ValueError, match=rf"^source must .*{said}"):
            load_pictures(np.zeros(shape, np.uint8))

    def test_data_sets(self, noise, capsys):
        """Torchvision's by `.data`, `.targets` and `.classes`; EMNIST is turned upright, and that is said."""
        data = torch.from_numpy(np.stack([noise, 255 - noise]))
        source = SimpleNamespace(data=data, targets=torch.tensor([1, 0]), classes=["T-shirt/top", "Trouser"])
        assert load_pictures(source).names == ("T-shirt/top", "Trouser") and load_pictures(source).y.tolist() == [1, 0]
        digits = SimpleNamespace(data=data, targets=torch.tensor([1, 0]), classes=["0 - zero", "1 - one"])
        assert load_pictures(digits).names == ()
        colours = SimpleNamespace(data=np.zeros((2, 32, 32, 3), np.uint8), targets=[3, 5])
        assert load_pictures(colours).y.tolist() == [3, 5]
        capsys.readouterr()
        emnist = type("EMNIST", (SimpleNamespace,), {})(data=data.mT, targets=torch.tensor([1, 0]))
        assert np.array_equal(bytes_of(load_pictures(emnist))[0], noise)
        assert "EMNIST" in capsys.readouterr().out

    def test_data_frames(self, noise):
        """With or without a column of labels, which pandas and others have as `columns` and `to_numpy`."""

        class Frame:
            def __init__(self, columns: dict) -> None:
                self.held, self.columns = columns, list(columns)

            def __getitem__(self, chosen):
                return (
                    Frame({k: self.held[k] for k in chosen})
                    if isinstance(chosen, list)
                    else Frame({0: self.held[chosen]})
                )

            def to_numpy(self) -> np.ndarray:
                values = np.stack(list(self.held.values()), 1)
                return values[:, 0] if self.columns == [0] else values

        pixels = {f"pixel{i}": np.array([value, 255 - value], np.int64) for i, value in enumerate(noise.ravel())}
        for columns, labels in (({"Label": np.array(["b", "a"])}, [1, 0]), ({}, [0, 0])):
            got = load_pictures(Frame(columns | pixels))
            assert np.array_equal(bytes_of(got)[0], noise) and got.y.tolist() == labels

    def test_sets_pass(self, mnist):
        """Untouched, or with other labels and elsewhere."""
        assert load_pictures(mnist[1]).x is mnist[1].x
        assert load_pictures(mnist[1][:2], ["b", "a"]).names == ("a", "b")

    @given(source=junk | st.sampled_from([3, {}, np.array("a"), np.array([["a"]]), [], ["/no/such/file.png"]]))
    def test_bad_sources(self, source):
        """Named, with what is accepted."""
        with pytest.raises((TypeError, ValueError, FileNotFoundError), match="source"):
            load_pictures(source if not isinstance(source, str) else f"/no/such/{source.encode().hex()}")

    @given(flag=not_bools)
    def test_bad_flags(self, flag):
        """Before any file is looked at."""
        refuses("as_digits", load_pictures, "nowhere", as_digits=flag)


class TestLabels:
    """Numbers, words, one-hot rows; by hand and from files."""

    two = np.zeros((3, 784), np.uint8)

    @pytest.mark.parametrize(
        ("labels", "y", "names"),
        [
            ([2, 0, 1], [2, 0, 1], ()), (torch.tensor([2, 0, 1]), [2, 0, 1], ()),
            (np.array([2.0, 0, 1]), [2, 0, 1], ()),
            (["b", "a10", "a9"], [2, 1, 0], ("a9", "a10", "b")), (np.array(["7", "0", "7"]), [7, 0, 7], ()),
            (np.array(["x", "y", "x"], object), [0, 1, 0], ("x", "y")), (np.eye(3)[[2, 0, 1]], [2, 0, 1], ()),
            (torch.tensor([[2], [0], [1]]), [2, 0, 1], ()), ((True, False, True), [1, 0, 1], ()),
            (np.arange(24).reshape(3, 8), [0, 8, 16], ()),
        ],
    )  # fmt: skip
    def test_accepted(self, labels, y, names):
        """As int64 from 0, words in natural order."""
        got = load_pictures(self.two, labels)
        assert got.y.dtype == torch.int64 and got.y.tolist() == y and got.names == names

    @pytest.mark.parametrize(
        "labels", [[1, 2], [-1, 0, 1], [0.5, 1, 2], [None, 1, 2], [float("nan"), 0, 1], 3,
                   np.zeros((3, 4)), np.ones((3, 10)), [0] * 12, np.zeros((3, 1, 1))],
    )  # fmt: skip
    def test_refused(self, labels):
        """With what is accepted, and how many."""
        assert "3 whole numbers from 0, or words" in refuses("labels", load_pictures, self.two, labels)


class TestArrayFiles:
    """`.npz`, `.npy`, CSV and IDX, by their content."""

    @pytest.fixture
    def three(self) -> np.ndarray:
        """Three pictures of bytes."""
        return np.random.default_rng(1).integers(0, 256, (3, 28, 28), np.uint8)

    def test_npy_and_npz(self, tmp_path, three):
        """One array; pictures and labels by their names, train and test one after the other."""
        np.save(tmp_path / "a.npy", three)
        np.savez(tmp_path / "b.npz", y=[4, 5, 6], x=three)
        parts = {"x_train": three[:2], "y_train": [4, 5], "x_test": three[2:], "y_test": [6]}
        np.savez_compressed(tmp_path / "c.npz", **parts)
        np.savez(tmp_path / "d.npz", images=three, one_hot_labels=np.eye(9)[[4, 5, 6]])
        for name, labels in {"a.npy": [0, 0, 0], "b.npz": [4, 5, 6], "c.npz": [4, 5, 6], "d.npz": [4, 5, 6]}.items():
            got = load_pictures(tmp_path / name)
            assert np.array_equal(bytes_of(got), three) and got.y.tolist() == labels
        np.savez(tmp_path / "e.npz", a=three, b=three[:, :20])
        with pytest.raises(ValueError, match=r"e\.npz.* a \(3, 28, 28\), b \(3, 20, 28\)"):
            load_pictures(tmp_path / "e.npz")

    @pytest.mark.parametrize("packed", [False, True])
    @pytest.mark.parametrize(
        "head", ["", "label,", "pixels", "last", ",label,"], ids=["none", "label", "pixels only", "label last", "index"]
    )
    def test_csv(self, tmp_path, three, head, packed):
        """With or without a header and a column of labels; whole numbers are bytes."""
        names = ",".join(f"{i}x{j}" for i in range(1, 29) for j in range(1, 29))
        rows = [",".join(map(str, picture.ravel())) for picture in three]
        if head == "last":
            text = "\n".join([f'{names},"class"', *(f"{row},{word}" for row, word in zip(rows, "cab", strict=True))])
        else:
            lead = {"label,": "7,", "": "7,", "pixels": "", ",label,": "0,7,"}[head]
            text = "\n".join(
                [*([] if head == "" else [("" if head == "pixels" else head) + names]), *(lead + row for row in rows)]
            )
        path = tmp_path / ("a.csv.gz" if packed else "a.csv")
        path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
        got = load_pictures(path)
        assert np.array_equal(bytes_of(got), three)
        assert got.y.tolist() == ([2, 0, 1] if head == "last" else [0] * 3 if head == "pixels" else [7] * 3)

    def test_csv_whose_rows_are_numbered(self, tmp_path, three):
        """The numbers are no labels, whatever pandas or Kaggle call their column."""
        rows = [",".join(map(str, picture.ravel())) for picture in three]
        for name in ("", "id", "Unnamed: 0"):
            for label in ("", "label,"):
                lines = [f"{name},{label}" + ",".join(f"p{i}" for i in range(784))]
                lines += [f"{i},{'7,' * bool(label)}{row}" for i, row in enumerate(rows)]
                (tmp_path / "a.csv").write_text("\n".join(lines))
                got = load_pictures(tmp_path / "a.csv")
                assert np.array_equal(bytes_of(got), three) and got.y.tolist() == [7 * bool(label)] * 3

    def test_csv_of_decimals(self, tmp_path, three):
        """In [0, 1]; beyond, the range is said."""
        np.savetxt(tmp_path / "a.csv", three.reshape(3, 784) / 255, delimiter=";")
        np.savetxt(tmp_path / "b.csv", three.reshape(3, 784) * 1.5, delimiter=",")
        assert np.array_equal(bytes_of(load_pictures(tmp_path / "a.csv")), three)
        assert "divide them by" in refuses("source", load_pictures, tmp_path / "b.csv")

    @pytest.mark.parametrize("packed", [False, True])
    def test_idx(self, tmp_path, three, packed):
        """Of any name, with its labels' path; QMNIST's are rows of eight, EMNIST's pictures lie on their side."""
        qmnist = np.array([[4, 0, 9, 9, 9, 9, 9, 9], [5] * 8, [6] * 8], ">i4")
        files = {"pictures": idx_bytes(three), "emnist-letters-images": idx_bytes(three.transpose(0, 2, 1)),
                 "labels": idx_bytes(np.array([4, 5, 6])),
                 "qmnist-labels": b"\0\0\x0c\x02" + np.array([3, 8], ">u4").tobytes() + qmnist.tobytes()}  # fmt: skip
        for name, raw in files.items():
            (tmp_path / name).write_bytes(gzip.compress(raw) if packed else raw)
        for images, labels in (
            ("pictures", "labels"),
            ("pictures", "qmnist-labels"),
            ("emnist-letters-images", "labels"),
        ):
            got = load_pictures(tmp_path / images, tmp_path / labels)
            assert np.array_equal(bytes_of(got), three) and got.y.tolist() == [4, 5, 6]

    @pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.csv", "a.idx", "a.zip", "a.txt.gz"])
    def test_damaged(self, tmp_path, three, name):
        """Cut short or empty: the file is named."""
        (tmp_path / "1").mkdir()
        buffer = io.BytesIO()
        if name == "a.npy":
            np.save(buffer, three)
        elif name == "a.npz":
            np.savez(buffer, three)
        elif name == "a.csv":
            buffer.write(b"label,a,b\n1,2,3\n")
        else:
            buffer.write(gzip.compress(idx_bytes(three)))
        for length in (len(buffer.getvalue()) - 7, 5, 0):
            (tmp_path / name).write_bytes(buffer.getvalue()[:length])
            with pytest.raises(ValueError, match=name.replace(".", r"\.")):
                load_pictures(tmp_path / name)
