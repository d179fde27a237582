"""Progress on stderr: of a training run, a bar in the epoch and a line after it; of
other work, a bar for each of its parts."""

import contextlib

import keras
from rich.progress import BarColumn
from rich.progress import Progress
from rich.progress import TextColumn
from rich.progress import TimeElapsedColumn
from rich.progress import TimeRemainingColumn

from reproduce import command_line


class Parts:
    """Shows one bar at a time, with the time taken and, if it is known, the time left.

    Without a terminal it shows nothing.
    """

    def __init__(self):
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=command_line.console(),
            transient=True,
        )

    @contextlib.contextmanager
    def part(self, name, total=None):
        """Context of a part of the work: gives a function that is called with how much
        of `total` is done since the last call. None: nobody knows how long it takes."""
        with self.bar:
            task = self.bar.add_task(name, total=total)
            yield lambda done: self.bar.advance(task, done)
            self.bar.remove_task(task)


class EpochProgress(keras.callbacks.Callback):
    """Shows a bar with images/s and time left, and prints a line after every epoch."""

    def __init__(self, run):
        super().__init__()
        self.run = run
        self.console = command_line.console()
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[rate]}  {task.fields[loss]}  left"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
        )

    @property
    def images(self):
        """Number of training images in an epoch."""
        whole = len(self.run.dataset.splits["train"])
        return min(whole, self.run.steps * self.run.recipe.batch_size)

    def __enter__(self):
        self.bar.start()
        return self

    def __exit__(self, *error):
        self.bar.stop()

    def on_epoch_begin(self, epoch, logs=None):
        images, size = self.images, self.run.recipe.batch_size
        done = min(self.run.step * size, images)
        self.task = self.bar.add_task(
            f"epoch {epoch + 1}/{self.run.recipe.epochs}",
            total=images,
            completed=done,
            rate="",
            loss="",
        )

    def on_train_batch_end(self, batch, logs=None):
        speed = next(task.speed for task in self.bar.tasks if task.id == self.task)
        self.bar.update(
            self.task,
            advance=self.run.recipe.batch_size,
            rate=f"{speed:,.0f} images/s" if speed else "",
            loss=f"loss {logs['loss']:.3f}",
        )

    def on_epoch_end(self, epoch, logs=None):
        self.bar.remove_task(self.task)

    def epoch_done(self, line):
        """Prints a line of the log."""
        images = self.images / max(line["seconds"], 1e-9)
        text = f"epoch {line['epoch']}: loss {line['loss']:.3f}"
        text += f", training error {line['top1_error']:.1%}"
        if "val_top1_error" in line:
            text += f", validation error {line['val_top1_error']:.1%}"
        rate = (
            f", rate {line['rate']:g}, {line['seconds']:.0f} s, {images:,.0f} images/s"
        )
        self.console.print(text + rate, soft_wrap=True)
