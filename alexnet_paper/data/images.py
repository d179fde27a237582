"""Reading image files: any size, mode and orientation; damaged files are named."""

import io
import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image
from PIL import ImageOps
from PIL import UnidentifiedImageError

from alexnet_paper.data.listing import Paths
from alexnet_paper.data.listing import chosen
from alexnet_paper.files import in_short
from alexnet_paper.files import open_file
from alexnet_paper.files import printable

SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".ppm", ".webp", ".tif", ".tiff"}
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "PPM", "WEBP", "TIFF")
LARGEST = 100_000_000  # pixels; a larger image may be a decompression bomb
LONGEST = 65_535  # pixels of a side, as in a JPEG


class BadImage(OSError, ValueError):
    """A file that is not an image, or is damaged; the message names it."""


def open_image(path, content=None):
    """Returns an upright PIL image in RGB and the set of conversions this took.

    Conversions are "grey", "CMYK", "palette or alpha" and "rotated" (by its EXIF
    orientation). `content` are the file's bytes, if they are known.

    Raises:
        BadImage: if the file cannot be decoded completely.
        FileNotFoundError: if there is none.
    """
    try:
        opened = open_file(path) if content is None else io.BytesIO(content)
        with warnings.catch_warnings(), opened as file:
            warnings.simplefilter("ignore")  # of damaged metadata
            with Image.open(file, formats=FORMATS) as image:
                if image.width * image.height > LARGEST or max(image.size) > LONGEST:
                    raise ValueError(
                        f"{image.width}×{image.height} pixels; at most {LARGEST:,}, "
                        f"{LONGEST:,} a side"
                    )
                done = converted(image)
                image.load()
                upright = ImageOps.exif_transpose(image) if "rotated" in done else image
                return in_rgb(in_bytes(upright, image.format)), done
    except (FileNotFoundError, NotADirectoryError):
        if not os.path.islink(path):
            raise
        raise BadImage(f"{printable(path)}: a link to a file that is gone") from None
    except IsADirectoryError as error:
        raise BadImage(f"{printable(path)}: a folder, not an image") from error
    except MemoryError as error:  # a progressive JPEG at the limit takes 1.5 GB
        reason = "it needs more memory than there is"
        raise BadImage(f"{printable(path)}: {reason}") from error
    except UnidentifiedImageError as error:
        raise BadImage(
            f"{printable(path)}: not a whole image of a known format "
            f"({', '.join(FORMATS)})"
        ) from error
    except Exception as error:  # decoders raise many kinds for damaged files
        reason = in_short(error, 999).replace(printable(path), "").strip(": ")
        reason = reason[:200] or type(error).__name__
        raise BadImage(f"{printable(path)}: not a whole image ({reason})") from error


def in_bytes(image, format):
    """Returns an image of 8 bits a channel. Those of 16 would be clipped by Pillow.

    Raises ValueError where white is not known: for floating-point numbers and 32 bits.
    """
    if image.mode == "F" or (image.mode == "I" and format == "TIFF"):
        raise ValueError("32-bit pixels: save it with 8 or 16 bits a channel")
    if not image.mode.startswith("I"):
        return image
    grey = (np.asarray(image).astype("uint32") + 128) // 257  # rounded
    return Image.fromarray(grey.astype("uint8"))


def in_rgb(image):
    return image if image.mode == "RGB" else image.convert("RGB")


def converted(image):
    """Returns the conversions that make an image upright and RGB."""
    words = {"L": "grey", "1": "grey", "LA": "grey", "I": "grey", "CMYK": "CMYK"}
    mode = image.mode.split(";")[0]  # "I" of "I;16"
    done = set() if mode == "RGB" else {words.get(mode, "palette or alpha")}
    if image.getexif().get(0x0112, 1) != 1:
        done.add("rotated")
    return done


def names_in(folder):
    """Returns the names of the image files in a folder, sorted, without hidden ones."""
    return sorted(
        name
        for name in os.listdir(folder)
        if os.path.splitext(name)[1].lower() in SUFFIXES and not name.startswith(".")
    )


def files_in(folder):
    """Returns the image files in a folder, sorted by name, without hidden ones."""
    return [Path(folder, name) for name in names_in(folder)]


def class_folders(root):
    """Returns {class name: `Paths` of its files} of root/<class>/<image>, sorted.

    Hidden folders are skipped. Raises ValueError if there are no class folders or one
    is empty, and FileNotFoundError if `root` is not a folder.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(
            f"{printable(root)} is not a folder: expected CLASS/IMAGE in it."
        )
    found = {
        path.name: Paths.inside(path, names_in(path))
        for path in sorted(root.iterdir())
        if path.is_dir() and not path.name.startswith(".")
    }
    if not found:
        raise ValueError(
            f"{printable(root)} has no class folders: expected CLASS/IMAGE in it."
        )
    empty = [printable(root / name) for name, files in found.items() if not files]
    if empty:
        raise ValueError(f"no images in {', '.join(empty)}.")
    return found


class ImageFiles:
    """A sequence of uint8 images (height, width, 3), each read from its file on access.

    A slice or a list of indices gives `ImageFiles` again.
    """

    def __init__(self, paths):
        self.paths = paths if isinstance(paths, Paths) else Paths.of(paths)

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        if isinstance(index, (int, np.integer)):
            return np.asarray(open_image(self.paths[index])[0])
        return ImageFiles(self.paths[chosen(index)])

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    @property
    def names(self):
        return self.paths.names

    @property
    def in_folders(self):
        return self.paths.in_folders


def photographs():
    """Returns the two photographs that come with scikit-learn, as PIL images."""
    from sklearn.datasets import load_sample_images

    return tuple(Image.fromarray(image) for image in load_sample_images().images)
