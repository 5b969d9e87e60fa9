"""Finds libconvergio, opens it once, and refuses one that is not of this binding's version.

Loading is lazy: importing `convergio` never touches the file system.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cffi import FFI

from convergio._declarations import ABI_VERSION, DECLARATIONS
from convergio._version import __version__
from convergio.errors import LibraryMismatchError, LibraryNotFoundError

VARIABLE = "CONVERGIO_LIBRARY"
FILE_NAMES = {"darwin": "libconvergio.dylib", "win32": "convergio.dll"}

ffi = FFI()
ffi.cdef(DECLARATIONS)


@dataclass(frozen=True, slots=True)
class Library:
    """An opened library. `functions` holds the C functions by their C names."""

    path: Path
    functions: Any

    def text(self, pointer: Any) -> str:
        """A static string of the library."""
        return copied(pointer).decode()


@cache
def library() -> Library:
    """The library every context of this process uses."""
    return open_library(locate(os.environ))


def locate(environment: Mapping[str, str]) -> Path:
    """CONVERGIO_LIBRARY, else beside this package, else the source tree's Cargo build."""
    if environment.get(VARIABLE):
        return Path(environment[VARIABLE])
    package = Path(__file__).resolve().parent
    name = FILE_NAMES.get(sys.platform, "libconvergio.so")
    places = [package / name]
    # native/python/src/convergio -> native/gateway, when this is the source tree.
    if len(package.parents) > 2:
        target = package.parents[2] / "gateway" / "target"
        places += [target / "release" / name, target / "debug" / name]
    for place in places:
        if place.is_file():
            return place
    looked = ", ".join(str(place) for place in places)
    raise LibraryNotFoundError(
        f"libconvergio was not found in {looked}; build it with `cargo build --release` in "
        f"native/gateway, or set {VARIABLE} to the file"
    )


def open_library(path: Path) -> Library:
    """Opens a library and proves that it is the one this binding was written for."""
    try:
        # Any: cffi learns the functions at run time, from DECLARATIONS.
        functions: Any = ffi.dlopen(str(path))
    except OSError as error:
        raise LibraryNotFoundError(
            f"{path} cannot be loaded ({error}); set {VARIABLE} to a build of libconvergio for "
            "this platform"
        ) from error
    opened = Library(path, functions)
    try:
        found_abi = int(functions.convergio_abi_version())
        found = opened.text(functions.convergio_version())
    except AttributeError as error:
        raise LibraryMismatchError(f"{path} is not libconvergio: {error}") from error
    if found_abi != ABI_VERSION:
        raise LibraryMismatchError(
            f"{path} speaks ABI {found_abi}, this binding ABI {ABI_VERSION}; install the same "
            "version of both"
        )
    if normalised(found) != __version__:
        raise LibraryMismatchError(
            f"{path} is version {found}, this binding {__version__}; install the same version of "
            "both"
        )
    return opened


def copied(pointer: Any) -> bytes:
    """The bytes of a C string, up to its NUL."""
    found = ffi.string(pointer)
    if not isinstance(found, bytes):
        raise TypeError(f"not a C string: {pointer!r}")
    return found


def normalised(version: str) -> str:
    """A SemVer version as PEP 440 writes it: `7.0.0-rc1` is `7.0.0rc1`."""
    return re.sub(r"-(a|b|rc)\.?(\d+)$", r"\1\2", version)
