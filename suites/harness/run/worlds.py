"""Plans that really run: a few words in, the run they make out."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.model.event import EVENT_SCHEMA, Event, RunStarted
from harness.model.plan import Decision, Host, Plan, PlannedCheck, PlannedPhase
from harness.model.ports import Kind
from harness.model.run import CheckResult, Run, fold
from harness.model.spec import Condition, Effect, Position, Profile, Readiness, Service
from harness.run.dispatch import Stop, run_plan
from harness.run.kinds.registry import KindRegistry


def check(name: str, *run: str, **more: Any) -> PlannedCheck:
    """A check of kind `command`, or of another with `kind` and `options`."""
    values: dict[str, Any] = {
        "id": f"p/{name}",
        "phase": "p",
        "title": name,
        "kind": "command",
        "decision": Decision.RUN,
        "reason": "selected",
        "position": Position(file="phases/p.yaml", line=1, column=1),
        "options": {"run": list(run)} if run else {},
        "timeout_seconds": 20.0,
    }
    more["needs"] = tuple(f"p/{need}" for need in more.pop("needs", ()))
    return PlannedCheck(**(values | more))


def script(name: str, text: str, **more: Any) -> PlannedCheck:
    return check(name, "sh", "-c", text, **more)


def python_service(text: str, *ports: str, ready: Readiness, **more: Any) -> Service:
    """A service written in a few lines of Python; its ports are its arguments."""
    arguments = [f"${{{{ services.NAME.ports.{port} }}}}" for port in ports]
    return Service(
        title="a service",
        run=[sys.executable, "-u", "-c", text, *arguments],
        ready=ready,
        ports=list(ports),
        **more,
    )


def make_plan(
    *checks: PlannedCheck, services: Mapping[str, Service] | None = None, cpus: int = 2
) -> Plan:
    named = {}
    for name, service in (services or {}).items():
        run = [argument.replace("services.NAME.", f"services.{name}.") for argument in service.run]
        values = {field: getattr(service, field) for field in service.__struct_fields__}
        named[name] = Service(**(values | {"run": run}))
    return Plan(
        schema=1,
        project="test",
        selection="everything",
        profile_name="change",
        profile=Profile(about="test", rules={Condition.FAILED: Effect.BLOCK}),
        host=Host(system="linux", machine="x86_64", cpus=cpus, memory_mb=4096),
        phases=(PlannedPhase(id="p", title="P", about="?"),),
        checks=checks,
        services=named,
    )


class Collector:
    """An event sink that keeps everything, and may refuse to."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.refuse: Callable[[Event], bool] = lambda _: False

    def emit(self, event: Event) -> None:
        if self.refuse(event):
            raise OSError(28, "No space left on device")
        self.events.append(event)

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


class _Clock:
    def __init__(self) -> None:
        self._zero = time.monotonic()

    def monotonic(self) -> float:
        return time.monotonic() - self._zero


class World:
    """A project's root and a run folder; `run` drives a plan through the real dispatcher."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.root.mkdir()
        self.folder = folder / "run"
        self.folder.mkdir()
        self.sink = Collector()
        self.stop = Stop()

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(
        self,
        *checks: PlannedCheck,
        services: Mapping[str, Service] | None = None,
        kinds: tuple[Kind, ...] = (),
        jobs: int | None = None,
        cpus: int = 2,
        environ: Mapping[str, str] | None = None,
    ) -> Run:
        plan = make_plan(*checks, services=services, cpus=cpus)
        self.sink.events.append(
            RunStarted(
                at=0,
                schema=EVENT_SCHEMA,
                run_id="test",
                started_at="2026-01-01T00:00:00Z",
                harness_version="0",
                command="test",
                root=str(self.root),
                source={},
                plan=plan,
            )
        )
        run_plan(
            plan,
            root=self.root,
            folder=self.folder,
            sink=self.sink,
            clock=_Clock(),
            kinds=KindRegistry(kinds),
            jobs=jobs,
            environ=dict(os.environ) if environ is None else environ,
            stop=self.stop,
        )
        return fold(self.sink.events)


def only(run: Run) -> CheckResult:
    """The result of a run of one check."""
    [result] = run.results
    return result


def statuses(run: Run) -> dict[str, str]:
    return {result.check.id.removeprefix("p/"): result.status.value for result in run.results}
