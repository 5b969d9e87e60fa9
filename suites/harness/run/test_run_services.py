"""Services on real ports: readiness, order, deaths, teardown, and what checks are told."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from harness.model.event import CheckStarted, ServiceReady, ServiceStarted, ServiceStopped
from harness.model.spec import Readiness
from harness.run import services as services_module
from harness.system import readiness
from suites.harness.run.test_run_dispatch import request_after
from suites.harness.run.worlds import check, python_service, script, statuses

HTTP = """
import sys, http.server
class Handler(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Handler.asked += 1
        self.send_response(200 if self.path == "/ready" and Handler.asked > 3 else 503)
        self.end_headers()
    def log_message(self, *_): pass
print("listening", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
TCP = """
import socket, sys, time
time.sleep(0.2)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("up", flush=True)
time.sleep(60)
"""


def http(**more):
    return python_service(HTTP, "http", ready=Readiness(http="/ready"), **more)


def idle(ready: str = "up", **more):
    return python_service(
        f"import time; print({ready!r}); time.sleep(60)", ready=Readiness(log="^up$"), **more
    )


def test_a_check_starts_once_its_service_answers_2xx(world):
    run = world.run(
        script("uses", "echo $RELEASE_MANAGER_SERVICE_WEB_URL", services=("web",)),
        script("alone", "true"),
        services={"web": http()},
    )

    [started] = [e for e in world.sink.events if isinstance(e, ServiceStarted)]
    [ready] = [e for e in world.sink.events if isinstance(e, ServiceReady)]
    [uses] = [e for e in world.sink.events if isinstance(e, CheckStarted) if e.check == "p/uses"]
    assert ready.at <= uses.at
    assert run.result("p/uses").output.text == f"http://127.0.0.1:{started.ports['http']}\n"
    assert run.services[0].expected
    assert "listening" in run.services[0].output.text
    assert (world.folder / "services" / "web" / "output.log").read_text() == "listening\n"


def test_placeholders_name_addresses_and_ports(world):
    run = world.run(
        check(
            "uses",
            "sh",
            "-c",
            "echo ${{ services.web.url }}/x $A $RELEASE_MANAGER_SERVICE_WEB_PORT_HTTP",
            env={"A": "${{ services.web.ports.http }}"},
            services=("web",),
        ),
        services={"web": http()},
    )

    url, port, also_port = run.result("p/uses").output.text.split()
    assert url == f"http://127.0.0.1:{port}/x"
    assert port == also_port


@pytest.mark.parametrize(
    "service",
    [
        python_service(TCP, "wire", ready=Readiness(tcp="wire")),
        python_service(HTTP, "admin", "web", ready=Readiness(http="admin/ready")),
        idle(),
        python_service(
            "import time; time.sleep(0.2); open('marker', 'w'); time.sleep(60)",
            ready=Readiness(file="marker"),
            cwd="../run/services/s",
        ),
    ],
    ids=["tcp", "http on a named port", "log", "file"],
)
def test_every_readiness_probe_works(world, service):
    (world.folder / "services" / "s").mkdir(parents=True)
    run = world.run(check("uses", "true", services=("s",)), services={"s": service})

    assert statuses(run) == {"uses": "passed"}


def test_services_start_in_the_order_of_their_needs_and_stop_in_reverse(world):
    run = world.run(
        check("uses", "true", services=("front",)),
        services={"front": idle(needs=["middle"]), "middle": idle(needs=["back"]), "back": idle()},
    )

    started = [e.service for e in world.sink.events if isinstance(e, ServiceStarted)]
    stopped = [e.service for e in world.sink.events if isinstance(e, ServiceStopped)]
    assert statuses(run) == {"uses": "passed"}
    assert started == ["back", "middle", "front"]
    assert stopped[0] == "front" or set(stopped) == set(started)


def test_one_service_serves_many_checks_and_stops_when_the_last_is_done(world):
    run = world.run(
        check("one", "true", services=("s",)),
        check("two", "true", services=("s",)),
        check("after", "sleep", "0.3", needs=["one", "two"]),
        services={"s": idle()},
    )

    names = world.sink.names()
    assert set(statuses(run).values()) == {"passed"}
    assert names.count("ServiceStarted") == 1
    assert names.index("ServiceStopped") < len(names) - 2


def test_a_service_nobody_needs_is_never_started(world):
    world.run(check("alone", "true"), services={"s": idle()})

    assert "ServiceStarted" not in world.sink.names()


def test_a_service_that_dies_before_it_is_ready_errs_its_checks(world):
    dying = python_service(
        "import sys; print('cannot open database'); sys.exit(3)", ready=Readiness(log="up")
    )
    run = world.run(
        check("one", "true", services=("db",)),
        check("two", "true", services=("db",)),
        check("other", "true"),
        services={"db": dying},
    )

    assert statuses(run) == {"one": "errored", "two": "errored", "other": "passed"}
    reason = run.result("p/one").reason
    assert "service db ended by itself (exit 3) before it was ready" in reason
    assert reason.splitlines()[0].endswith("it last said: cannot open database")
    assert "its log ends:" not in reason  # one line, told already
    assert "start it by hand to see why: " in reason
    assert not run.services[0].expected


def test_a_service_that_never_gets_ready_errs_its_checks(world):
    silent = python_service(
        "import time; print('thinking\\nhard'); time.sleep(60)",
        "http",
        ready=Readiness(http="/ready", timeout_seconds=0.6),
    )
    run = world.run(check("uses", "true", services=("s",)), services={"s": silent})

    reason = run.result("p/uses").reason
    assert statuses(run) == {"uses": "errored"}
    said = "was not ready after 0.6 s (Connection refused); it last said: hard"
    assert said in reason.splitlines()[0]
    assert "its log ends:\n  thinking\n  hard\n" in reason


def test_a_service_that_dies_in_the_middle_errs_the_check_that_uses_it(world):
    dying = python_service(
        "import time, os; print('up'); time.sleep(0.4); print('out of cheese'); os.abort()",
        ready=Readiness(log="^up$"),
    )
    run = world.run(
        script("uses", "sleep 0.6; exit 0", services=("s",)),
        check("later", "true", services=("s",), needs=["uses"]),
        check("also", "sh", "-c", "sleep 0.7", services=("front",)),
        services={"s": dying, "front": idle(needs=["s"])},
    )

    assert statuses(run) == {"uses": "errored", "later": "precluded", "also": "errored"}
    reason = run.result("p/uses").reason
    assert "ended by itself (killed by SIGABRT) while checks needed it" in reason
    assert "out of cheese" in reason


def test_a_check_after_a_dead_service_is_errored_not_run_on_a_fresh_one(world):
    dying = python_service("print('up')", ready=Readiness(log="^up$"))
    run = world.run(
        script("first", "sleep 0.5", services=("s",), advisory=True),
        script("second", "touch ran", services=("s",), needs=["first"]),
        services={"s": dying},
    )

    assert statuses(run) == {"first": "errored", "second": "errored"}
    assert not (world.root / "ran").exists()


def test_a_service_that_cannot_be_started_names_its_program(world):
    service = idle()
    broken = type(service)(title="x", run=["no-such-server"], ready=Readiness(log="up"))
    run = world.run(check("uses", "true", services=("s",)), services={"s": broken})

    assert "service s could not be started: program 'no-such-server'" in run.result("p/uses").reason


def test_what_needs_a_failed_service_says_which(world):
    broken = python_service("raise SystemExit(1)", ready=Readiness(log="up"))
    run = world.run(
        check("uses", "true", services=("front",)),
        services={"front": idle(needs=["back"]), "back": broken},
    )

    assert "service front cannot start: service back ended" in run.result("p/uses").reason


def test_a_port_somebody_took_meanwhile_is_replaced(world, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        offered = [taken.getsockname()[1]]
        real = readiness.free_ports
        monkeypatch.setattr(
            services_module, "free_ports", lambda n: [offered.pop()] if offered else real(n)
        )
        run = world.run(
            check("uses", "true", services=("s",)),
            services={"s": python_service(TCP, "wire", ready=Readiness(log="^up$"))},
        )

    assert statuses(run) == {"uses": "passed"}
    assert world.sink.names().count("ServiceStarted") == 2


def test_an_interrupt_stops_services_too(world):
    with request_after(world.stop, 0.6):
        run = world.run(check("uses", "sleep", "60", services=("s",)), services={"s": idle()})

    assert statuses(run) == {"uses": "errored"}
    assert run.services[0].stopped is not None
    assert run.finished


def test_an_interrupt_while_a_service_starts_precludes_its_checks(world):
    never = python_service("import time; time.sleep(60)", ready=Readiness(log="up"))
    with request_after(world.stop, 0.4):
        run = world.run(check("uses", "true", services=("s",)), services={"s": never})

    assert statuses(run) == {"uses": "precluded"}
    assert run.interrupted == "SIGINT"


def test_a_service_that_ignores_term_is_killed_and_its_children_with_it(world):
    stubborn = python_service(
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen(['sleep', '313'], start_new_session=True)\n"
        "open(sys.argv[1] if len(sys.argv) > 1 else 'pid', 'w').write(str(child.pid))\n"
        "print('up'); time.sleep(60)",
        ready=Readiness(log="^up$"),
        stop_seconds=0.2,
    )
    run = world.run(check("uses", "true", services=("s",)), services={"s": stubborn})

    assert "killed by SIGKILL" in run.services[0].reason
    assert "sleep 313" in run.services[0].reason
    pid = (world.root / "pid").read_text()
    assert not Path(f"/proc/{pid}").exists()
