"""`prove` on a small project in several languages: what is caught, what survives, what neither."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from suites.harness.projects import Done, Project, check, make_project

PYTHON = sys.executable
ADD = "def add(a, b):\n    return a + b\n"
TEST = "from add import add\n\n\ndef test_add():\n    assert add(2, 2) == 4\n"
FAULTS = "fixtures/faults/faults.yaml"


def fault(name: str, how: str, *, check: str = "p/unit", expect: str = "test: '*test_add*'") -> str:
    lines = "".join(f"    {line}\n" for line in how.splitlines())
    return (
        f"  - id: {name}\n    title: The fault {name}\n{lines}"
        f"    expect: [{{ check: {check}, {expect} }}]\n"
    )


MINUS = "edits: [{ file: add.py, find: a + b, replace: a - b }]"
SYNTAX = "edits: [{ file: add.py, find: a + b, replace: 'a +' }]"
ELSEWHERE = "edits: [{ file: other.py, find: '1', replace: '2' }]"
PATCH = """\
patch: |
  --- a/add.py
  +++ b/add.py
  @@ -1,2 +1,2 @@
   def add(a, b):
  -    return a + b
  +    return a * b - 1
"""


def project(root: Path, faults: Mapping[str, str], **more: str) -> Project:
    """A Python module with a test, a shell script, and a check of each."""
    pytest_check = (
        "  - id: unit\n    title: Adds\n    uses: pytest\n"
        "    with: { path: tests }\n    inputs: ['*.py', 'tests/**']\n"
        f"    must-catch: [{', '.join(name for name in faults if not name.startswith('sh-'))}]\n"
    )
    shell = check(
        "script",
        "sh",
        "greet.sh",
        more="inputs: [greet.sh]\nmust-catch: ["
        + ", ".join(name for name in faults if name.startswith("sh-"))
        + "]",
    )
    made = make_project(root, pytest_check + shell, **more)
    made.write("add.py", ADD)
    made.write("other.py", "ONE = 1\n")
    made.write("tests/test_add.py", TEST)
    made.write(
        "tests/test_one.py", "import other\n\n\ndef test_one():\n    assert other.ONE == 1\n"
    )
    made.write("conftest.py", "")
    made.write("greet.sh", 'test "${GREETING:-hello}" = hello || { echo "no greeting"; exit 1; }\n')
    made.write(FAULTS, "schema: 1\nfaults:\n" + "".join(faults.values()))
    return made


def prove(made: Project, *arguments: str) -> tuple[Done, dict[str, Any]]:
    done = made.run("prove", "--json", *arguments, env={"XDG_CACHE_HOME": f"{made.root}-cache"})
    return done, {one["fault"]: one for one in map(json.loads, done.out.splitlines())}


def test_faults_of_every_form_are_caught_and_the_project_is_only_read(tmp_path: Path) -> None:
    made = project(
        tmp_path / "project",
        {
            "minus": fault("minus", MINUS),
            "patched": fault("patched", PATCH),
            "sh-env": fault(
                "sh-env", "env: { GREETING: hi }", check="p/script", expect="message: no greeting"
            ),
        },
    )
    before = {path: path.stat().st_mtime_ns for path in made.root.rglob("*.py")}
    done, proofs = prove(made)
    assert done.code == 0, done.text
    assert {name: one["catch"] for name, one in proofs.items()} == {
        "minus": "caught", "patched": "caught", "sh-env": "caught",
    }  # fmt: skip
    assert {path: path.stat().st_mtime_ns for path in made.root.rglob("*.py")} == before

    again, _ = prove(made)
    assert again.code == 0
    assert again.err.count(", proven ") == 3

    # What the proof depends on has changed: only that is proven again, and it survives now.
    made.write("tests/test_add.py", TEST.replace("== 4", "is not None"))
    done, proofs = prove(made)
    assert done.code == 1, done.text
    assert proofs["minus"]["catch"] == proofs["patched"]["catch"] == "survived"
    assert done.err.count(", proven ") == 1
    words = made.run("prove", env={"XDG_CACHE_HOME": f"{made.root}-cache"})
    assert "survived: p/unit x minus" in words.out
    assert "✗ survived      minus" in words.out


def test_a_failure_for_another_reason_proves_nothing(tmp_path: Path) -> None:
    made = project(
        tmp_path / "project",
        {
            "syntax": fault("syntax", SYNTAX),
            "elsewhere": fault("elsewhere", ELSEWHERE),
            "moved": fault("moved", MINUS.replace("a + b", "return a * b")),
            "stale": fault("stale", PATCH.replace("return a + b", "return b + a")),
            "sh-other": fault(
                "sh-other", "env: { GREETING: hi }", check="p/script", expect="message: never said"
            ),
        },
    )
    done, proofs = prove(made)
    assert done.code == 3, done.text
    assert {one["catch"] for one in proofs.values()} == {"inconclusive"}
    assert "test_one" in proofs["elsewhere"]["reason"]
    assert "add.py: the text to find does not stand there" in proofs["moved"]["reason"]
    assert "return a + b" in proofs["moved"]["reason"]
    assert "hunk 1 of 1, @@ -1,2 +1,2 @@ does not apply" in proofs["stale"]["reason"]
    assert "never said" in proofs["sh-other"]["reason"]


def test_a_check_that_fails_without_the_fault_catches_nothing(tmp_path: Path) -> None:
    made = project(tmp_path / "project", {"minus": fault("minus", MINUS)})
    made.write("add.py", ADD.replace("a + b", "a + b + 0 * len(a + b)").replace("+ b", "+ b"))
    made.write(FAULTS, "schema: 1\nfaults:\n" + fault("minus", ELSEWHERE))
    done, proofs = prove(made)
    assert done.code == 3, done.text
    assert proofs["minus"]["reason"].startswith("without the fault the check is failed too")


def test_two_at_once_use_two_trees(tmp_path: Path) -> None:
    made = project(tmp_path / "project", {"minus": fault("minus", MINUS)})
    env = made.environ({"XDG_CACHE_HOME": f"{made.root}-cache"})
    both = [
        subprocess.Popen(made.argv("prove", "--fresh"), env=env, cwd=made.root,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]  # fmt: skip
    for one in both:
        out, err = one.communicate(timeout=90)
        assert one.returncode == 0, out + err


def test_an_interrupted_proof_leaves_nothing_broken(tmp_path: Path) -> None:
    slow = fault("sh-slow", "edits: [{ file: greet.sh, find: 'test ', replace: 'sleep 9; test ' }]",
                 check="p/script", expect="message: never")  # fmt: skip
    made = project(tmp_path / "project", {"sh-slow": slow, "minus": fault("minus", MINUS)})
    env = made.environ({"XDG_CACHE_HOME": f"{made.root}-cache"})
    running = subprocess.Popen(
        made.argv("prove", "script"),
        env=env,
        cwd=made.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    cache = Path(f"{made.root}-cache")
    try:
        for _ in range(3000):
            broken = list(cache.glob("release-manager/scratch/*/0/tree/greet.sh"))
            if broken and "sleep" in broken[0].read_text():
                break
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
    finally:
        running.communicate(timeout=60)
    assert "sleep" in broken[0].read_text()
    assert "sleep" not in (made.root / "greet.sh").read_text()
    done, proofs = prove(made, "unit")
    assert done.code == 0, done.text
    assert proofs["minus"]["catch"] == "caught"
    assert "sleep" not in broken[0].read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["--fault", "minux"], "did you mean minus"), (["script"], "none of the selected checks")],
)
def test_nothing_to_prove_is_said(tmp_path: Path, arguments: list[str], says: str) -> None:
    made = project(tmp_path / "project", {"minus": fault("minus", MINUS)})
    done, _ = prove(made, *arguments)
    assert done.code == 2
    assert says in done.err
