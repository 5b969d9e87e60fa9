"""Which variables of the environment change what tools do, so that results depend on them.

Pure, and imports nothing: it is asked before anything else is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping

VARIABLES = (
    "PATH", "CC", "CXX", "CPP", "AR", "LD", "NM", "RANLIB", "CFLAGS", "CXXFLAGS", "CPPFLAGS",
    "LDFLAGS", "LDLIBS", "CC_*", "CXX_*", "AR_*", "CFLAGS_*", "CXXFLAGS_*", "ARFLAGS*", "HOST_*",
    "TARGET_*", "CRATE_CC_*", "GCC_EXEC_PREFIX", "COMPILER_PATH", "CROSS_COMPILE", "SDKROOT",
    "MACOSX_DEPLOYMENT_TARGET", "OBJC*_INCLUDE_PATH", "CPATH", "C_INCLUDE_PATH",
    "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_*",
    "PKG_CONFIG*", "SOURCE_DATE_EPOCH", "CMAKE_*", "*SAN_OPTIONS",
    "RUSTFLAGS", "RUSTDOCFLAGS", "RUSTC*", "RUSTUP_TOOLCHAIN", "RUST_*", "CARGO_*", "GOFLAGS",
    "GO111MODULE", "GOOS", "GOARCH", "CGO_*", "PYTHON*", "PYTEST_ADDOPTS",
    "PYTEST_PLUGINS", "PYTEST_D*", "VIRTUAL_ENV", "NODE_*", "npm_config_*", "JAVA_HOME",
    "JAVA_TOOL_OPTIONS", "GRADLE_OPTS", "MAVEN_OPTS", "LANG", "LANGUAGE", "LC_*", "TZ", "SHELL",
)  # fmt: skip
"""Variables of the environment, as globs, that change what tools do; others are not in a key."""

_EXACT = frozenset(one for one in VARIABLES if "*" not in one)
_PREFIXES = tuple(one[:-1] for one in VARIABLES if one.endswith("*"))
_ENDS = tuple(tuple(one.split("*")) for one in VARIABLES if "*" in one and not one.endswith("*"))


def relevant(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of `VARIABLES` that are set, sorted by name."""
    return {name: environ[name] for name in sorted(environ) if _matters(name)}


def _matters(name: str) -> bool:
    # Plain comparisons: compiling the globs would cost more than all else that reuse asks.
    return (
        name in _EXACT
        or name.startswith(_PREFIXES)
        or any(name.startswith(first) and name.endswith(last) for first, last in _ENDS)
    )
