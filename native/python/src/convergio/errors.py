"""One exception per status of the library, all of them `ConvergioError`.

Catch by meaning: `ProviderError` for whatever went wrong at the provider's, `RefusedError` for any
status at all, `LibraryError` for a library that is missing or of another version.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, ClassVar


class Status(IntEnum):
    """The result codes of the C ABI. Pinned there; compared with its header by a test."""

    INTERNAL_PANIC = -1
    OK = 0
    NULL_POINTER = 1
    INVALID_UTF8 = 2
    TOO_LARGE = 3
    INVALID_HANDLE = 4
    INVALID_STRING = 5
    INVALID_CONFIG = 6
    INVALID_ARGUMENT = 7
    OUT_OF_MEMORY = 8
    INTERNAL = 9
    NOT_FOUND = 10
    AUTH_INVALID = 100
    BYOK_MISSING_KEY = 101
    BUDGET_EXCEEDED = 102
    PRIVACY_BLOCKED = 103
    AUTH_FORBIDDEN = 104
    REQUEST_CONFLICT = 105
    RATE_LIMITED = 106
    PROVIDER_TIMEOUT = 110
    PROVIDER_RATE_LIMITED = 111
    PROVIDER_UNAVAILABLE = 112
    PROVIDER_TRUNCATED = 113


class ConvergioError(Exception):
    """Everything this package raises on purpose."""


class LibraryError(ConvergioError):
    """libconvergio cannot be used; nothing was asked of it."""


class LibraryNotFoundError(LibraryError):
    """No library at the place given, or at any place looked at."""


class LibraryMismatchError(LibraryError):
    """The library found is not the one this binding was written for."""


class RefusedError(ConvergioError):
    """The library answered with a status other than OK.

    `status` is the number, `code` its stable name ("provider.timeout"), `message` says what
    happened and what to do. `retry_after` is in seconds. `provider` holds what the provider itself
    said: its name, HTTP status, code, type and message, as far as it said them.
    """

    expected: ClassVar[Status | None] = None
    """The status this class stands for."""

    def __init__(
        self,
        *,
        status: int,
        code: str,
        message: str,
        retryable: bool = False,
        param: str | None = None,
        retry_after: float | None = None,
        provider: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.retryable = retryable
        self.param = param
        self.retry_after = retry_after
        self.provider = provider


class InternalPanicError(RefusedError):
    """A fault of the library was stopped at its boundary; the context stays usable."""

    expected = Status.INTERNAL_PANIC


class NullPointerError(RefusedError):
    """A required pointer was NULL; through this binding that is a fault of the binding."""

    expected = Status.NULL_POINTER


class InvalidUtf8Error(RefusedError):
    """A text has no UTF-8 form: it holds a lone surrogate."""

    expected = Status.INVALID_UTF8


class TooLargeError(RefusedError):
    """A text exceeds `MAX_TEXT_BYTES` as UTF-8."""

    expected = Status.TOO_LARGE


class InvalidHandleError(RefusedError):
    """The context was closed."""

    expected = Status.INVALID_HANDLE


class InvalidStringError(RefusedError):
    """A returned string was freed twice; through this binding that is a fault of the binding."""

    expected = Status.INVALID_STRING


class InvalidConfigError(RefusedError):
    """The configuration is wrong; the message lists every problem."""

    expected = Status.INVALID_CONFIG


class InvalidArgumentError(RefusedError):
    """A value is wrong; the message names it."""

    expected = Status.INVALID_ARGUMENT


class NotFoundError(RefusedError):
    """A model that is named does not exist."""

    expected = Status.NOT_FOUND


class OutOfMemoryError(RefusedError):
    """Memory was refused; nothing was changed."""

    expected = Status.OUT_OF_MEMORY


class InternalError(RefusedError):
    """A fault of the library."""

    expected = Status.INTERNAL


class AuthInvalidError(RefusedError):
    """The provider refused the caller's own key."""

    expected = Status.AUTH_INVALID


class MissingKeyError(RefusedError):
    """There is no key to call a provider with."""

    expected = Status.BYOK_MISSING_KEY


class BudgetExceededError(RefusedError):
    """Nothing permitted is affordable."""

    expected = Status.BUDGET_EXCEEDED


class PrivacyBlockedError(RefusedError):
    """The privacy or offline rule allows no model."""

    expected = Status.PRIVACY_BLOCKED


class AuthForbiddenError(RefusedError):
    """The caller may not do that."""

    expected = Status.AUTH_FORBIDDEN


class ConflictError(RefusedError):
    """It is there already, or was changed meanwhile."""

    expected = Status.REQUEST_CONFLICT


class RateLimitedError(RefusedError):
    """The caller asks too often; `retry_after` says for how long to wait."""

    expected = Status.RATE_LIMITED


class ProviderError(RefusedError):
    """Something went wrong at the provider's."""


class ProviderTimeoutError(ProviderError):
    """The provider did not answer in time."""

    expected = Status.PROVIDER_TIMEOUT


class ProviderRateLimitedError(ProviderError):
    """The provider limits the key; `retry_after` says for how long, if it said so."""

    expected = Status.PROVIDER_RATE_LIMITED


class ProviderUnavailableError(ProviderError):
    """The provider cannot be reached, or fails."""

    expected = Status.PROVIDER_UNAVAILABLE


class ProviderTruncatedError(ProviderError):
    """The answer ended before the provider said that it was complete."""

    expected = Status.PROVIDER_TRUNCATED


def refusal_type(status: int) -> type[RefusedError]:
    """The class for a status; `RefusedError` itself for a number this binding does not know."""
    return _BY_STATUS.get(status, RefusedError)


def _all_below(base: type[RefusedError]) -> list[type[RefusedError]]:
    below = base.__subclasses__()
    return below + [deeper for each in below for deeper in _all_below(each)]


_BY_STATUS: dict[int, type[RefusedError]] = {
    int(each.expected): each for each in _all_below(RefusedError) if each.expected is not None
}
