"""Ask, route and price LLM queries through libconvergio.

    import convergio

    with convergio.Context({"api_key": key}) as context:
        answer = context.query("What is the capital of Italy?")
        print(answer.text, answer.provider, answer.cost_nano_usd)

`__version__` is what this package declares; `library_version()` is what the loaded library says.
A library of another version is refused when it is first used.
"""

from __future__ import annotations

from convergio._context import Context
from convergio._declarations import ABI_VERSION, MAX_TEXT_BYTES
from convergio._library import library
from convergio._version import __version__
from convergio.errors import (
    AuthForbiddenError,
    AuthInvalidError,
    BudgetExceededError,
    ConflictError,
    ConvergioError,
    InternalError,
    InternalPanicError,
    InvalidArgumentError,
    InvalidConfigError,
    InvalidHandleError,
    InvalidStringError,
    InvalidUtf8Error,
    LibraryError,
    LibraryMismatchError,
    LibraryNotFoundError,
    MissingKeyError,
    NotFoundError,
    NullPointerError,
    OutOfMemoryError,
    PrivacyBlockedError,
    ProviderError,
    ProviderRateLimitedError,
    ProviderTimeoutError,
    ProviderTruncatedError,
    ProviderUnavailableError,
    RateLimitedError,
    RefusedError,
    Status,
    TooLargeError,
)
from convergio.results import Answer, Route, Schedule, Step

__all__ = [
    "ABI_VERSION",
    "MAX_TEXT_BYTES",
    "Answer",
    "AuthForbiddenError",
    "AuthInvalidError",
    "BudgetExceededError",
    "ConflictError",
    "Context",
    "ConvergioError",
    "InternalError",
    "InternalPanicError",
    "InvalidArgumentError",
    "InvalidConfigError",
    "InvalidHandleError",
    "InvalidStringError",
    "InvalidUtf8Error",
    "LibraryError",
    "LibraryMismatchError",
    "LibraryNotFoundError",
    "MissingKeyError",
    "NotFoundError",
    "NullPointerError",
    "OutOfMemoryError",
    "PrivacyBlockedError",
    "ProviderError",
    "ProviderRateLimitedError",
    "ProviderTimeoutError",
    "ProviderTruncatedError",
    "ProviderUnavailableError",
    "RateLimitedError",
    "RefusedError",
    "Route",
    "Schedule",
    "Status",
    "Step",
    "TooLargeError",
    "__version__",
    "core_version",
    "edition",
    "library_version",
]


def library_version() -> str:
    """The version the loaded library reports, SemVer."""
    return library().text(library().functions.convergio_version())


def core_version() -> str:
    """The version of the C core inside the loaded library, SemVer."""
    return library().text(library().functions.convergio_core_version())


def edition() -> str:
    """The edition the loaded library was built as."""
    return library().text(library().functions.convergio_edition())
