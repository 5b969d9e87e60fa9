"""Run every comparison and print it as ratios. Bars are stated beside the figures, never asserted.

`python -m suites.bench [--rounds N] [--only tasks,noop,start,load,reuse,native,routing,gateway]
[--peers]`
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from suites.bench import projects, reuse
from suites.bench.measure import Contender, FailedContenderError, interleave
from suites.bench.tables import processes, table

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".venv" / "bench"
# Pinned here and nowhere else: peers are measured, never imported.
PEER_PACKAGES = ("doit==0.37.0", "ninja==1.13.2", "nox==2026.10.20", "rust-just==1.59.0")
OURS = (str(ROOT / ".venv/bin/release-manager"), "-C", ".")
TASKS = 1000
MANY = 10_000


def peer(name: str) -> str:
    """The path of a peer's program, its own environment made when it is first asked for."""
    program = PEERS / "bin" / name
    if not program.exists():
        print(f"installing peers into {PEERS.relative_to(ROOT)}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        subprocess.run([str(PEERS / "bin/pip"), "-q", "install", *PEER_PACKAGES], check=True)
    return str(program)


def bench_tasks(work: Path, rounds: int) -> None:
    """1,000 trivial checks, cold; capture, timeouts, group kill and leak check on."""
    tools: dict[str, tuple[Callable[[Path, int], None], list[str]]] = {
        "sh loop": (projects.write_shell, ["sh", "run.sh"]),
        "release-manager": (projects.write_ours, [*OURS, "verify", "--plain"]),
        "ninja": (projects.write_ninja, [peer("ninja"), "-j2"]),
        "just": (projects.write_just, [peer("just"), "all"]),
        "nox": (projects.write_nox, [peer("nox"), "--no-venv"]),
        "doit": (projects.write_doit, [peer("doit"), "run"]),
    }
    contenders = []
    for name, (write, argv) in tools.items():
        folder = work / name.replace(" ", "-")
        projects.write_sources(folder)
        write(folder, TASKS)

        def prepare(folder: Path = folder) -> None:
            projects.clear_outputs(folder)
            for state in (".ninja_log", ".doit.db", ".doit.db.db"):
                (folder / state).unlink(missing_ok=True)
            for leftover in (".release-manager", "reports", ".nox"):
                shutil.rmtree(folder / leftover, ignore_errors=True)

        contenders.append(Contender(name=name, argv=argv, cwd=folder, prepare=prepare))
    results = interleave(contenders, rounds)
    floor = results["sh loop"].cpu
    ours = results["release-manager"].cpu - floor
    rows = [
        (
            result.name,
            f"{result.cpu:.2f}",
            f"{(result.cpu - floor) / TASKS * 1000:.2f}",
            f"{ours / (result.cpu - floor):.2f}" if result.cpu > floor else "-",
            f"{result.wall:.2f}",
        )
        for result in results.values()
    ]
    table(
        f"{TASKS} trivial checks, cold (bar: ours/ninja at most 1.25, ours/doit at most 0.5)",
        rows,
        ("tool", "CPU s", "ms/task over sh", "ours/tool", "wall s"),
    )


def bench_noop(work: Path, rounds: int) -> None:
    """10,000 checks with nothing to do: all planned, one selected, every report written."""
    ours = work / "noop-ours"
    projects.write_large(ours, MANY)
    contenders = [
        Contender(
            name="release-manager",
            argv=[*OURS, "verify", "--plain", "phase-000/check-0"],
            cwd=ours,
            prepare=lambda: shutil.rmtree(ours / "reports", ignore_errors=True),
        )
    ]
    for name, write, argv in (
        ("ninja", projects.write_ninja, [peer("ninja")]),
        ("make", projects.write_make, ["make", "-s"]),
        ("doit", projects.write_doit, [peer("doit"), "-v0"]),
    ):
        folder = work / f"noop-{name}"
        projects.write_sources(folder)
        write(folder, MANY)
        subprocess.run(argv, cwd=folder, check=True, capture_output=True)
        contenders.append(Contender(name=name, argv=argv, cwd=folder))
    results = interleave(contenders, rounds)
    processes(f"{MANY} checks, nothing to do (bar: at most 0.5 s CPU)", results, "release-manager")


def bench_reuse(work: Path, rounds: int) -> None:
    """10,000 tasks with an input each that all passed before: nothing changed, then one file.

    Then this repository itself: what a change can touch, where nothing changed.
    """
    tools: dict[str, tuple[Callable[[Path, int], None], list[str]]] = {
        "release-manager": (reuse.write_ours, [*OURS, "verify", "--plain"]),
        "ninja": (reuse.write_ninja, [peer("ninja")]),
        "make": (reuse.write_make, ["make", "-s"]),
        "doit": (reuse.write_doit, [peer("doit"), "-v0"]),
    }
    changed = 77
    same, one = [], []
    for name, (write, argv) in tools.items():
        folder = work / f"reuse-{name}"
        reuse.write_inputs(folder, MANY)
        write(folder, MANY)
        subprocess.run(argv, cwd=folder, check=True, capture_output=True)
        turn = iter(range(1_000_000))

        def change(folder: Path = folder, turn: Iterator[int] = turn) -> None:
            reuse.touch(folder, changed, f"turn {next(turn)}\n")

        def made(folder: Path = folder) -> float:
            return reuse.made_at(folder, changed)

        same.append(Contender(name=name, argv=argv, cwd=folder))
        one.append(Contender(name=name, argv=argv, cwd=folder, prepare=change, moment=made))
    ours = same[0]
    rendered = f"{shlex.join(ours.argv)} && {shlex.join([*OURS, 'report'])}"
    same.append(
        Contender(name="release-manager, every report", argv=["sh", "-c", rendered], cwd=ours.cwd)
    )
    title = f"{MANY} unchanged checks reused (bar: at most 0.3 s CPU)"
    processes(title, interleave(same, rounds), "release-manager")
    decided = Contender(
        name="release-manager, decided",
        argv=ours.argv,
        cwd=ours.cwd,
        prepare=one[0].prepare,
        moment=lambda: reuse.decided_at(ours.cwd),
    )
    results = interleave([*one, decided], rounds)
    table(
        f"one changed file among {MANY} (bar: decided within 0.4 s)",
        [
            (one.name, f"{one.until:.3f}", f"{one.cpu:.3f}", f"{one.wall:.3f}")
            for one in results.values()
        ],
        ("tool", "its task done after s", "whole run CPU s", "wall s"),
    )
    bench_affected(work, rounds)


def bench_affected(work: Path, rounds: int) -> None:
    """What a change can touch in this repository, where nothing changed."""
    clone = work / "clone"
    subprocess.run(["git", "clone", "-q", "--local", str(ROOT), str(clone)], check=True)
    contender = Contender(
        name="release-manager", argv=[*OURS, "verify", "--affected=HEAD"], cwd=clone
    )
    interleave([contender], 1)  # a machine is asked once what it has
    title = "verify --affected here, nothing changed (bar: under 1 s)"
    processes(title, interleave([contender], rounds), "")


def bench_start(work: Path, rounds: int) -> None:
    """Start-up: what `--version` costs."""
    contenders = [
        Contender(name="release-manager", argv=[*OURS[:1], "--version"], cwd=work),
        Contender(name="bare Python", argv=[sys.executable, "-c", "pass"], cwd=work),
        *(
            Contender(name=name, argv=[peer(name), "--version"], cwd=work)
            for name in ("ninja", "just", "nox", "doit")
        ),
    ]
    results = interleave(contenders, rounds * 3)
    processes("release-manager --version (bar: at most 0.1 s CPU)", results, "release-manager")


def bench_load(work: Path, rounds: int) -> None:
    """Load and validate 10,000 checks of YAML, cold."""
    folder = work / "load"
    projects.write_large(folder, MANY)
    contender = Contender(
        name="release-manager plan",
        argv=[*OURS, "plan", "--json"],
        cwd=folder,
        prepare=lambda: shutil.rmtree(folder / ".release-manager", ignore_errors=True),
    )
    results = interleave([contender], rounds)
    processes(f"load, validate and plan {MANY} checks (bar: at most 3 s CPU, 300 MB)", results, "")


def bench_report(_work: Path, rounds: int) -> None:
    """The page of 10,000 tests: its size, what rendering costs, and how soon a browser has it."""
    from suites.bench.page import measured

    rows = measured(ROOT, rounds)
    table(
        "report of 10,000 tests (bars: 1 MB, first row 1 s, search 0.3 s)", rows, ("what", "figure")
    )


def bench_native(_work: Path, _rounds: int) -> None:
    """Crossing the C ABI and one routing decision, in nanoseconds."""
    done = subprocess.run(
        [
            "cargo",
            "run",
            "--release",
            "--locked",
            "-q",
            "-p",
            "convergio-abi",
            "--example",
            "bench-abi",
        ],
        cwd=ROOT / "native/gateway",
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(done.stdout)
    rows = [(name, str(value)) for name, value in figures.items()]
    table("native (bars: C ABI crossing 100 ns, routing 1 KB 5000 ns)", rows, ("what", "figure"))


def bench_routing(_work: Path, _rounds: int) -> None:
    """How often the core's score chooses the right place, and what that saves; nothing is timed."""
    from fixtures.routing import scoring

    header = ("who decides", "right", "95 %", "wrongly local", "cost saved")
    for split, told in scoring.evaluate().items():
        low, high = told["interval_95"]["accuracy"]
        rows = [("the core", told, f"{low:.3f}-{high:.3f}")]
        rows += [(name, made, "") for name, made in told["baselines"].items()]
        table(
            f"routing, {split}: {told['questions']} questions (bar: 15 points above length_only)",
            [
                (
                    name,
                    f"{made['accuracy']:.3f}",
                    interval,
                    f"{made['wrongly_local']:.3f}",
                    f"{made['cost_saved']:.3f}",
                )
                for name, made, interval in rows
            ],
            header,
        )


def bench_gateway(work: Path, rounds: int, *, peers: bool = False) -> None:
    """What our gateway adds to a call of a provider, beside a plain proxy and, asked for, peers."""
    from suites.bench.gateway.run import measured

    for section in measured(work / "gateway", rounds, peers=peers):
        table(section.title, section.rows, section.header)
        for line in section.notes:
            print(f"  {line}")


BENCHES: dict[str, Callable[[Path, int], None]] = {
    "start": bench_start,
    "tasks": bench_tasks,
    "noop": bench_noop,
    "load": bench_load,
    "report": bench_report,
    "reuse": bench_reuse,
    "native": bench_native,
    "routing": bench_routing,
    "gateway": bench_gateway,
}


def main() -> int:
    """Run the chosen comparisons; a contender that fails is an error, never a figure."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(BENCHES), help="comma-separated names")
    parser.add_argument(
        "--peers", action="store_true", help="install LiteLLM and Portkey and measure them, too"
    )
    options = parser.parse_args()
    benches: dict[str, Callable[[Path, int], None]] = {
        **BENCHES,
        "gateway": partial(bench_gateway, peers=options.peers),
    }
    # Who installed a tool has its modules compiled; a shell that forbids that would measure it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="release-manager-bench-") as folder:
        for name in options.only.split(","):
            try:
                benches[name](Path(folder), options.rounds)
            except (FailedContenderError, subprocess.CalledProcessError) as error:
                print(f"{name}: {error}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
