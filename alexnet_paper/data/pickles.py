"""Pickles read as data: nothing is called, nothing imported, nothing unpickled.

A pickle is a program for a stack machine. Of its opcodes only those for data are
followed: None, numbers, text, bytes, lists, tuples and dictionaries. Where the program
would call something, to make an array or a tensor, a `Made` keeps the name and the
arguments. `array` reads an array from it.
"""

import math
import pickletools
from dataclasses import dataclass

import numpy as np

from alexnet_paper.files import in_short

OPCODES = 200_000  # a batch of CIFAR-10 has 30,000, a net's arrays some hundred
KEY = 200  # most characters of a dictionary's key
DTYPES = ("f2", "f4", "f8", "u1", "i8")
ADVICE = "save the arrays anew where it comes from: np.savez(FILE, conv1_w=…, …)"

ARRAY, DTYPE = "numpy.core.multiarray _reconstruct", "numpy dtype"
TENSOR, PARAMETER = "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter"
STORAGE, ORDERED = "storage", "collections OrderedDict"
CALLS = (ARRAY, DTYPE, TENSOR, PARAMETER, ORDERED)
TORCH = {"torch HalfStorage": "<f2", "torch FloatStorage": "<f4"}
TORCH |= {"torch DoubleStorage": "<f8"}
NAMES = (*CALLS, *TORCH, "numpy ndarray")

CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
VALUES = (  # opcodes whose argument is the object
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE"),
    *("SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
)
TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3, "TUPLE": None}


@dataclass
class Made:
    """What a pickle would make by a call, and the state it would give it."""

    name: str
    arguments: object
    state: object = None


def read(content):
    """Returns what a pickle holds. Text of Python 2 is taken to be latin-1.

    Time and memory are proportional to the size of `content`. Raises ValueError for
    anything but plain data, arrays and tensors.
    """
    machine = Machine()
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(content)):
            if count > OPCODES:
                raise ValueError(f"it has more than {OPCODES:,} objects")
            if opcode.name != "STOP":
                machine.step(opcode.name, argument)
        (found,) = machine.stack
        return found
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        reason = in_short(error, 100)
        raise ValueError(f"its pickle is refused ({reason}): {ADVICE}") from error


class Machine:
    """The stack, the marks on it, and what is remembered."""

    def __init__(self):
        self.stack, self.marks, self.memo = [], [], {}

    def step(self, name, argument):
        """Follows one opcode."""
        push = self.stack.append
        if name in VALUES:
            python2 = (
                name.endswith("STRING") and len(argument) > KEY
            )  # an array's bytes
            push(argument.encode("latin1") if python2 else argument)
        elif name in CONSTANTS:
            push(CONSTANTS[name])
        elif name in TUPLES:
            push(tuple(self.take(TUPLES[name])))
        elif name in ("EMPTY_LIST", "LIST"):
            push([] if name == "EMPTY_LIST" else self.take())
        elif name in ("EMPTY_DICT", "DICT"):
            push(fill({}, [] if name == "EMPTY_DICT" else self.take()))
        elif name in ("APPEND", "APPENDS", "SETITEM", "SETITEMS"):
            items = self.take({"APPEND": 1, "SETITEM": 2}.get(name))
            fill(self.stack[-1], items)
        elif name == "MARK":
            self.marks.append(len(self.stack))
        elif name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self.memo[len(self.memo) if argument is None else argument] = self.stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            push(self.memo[argument])
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            push(known(argument or " ".join(self.take(2)), NAMES))
        elif name == "REDUCE":
            call, arguments = self.take(2)
            known(call, CALLS)
            push({} if call == ORDERED else Made(call, arguments))
        elif name == "BUILD":
            (state,) = self.take(1)
            if isinstance(self.stack[-1], Made):  # torch gives its dictionaries one
                self.stack[-1].state = state
        elif name == "BINPERSID":
            push(Made(STORAGE, *self.take(1)))
        elif name not in ("PROTO", "FRAME"):
            raise ValueError(f"it has {name}")

    def take(self, count=None):
        """Takes `count` objects off the stack, or those above the last mark."""
        start = self.marks.pop() if count is None else len(self.stack) - count
        if start < (self.marks[-1] if self.marks else 0):
            raise ValueError("an object is missing")
        found = self.stack[start:]
        del self.stack[start:]
        return found


def known(name, names):
    """Returns a name if it is one of `names`, whatever NumPy it is of."""
    name = name.replace("numpy._core.", "numpy.core.")
    if name not in names:
        raise ValueError(f"it asks for {name.replace(' ', '.')}")
    return name


def fill(target, items):
    """Adds items to a list, or keys and values in turn to a dictionary."""
    if isinstance(target, list):
        target.extend(items)
        return target
    if not isinstance(target, dict):
        raise ValueError(f"it adds to a {type(target).__name__}")
    for key, value in zip(items[::2], items[1::2], strict=True):
        # only what is hashed and compared at once: nested tuples can take for ever
        if not isinstance(key, int) and not (
            isinstance(key, (str, bytes)) and len(key) <= KEY
        ):
            raise ValueError("a key is neither a short text nor a number")
        target[key] = value
    return target


def array(made):
    """Returns the array of a `Made`. Raises ValueError if it is not a whole one."""
    match made:
        case Made(
            name=name,
            state=(
                _,
                tuple(shape),
                Made(arguments=(str(code), *_), state=(_, str(order), *_)),
                fortran,
                str(content) | bytes(content),
            ),
        ) if name == ARRAY and code in DTYPES and order in ("<", ">", "|"):
            if isinstance(content, str):
                content = content.encode("latin1")
            return shaped(content, order + code, shape, "F" if fortran else "C")
    raise ValueError("an array is not one of numbers, or not whole")


def shaped(content, dtype, shape, order="C"):
    """Returns the array of some bytes. Raises ValueError if the shape is another's."""
    size = np.dtype(dtype).itemsize
    if (
        not all(isinstance(length, int) and length > 0 for length in shape)
        or len(shape) > 4
        or math.prod(shape) * size != len(content)
    ):
        raise ValueError(f"{len(content):,} bytes are no array of {str(shape)[:50]}")
    return np.frombuffer(content, dtype).reshape(shape, order=order)
