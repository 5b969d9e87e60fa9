"""`prove` on a small project: what is caught, what survives, what neither, and what is kept.

Its checks are shell scripts, the tests among them tell their results as cmocka does.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.cli.app import run
from suites.harness.projects import Done, Project, check, make_project

FAULTS = "fixtures/faults/faults.yaml"
ADD = "add() { echo $(($1 + $2)); }\n"
TESTS = """\
. ./add.sh
. ./one.sh
bad=0
expect() {
  echo "<testcase name='$1' time='0'>"
  [ "$2" = "$3" ] || { bad=1; echo "<failure>add.sh:1: error: $2 is not $3</failure>"; }
  echo "</testcase>"
}
echo "<testsuites><testsuite name='sums' tests='2'>"
expect test_add "$(add 2 2)" 4
expect test_one "$one" 1
echo "</testsuite></testsuites>"
exit $bad
"""
SERVICES = """\
schema: 1
services:
  server:
    title: Server
    run: [sh, serve.sh]
    ready: { log: serving }
"""
EDIT = "edits: [{{ file: {}, find: '{}', replace: '{}' }}]"
SERVER = "services: {{ server: {{ {} }} }}"
MINUS = "edits: [{ file: add.sh, find: $1 + $2, replace: $1 - $2 }]"
ELSEWHERE = "edits: [{ file: one.sh, find: '1', replace: '2' }]"
PATCH = """\
patch: |
  --- a/add.sh
  +++ b/add.sh
  @@ -1 +1 @@
  -add() { echo $(($1 + $2)); }
  +add() { echo $(($1 * $2 - 1)); }
"""
HELLO = "env: { GREETING: hi }"


def fault(
    name: str, how: str, check: str = "p/unit", expect: str = "test: 'sums::test_add'"
) -> str:
    lines = "".join(f"    {line}\n" for line in how.splitlines())
    return (
        f"  - id: {name}\n    title: The fault {name}\n{lines}"
        f"    expect: [{{ check: '{check}', {expect} }}]\n"
    )


def caught(*names: str) -> str:
    return f"must-catch: [{', '.join(names)}]"


class Proving(Project):
    """The project with `prove` in this process, which a test can afford."""

    def faults(self, *texts: str, header: str = "") -> None:
        """Write the faults."""
        self.write(FAULTS, f"schema: 1\n{header}faults:\n" + "".join(texts))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("CI", "PYTEST_CURRENT_TEST", "GITHUB_EVENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


Prove = Callable[..., tuple[Done, dict[str, Any]]]


@pytest.fixture
def prove(cache: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Prove]:
    """Run `prove --json` on the project; what it said, and the proofs by check and fault."""

    def proving(*arguments: str) -> tuple[Done, dict[str, Any]]:
        capfd.readouterr()
        code = run(["-C", str(tmp_path / "project"), "prove", "--json", *arguments])
        said = capfd.readouterr()
        lines = [json.loads(line) for line in said.out.splitlines() if line.startswith("{")]
        assert "Traceback" not in said.err, said.err
        return Done(code, said.out, said.err), {f"{x['check']} {x['fault']}": x for x in lines}

    yield proving


def project(root: Path, *, unit: str, script: str = "", more: str = "") -> Proving:
    """A shell library with two tests, and a script with a check of its own."""
    checks = (
        "  - id: unit\n    title: Adds\n    uses: c-tests\n"
        "    with: { run: [sh, tests.sh] }\n    inputs: [add.sh, one.sh, tests.sh]\n"
        f"    {unit}\n"
    )
    checks += check("script", "sh", "greet.sh", more=f"inputs: [greet.sh]\n{script}")
    made = Proving(make_project(root / "project", checks + more).root)
    made.write("add.sh", ADD)
    made.write("one.sh", "one=1\n")
    made.write("tests.sh", TESTS)
    made.write("greet.sh", 'test "${GREETING:-hello}" = hello || { echo "no greeting"; exit 1; }\n')
    return made


def outcome(proofs: dict[str, Any]) -> dict[str, str]:
    return {name: one["catch"] for name, one in proofs.items()}


def test_faults_of_every_form_are_caught_kept_and_proven_again_when_something_changed(
    tmp_path: Path, prove: Prove
) -> None:
    made = project(tmp_path, unit=caught("minus", "patched"), script=caught("greeting"))
    made.faults(
        fault("minus", MINUS),
        fault("patched", PATCH),
        fault("greeting", HELLO, "p/script", "message: no greeting"),
    )
    before = {path: path.stat().st_mtime_ns for path in made.root.glob("*.sh")}
    done, proofs = prove()
    assert done.code == 0, done.text
    every = {"p/unit minus": "caught", "p/unit patched": "caught", "p/script greeting": "caught"}
    assert outcome(proofs) == every
    assert proofs["p/unit minus"]["reason"] == "sums::test_add failed"
    assert {path: path.stat().st_mtime_ns for path in made.root.glob("*.sh")} == before

    done, proofs = prove()
    assert (done.code, outcome(proofs), done.err.count(", proven ")) == (0, every, 3)
    done, _ = prove("--fresh", "--fault", "minus")
    assert done.err.count(", proven ") == 0

    # The assertion that two faults aim at is gone: `prove` names the check and the faults.
    made.write("tests.sh", TESTS.replace('"$(add 2 2)" 4', "4 4"))
    done, proofs = prove()
    assert done.code == 1, done.text
    assert outcome(proofs) == {
        "p/unit minus": "survived", "p/unit patched": "survived", "p/script greeting": "caught",
    }  # fmt: skip
    assert done.err.count(", proven ") == 1
    assert proofs["p/unit minus"]["reason"] == "the check passed although the fault was there"


def test_the_matrix_and_what_was_not_caught_are_told_in_words(
    tmp_path: Path, cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made = project(tmp_path, unit=caught("minus", "patched", "elsewhere"))
    made.faults(fault("minus", MINUS), fault("patched", PATCH), fault("elsewhere", ELSEWHERE))
    made.write("add.sh", ADD + "twice() { add $1 $1; }\n")
    made.write("tests.sh", TESTS.replace('"$(add 2 2)" 4', '"$(add 2 0)" 2'))
    assert run(["-C", str(made.root), "prove"]) == 1
    said = capfd.readouterr()
    assert said.out.startswith(
        "\np/unit\n  ✓ caught        patched\n  ✗ survived      minus\n"
        "  ? inconclusive  elsewhere\n"
    )
    assert "\nsurvived: p/unit x minus\n  The fault minus\n  the check passed although" in said.out
    assert "\ninconclusive: p/unit x elsewhere\n" in said.out
    assert "  | add.sh:1: error: 2 is not 1" in said.out or "2 is not 1" in said.out
    assert said.out.endswith("\n3 to prove: 1 caught, 1 survived, 1 inconclusive\n")
    assert "control run of 1 check, without a fault" in said.err


def test_a_failure_for_another_reason_proves_nothing(tmp_path: Path, prove: Prove) -> None:
    made = project(
        tmp_path, unit=caught("syntax", "elsewhere", "moved", "stale"), script=caught("other")
    )
    made.faults(
        fault("syntax", "edits: [{ file: add.sh, find: 'add() {', replace: 'add( {' }]"),
        fault("elsewhere", ELSEWHERE),
        fault("moved", MINUS.replace("find: $1 + $2", "find: $1 * $2")),
        fault("stale", PATCH.replace("-add() { echo $(($1 + $2))", "-add() { echo $(($2 + $1))")),
        fault("other", HELLO, "p/script", "message: never said"),
    )
    done, proofs = prove()
    assert done.code == 3, done.text
    assert set(outcome(proofs).values()) == {"inconclusive"}
    reasons = {name.split()[1]: one["reason"] for name, one in proofs.items()}
    assert "sums::test_one" in reasons["elsewhere"]
    assert "add.sh: the text to find does not stand there" in reasons["moved"]
    assert "near it, line 1" in reasons["moved"]
    assert "add.sh: hunk 1 of 1, @@ -1 +1 @@ does not apply" in reasons["stale"]
    assert "never said" in reasons["other"]

    done, _ = prove("--dry-run")
    assert done.code == 4
    at = made.root.joinpath(FAULTS).read_text().splitlines().index("  - id: moved") + 1
    assert f"{FAULTS}:{at}:5: the fault moved no longer applies: add.sh: the text" in done.err
    assert "the fault stale no longer applies: add.sh: hunk 1 of 1" in done.err
    assert "the fault elsewhere" not in done.err


def test_a_check_that_fails_without_the_fault_catches_nothing(tmp_path: Path, prove: Prove) -> None:
    made = project(tmp_path, unit=caught("minus"))
    made.faults(fault("minus", ELSEWHERE))
    made.write("add.sh", ADD.replace("+", "-"))
    done, proofs = prove()
    assert done.code == 3, done.text
    only = proofs["p/unit minus"]
    assert only["reason"].startswith("without the fault the check is failed too")
    assert "sums::test_add" in only["output"]


def proven(made: Proving, capfd: pytest.CaptureFixture[str]) -> dict[str, bool]:
    """Whether the proof of each check is current, as the plan has it."""
    capfd.readouterr()
    assert run(["-C", str(made.root), "plan", "--json"]) == 0
    plan = json.loads(capfd.readouterr().out)
    return {
        check["id"]: all(proof.get("current", True) for proof in check["proofs"])
        for check in plan["checks"]
        if check.get("proofs")
    }


def test_a_kept_proof_is_out_of_date_with_anything_its_check_depends_on(
    tmp_path: Path, prove: Prove, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use = check("use", "sh", "use.sh", more="needs: [build]\ninputs: [use.sh]\n" + caught("used"))
    every = check("every", "sh", "use.sh", more=caught("any"))
    made = project(tmp_path, unit=caught("minus"), more=BUILD + use + every)
    made.write("build.sh", "exit 0\n")
    made.write("use.sh", "echo fine\n")
    how = EDIT.format("use.sh", "echo fine", "echo bad; exit 1")
    made.faults(
        fault("minus", MINUS),
        fault("used", how, "p/use", "message: bad"),
        fault("any", how, "p/every", "message: bad"),
    )
    done, _ = prove()
    assert done.code == 0, done.text
    whole = {"p/unit": True, "p/use": True, "p/every": True}
    assert proven(made, capfd) == whole
    made.write("notes.txt", "no input of anything but of what declares none")
    assert proven(made, capfd) == {**whole, "p/every": False}
    (made.root / "notes.txt").unlink()
    made.write("build.sh", "exit 0 # an input of what p/use needs\n")
    assert proven(made, capfd) == {"p/unit": True, "p/use": False, "p/every": False}
    made.write("build.sh", "exit 0\n")
    assert proven(made, capfd) == whole
    with monkeypatch.context() as patch:
        patch.setenv("CFLAGS", "-O3")
        assert set(proven(made, capfd).values()) == {False}
    phase = (made.root / "phases/p.yaml").read_text()
    made.write("phases/p.yaml", phase.replace("run: [sh, tests.sh]", "run: [sh, -e, tests.sh]"))
    assert proven(made, capfd)["p/unit"] is False


BUILD = check("build", "sh", "build.sh", more="inputs: [add.sh, build.sh]")
NEEDY = "needs: [build]\ninputs: [add.sh, use.sh]\n"


@pytest.mark.parametrize(
    ("how", "catch", "says"),
    [
        ("edits: [{ file: add.sh, find: 'add() {', replace: 'add( {' }]", "inconclusive",
         "p/build, which it needs, fails first (exit 2"),
        (MINUS, "caught", "failed and said 4 is not 0; p/build, which it needs, fails with this"),
        ("edits: [{ file: add.sh, find: $2, replace: $2 + 0 }]", "survived", "passed although"),
    ],
)  # fmt: skip
def test_a_need_that_fails_first_is_told_and_the_check_is_asked_all_the_same(
    tmp_path: Path, prove: Prove, how: str, catch: str, says: str
) -> None:
    use = check("use", "sh", "use.sh", more=NEEDY + caught("broken"))
    made = project(tmp_path, unit="", more=BUILD + use)
    made.write("build.sh", ". ./add.sh && test $(add 1 0) = $(add 0 1) && cp add.sh built.sh\n")
    made.write(
        "use.sh", '. ./add.sh; n=$(add 2 2); test $n = 4 || { echo "4 is not $n"; exit 1; }\n'
    )
    made.faults(fault("broken", how, "p/use", "message: 4 is not 0"))
    done, proofs = prove()
    assert proofs["p/use broken"]["catch"] == catch, done.text
    assert says in proofs["p/use broken"]["reason"]


def test_a_need_that_the_fault_cannot_reach_runs_once(tmp_path: Path, prove: Prove) -> None:
    use = check("use", "sh", "use.sh", more=NEEDY + caught("script", "library"))
    made = project(tmp_path, unit="", more=BUILD + use)
    made.write("build.sh", "echo x >>built.txt\n")
    made.write("use.sh", '. ./add.sh; test $(add 2 2) = 4 || { echo "wrong"; exit 1; }\n')
    made.faults(
        fault("library", MINUS, "p/use", "message: wrong"),
        fault("script", EDIT.format("use.sh", "= 4", "= 5"), "p/use", "message: wrong"),
    )
    done, proofs = prove()
    assert done.code == 0, done.text
    assert set(outcome(proofs).values()) == {"caught"}
    # In the control run, with the fault it builds, and mended; the fault in the script spares it.
    (built,) = tmp_path.glob("cache/release-manager/scratch/*/0/tree/built.txt")
    assert built.read_text().count("x") == 3
    prove("--fresh", "--fault", "script")
    assert built.read_text().count("x") == 4


def test_a_service_is_started_differently(tmp_path: Path, prove: Prove) -> None:
    client = check(
        "client",
        "sh",
        "client.sh",
        more="services: [server]\ninputs: [client.sh, serve.sh]\n" + caught("lax", "late", "gone"),
    )
    made = project(tmp_path, unit="", more=client)
    made.write("phases/services.yaml", SERVICES)
    made.write(
        "serve.sh", "test $# != 2 || exit 7\necho $LEVEL $1 >mode\necho serving\nexec sleep 60\n"
    )
    made.write("client.sh", 'test "$(cat mode)" = "" || { echo "serves $(cat mode)"; exit 1; }\n')
    made.faults(
        fault("lax", SERVER.format("arguments: [lax]"), "p/client", "message: serves lax"),
        fault("late", SERVER.format("env: { LEVEL: low }"), "p/client", "message: serves low"),
        fault("gone", SERVER.format("arguments: [a, b]"), "p/client", "message: serves"),
    )
    done, proofs = prove()
    assert outcome(proofs) == {
        "p/client lax": "caught", "p/client late": "caught", "p/client gone": "inconclusive",
    }, done.text  # fmt: skip
    assert "server" in proofs["p/client gone"]["reason"]


def test_every_instance_of_a_matrix_has_its_own_proof(tmp_path: Path, prove: Prove) -> None:
    grid = check(
        "grid", "sh", "grid.sh", "${{ matrix.size }}",
        more="inputs: [grid.sh]\nstrategy: { matrix: { size: [small, large] } }\n"
        + caught("everywhere", "in-one"),
    )  # fmt: skip
    made = project(tmp_path, unit="", more=grid)
    made.write("grid.sh", "case $1 in\n small) echo good ;;\n large) echo fine ;;\nesac\n")
    bad = "edits: [{ file: grid.sh, find: '%s', replace: 'echo bad; exit 1' }]"
    made.faults(
        fault("everywhere", bad % "case $1 in", "p/grid", "message: bad"),
        fault("in-one", bad % "echo fine", "p/grid[large]", "message: bad"),
    )
    done, proofs = prove()
    assert done.code == 0, done.text
    assert outcome(proofs) == {
        "p/grid[small] everywhere": "caught",
        "p/grid[large] everywhere": "caught",
        "p/grid[large] in-one": "caught",
    }
    _, proofs = prove("p/grid[small]")
    assert set(proofs) == {"p/grid[small] everywhere"}


def test_packages_installed_for_editing_are_taken_from_the_tree(
    tmp_path: Path, prove: Prove
) -> None:
    """A linked Python environment imports from the project, which no fault ever reaches."""
    import sys

    says = check("says", ".venv/bin/python", "-c", "import app; assert app.ONE == 1, 'not one'",
                 more="inputs: [src/**]\n" + caught("two"))  # fmt: skip
    made = project(tmp_path, unit="", more=says)
    made.write("src/app.py", "ONE = 1\n")
    made.faults(
        fault("two", EDIT.format("src/app.py", "1", "2"), "p/says", "message: not one"),
        header="link: [.venv]\n",
    )
    venv = made.root / ".venv"
    site = venv / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    site.mkdir(parents=True)
    (venv / "bin").mkdir()
    (venv / "bin/python").symlink_to(sys.executable)
    (venv / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).resolve().parent}\n")
    (site / "app.pth").write_text(f"{made.root}/src\n")
    done, proofs = prove()
    assert outcome(proofs) == {"p/says two": "caught"}, done.text


def test_a_proof_is_looked_at_and_mended_afterwards(tmp_path: Path, prove: Prove) -> None:
    made = project(tmp_path, unit=caught("minus"))
    made.faults(fault("minus", MINUS))
    done, _ = prove("--keep")
    assert done.code == 0, done.text
    (broken,) = tmp_path.glob("cache/release-manager/scratch/*/0/tree/add.sh")
    assert f"scratch tree: {broken.parent}" in done.err
    assert "$1 - $2" in broken.read_text()
    done, _ = prove("--fresh")
    assert done.code == 0, done.text
    assert broken.read_text() == ADD
    shutil.rmtree(made.root)
    other = project(tmp_path / "other", unit=caught("minus"))
    other.faults(fault("minus", MINUS))
    assert run(["-C", str(other.root), "prove"]) == 0
    assert not broken.exists(), "the tree of a project that is gone"


def test_two_at_once_use_two_trees(tmp_path: Path, cache: Path) -> None:
    made = project(tmp_path, unit=caught("minus"))
    made.faults(fault("minus", MINUS))
    env = made.environ({"XDG_CACHE_HOME": str(cache)})
    both = [
        subprocess.Popen(made.argv("prove", "--fresh"), env=env, cwd=made.root,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]  # fmt: skip
    for one in both:
        out, err = one.communicate(timeout=90)
        assert one.returncode == 0, out + err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_proof_leaves_nothing_broken_and_proves_nothing(
    tmp_path: Path, prove: Prove, number: signal.Signals
) -> None:
    made = project(tmp_path, unit=caught("minus"), script=caught("slow"))
    made.faults(
        fault("slow", "edits: [{ file: greet.sh, find: 'test ', replace: 'sleep 30; test ' }]",
              "p/script", "message: never"),
        fault("minus", MINUS),
    )  # fmt: skip
    env = made.environ({"XDG_CACHE_HOME": str(tmp_path / "cache")})
    running = subprocess.Popen(
        made.argv("prove", "--json"), env=env, cwd=made.root,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        broken: list[Path] = []
        for _ in range(3000):
            broken = list(tmp_path.glob("cache/release-manager/scratch/*/0/tree/greet.sh"))
            if broken and "sleep" in broken[0].read_text():
                break
            time.sleep(0.01)
        running.send_signal(number)
    finally:
        out, err = running.communicate(timeout=60)
    assert "sleep" not in (made.root / "greet.sh").read_text()
    assert out == "", "nothing was proven"
    if number is signal.SIGINT:
        assert running.returncode == 130, err
        assert "2 to prove: 0 caught, 0 survived, 0 inconclusive, 2 not tried" in err
        assert "sleep" not in broken[0].read_text()
    done, proofs = prove("unit")
    assert done.code == 0, done.text
    assert outcome(proofs) == {"p/unit minus": "caught"}
    assert done.err.count(", proven ") == 0
    assert "sleep" not in broken[0].read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--fault", "minux"], "did you mean minus"),
        (["script"], "none of the selected checks must catch a fault"),
    ],
)
def test_nothing_to_prove_is_said(
    tmp_path: Path, prove: Prove, arguments: list[str], says: str
) -> None:
    made = project(tmp_path, unit=caught("minus"))
    made.faults(fault("minus", MINUS))
    done, _ = prove(*arguments)
    assert done.code == 2
    assert says in done.err


def test_without_faults_there_is_nothing_to_prove(tmp_path: Path, prove: Prove) -> None:
    project(tmp_path, unit="")
    done, _ = prove()
    assert done.code == 2
    assert "there is no fault to prove; describe some in fixtures/faults/*.yaml" in done.err
