"""`Context`: one independent engine, from the caller's side."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from types import TracebackType
from typing import Any

from convergio._library import Library, copied, ffi, library
from convergio.errors import (
    InvalidArgumentError,
    InvalidHandleError,
    InvalidUtf8Error,
    RefusedError,
    Status,
    refusal_type,
)
from convergio.results import Answer, Route, Schedule, Step


class Context:
    """One engine with its own configuration, budget and connections.

        with Context({"api_key": key}) as context:
            print(context.query("What is the capital of Italy?").text)

    The configuration is a mapping of JSON values; its keys are in the README and in the C header.
    A context may be used from many threads at once; calls release the interpreter's lock. Closing
    it while another thread is in a call is safe: that call ends well, later ones are refused.
    It does not cross a fork.
    """

    def __init__(
        self, config: Mapping[str, Any] | None = None, *, using: Library | None = None
    ) -> None:
        # First, so that __del__ finds it even if what follows fails.
        self._handle: Any = ffi.NULL
        self._library = using or library()
        self._process = os.getpid()
        out = ffi.new("convergio_context **")
        text = _c_text(json.dumps(dict(config or {})), "config")
        self._check(self._library.functions.convergio_context_new(text, out))
        self._handle = out[0]

    def query(self, text: str) -> Answer:
        """Answers `text`, blocking until the answer is whole. May ask a provider and cost money."""
        return Answer.read(self._document("convergio_query", text))

    def route(self, text: str) -> Route:
        """Decides which model would answer `text`; asks nobody and spends nothing."""
        return Route.read(self._document("convergio_route", text))

    def estimate_tokens(self, text: str) -> int:
        """Tokens of `text`, 0 for the empty text only. For sizing, never for billing."""
        out = ffi.new("uint64_t *")
        functions = self._library.functions
        self._check(functions.convergio_estimate_tokens(self._open(), _c_text(text, "text"), out))
        return int(out[0])

    def cost(
        self,
        model: str,
        *,
        prompt_tokens: int,
        completion_tokens: int,
        cached_tokens: int = 0,
        reasoning_tokens: int = 0,
    ) -> int:
        """List price in nano-dollars. Cached and reasoning tokens are parts of the other two."""
        counts = [prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens]
        for count in counts:
            if not -(2**63) <= count < 2**63:
                raise _refused_here(InvalidArgumentError, f"{count} tokens do not fit 64 bits")
        out = ffi.new("int64_t *")
        functions = self._library.functions
        named = _c_text(model, "model")
        self._check(functions.convergio_cost(self._open(), named, *counts, out))
        return int(out[0])

    def plan(self, steps: Iterable[Step]) -> Schedule:
        """Orders an agent plan, or names what is wrong with it."""
        document = {"steps": [asdict(step) for step in steps]}
        return Schedule.read(self._document("convergio_plan", json.dumps(document)))

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return bool(self._handle == ffi.NULL)

    def close(self) -> None:
        """Frees the engine. A second call does nothing."""
        handle, self._handle = self._handle, ffi.NULL
        if handle != ffi.NULL and os.getpid() == self._process:
            status = self._library.functions.convergio_context_free(handle)
            # Two threads may close at once; the library lets exactly one of them win.
            if status != Status.INVALID_HANDLE:
                self._check(status)

    def __enter__(self) -> Context:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if self._handle != ffi.NULL:
            warnings.warn("a convergio.Context was not closed", ResourceWarning, stacklevel=2)
            self.close()

    def _open(self) -> Any:
        """The handle, or a refusal where using it would be wrong."""
        if os.getpid() != self._process:
            message = "the context belongs to the parent process; create one after the fork"
            raise _refused_here(InvalidHandleError, message)
        if self._handle == ffi.NULL:
            raise _refused_here(InvalidHandleError, "the context is closed; create another one")
        return self._handle

    def _document(self, function: str, text: str) -> Any:
        """Calls a function that answers with JSON."""
        out = ffi.new("char **")
        call = getattr(self._library.functions, function)
        self._check(call(self._open(), _c_text(text, "text"), out))
        return json.loads(self._taken(out[0]))

    def _taken(self, pointer: Any) -> bytes:
        """Copies a string of the library and gives it back."""
        try:
            return copied(pointer)
        finally:
            self._library.functions.convergio_string_free(pointer)

    def _check(self, status: int) -> None:
        if status == Status.OK:
            return
        # Asked without a context: the last failure of this thread is the one just seen, and the
        # context may be closed by another thread by now.
        out = ffi.new("char **")
        if self._library.functions.convergio_last_error(ffi.NULL, out) != Status.OK:
            code = self._library.text(self._library.functions.convergio_status_name(status))
            raise refusal_type(status)(status=status, code=code, message="no detail is available")
        detail = json.loads(self._taken(out[0]))
        wait = detail.get("retry_after_ms")
        raise refusal_type(status)(
            status=status,
            code=detail["code"],
            message=detail["message"],
            retryable=detail["retryable"],
            param=detail.get("param"),
            retry_after=None if wait is None else wait / 1000,
            provider=detail.get("provider"),
        )


def _c_text(text: str, name: str) -> bytes:
    """UTF-8 for C; cffi adds the NUL. What C could not see whole is refused here."""
    if "\0" in text:
        at = text.index("\0")
        message = f"{name} holds a NUL at index {at}, where C text ends; remove it"
        raise _refused_here(InvalidArgumentError, message)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        message = f"{name} has no UTF-8 form: {error.reason} at index {error.start}"
        raise _refused_here(InvalidUtf8Error, message) from error


def _refused_here(kind: type[RefusedError], message: str) -> RefusedError:
    """A refusal of the binding itself, of the same kind as the library's own."""
    status = kind.expected
    if status is None:
        raise AssertionError(f"{kind.__name__} stands for no status")
    code = library().text(library().functions.convergio_status_name(int(status)))
    return kind(status=int(status), code=code, message=message)
