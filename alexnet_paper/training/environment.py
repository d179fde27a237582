"""Versions, machine, device and commit of a run."""

import contextlib
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

from alexnet_paper.nets.placement import logical_devices

VERSIONED = ("alexnet_paper", "keras", "tensorflow", "jax", "torch", "numpy")


def environment():
    """Returns the versions, machine and commit of this process, for a record."""
    found = {"python": platform.python_version(), "commit": commit()}
    for package in VERSIONED:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    found["machine"] = f"{platform.machine()}, {cores()} cores"
    return found


def cores():
    """Returns the number of cores that this process may use. Sums are split among them,
    so that results depend on it in the last bits."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def commit():
    """Returns this package's commit, with "+" if files were changed, or the one that
    an installed wheel was built from, or "none"."""
    folder = Path(__file__).resolve().parents[1]
    with contextlib.suppress(OSError):  # of a wheel, whatever repository it lies in
        return (folder / "COMMIT").read_text().strip()
    try:
        head = git(folder, "rev-parse", "--short=12", "HEAD")
        changed = git(folder, "status", "--porcelain", "--", ".", "../reproduce/*.py")
    except (OSError, subprocess.CalledProcessError):
        return "none"
    return head + ("+" if changed else "")


def introduced(path):
    """Returns the first commit that has a file's present content under any name.

    It is "uncommitted" if no commit has the content, and "none" outside a checkout.
    """
    folder = Path(path).resolve().parent
    try:
        content = git(folder, "hash-object", path)
        same = f"--find-object={content}"
        found = git(
            folder, "log", "-m", "--reverse", "--format=%h", "--abbrev=12", same
        )
    except (OSError, subprocess.CalledProcessError):
        return "none"
    return found.partition("\n")[0] or "uncommitted"


def git(folder, *arguments):
    return subprocess.run(
        ["git", "-C", folder, *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


def device_name():
    """Returns the name of this process's accelerator, or else of its processor."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        if jax.devices()[0].platform != "cpu":
            return jax.devices()[0].device_kind
    if logical_devices("GPU"):
        import tensorflow as tf

        gpu = tf.config.list_physical_devices("GPU")[0]
        return tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def here():
    """Returns `environment` with Keras's backend and the device."""
    import keras

    backend, device = keras.backend.backend(), device_name()
    return {**environment(), "backend": backend, "device": device}
