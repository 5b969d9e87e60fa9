"""Secrets that stand in definitions reach the checks, and nothing that a run keeps or shows."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import msgspec

from harness.model.plan import Plan
from harness.run.masking import masked, redactor_for, restored
from suites.harness.projects import Project, check, make_project

PASSWORD = "correct-horse-battery"
API_KEY = "sk-abcdefghijklmnopqrstuvwxyz0123"
SERVICE_TOKEN = "tell-nobody-this"
SERVICES = f"""\
schema: 1
services:
  vault:
    title: Vault
    run: [sh, -c, 'echo "up with $VAULT_TOKEN"; sleep 60']
    ready: {{ log: "up with" }}
    env: {{ VAULT_TOKEN: {SERVICE_TOKEN} }}
"""


def _uses(name: str, script: str, more: str = "") -> str:
    env = f"env: {{ DB_PASSWORD: {PASSWORD}, OPENAI: {API_KEY}, MODE: plain-value }}"
    run = json.dumps(["sh", "-c", script])
    return (
        f"  - id: {name}\n    title: Uses it\n    uses: command\n"
        f"    with: {{ run: {run}, {env} }}\n"
        + "".join(f"    {line}\n" for line in more.splitlines())
    )


def _everything_kept(project: Project) -> dict[str, bytes]:
    folder = project.root / "reports" / "latest"
    kept = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    state = project.root / ".release-manager"
    kept.update({str(path): path.read_bytes() for path in state.rglob("*.db*") if path.is_file()})
    return kept


def test_no_literal_secret_of_a_definition_is_kept_or_shown(tmp_path: Path) -> None:
    compare = 'test "$DB_PASSWORD" = "$(cat secret.txt)" && echo "it is $DB_PASSWORD"; false'
    project = make_project(
        tmp_path,
        _uses("says", compare, "inputs: [secret.txt]\nservices: [vault]")
        + check("own", "sh", "-c", "echo $SIGNING_KEY", more=f"env: {{ SIGNING_KEY: {PASSWORD} }}"),
        services=SERVICES,
    )
    project.write("secret.txt", PASSWORD)
    done = project.run("verify", "--plain")
    assert done.code == 1
    plan = project.run("plan", "--json").out
    shown = {**_everything_kept(project), "shown": done.text.encode(), "plan": plan.encode()}
    for secret in (PASSWORD, API_KEY, SERVICE_TOKEN):
        assert not [name for name, data in shown.items() if secret.encode() in data], secret
    # It got the real one: what it printed after comparing is there, masked.
    report = project.report()
    checks = [one for part in report["phases"] for one in part["checks"]]
    says = next(one for one in checks if one["id"] == "p/says")
    assert says["output"]["head"] == "it is [REDACTED]\n"
    assert json.loads(plan)["checks"][0]["options"]["env"]["MODE"] == "plain-value"
    assert "reports are what the journal gives" in project.run("report", "--verify").out


def test_a_resumed_check_gets_the_real_value(tmp_path: Path) -> None:
    is_real = f'test "${{#DB_PASSWORD}}" = {len(PASSWORD)}'
    script = f"test -e again || {{ touch again; sleep 60; }}; {is_real}"
    project = make_project(tmp_path, _uses("slow", script))
    process = project.start("verify", "--plain")
    deadline = time.monotonic() + 60
    while not (tmp_path / "again").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = project.run("verify", "--resume")
    assert done.code == 0, done.text
    assert not [
        name for name, data in _everything_kept(project).items() if PASSWORD.encode() in data
    ]


def _plan(options: dict[str, object], env: dict[str, str] | None = None) -> Plan:
    data = {
        "schema": 1,
        "project": "p",
        "selection": "everything",
        "profile_name": "change",
        "profile": {"about": "A change.", "rules": {"failed": "block"}},
        "host": {"system": "linux", "machine": "x86_64", "cpus": 1, "memory_mb": 1},
        "phases": [],
        "checks": [
            {
                "id": "p/c",
                "phase": "p",
                "title": "A claim",
                "kind": "command",
                "decision": "run",
                "reason": "asked for",
                "position": {"file": "p.yaml", "line": 1, "column": 1},
                "options": options,
                "env": env or {},
            }
        ],
    }
    return msgspec.convert(data, Plan)


def test_what_is_no_secret_is_recorded_as_it_is() -> None:
    plan = _plan(
        {"run": ["sh", "-c", "true"], "env": {"MAX_TOKENS": "100", "TOKEN_FILE": "secrets/token"}},
        {"AUTH_TOKEN": "${{ services.vault.ports.http }}", "CC": "clang-19"},
    )
    assert masked(plan, redactor_for(plan, {})) is plan


def test_masking_is_undone_by_the_same_definitions() -> None:
    plan = _plan({"run": ["curl", f"-HAuthorization: {API_KEY}"], "password": PASSWORD})
    kept = masked(plan, redactor_for(plan, {}))
    assert kept.checks[0].options == {
        "run": ["curl", "-HAuthorization: [REDACTED]"],
        "password": "[REDACTED]",
    }
    assert restored(kept, lambda: plan).checks[0].options == plan.checks[0].options
