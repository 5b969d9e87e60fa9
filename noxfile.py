"""Sessions for lint, types and tests on the Pythons present: `nox`, `nox -s tests-3.13`."""

from __future__ import annotations

import nox

nox.needs_version = ">=2026.1"
nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "tests"]

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


def install(session: nox.Session) -> None:
    """The pinned environment, and the project on top of it."""
    session.install("--require-hashes", "-r", "requirements.lock")
    session.install("--no-deps", "--no-build-isolation", "-e", ".", "-e", "native/python")


@nox.session
def lint(session: nox.Session) -> None:
    """Format and lint rules."""
    install(session)
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Strict types."""
    install(session)
    session.run("mypy")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The release manager's own suite."""
    install(session)
    session.run("pytest", "-q", "-n", "auto", *(session.posargs or ["suites/harness"]))
