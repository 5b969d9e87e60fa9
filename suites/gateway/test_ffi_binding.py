"""The Python binding over the same boundary: every claim of the C programs that Python can make,
with inputs that hypothesis thinks of, and the binding's own promises.

Two levels are tested: `raw`, the C functions through cffi as any foreign program calls them, and
`convergio.Context`, what people use.
"""

from __future__ import annotations

import json
import os
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import convergio
import pytest
from cffi import FFI
from convergio import Context, Step
from convergio._declarations import DECLARATIONS
from convergio._library import ffi, open_library
from convergio.errors import Status
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fixtures.providers.client import Simulator
from suites.gateway import builds
from suites.gateway.conftest import Unique

MODEL = "gpt-4o-mini"
UNTOUCHED = 0x5EED

FAULT_DECLARATIONS = """
convergio_status convergio_test_panic(convergio_context *ctx);
convergio_status convergio_test_fail_allocation(convergio_context *ctx, int32_t successes);
convergio_status convergio_test_live_blocks(convergio_context *ctx, uint64_t *out_blocks);
"""

pytestmark = pytest.mark.usefixtures("shipped_library")

# Built once, used by hundreds of examples: contexts share nothing an example could disturb.
relaxed = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200
)


@pytest.fixture(scope="module")
def raw() -> Any:
    """The C functions, by their C names."""
    return open_library(builds.shared_library()).functions


@pytest.fixture(scope="module")
def quiet() -> Iterator[Context]:
    """A context that is never asked to talk to anybody."""
    with Context() as context:
        yield context


@pytest.fixture(scope="module")
def handle(raw: Any) -> Iterator[Any]:
    """A context for the C functions."""
    out = ffi.new("convergio_context **")
    assert raw.convergio_context_new(b"{}", out) == Status.OK
    yield out[0]
    assert raw.convergio_context_free(out[0]) == Status.OK


@dataclass(frozen=True, slots=True)
class Faulty:
    """A library with its test entry points, apart from the shipped one in the same process."""

    ffi: FFI
    functions: Any

    def context(self) -> Any:
        out = self.ffi.new("convergio_context **")
        assert self.functions.convergio_context_new(b"{}", out) == Status.OK
        return out[0]

    def answer(self, function: str, context: Any, text: bytes) -> bytes:
        """Calls a function that returns a string; the string's copy."""
        out = self.ffi.new("char **")
        assert getattr(self.functions, function)(context, text, out) == Status.OK
        copy = self.ffi.string(out[0])
        assert self.functions.convergio_string_free(out[0]) == Status.OK
        assert isinstance(copy, bytes)
        return copy

    def live_blocks(self, context: Any) -> int:
        out = self.ffi.new("uint64_t *")
        assert self.functions.convergio_test_live_blocks(context, out) == Status.OK
        return int(out[0])


@pytest.fixture(scope="module")
def faulty(fault_library: Path) -> Faulty:
    own = FFI()
    own.cdef(DECLARATIONS + FAULT_DECLARATIONS)
    return Faulty(own, own.dlopen(str(fault_library)))


def provider_config(simulator: Simulator, key: str, behaviour: str = "ok") -> dict[str, Any]:
    """A configuration whose only model makes the simulated provider behave so."""
    return {
        "api_key": key,
        "providers": {"openai": {"base_url": simulator.base_url}},
        "retry": {"max_retries": 1, "base_ms": 1, "cap_ms": 5},
        "timeouts": {"connect_ms": 5000, "request_ms": 5000, "stream_idle_ms": 5000},
        "models": [
            {
                "id": f"{MODEL}~{behaviour}",
                "provider": "openai",
                "context_window": 128_000,
                "max_output_tokens": 16_384,
                "capability": 1000,
            }
        ],
    }


def untouched_text() -> Any:
    """An output no call has written to yet."""
    return ffi.new("char **", ffi.cast("char *", UNTOUCHED))


def is_untouched(out: Any) -> bool:
    return int(ffi.cast("uintptr_t", out[0])) == UNTOUCHED


class TestText:
    @relaxed
    @given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=400))
    def test_any_text_is_measured_and_routed(self, quiet: Context, text: str) -> None:
        tokens = quiet.estimate_tokens(text)
        assert (tokens == 0) == (text == "")
        assert tokens <= len(text.encode())
        if text.strip():
            assert quiet.route(text).model

    @relaxed
    @given(st.binary(max_size=60))
    def test_bytes_are_taken_exactly_when_they_are_utf8(
        self, raw: Any, handle: Any, text: bytes
    ) -> None:
        assume(b"\0" not in text)
        out = ffi.new("uint64_t *", UNTOUCHED)
        status = raw.convergio_estimate_tokens(handle, text, out)
        try:
            text.decode()
        except UnicodeDecodeError:
            assert status == Status.INVALID_UTF8
            assert out[0] == UNTOUCHED
        else:
            assert status == Status.OK

    @relaxed
    @given(
        st.text(max_size=20),
        st.sampled_from(["\0", "\ud800", "\udfff"]),
        st.text(max_size=20),
    )
    def test_what_c_could_not_see_whole_is_refused(
        self, quiet: Context, before: str, intruder: str, after: str
    ) -> None:
        with pytest.raises((convergio.InvalidArgumentError, convergio.InvalidUtf8Error)):
            quiet.estimate_tokens(before + intruder + after)

    def test_the_limit_is_exact(self, quiet: Context) -> None:
        largest = "a" * convergio.MAX_TEXT_BYTES
        assert quiet.estimate_tokens(largest) > 0
        with pytest.raises(convergio.TooLargeError, match="exceeds 16777216 bytes"):
            quiet.estimate_tokens(largest + "a")


class TestNull:
    def test_null_is_refused_in_every_place(self, raw: Any, handle: Any) -> None:
        null = ffi.NULL
        text, tokens, cost = (
            untouched_text(),
            ffi.new("uint64_t *", UNTOUCHED),
            ffi.new("int64_t *", UNTOUCHED),
        )
        context = ffi.new("convergio_context **", ffi.cast("convergio_context *", UNTOUCHED))
        statuses = [
            raw.convergio_context_new(null, context),
            raw.convergio_context_new(b"{}", null),
            raw.convergio_context_free(null),
            raw.convergio_string_free(null),
            raw.convergio_last_error(null, null),
            raw.convergio_estimate_tokens(null, b"a", tokens),
            raw.convergio_estimate_tokens(handle, null, tokens),
            raw.convergio_estimate_tokens(handle, b"a", null),
            raw.convergio_cost(null, b"a", 0, 0, 0, 0, cost),
            raw.convergio_cost(handle, null, 0, 0, 0, 0, cost),
            raw.convergio_cost(handle, b"a", 0, 0, 0, 0, null),
        ]
        for function in (raw.convergio_query, raw.convergio_route, raw.convergio_plan):
            statuses += [
                function(null, b"{}", text),
                function(handle, null, text),
                function(handle, b"{}", null),
            ]
        assert set(statuses) == {Status.NULL_POINTER}
        assert is_untouched(text)
        assert is_untouched(context)
        assert (tokens[0], cost[0]) == (UNTOUCHED, UNTOUCHED)


class TestHandles:
    @relaxed
    @given(st.integers(min_value=1, max_value=2**64 - 1))
    def test_a_forged_handle_is_refused(self, raw: Any, handle: Any, value: int) -> None:
        assume(value != int(ffi.cast("uintptr_t", handle)))
        forged = ffi.cast("convergio_context *", value)
        out = untouched_text()
        assert raw.convergio_route(forged, b"hello", out) == Status.INVALID_HANDLE
        assert raw.convergio_context_free(forged) == Status.INVALID_HANDLE
        assert is_untouched(out)

    @relaxed
    @given(st.lists(st.integers(min_value=0, max_value=7), min_size=1, max_size=40))
    def test_any_order_of_creating_and_freeing_keeps_handles_apart(
        self, raw: Any, slots: list[int]
    ) -> None:
        # A model of the registry: each slot is opened or freed; freed handles are tried again.
        live: dict[int, Any] = {}
        dead: list[Any] = []
        for slot in slots:
            if slot in live:
                freed = live.pop(slot)
                assert raw.convergio_context_free(freed) == Status.OK
                dead.append(freed)
            else:
                out = ffi.new("convergio_context **")
                assert raw.convergio_context_new(b"{}", out) == Status.OK
                live[slot] = out[0]
            for gone in dead:
                assert raw.convergio_context_free(gone) == Status.INVALID_HANDLE
        assert len({int(ffi.cast("uintptr_t", each)) for each in [*live.values(), *dead]}) == len(
            live
        ) + len(dead)
        for each in live.values():
            assert raw.convergio_context_free(each) == Status.OK

    def test_a_string_is_freed_once_and_only_if_it_is_ours(self, raw: Any, handle: Any) -> None:
        out = ffi.new("char **")
        assert raw.convergio_route(handle, b"hello", out) == Status.OK
        assert raw.convergio_string_free(out[0] + 1) == Status.INVALID_STRING
        assert raw.convergio_string_free(out[0]) == Status.OK
        assert raw.convergio_string_free(out[0]) == Status.INVALID_STRING
        assert raw.convergio_string_free(ffi.new("char[]", b"mine")) == Status.INVALID_STRING

    def test_a_closed_context_refuses_and_closes_again_quietly(self) -> None:
        context = Context()
        context.close()
        context.close()
        assert context.closed
        with pytest.raises(convergio.InvalidHandleError, match="the context is closed"):
            context.route("hello")

    def test_a_forgotten_context_is_freed_with_a_warning(self) -> None:
        context = Context()
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            context.__del__()
        assert [warning.category for warning in seen] == [ResourceWarning]
        assert context.closed

    def test_a_fork_does_not_inherit_contexts(self) -> None:
        with Context() as context, warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
            if child == 0:
                try:
                    context.route("hello")
                except convergio.InvalidHandleError:
                    os._exit(0)
                os._exit(1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert context.route("hello").model


class TestDecisions:
    def test_the_same_question_is_routed_the_same_way(self, quiet: Context) -> None:
        assert quiet.route("hello") == quiet.route("hello")

    @relaxed
    @given(
        st.tuples(*[st.integers(min_value=0, max_value=10**9)] * 4),
    )
    def test_cost_is_additive_and_never_negative(
        self, quiet: Context, counts: tuple[int, int, int, int]
    ) -> None:
        prompt, cached, completion, reasoning = counts
        assume(cached <= prompt and reasoning <= completion)

        def cost(times: int) -> int:
            return quiet.cost(
                MODEL,
                prompt_tokens=prompt * times,
                completion_tokens=completion * times,
                cached_tokens=cached * times,
                reasoning_tokens=reasoning * times,
            )

        # Each cost is rounded once; two halves may differ from the whole by those roundings.
        assert cost(1) >= 0
        assert abs(cost(2) - 2 * cost(1)) <= 2

    @pytest.mark.parametrize("count", [-1, 2**63, -(2**63) - 1, 2**200])
    def test_impossible_counts_are_refused(self, quiet: Context, count: int) -> None:
        with pytest.raises(convergio.InvalidArgumentError):
            quiet.cost(MODEL, prompt_tokens=count, completion_tokens=0)

    def test_an_unknown_model_is_named(self, quiet: Context) -> None:
        with pytest.raises(convergio.NotFoundError, match="no-such-model"):
            quiet.cost("no-such-model", prompt_tokens=1, completion_tokens=1)

    @relaxed
    @given(st.data())
    def test_a_plan_is_ordered_so_that_needs_come_first(
        self, quiet: Context, data: st.DataObject
    ) -> None:
        names = [f"step{number}" for number in range(data.draw(st.integers(1, 12)))]
        steps = [
            Step(
                id=name,
                needs=tuple(data.draw(st.sets(st.sampled_from(names[:index]))) if index else ()),
                duration_ms=data.draw(st.integers(0, 1000)),
            )
            for index, name in enumerate(names)
        ]
        schedule = quiet.plan(data.draw(st.permutations(steps)))

        position = {name: index for index, name in enumerate(schedule.order)}
        assert sorted(position) == sorted(names)
        assert all(position[need] < position[step.id] for step in steps for need in step.needs)
        durations = {step.id: step.duration_ms for step in steps}
        assert schedule.total_ms == longest_chain(steps)
        assert sum(durations[name] for name in schedule.critical_path) == schedule.total_ms

    def test_a_cycle_names_its_members(self, quiet: Context) -> None:
        steps = [Step(id="hen", needs=("egg",)), Step(id="egg", needs=("hen",))]
        with pytest.raises(convergio.InvalidArgumentError) as refused:
            quiet.plan(steps)
        assert "hen" in refused.value.message
        assert "egg" in refused.value.message


class TestFaults:
    """Against a library with its test entry points: what cannot be provoked from outside."""

    @relaxed
    @given(st.lists(st.booleans(), min_size=1, max_size=12))
    def test_panics_between_calls_change_nothing(self, faulty: Faulty, panics: list[bool]) -> None:
        context = faulty.context()
        answers = set()
        for panic in panics:
            if panic:
                status = faulty.functions.convergio_test_panic(context)
                assert status == Status.INTERNAL_PANIC
            answers.add(faulty.answer("convergio_route", context, b"hello"))
        assert len(answers) == 1
        assert faulty.functions.convergio_context_free(context) == Status.OK

    @relaxed
    @given(st.integers(min_value=0, max_value=40), st.integers(min_value=1, max_value=8))
    def test_a_refusal_of_memory_at_any_point_leaves_nothing_behind(
        self, faulty: Faulty, point: int, steps: int
    ) -> None:
        plan = json.dumps(
            {"steps": [{"id": f"s{n}", "needs": [], "duration_ms": n} for n in range(steps)]}
        ).encode()
        context = faulty.context()
        before = faulty.live_blocks(context)

        assert faulty.functions.convergio_test_fail_allocation(context, point) == Status.OK
        out = faulty.ffi.new("char **", faulty.ffi.cast("char *", UNTOUCHED))
        status = faulty.functions.convergio_plan(context, plan, out)

        assert status in {Status.OK, Status.OUT_OF_MEMORY}
        untouched = int(faulty.ffi.cast("uintptr_t", out[0])) == UNTOUCHED
        assert untouched == (status == Status.OUT_OF_MEMORY)
        if status == Status.OK:
            assert faulty.functions.convergio_string_free(out[0]) == Status.OK
        assert faulty.live_blocks(context) == before
        assert faulty.functions.convergio_test_fail_allocation(context, -1) == Status.OK
        assert faulty.answer("convergio_plan", context, plan)
        assert faulty.functions.convergio_context_free(context) == Status.OK

    def test_the_first_point_does_fail(self, faulty: Faulty) -> None:
        # Without this the test above could pass with memory never refused.
        context = faulty.context()
        assert faulty.functions.convergio_test_fail_allocation(context, 0) == Status.OK
        out = faulty.ffi.new("char **")
        plan = b'{"steps": [{"id": "a", "needs": [], "duration_ms": 1}]}'
        assert faulty.functions.convergio_plan(context, plan, out) == Status.OUT_OF_MEMORY
        assert faulty.functions.convergio_context_free(context) == Status.OK


class TestErrors:
    def test_every_problem_of_a_configuration_arrives(self) -> None:
        with pytest.raises(convergio.InvalidConfigError) as refused:
            Context({"routing": {"min_capability": 2000}, "timeouts": {"connect_ms": 0}})
        assert "min_capability" in refused.value.message
        assert "timeouts" in refused.value.message

    def test_a_refusal_belongs_to_its_thread(self, quiet: Context) -> None:
        def provoke(kind: str) -> str:
            for _ in range(200):
                try:
                    if kind == "argument":
                        quiet.cost(MODEL, prompt_tokens=-1, completion_tokens=0)
                    else:
                        quiet.cost("nobody", prompt_tokens=1, completion_tokens=0)
                except convergio.RefusedError as error:
                    expected = "request.invalid" if kind == "argument" else "request.not_found"
                    if error.code != expected:
                        return f"{kind} saw {error.code}"
            return "own"

        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(provoke, ["argument", "model"] * 4)) == {"own"}

    def test_without_a_key_nothing_is_sent(self, quiet: Context) -> None:
        with pytest.raises(convergio.MissingKeyError) as refused:
            quiet.query("hello")
        assert refused.value.code == "byok.missing_key"
        assert refused.value.status == Status.BYOK_MISSING_KEY

    @pytest.mark.parametrize(
        ("behaviour", "kind"),
        [
            ("bad_key", convergio.AuthInvalidError),
            ("overloaded", convergio.ProviderUnavailableError),
            ("truncated", convergio.ProviderTruncatedError),
            ("rate_limited;retry_after_ms=90000", convergio.ProviderRateLimitedError),
        ],
    )
    def test_the_providers_failure_arrives_with_its_words(
        self,
        simulator: Simulator,
        unique: Unique,
        behaviour: str,
        kind: type[convergio.RefusedError],
    ) -> None:
        with (
            Context(provider_config(simulator, unique.key, behaviour)) as context,
            pytest.raises(kind) as refused,
        ):
            context.query("hello")

        assert unique.key not in str(refused.value)
        if kind is convergio.ProviderRateLimitedError:
            assert refused.value.retry_after == 90
            assert refused.value.provider is not None
            assert refused.value.provider["code"] == "rate_limit_exceeded"


class TestQueries:
    def test_an_answer_says_who_gave_it_and_what_it_cost(
        self, simulator: Simulator, unique: Unique
    ) -> None:
        with Context(
            {"api_key": unique.key, "providers": {"openai": {"base_url": simulator.base_url}}}
        ) as context:
            answer = context.query("naïve 日本語 🎈")

        assert answer.text == "Simulated answer to: naïve 日本語 🎈"
        assert (answer.provider, answer.credential_source) == ("openai", "user")
        assert answer.fallback_from is None
        assert answer.usage is not None
        assert answer.usage["completion_tokens"] == 8
        assert answer.cost_nano_usd is not None
        assert answer.cost_nano_usd > 0
        (sent,) = simulator.requests(keys="plain", **unique.match)
        assert sent["key"] == unique.key

    def test_one_context_serves_many_threads(self, simulator: Simulator, unique: Unique) -> None:
        with Context(provider_config(simulator, unique.key)) as context:

            def ask(number: int) -> str:
                return context.query(f"question {number}").text

            with ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(ask, range(32)))
        assert answers == [f"Simulated answer to: question {number}" for number in range(32)]

    def test_a_query_releases_the_interpreters_lock(
        self, simulator: Simulator, unique: Unique
    ) -> None:
        with Context(provider_config(simulator, unique.key, "ok;delay_ms=400")) as context:
            asking = threading.Thread(target=context.query, args=("hello",))
            asking.start()
            turns = 0
            while asking.is_alive():
                turns += 1
            asking.join()
        # Holding the lock, this thread would not have run at all for 400 ms.
        assert turns > 1000

    def test_a_close_during_a_query_lets_it_end_well(
        self, simulator: Simulator, unique: Unique
    ) -> None:
        context = Context(provider_config(simulator, unique.key, "ok;delay_ms=300"))
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(context.query, "hello")
            simulator.wait_for(lambda _: bool(simulator.requests(**unique.match)))
            context.close()
            assert running.result(timeout=20).text == "Simulated answer to: hello"
        with pytest.raises(convergio.InvalidHandleError):
            context.query("again")


def longest_chain(steps: list[Step]) -> int:
    """The duration of a plan, by another road than the library's."""
    by_name = {step.id: step for step in steps}

    def ends(name: str) -> int:
        step = by_name[name]
        return step.duration_ms + max((ends(need) for need in step.needs), default=0)

    return max(ends(step.id) for step in steps)
