"""Services: started when the first check needs them, ready before it runs, always torn down.

A service gets free loopback ports; should another process take one in between, it is started again
on others. Its log is kept in the run folder. A service that ends by itself is not started again:
what it held in memory is gone, and checks that pass against a fresh one would prove less than they
say. Every check that needed it is `errored`, and says what the service said last.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from harness.model.event import Event, ServiceReady, ServiceStarted, ServiceStopped
from harness.model.expression import ExpressionError, Value
from harness.model.fill import fill_env, fill_text
from harness.model.ports import ServiceAddress
from harness.model.result import Output
from harness.model.scope import service_scope
from harness.model.spec import Service
from harness.run.reproduce import as_typed
from harness.system.child import Child, Ended, Launch
from harness.system.loop import Loop, Timer
from harness.system.process import Supervisor
from harness.system.programs import StartError
from harness.system.readiness import HOST, Attempt, free_ports

PORT_ATTEMPTS = 3
_POLL_SECONDS = (0.02, 0.05, 0.1, 0.2)
_PORT_TAKEN = re.compile(r"address (is )?already in use|EADDRINUSE|AddrInUse", re.IGNORECASE)
_LOG_WINDOW = 16 * 1024
_LAST_WORD = 200
_LAST_LINES = 8


class _State(enum.Enum):
    IDLE = enum.auto()
    STARTING = enum.auto()
    READY = enum.auto()
    STOPPING = enum.auto()
    STOPPED = enum.auto()
    FAILED = enum.auto()


class _Running:
    """One service of this run."""

    def __init__(self, name: str, spec: Service, work: Path) -> None:
        self.name = name
        self.spec = spec
        self.work = work
        self.state = _State.IDLE
        self.failure = ""
        self.address = ServiceAddress(host=HOST, ports={})
        self.command = ""
        self.child: Child | None = None
        self.attempts = 0
        self.polls = 0
        self.last_answer = "nothing tried yet"
        self.recent = b""
        self.probe: Attempt | None = None
        self.timers: list[Timer] = []
        self.waiting: list[tuple[Callable[[], None], Callable[[str], None]]] = []

    @property
    def alive(self) -> bool:
        """Whether its process may be running."""
        return self.state in (_State.STARTING, _State.READY, _State.STOPPING)


class Services:
    """Starts, watches and stops services; calls back, never blocks."""

    def __init__(
        self,
        specs: Mapping[str, Service],
        *,
        loop: Loop,
        supervisor: Supervisor,
        root: Path,
        folder: Path,
        scope: Mapping[str, Value],
        emit: Callable[[Event], None],
        now: Callable[[], float],
        on_death: Callable[[str, str], None],
    ) -> None:
        """Know the services; `on_death(name, message)` is called when a ready one ends by itself.

        `folder` takes one work folder per service; `scope` is what placeholders may name beside
        services.
        """
        self._loop = loop
        self._supervisor = supervisor
        self._root = root
        self._scope = scope
        self._emit = emit
        self._now = now
        self._on_death = on_death
        self._services = {name: _Running(name, spec, folder / name) for name, spec in specs.items()}
        self._closing = False

    def closure(self, names: Iterable[str]) -> list[str]:
        """These services and all that they need, those first."""
        found: dict[str, None] = {}

        def visit(name: str) -> None:
            if name in found or name not in self._services:
                return
            for need in self._services[name].spec.needs:
                visit(need)
            found[name] = None

        for name in names:
            visit(name)
        return list(found)

    def addresses(self, names: Iterable[str]) -> dict[str, ServiceAddress]:
        """Where these services answer, with all that they need."""
        return {name: self._services[name].address for name in self.closure(names)}

    def acquire(
        self, names: Iterable[str], on_ready: Callable[[], None], on_failure: Callable[[str], None]
    ) -> None:
        """Have these services ready, then call back once: perhaps at once, perhaps much later."""
        pending = list(names)

        def go_on() -> None:
            if not pending:
                on_ready()
                return
            self._want(pending.pop(0), go_on, on_failure)

        # All begin together; then each is waited for in turn.
        for name in pending:
            if name in self._services and self._services[name].state is _State.IDLE:
                self._start(self._services[name])
        go_on()

    def _want(
        self, name: str, on_ready: Callable[[], None], on_failure: Callable[[str], None]
    ) -> None:
        service = self._services.get(name)
        if service is None:
            on_failure(f"service {name} is not in the plan")
        elif service.state is _State.READY:
            on_ready()
        elif service.state in (_State.IDLE, _State.STARTING) and not self._closing:
            service.waiting.append((on_ready, on_failure))
            if service.state is _State.IDLE:
                self._start(service)
        else:
            on_failure(service.failure or f"service {name} has been stopped")

    def _start(self, service: _Running) -> None:
        service.state = _State.STARTING
        self.acquire(
            service.spec.needs,
            lambda: self._launch(service),
            lambda why: self._fail(service, f"service {service.name} cannot start: {why}"),
        )

    def _launch(self, service: _Running) -> None:
        if self._closing:
            self._fail(service, f"service {service.name} was not started: the run is ending")
            return
        spec = service.spec
        service.attempts += 1
        service.polls = 0
        service.recent = b""
        try:
            ports = dict(zip(spec.ports, free_ports(len(spec.ports)), strict=True))
            service.address = ServiceAddress(host=HOST, ports=ports)
            service.work.mkdir(parents=True, exist_ok=True)
            addresses = self.addresses([service.name])
            scope = {**self._scope, **service_scope(addresses), "run.work": str(service.work)}
            argv = tuple(fill_text(text, scope) for text in spec.run)
            env = fill_env(spec.env, scope)
        except (ExpressionError, OSError) as error:
            self._fail(service, f"service {service.name} cannot be prepared: {error}")
            return
        service.command = self._supervisor.redactor.text(as_typed(argv, spec.env, spec.cwd))
        try:
            service.child = self._supervisor.start(
                Launch(
                    name=f"service {service.name}",
                    argv=argv,
                    cwd=str(self._root / spec.cwd),
                    env=env,
                    output_file=service.work / "output.log",
                    terminate_grace=spec.stop_seconds,
                ),
                lambda ended: self._ended(service, ended),
                lambda data: self._heard(service, data),
            )
        except StartError as error:
            self._fail(service, f"service {service.name} could not be started: {error}")
            return
        self._emit(
            ServiceStarted(
                at=self._now(), service=service.name, command=service.command, ports=ports
            )
        )
        patience = spec.ready.timeout_seconds
        child = service.child
        service.timers = [self._loop.after(patience, lambda: self._give_up(service, child))]
        self._poll(service)

    def _heard(self, service: _Running, data: bytes) -> None:
        service.recent = (service.recent + data)[-_LOG_WINDOW:]
        if service.state is _State.STARTING and service.spec.ready.log:
            self._poll(service)

    def _poll(self, service: _Running) -> None:
        """Look once whether the service is ready; if not, look again a little later."""
        if service.state is not _State.STARTING:
            return
        ready = service.spec.ready
        if ready.log:
            # Asked again whenever it prints something.
            heard = service.recent.decode("utf-8", "replace")
            if re.search(ready.log, heard, re.MULTILINE):
                self._is_ready(service)
            service.last_answer = f"its output has no line matching {ready.log!r}"
        elif ready.file:
            service.last_answer = f"{ready.file} does not exist in its work folder"
            if (service.work / ready.file).exists():
                self._is_ready(service)
            else:
                self._poll_later(service)
        else:
            port, path = self._target(service)
            service.probe = Attempt(
                self._loop, port, path, lambda answer: self._answered(service, answer)
            )

    def _target(self, service: _Running) -> tuple[int, str | None]:
        """Port and path to ask; `http` is `/path` on the first port, or `PORT-NAME/path`."""
        ready, ports = service.spec.ready, service.address.ports
        if ready.tcp:
            return ports[ready.tcp], None
        name, _, path = ready.http.partition("/")
        return ports[name or next(iter(ports))], f"/{path}"

    def _answered(self, service: _Running, answer: str) -> None:
        service.probe = None
        service.last_answer = answer
        if service.state is not _State.STARTING:
            return
        if answer:
            self._poll_later(service)
        else:
            self._is_ready(service)

    def _poll_later(self, service: _Running) -> None:
        pause = _POLL_SECONDS[min(service.polls, len(_POLL_SECONDS) - 1)]
        service.polls += 1
        service.timers.append(self._loop.after(pause, lambda: self._poll(service)))
        del service.timers[1:-1]

    def _is_ready(self, service: _Running) -> None:
        service.state = _State.READY
        self._quiet(service)
        self._emit(ServiceReady(at=self._now(), service=service.name))
        waiting, service.waiting = service.waiting, []
        for on_ready, _ in waiting:
            on_ready()

    def _quiet(self, service: _Running) -> None:
        for timer in service.timers:
            timer.cancel()
        service.timers = []
        if service.probe is not None:
            service.probe.cancel()
            service.probe = None

    def _give_up(self, service: _Running, child: Child) -> None:
        service.failure = self._explain(
            service,
            f"was not ready after {service.spec.ready.timeout_seconds:g} s ({service.last_answer})",
            child.capture.peek(),
        )
        self._quiet(service)
        self._supervisor.terminate(child, service.failure)

    def _ended(self, service: _Running, ended: Ended) -> None:
        """Its process ended: as asked, too early, or in the middle."""
        was = service.state
        service.child = None
        self._quiet(service)
        how = f"killed by {ended.signal}" if ended.signal else f"exit {ended.exit_code}"
        if was is _State.STOPPING:
            service.state = _State.STOPPED
            self._report_end(service, ended, expected=True, reason=_leftovers(how, ended))
            self._stop_next()
            return
        taken = bool(_PORT_TAKEN.search(ended.output.text))
        if (
            was is _State.STARTING
            and not service.failure
            and taken
            and service.attempts < PORT_ATTEMPTS
        ):
            self._launch(service)
            return
        when = "before it was ready" if was is _State.STARTING else "while checks needed it"
        failure = service.failure or self._explain(
            service, f"ended by itself ({how}) {when}", ended.output
        )
        self._report_end(service, ended, expected=False, reason=failure)
        self._fail(service, failure)
        if was is _State.READY:
            self._on_death(service.name, failure)
        self._stop_next()

    def _report_end(self, service: _Running, ended: Ended, *, expected: bool, reason: str) -> None:
        self._emit(
            ServiceStopped(
                at=self._now(),
                service=service.name,
                expected=expected,
                reason=reason,
                output=ended.output,
            )
        )

    def _explain(self, service: _Running, what: str, output: Output) -> str:
        lines = [line for line in output.text.splitlines() if line.strip()][-_LAST_LINES:]
        # The first line is what a verdict has room for, so it holds the last word.
        said = f"it last said: {lines[-1].strip()[:_LAST_WORD]}" if lines else "it printed nothing"
        log = ["its log ends:", *(f"  {line}" for line in lines)] if len(lines) > 1 else []
        return "\n".join(
            [
                f"service {service.name} {what}; {said}",
                *log,
                f"start it by hand to see why: {service.command}",
            ]
        )

    def _fail(self, service: _Running, failure: str) -> None:
        service.state = _State.FAILED
        service.failure = failure
        waiting, service.waiting = service.waiting, []
        for _, on_failure in waiting:
            on_failure(failure)

    def retire(self, name: str) -> None:
        """Stop a service that no check will need any more."""
        service = self._services.get(name)
        if service is not None and service.state in (_State.STARTING, _State.READY):
            self._stop(service, "no check needs it any more")

    def _stop(self, service: _Running, reason: str) -> None:
        self._quiet(service)
        service.state = _State.STOPPING
        if service.child is None:
            service.state = _State.STOPPED
        else:
            self._supervisor.terminate(service.child, reason)

    def stop_all(self) -> None:
        """Stop every service, those first that no other needs; goes on from the loop."""
        self._closing = True
        for service in self._services.values():
            if service.waiting:
                self._fail_waiting(service)
        self._stop_next()

    def _fail_waiting(self, service: _Running) -> None:
        waiting, service.waiting = service.waiting, []
        for _, on_failure in waiting:
            on_failure(f"service {service.name} was not waited for: the run is ending")

    def _stop_next(self) -> None:
        if not self._closing:
            return
        alive = [service for service in self._services.values() if service.alive]
        needed = {need for service in alive for need in service.spec.needs}
        for service in alive:
            if service.name not in needed and service.state is not _State.STOPPING:
                self._stop(service, "the run is over")

    def kill_all(self) -> None:
        """Kill every service now."""
        self._closing = True
        for service in self._services.values():
            self._quiet(service)
            if service.child is not None:
                service.state = _State.STOPPING
                self._supervisor.stop(service.child, "killed", at_once=True)

    @property
    def busy(self) -> bool:
        """Whether any service's process may still run."""
        return any(service.child is not None for service in self._services.values())


def _leftovers(how: str, ended: Ended) -> str:
    if not ended.leaked:
        return how
    return f"{how}; it left behind and we killed: {', '.join(ended.leaked)}"


def environment_of(addresses: Mapping[str, ServiceAddress]) -> dict[str, str]:
    """What a check's process sees: `RELEASE_MANAGER_SERVICE_<NAME>_URL` and `…_PORT_<PORT>`."""
    env: dict[str, str] = {}
    for name, address in addresses.items():
        prefix = f"RELEASE_MANAGER_SERVICE_{_variable(name)}"
        if address.url:
            env[f"{prefix}_URL"] = address.url
        for port, number in address.ports.items():
            env[f"{prefix}_PORT_{_variable(port)}"] = str(number)
    return env


def _variable(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "_", name).upper()
