"""The worker processes of one run: how they find each other, and what ends them.

The cluster is that of the variable TF_CONFIG, as TensorFlow reads it:

    {"cluster": {"worker": ["one:2222", "two:2222"]},
     "task": {"type": "worker", "index": 0}}

Worker 0, or the one of type "chief", is the chief. All must come within a time. After
that TensorFlow notices within seconds if one of them is gone.
"""

import contextlib
import faulthandler
import json
import os
import re
import socket
import time
from dataclasses import dataclass
from typing import Annotated
from typing import Literal

from annotated_types import Ge
from annotated_types import Len
from typing_extensions import NotRequired
from typing_extensions import TypedDict

from alexnet_paper.files import from_json
from alexnet_paper.files import in_short
from alexnet_paper.training.run import Stopped

WAIT = 300  # seconds for all workers to come
SILENCE = 600  # seconds that one may compute while the others wait for it
STARTING = 60  # seconds for TensorFlow to connect the workers that have come
TRIAL = 0.2  # seconds between two attempts to reach the chief
GO = b"go\n"

Addresses = list[str]


class Jobs(TypedDict):
    chief: NotRequired[Annotated[Addresses, Len(1, 1)]]
    worker: NotRequired[Addresses]


class Task(TypedDict):
    type: Literal["chief", "worker"]
    index: Annotated[int, Ge(0)]


class Config(TypedDict):
    cluster: Jobs
    task: Task


Jobs.__pydantic_config__ = {"extra": "forbid"}


@dataclass(frozen=True)
class Cluster:
    """The workers' addresses, the chief's first, and the number of this one."""

    addresses: tuple[str, ...]
    index: int
    has_chief: bool = False  # the first one is of TensorFlow's type "chief"

    def name(self, number):
        chief = ", the chief" if number == 0 else ""
        return f"worker {number} ({self.addresses[number]}{chief})"

    def address(self, number):
        host, _, port = self.addresses[number].rpartition(":")
        return host.strip("[]"), int(port)

    @contextlib.contextmanager
    def met(self, wait, notify):
        """Context entered when all workers have come: TensorFlow connects them in it.

        Raises Stopped if one does not come in `wait` seconds.
        """
        notify(f"worker {self.index} of {len(self.addresses)}: waits for the others")
        if missing := ask(self, wait) if self.index else gather(self, wait):
            names = " and ".join(map(self.name, missing))
            raise Stopped(f"{names} did not come in {wait:g} s.")
        # TensorFlow would wait for an hour, and no thread of Python runs in that time
        notify(f"all have come: starts, or stops in {STARTING} s if one is gone")
        with open(os.devnull, "w") as nothing:
            faulthandler.dump_traceback_later(STARTING, exit=True, file=nothing)
            try:
                yield
            finally:
                faulthandler.cancel_dump_traceback_later()

    @contextlib.contextmanager
    def faults(self):
        """Context that raises Stopped, with the worker's name, if one is gone."""
        import tensorflow as tf

        gone = (
            tf.errors.UnavailableError,
            tf.errors.AbortedError,
            tf.errors.CancelledError,
            tf.errors.DeadlineExceededError,
        )
        try:
            yield
        except gone as error:
            names = " and ".join(map(self.name, self.named(str(error))))
            silent = isinstance(error, tf.errors.DeadlineExceededError)
            what = f"was silent for {SILENCE} s" if silent else "is gone"
            raise Stopped(f"{names or 'another worker'} {what}: stopped.") from error

    def named(self, message):
        """Returns the numbers of the other workers that TensorFlow's message names."""
        found = re.findall(r"/job:(\w+)/(?:replica:\d+/)?task:(\d+)", message)
        numbers = {
            int(task) + (self.has_chief and job == "worker") for job, task in found
        }
        return sorted(numbers & set(range(len(self.addresses))) - {self.index})


def cluster():
    """Returns the `Cluster` of TF_CONFIG. Raises ValueError without one."""
    text = os.environ.get("TF_CONFIG", "")
    if not text:
        raise ValueError(
            "--distribute workers needs TF_CONFIG, with the addresses of all workers "
            "and the number of this one (python -m reproduce.train --help)."
        )
    try:
        config = from_json(Config, text)
    except ValueError as error:
        raise ValueError(f"TF_CONFIG: {error}") from error
    chiefs = config["cluster"].get("chief", [])
    others = config["cluster"].get("worker", [])
    kind, index = config["task"]["type"], config["task"]["index"]
    listed = chiefs if kind == "chief" else others
    addresses = (*chiefs, *others)
    odd = [
        one
        for one in addresses
        if not re.fullmatch(r".+:\d{1,5}", one) or int(one.split(":")[-1]) > 65535
    ]
    if odd:
        raise ValueError(f"TF_CONFIG: {in_short(odd[0])} is not an address, host:port.")
    if index >= len(listed):
        raise ValueError(f"TF_CONFIG: there is no {kind} {index}, only {len(listed)}.")
    number = index + (len(chiefs) if kind == "worker" else 0)
    return Cluster(addresses, number, bool(chiefs))


def free_ports(count):
    """Returns ports of this machine that no process listens on."""
    with contextlib.ExitStack() as stack:
        servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        return [stack.enter_context(server).getsockname()[1] for server in servers]


def on_this_machine(count):
    """Returns the value of TF_CONFIG for each of `count` workers, the chief first."""
    addresses = [f"127.0.0.1:{port}" for port in free_ports(count)]
    return [
        json.dumps(
            {
                "cluster": {"worker": addresses},
                "task": {"type": "worker", "index": index},
            }
        )
        for index in range(count)
    ]


def gather(cluster, wait):
    """Waits, as the chief, until all others have connected, and tells them to go on.

    Returns the numbers of those that have not come in time; the others are told, too.
    """
    others, came = set(range(1, len(cluster.addresses))), {}
    host, port = cluster.address(0)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    deadline = time.monotonic() + wait
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("", port), family=family))
        server.settimeout(TRIAL)
        while set(came) != others and time.monotonic() < deadline:
            with contextlib.suppress(OSError, ValueError):
                connection = stack.enter_context(server.accept()[0])
                connection.settimeout(1)
                came[int(connection.recv(16))] = connection
            came = {n: one for n, one in came.items() if n in others and is_open(one)}
        missing = sorted(others - set(came))
        for connection in came.values():
            with contextlib.suppress(OSError):
                connection.sendall(json.dumps(missing).encode() if missing else GO)
    return missing


def is_open(connection):
    """Returns whether the other side of a connection, which says nothing, is there."""
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def ask(cluster, wait):
    """Waits, as another worker, until the chief tells that all have come.

    Returns the numbers of those that have not come.
    """
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            with socket.create_connection(cluster.address(0), TRIAL) as connection:
                connection.sendall(str(cluster.index).encode())
                connection.settimeout(wait + 10)  # the chief may have come just now
                told = connection.recv(1000)
            return [] if told == GO else json.loads(told)
        time.sleep(TRIAL)
    return [0]
