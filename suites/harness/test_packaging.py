"""The wheel that other repositories install: complete, and working far from this checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(*argv: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


def test_the_wheel_works_in_another_repository(tmp_path: Path) -> None:
    wheels, site, project = tmp_path / "wheels", tmp_path / "site", tmp_path / "project"
    project.mkdir()
    (project / "Makefile").write_text("test:\n\t@echo tested\n")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    build = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(ROOT))
    built = run(*pip, *build, cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    (wheel,) = wheels.glob("release_manager-*.whl")
    installed = run(*pip, "install", "--no-deps", "--target", str(site), str(wheel), cwd=tmp_path)
    assert installed.returncode == 0, installed.stderr

    def harness(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run(sys.executable, "-m", "harness", *arguments, cwd=project, PYTHONPATH=str(site))

    where = run(
        sys.executable, "-c", "import harness; print(harness.__file__)",
        cwd=project, PYTHONPATH=str(site),
    )  # fmt: skip
    assert where.stdout.startswith(str(site)), "the checkout was tested instead of the wheel"
    assert harness("init").returncode == 0
    done = harness("verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project / "reports" / "latest" / "report.html").stat().st_size > 10_000
