"""Trains a variant; its run can be resumed, evaluated and cited.

    python -m reproduce.train --variant bn-cifar10 --data digits --epochs 3
    python -m reproduce.train --variant cifar-18pct --data cifar10 --data-dir DIR
    python -m reproduce.train --variant caffe --data folder --data-dir PHOTOGRAPHS \
        --from bvlc.npz --freeze conv1-conv5 --view-cycle 10 --epochs 20

The first takes about two minutes on two cores; the last fine-tunes trained weights on
photographs of one's own. Ctrl-C finishes the step and saves.
--resume continues, and the result has the same bits as without the stop. The run is a
folder under runs/. Exit 0: trained to the end; 1: stopped before; 2: wrong use.

Several cards, or several machines, share the images of every batch:

    python -m reproduce.train --variant caffe --data imagenet --data-dir DIR \
        --distribute mirrored
    TF_CONFIG='{"cluster": {"worker": ["one:2222", "two:2222"]},
                "task": {"type": "worker", "index": 0}}' \
    python -m reproduce.train --variant caffe --data imagenet --data-dir DIR \
        --distribute workers --out SHARED/caffe

The second command is started on every machine, with its own index. The steps are those
of one process, to rounding, dropout and batch normalization included. Worker 0 writes
the run's folder, which all read when they --resume it, with as many workers as there
are then. If one is gone, the others stop.
"""

import contextlib
import importlib.util
import sys

from reproduce import command_line


def parser():
    parser = command_line.parser("reproduce.train", __doc__)
    add = parser.add_argument
    add("--variant", required=True, help="name of the net")
    add("--data", required=True, help="a dataset (python -m reproduce.data list)")
    add("--data-dir", metavar="DIR", help="folder of the data, or of its shards")
    add("--epochs", type=int, metavar="N", help="default: the recipe's")
    add("--batch-size", type=int, metavar="N", help="default: the recipe's")
    add("--seed", type=int, default=0, help="of weights, order and crops (default: 0)")
    add("--limit", type=int, metavar="N", help="use N training images only")
    add(
        "--validation",
        type=float,
        metavar="SHARE",
        help="share of the training images held out (default: the recipe's)",
    )
    add("--placement", default="auto", help="auto, one-device, two-devices, or names")
    add(
        "--schedule",
        metavar="NAME",
        help="of the learning rate: plateau, constant, steps (÷10 after 80 and 90 %% "
        "of the epochs), a run of the authors (145, 145-2010, 145-half, 147, 148), or "
        "epochs after which it is ÷10, such as 24 or 24,28 (default: the recipe's)",
    )
    add(
        "--save-every",
        type=float,
        default=120,
        metavar="SECONDS",
        help="time between two checkpoints (default: 120)",
    )
    add("--recipe", metavar="NAME", help="of the variant: as-published (default), …")
    add("--learning-rate", type=float, metavar="RATE", help="default: the recipe's")
    add(
        "--patience",
        type=int,
        metavar="N",
        help="stop after N epochs without a lower validation error",
    )
    add("--until", type=float, metavar="ERROR", help="stop at this training error")
    add("--until-loss", type=float, metavar="LOSS", help="stop at this training loss")
    add(
        "--steps",
        type=int,
        metavar="N",
        help="in an epoch (default: as many as use every image once)",
    )
    add("--weight-decay", type=float, metavar="DECAY", help="of every kernel")
    add(
        "--watch",
        metavar="SPLIT",
        help="log the error on this split after every epoch; nothing depends on it",
    )
    command_line.precision_option(parser, "float32")
    add("--input-size", type=int, metavar="N", help="side of the input, for small runs")
    add(
        "--validate-every",
        type=int,
        default=1,
        metavar="N",
        help="epochs between two validations (default: 1)",
    )
    add("--tensorboard", action="store_true", help="write logs to RUN/tensorboard")
    fine_tuning_options(parser)
    distribution_options(parser)
    add("--out", metavar="RUN", help="folder (default: runs/VARIANT-DATA-seedN)")
    add("--resume", action="store_true", help="continue the run in --out")
    return parser


def distribution_options(parser):
    add = parser.add_argument_group("several devices").add_argument
    add(
        "--distribute",
        choices=("mirrored", "workers"),
        help="mirrored: on all cards of this machine, or on parts of its processor; "
        "workers: with the processes of the variable TF_CONFIG, as TensorFlow reads it",
    )
    add("--replicas", type=int, metavar="N", help="for mirrored (default: every card)")
    add(
        "--wait",
        type=float,
        default=300,
        metavar="SECONDS",
        help="for all workers to come (default: 300)",
    )


def fine_tuning_options(parser):
    add = parser.add_argument_group("fine-tuning").add_argument
    add(
        "--from",
        dest="start",
        metavar="RUN|FILE",
        help="start from the weights of a run or of a weight file: layers that fit are "
        "loaded",
    )
    add("--new", metavar="LAYERS", help="layers that start anew all the same: fc6-fc8")
    add("--freeze", metavar="LAYERS", help="layers that are not trained: conv1-conv5")
    add("--rate-of", metavar="LAYER=X", help="multiply a layer's learning rate: fc8=10")
    add(
        "--view-cycle",
        type=int,
        metavar="N",
        help="repeat an image's random views after N epochs; the outputs of frozen "
        "layers are then computed once for each",
    )


def main(arguments=None):
    options = command_line.read(parser(), arguments)
    return command_line.run(train, options)


def train(options):
    command_line.quiet_keras()
    from alexnet_paper.nets import variants
    from alexnet_paper.training import train as training
    from reproduce.progress import EpochProgress

    with command_line.usage():
        options.variant = variants.get(options.variant).name  # replaces a former name
    training.enable_determinism()
    folder = options.out or (
        f"runs/{options.variant}-{options.data}-seed{options.seed}"
    )
    with command_line.usage():
        run = begin(options, folder)
    progress, callbacks = None, []
    if run.replicas.chief:
        progress = EpochProgress(run)
        callbacks.append(progress)
    if options.tensorboard and run.replicas.chief:
        from keras.callbacks import TensorBoard

        callbacks.append(TensorBoard(f"{folder}/tensorboard"))
    done = progress.epoch_done if progress else lambda line: None
    with progress or contextlib.nullcontext():
        finished = run.train(callbacks, options.save_every, done)
    if not finished:
        if not run.diverged:
            again = options.command.replace(" --resume", "")
            command_line.note(f"go on with: {again} --resume")
        raise SystemExit(1)
    if run.replicas.chief:
        command_line.note(f"trained: python -m reproduce.evaluate --run {folder}")
        print(folder)


def begin(options, folder):
    """Returns the run that the options describe."""
    from alexnet_paper.training import distribution
    from alexnet_paper.training import train as training
    from alexnet_paper.training.plan import Plan
    from alexnet_paper.training.run import Stopped

    command_line.check_out(folder, folder=True)
    if options.tensorboard and not importlib.util.find_spec("tensorboard"):
        raise ValueError("--tensorboard: python -m pip install tensorboard first.")
    if not options.save_every >= 0:
        raise ValueError(f"--save-every must be 0 or more: {options.save_every}")
    names = Plan.__dataclass_fields__
    plan = Plan(**{name: getattr(options, name) for name in names})
    note = command_line.note
    asked = (options.distribute, options.replicas, options.wait)
    try:
        replicas = distribution.connect(*asked, note)
        return training.start(
            plan, folder, options.command, options.resume, note, replicas
        )
    except Stopped as reason:
        note(f"error: {reason}")
        raise SystemExit(1) from reason


if __name__ == "__main__":
    sys.exit(main())
