"""`--otlp` from the command line to a real receiver of OTLP over HTTP, on loopback."""

from __future__ import annotations

import gzip
import json
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from harness.errors import MissingCapabilityError, UsageError
from harness.judge import judge
from harness.record import otlp
from harness.report.trace import as_trace
from suites.harness.projects import check, make_project
from suites.harness.sample_extremes import hostile, large

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SEE = """\
import json, os
print(json.dumps({name: os.environ.get(name, "") for name in ("TRACEPARENT", "TRACESTATE")}))
"""


class Collector:
    """What came in: requests decoded by OpenTelemetry's own messages, and their headers."""

    def __init__(self, answer: int = 200) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.answer = answer
        self.url = ""

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def resource(self) -> dict[str, Any]:
        return attributes(self.requests[0].resource_spans[0].resource)


def attributes(holder: Any) -> dict[str, Any]:
    return {
        item.key: getattr(item.value, item.value.WhichOneof("value")) for item in holder.attributes
    }


@contextmanager
def collector(answer: int = 200) -> Iterator[Collector]:
    seen = Collector(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            seen.requests.append(ExportTraceServiceRequest.FromString(body))
            seen.headers.append({name.lower(): value for name, value in self.headers.items()})
            seen.paths.append(self.path)
            self.send_response(seen.answer)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    seen.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def closed_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


def test_a_run_arrives_as_one_trace_and_its_checks_stand_under_their_own_spans(
    tmp_path: Path,
) -> None:
    project = make_project(
        tmp_path, check("see", sys.executable, "-c", SEE) + check("bad", "false")
    )
    given = {"TRACEPARENT": PARENT, "TRACESTATE": "vendor=1"}
    with collector() as seen:
        done = project.run("verify", "p", f"--otlp={seen.url}", env=given)
        assert done.code == 1
        assert f"trace 4bf92f3577b34da6a3ce929d0e0e4736 sent to {seen.url}/v1/traces" in done.err
        first = list(seen.spans)
        # The journal holds all that the trace is made of: sent again it is the same.
        seen.requests.clear()
        again = project.run("report", f"--otlp={seen.url}")
        assert again.code == 1
        assert list(seen.spans) == first
    assert seen.paths == ["/v1/traces"] * 2
    assert {span.trace_id.hex() for span in first} == {"4bf92f3577b34da6a3ce929d0e0e4736"}
    assert {span.trace_state for span in first} == {"vendor=1"}
    by_name = {span.name: span for span in first}
    root = by_name["RUN Sample"]
    assert root.parent_span_id.hex() == "00f067aa0ba902b7"
    assert root.kind == Span.SPAN_KIND_SERVER
    assert root.status.code == Status.STATUS_CODE_ERROR
    assert by_name["Check see"].status.code == Status.STATUS_CODE_UNSET
    assert attributes(by_name["Check bad"])["cicd.pipeline.task.run.result"] == "failure"
    told = json.loads((tmp_path / "reports/latest/work/p/see/output.log").read_text())
    assert told == {
        "TRACEPARENT": f"00-{root.trace_id.hex()}-{by_name['Check see'].span_id.hex()}-01",
        "TRACESTATE": "vendor=1",
    }
    assert "are what the journal gives" in project.run("report", "--verify").out


def test_without_the_option_nothing_is_sent_and_a_parent_passes_through(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("see", sys.executable, "-c", SEE))
    with collector() as seen:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": seen.url, "TRACEPARENT": PARENT}
        assert project.run("verify", env=env).code == 0
    assert seen.requests == []
    told = json.loads((tmp_path / "reports/latest/work/p/see/output.log").read_text())
    assert told["TRACEPARENT"] == PARENT
    assert b'"trace":' not in (tmp_path / "reports/latest/journal.jsonl").read_bytes()


def test_the_environment_says_where_and_how(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("ok", "true"))
    with collector() as seen:
        env = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"{seen.url}/base/",
            "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=seven",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=ci",
        }
        assert project.run("verify", "--otlp", env=env).code == 0
        assert seen.paths == ["/base/v1/traces"]
        assert seen.headers[0]["x-tenant"] == "seven"
        assert seen.resource["service.name"] == "release-manager"
        assert seen.resource["cicd.pipeline.name"] == "Sample"
        assert seen.resource["deployment.environment.name"] == "ci"


def test_a_retried_check_is_told_the_span_of_its_attempt(tmp_path: Path) -> None:
    script = f"{SEE}raise SystemExit(1)"
    project = make_project(tmp_path, check("see", sys.executable, "-c", script))
    with collector() as seen:
        assert project.run("verify", "--retry", "1", f"--otlp={seen.url}").code == 1
    spans = {span.name: span for span in seen.spans}
    run = tmp_path / "reports/latest"
    for number, folder in ((1, "work"), (2, "work-attempt-2")):
        told = json.loads((run / folder / "p/see/output.log").read_text())["TRACEPARENT"]
        assert told.split("-")[2] == spans[f"attempt {number}"].span_id.hex()
        assert spans[f"attempt {number}"].parent_span_id == spans["Check see"].span_id


@pytest.mark.parametrize(("program", "code"), [("true", 0), ("false", 1)])
def test_a_collector_that_is_not_there_changes_no_verdict(
    tmp_path: Path, program: str, code: int
) -> None:
    project = make_project(tmp_path, check("a", program))
    done = project.run(
        "verify", f"--otlp=http://127.0.0.1:{closed_port()}",
        env={"OTEL_EXPORTER_OTLP_TIMEOUT": "0.2"},
    )  # fmt: skip
    assert done.code == code
    assert "warning: the trace was not sent to http://127.0.0.1" in done.err
    assert "the verdict stands" in done.err
    assert re.search(r"release-manager report 2\S+ --otlp", done.err)


def test_a_collector_that_refuses_changes_no_verdict(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true"))
    with collector(401) as seen:
        done = project.run("verify", f"--otlp={seen.url}")
    assert done.code == 0
    assert "401" in done.err


def test_a_word_that_is_no_address_is_refused_before_anything_runs(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true"))
    done = project.run("verify", "--otlp", "p")
    assert done.code == 2
    assert "'p' is no address" in done.err
    assert "put --otlp behind the SELECTION" in done.err
    assert not (tmp_path / "reports").exists()


def test_without_the_extra_the_line_that_installs_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(otlp, "_PACKAGES", ("no.such.package",))
    with pytest.raises(MissingCapabilityError, match=r"pip install 'release-manager\[otlp\]'"):
        otlp.require_exporter()


@pytest.mark.parametrize(
    ("given", "environ", "where"),
    [
        ("", {}, "http://localhost:4318/v1/traces"),
        ("http://h:1", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://e:2"}, "http://h:1/v1/traces"),
        ("https://h/base/", {}, "https://h/base/v1/traces"),
        ("http://h/v1/traces", {}, "http://h/v1/traces"),
        ("", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://e:2"}, "http://e:2/v1/traces"),
        ("", {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t:3/in"}, "http://t:3/in"),
        ("http://h", {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http://h/v1/traces"),
    ],
)
def test_addresses_are_built_as_opentelemetry_has_it(
    given: str, environ: dict[str, str], where: str
) -> None:
    assert otlp.address(given, environ) == where


@pytest.mark.parametrize(
    ("given", "environ", "why"),
    [
        ("v7-1", {}, "no address"),
        ("ftp://h", {}, "no address"),
        ("http://", {}, "no address"),
        ("http://h:99999", {}, "no address"),
        ("http://[", {}, "no address"),
        ("http://user:secret@h", {}, "credentials"),
        ("", {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http/protobuf"),
        ("", {"OTEL_EXPORTER_OTLP_ENDPOINT": "h:4317"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ],
)
def test_what_cannot_be_an_address_is_refused(
    given: str, environ: dict[str, str], why: str
) -> None:
    with pytest.raises(UsageError, match=why) as refused:
        otlp.address(given, environ)
    assert "secret" not in str(refused.value)


def test_hostile_text_and_many_spans_arrive_whole() -> None:
    with collector() as seen:
        for builder in (hostile(), large(200, 5, failed=20)):
            run = builder.run()
            trace = as_trace(run, judge(run))
            seen.requests.clear()
            otlp.send(trace, f"{seen.url}/v1/traces")
            assert [span.span_id.hex() for span in seen.spans] == [s.span_id for s in trace.spans]
    assert len(seen.requests) == 3  # 1,211 spans, 512 at a time
    failed = [span for span in seen.spans if span.events]
    assert len(failed) == 20
    assert "AssertionError" in attributes(failed[0].events[0])["exception.message"]
