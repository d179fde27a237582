"""Reading image files: any size, mode and orientation; damaged files are named."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image
from PIL import ImageOps
from PIL import UnidentifiedImageError

SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".ppm", ".webp", ".tif", ".tiff"}
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "PPM", "WEBP", "TIFF")
LARGEST = 100_000_000  # pixels; a larger image may be a decompression bomb


class BadImage(OSError, ValueError):
    """A file that is not an image, or is damaged; the message names it."""


def open_image(path):
    """Returns an upright PIL image in RGB and the set of conversions this took.

    Conversions are "grey", "CMYK", "palette or alpha" and "rotated" (by its EXIF
    orientation).

    Raises:
        BadImage: if the file cannot be decoded completely.
        FileNotFoundError: if there is none.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > LARGEST:
                    raise ValueError(
                        f"{image.width}×{image.height} pixels; at most {LARGEST:,}"
                    )
                done = converted(image)
                image.load()
                upright = ImageOps.exif_transpose(image) if "rotated" in done else image
                if upright.mode.startswith("I"):  # 16 bits: Pillow would clip them
                    grey = np.asarray(upright).astype("float64") / 257
                    upright = Image.fromarray(np.round(grey).astype("uint8"))
                return in_rgb(upright), done
    except FileNotFoundError:
        raise
    except IsADirectoryError as error:
        raise BadImage(f"{path}: a folder, not an image") from error
    except UnidentifiedImageError as error:
        raise BadImage(
            f"{path}: not a whole image of a known format ({', '.join(FORMATS)})"
        ) from error
    except Exception as error:  # decoders raise many kinds for damaged files
        reason = str(error).replace(str(path), "").strip() or type(error).__name__
        raise BadImage(f"{path}: not a whole image ({reason})") from error


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


def files_in(folder):
    """Returns the image files in a folder, sorted by name, without hidden ones."""
    return sorted(
        path
        for path in Path(folder).iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )


def class_folders(root):
    """Returns {class name: files} of root/<class>/<image>, sorted.

    Hidden folders are skipped. Raises ValueError if there are no class folders or one
    is empty, and FileNotFoundError if `root` is not a folder.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is not a folder: expected {root}/CLASS/IMAGE.")
    found = {
        path.name: files_in(path)
        for path in sorted(root.iterdir())
        if path.is_dir() and not path.name.startswith(".")
    }
    if not found:
        raise ValueError(f"{root} has no class folders: expected {root}/CLASS/IMAGE.")
    empty = [name for name, files in found.items() if not files]
    if empty:
        raise ValueError(
            f"no images in {', '.join(str(root / name) for name in empty)}."
        )
    return found


class ImageFiles:
    """A sequence of uint8 images (height, width, 3), each read from its file on access.

    A slice or a list of indices gives `ImageFiles` again.
    """

    def __init__(self, paths):
        self.paths = list(paths)

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        if isinstance(index, (int, np.integer)):
            return np.asarray(open_image(self.paths[index])[0])
        if isinstance(index, slice):
            return ImageFiles(self.paths[index])
        return ImageFiles([self.paths[i] for i in index])

    def __iter__(self):
        return (self[i] for i in range(len(self)))


def photographs():
    """Returns the two photographs that come with scikit-learn, as PIL images."""
    from sklearn.datasets import load_sample_images

    return tuple(Image.fromarray(image) for image in load_sample_images().images)
