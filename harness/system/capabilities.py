"""The table of capabilities: what a host can have, how to see it, what for, and how to get it.

Data only. A row is present when its `command` exits 0 (its version is what `version` finds in the
output) and, where it has one, its special look at the host (`probe.py`) agrees.
"""

from __future__ import annotations

import platform
import shutil
from typing import Literal

from harness.model.base import Record

Look = Literal["", "link-asan", "root", "linux", "macos", "apple-silicon", "netns", "rust-asan"]
_GNU = r"(?:\) |version )(\d+(?:\.\d+)+)"
"""`gcc (Debian 12.2.0-14) 12.2.0`: the number after the packager's brackets."""
VERSION = r"(\d+(?:\.\d+)+(?:[-+.~][0-9A-Za-z.~+-]+)?)"


class Row(Record, frozen=True):
    """One capability. `also` are other names of the program, each tried when those before it are
    not there. `apt`, `brew`, `rustup`, `pip`, `npm` name what an installer calls it;
    `how` is a sentence where no installer brings it."""

    name: str
    enables: str
    command: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    version: str = VERSION
    look: Look = ""
    apt: str = ""
    brew: str = ""
    rustup: str = ""
    pip: str = ""
    npm: str = ""
    how: str = ""


def _python(minor: int) -> Row:
    return Row(
        name=f"python3.{minor}",
        command=(f"python3.{minor}", "--version"),
        enables=f"tests on Python 3.{minor}",
        apt=f"python3.{minor}",
        brew=f"python@3.{minor}",
    )


_RUST = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"

TABLE: tuple[Row, ...] = (
    Row(
        name="cargo",
        command=("cargo", "--version"),
        enables="building and testing Rust",
        how=_RUST,
    ),
    Row(name="rustc", command=("rustc", "--version"), enables="compiling Rust", how=_RUST),
    Row(
        name="nightly-rust",
        command=("rustc", "+nightly", "--version"),
        enables="miri and instrumented Rust builds",
        rustup="toolchain install nightly",
    ),
    Row(
        name="miri",
        command=("cargo", "+nightly", "miri", "--version"),
        enables="undefined behaviour found in pure Rust",
        rustup="+nightly component add miri rust-src",
    ),
    Row(
        name="clippy",
        command=("cargo", "clippy", "--version"),
        enables="Rust lints",
        rustup="component add clippy",
    ),
    Row(
        name="rustfmt",
        command=("cargo", "fmt", "--version"),
        enables="Rust format check",
        rustup="component add rustfmt",
    ),
    Row(
        name="rust-asan",
        look="rust-asan",
        enables="Rust instrumented by AddressSanitizer and LeakSanitizer",
        rustup="toolchain install nightly",
    ),
    Row(
        name="gcc",
        command=("gcc", "--version"),
        version=_GNU,
        enables="compiling C",
        apt="gcc",
        brew="gcc",
    ),
    Row(
        name="g++",
        command=("g++", "--version"),
        version=_GNU,
        enables="compiling C++",
        apt="g++",
        brew="gcc",
    ),
    Row(
        name="clang",
        command=("clang", "--version"),
        enables="compiling C with a second compiler",
        apt="clang",
        brew="llvm",
    ),
    Row(name="make", command=("make", "--version"), enables="make builds", apt="make", brew="make"),
    Row(
        name="cmake",
        command=("cmake", "--version"),
        enables="CMake builds",
        apt="cmake",
        brew="cmake",
    ),
    Row(
        name="ninja",
        command=("ninja", "--version"),
        enables="Ninja builds",
        apt="ninja-build",
        brew="ninja",
    ),
    Row(
        name="pkg-config",
        command=("pkg-config", "--version"),
        enables="finding C libraries",
        apt="pkg-config",
        brew="pkgconf",
    ),
    Row(
        name="cmocka",
        command=("pkg-config", "--modversion", "cmocka"),
        enables="C unit tests",
        apt="libcmocka-dev",
        brew="cmocka",
    ),
    Row(
        name="asan",
        command=("gcc", "-dumpfullversion"),
        look="link-asan",
        enables="C and C++ instrumented by AddressSanitizer and UBSan",
        apt="gcc",
        brew="gcc",
    ),
    Row(
        name="valgrind",
        command=("valgrind", "--version"),
        enables="memory errors found without recompiling",
        apt="valgrind",
        how="valgrind does not run on this system",
    ),
    Row(
        name="strace",
        command=("strace", "-V"),
        enables="real file reads compared with declared inputs",
        apt="strace",
        how="strace does not run on this system",
    ),
    Row(
        name="git",
        command=("git", "--version"),
        enables="the commit in reports, files unchanged in git",
        apt="git",
        brew="git",
    ),
    Row(
        name="node",
        command=("node", "--version"),
        enables="building and testing JavaScript",
        apt="nodejs",
        brew="node",
    ),
    Row(
        name="npm",
        command=("npm", "--version"),
        enables="installing JavaScript packages",
        apt="npm",
        brew="node",
    ),
    Row(
        name="chromium",
        command=("chromium", "--version"),
        also=("chromium-browser", "google-chrome", "google-chrome-stable"),
        enables="browser, accessibility and page speed checks",
        apt="chromium",
        brew="--cask chromium",
    ),
    Row(
        name="docker",
        # The client alone proves nothing: the engine has to answer.
        command=("docker", "version", "--format", "{{.Server.Version}}"),
        enables="container images",
        apt="docker.io",
        brew="--cask docker",
    ),
    Row(
        name="pytest",
        command=("{python}", "-m", "pytest", "--version"),
        enables="Python test suites",
        pip="pytest",
    ),
    Row(
        name="cffi",
        command=("{python}", "-c", "import cffi; print(cffi.__version__)"),
        enables="Python bindings to C",
        pip="cffi",
    ),
    Row(
        name="ollama",
        command=("ollama", "--version"),
        enables="local models through Ollama",
        brew="ollama",
        how="see https://ollama.com/download",
    ),
    *(_python(minor) for minor in range(11, 15)),
    Row(
        name="netns",
        command=("unshare", "--user", "--map-root-user", "--net", "true"),
        look="netns",
        enables="checks cut off from the network",
        apt="util-linux",
        how="network namespaces exist on Linux only, where the kernel lets this user make them",
    ),
    Row(name="linux", look="linux", enables="checks of Linux itself", how="run on Linux"),
    Row(name="macos", look="macos", enables="checks of macOS itself", how="run on macOS"),
    Row(
        name="apple-silicon",
        look="apple-silicon",
        enables="MLX at full speed",
        how="run on a Mac with an Apple processor",
    ),
    Row(name="root", look="root", enables="checks that mount or trace", how="run with sudo"),
)


def install_command(row: Row) -> str:
    """The command that brings a capability to this platform, or a sentence where there is none."""
    if row.rustup:
        return f"rustup {row.rustup}"
    if row.pip:
        return f"python -m pip install {row.pip}"
    if row.npm:
        return f"npm install --global {row.npm}"
    if platform.system() == "Darwin":
        return f"brew install {row.brew}" if row.brew else row.how
    if row.apt and shutil.which("apt-get"):
        return f"sudo apt-get install {row.apt}"
    if row.how:
        return row.how
    return f"install {row.apt or row.name} with your system's package manager"
