"""Photographs as they come: every mode and orientation, and damaged files named."""

import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from foreign import declared_png
from PIL import Image

from alexnet_paper.data.images import BadImage
from alexnet_paper.data.images import ImageFiles
from alexnet_paper.data.images import class_folders
from alexnet_paper.data.images import files_in
from alexnet_paper.data.images import open_image
from alexnet_paper.files import printable

SHARED = Path(__file__).parents[3] / "shared" / "data"
ORIENTATION = 0x0112

# what EXIF orientation n asks for, as NumPy turns
UPRIGHT = {
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: np.rot90(image, -1),
    7: lambda image: image[::-1, ::-1].transpose(1, 0, 2),
    8: lambda image: np.rot90(image),
}


def pixels(height=5, width=7, channels=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, channels), dtype="uint8")


def saved(path, array, **options):
    Image.fromarray(array).save(path, **options)
    return path


def opened(path):
    image, done = open_image(path)
    assert image.mode == "RGB"
    return np.asarray(image).astype(int), done


def declared_bmp(width, height):
    """A BMP of a header alone that says it is width × height."""
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


def jpeg(height=64, width=48, **options):
    file = io.BytesIO()
    Image.fromarray(pixels(height, width)).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (pixels(), set()),
        (pixels(channels=1)[..., 0], {"grey"}),
        (pixels(channels=1)[..., 0] > 127, {"grey"}),  # black and white
        (pixels(channels=2), {"grey"}),  # and transparency, which is dropped
        (pixels(channels=4), {"palette or alpha"}),
    ],
)
def test_every_mode_becomes_rgb(array, words, tmp_path):
    found, done = opened(saved(tmp_path / "a.png", array))
    levels = (array * 255 if array.dtype == bool else array).reshape(5, 7, -1)
    colours = [0, 0, 0] if words == {"grey"} else [0, 1, 2]
    assert np.array_equal(found, levels[..., colours]) and done == words


def test_palette(tmp_path):
    colours = pixels(1, 6, seed=1)[0]
    indices = np.arange(35, dtype="uint8").reshape(5, 7) % 6
    image = Image.fromarray(indices, "L")
    image.putpalette(colours.ravel().tolist(), "RGB")
    image.save(tmp_path / "a.png")
    found, done = opened(tmp_path / "a.png")
    assert np.array_equal(found, colours[indices]) and done == {"palette or alpha"}


def test_cmyk(tmp_path):
    """R = 255 · (1 − C) · (1 − K), and so on; without compression, to one level."""
    array = pixels(channels=4)
    Image.fromarray(array, "CMYK").save(tmp_path / "a.tif")
    found, done = opened(tmp_path / "a.tif")
    ink = array / 255
    expected = 255 * (1 - ink[..., :3]) * (1 - ink[..., 3:])
    assert np.abs(found - expected).max() <= 1 and done == {"CMYK"}


def test_cmyk_jpeg_is_not_a_negative(tmp_path):
    """Adobe's inverted CMYK: a cyan sheet is cyan."""
    cyan = np.full((16, 16, 4), (255, 0, 0, 0), "uint8")
    Image.fromarray(cyan, "CMYK").save(tmp_path / "a.jpg", quality=95)
    found, done = opened(tmp_path / "a.jpg")
    assert np.abs(found - [0, 255, 255]).max() < 10 and done == {"CMYK"}


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_sixteen_bits_keep_their_greys(name, tmp_path):
    """65,536 levels become 256: the upper byte, not what is left after clipping."""
    array = np.linspace(0, 65535, 256).astype("uint16").reshape(16, 16)
    found, done = opened(saved(tmp_path / name, array))
    assert np.abs(found - (array // 257)[..., None].astype(int)).max() <= 1
    assert done == {"grey"}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation, tmp_path):
    """All eight, turned upright; the tag itself is not left behind."""
    array, exif = pixels(), Image.Exif()
    exif[ORIENTATION] = orientation
    path = saved(tmp_path / "a.png", array, exif=exif)
    found, done = opened(path)
    assert np.array_equal(found, UPRIGHT[orientation](array))
    assert done == ({"rotated"} if orientation > 1 else set())
    assert open_image(path)[0].getexif().get(ORIENTATION, 1) == 1


def test_the_content_counts_and_not_the_suffix(tmp_path):
    """A PNG called .jpg, as there is one in ImageNet."""
    array = pixels()
    saved(tmp_path / "a.png", array)
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert np.array_equal(opened(tmp_path / "a.jpg")[0], array)


def test_a_missing_file_is_missing_and_not_damaged(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent.jpg"):
        open_image(tmp_path / "absent.jpg")


@pytest.mark.parametrize(
    ("array", "name"),
    [
        (np.full((4, 4), 70_000, "int32"), "a.tif"),
        (np.full((4, 4), 200, "int32"), "a.tif"),
        (np.full((4, 4), 0.5, "float32"), "a.tif"),
    ],
)
def test_pixels_whose_white_is_not_known(array, name, tmp_path):
    """They were taken modulo 256, or for black."""
    with pytest.raises(BadImage, match="a.tif: .*32-bit pixels: save it with 8 or 16"):
        open_image(saved(tmp_path / name, array))


WHOLE = jpeg()
DAMAGED = {
    "empty": b"",
    "text": b"this is no photograph\nbut two lines of text\n",
    "zeros": bytes(5000),
    "half a JPEG": WHOLE[: len(WHOLE) // 2],
    "a JPEG without its last bytes": WHOLE[:-200],
    "a JPEG's header": WHOLE[:30],
    "a JPEG without its first bytes": WHOLE[2:],
    "an HTML page": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
    "a PDF": b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\n",
    "a PNG of nothing": declared_png(64, 64),
    "a PNG bomb": declared_png(30_000, 30_000),
    "a PNG over the limit by little": declared_png(10_001, 10_000),
    "a BMP bomb": declared_bmp(30_000, 30_000),
    "a BMP of nothing": declared_bmp(50, 50),
    "no pixels": declared_png(0, 0),
    "one pixel wide": declared_png(1, 99_999_999),
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("kind", DAMAGED)
@pytest.mark.parametrize(
    "name", ["größe 1.jpg", "a\n\33[31m.jpg", os.fsdecode(b"\xff")]
)
def test_a_damaged_file_is_named_in_one_line(kind, name, tmp_path):
    path, content = tmp_path / name, DAMAGED[kind]
    content(path) if callable(content) else path.write_bytes(content)
    with pytest.raises(BadImage) as caught:
        open_image(path)
    text, shown = str(caught.value), printable(path)
    assert text.startswith(f"{shown}: ") and len(text.splitlines()) == 1
    assert len(text) > len(f"{shown}: not a whole image ()")  # a reason is given
    assert text.count(shown) == 1 and text.encode() and printable(text) == text


def test_a_portable_pixmap_is_read_and_an_unknown_format_named(tmp_path):
    image = saved(tmp_path / "a.ppm", pixels(16, 16))
    assert open_image(image)[0].size == (16, 16)
    (tmp_path / "a.avif").write_bytes(b"\0\0\0\x20ftypavif" + bytes(100))
    with pytest.raises(BadImage, match="no.* known format .JPEG, PNG, GIF, BMP, PPM,"):
        open_image(tmp_path / "a.avif")


def folder(root, **classes):
    """root/<class>/<file> with empty files."""
    for name, files in classes.items():
        (root / name).mkdir(parents=True)
        for file in files:
            (root / name / file).touch()
    return root


def test_class_folders_are_sorted_and_hold_images_only(tmp_path):
    root = folder(tmp_path, b=["2.JPEG", "10.jpg", "x.txt"], a=["z.png", "Thumbs.db"])
    (root / "README.md").touch()
    (root / ".ipynb_checkpoints").mkdir()
    (root / "a" / "._z.png").touch()
    found = class_folders(root)
    names = {name: [path.name for path in files] for name, files in found.items()}
    assert list(names) == ["a", "b"]
    assert names == {"a": ["z.png"], "b": ["10.jpg", "2.JPEG"]}
    assert files_in(root) == []


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("nowhere", FileNotFoundError, "nowhere is not a folder: expected"),
        ("a/1.jpg", FileNotFoundError, "1.jpg is not a folder: expected"),
        ("a", ValueError, "has no class folders: expected CLASS"),
        ("", ValueError, "no images in [^ ]*/b, [^ ]*/c\\.$"),
    ],
)
def test_class_folders_that_are_not_there(name, kind, said, tmp_path):
    folder(tmp_path, a=["1.jpg"], b=[], c=["notes.txt"])
    with pytest.raises(kind, match=said):
        class_folders(tmp_path / name)


@pytest.fixture
def six(tmp_path):
    """Six images of different sizes, and the files they are in."""
    arrays = [pixels(4 + index, 9 - index, seed=index) for index in range(6)]
    paths = [saved(tmp_path / f"{i}.png", array) for i, array in enumerate(arrays)]
    return arrays, ImageFiles(paths)


@pytest.mark.parametrize(
    "chosen", [slice(1, 4), slice(None, None, -2), [4, 0, 4], np.array([5, 2]), []]
)
def test_image_files_are_a_sequence_of_arrays(six, chosen):
    """A part of them is one again."""
    arrays, files = six
    assert len(files) == 6 and np.array_equal(files[np.int64(-1)], arrays[-1])
    places = np.arange(6)[chosen if isinstance(chosen, slice) else list(chosen)]
    part = files[chosen]
    assert isinstance(part, ImageFiles) and len(part) == len(places)
    for place, found in zip(places, part, strict=True):
        assert found.dtype == np.uint8 and np.array_equal(arrays[place], found)


@pytest.mark.data
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no {SHARED}")
def test_real_photographs_are_read():
    """650 ImageNet photographs: 16 are grey, none is damaged."""
    done = [
        open_image(path)[1]
        for files in ("train", "val")
        for paths in class_folders(SHARED / "imagenette_small" / files).values()
        for path in paths
    ]
    assert len(done) == 650
    assert done.count({"grey"}) == 16 and done.count(set()) == 634
