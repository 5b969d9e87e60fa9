"""Stamps: what the short way decides is what the long way would, whatever was changed before."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.cli import repeating, standing
from harness.cli.recalling import recalled, touched_by
from harness.cli.replay import replay
from harness.cli.reusing import RESULTS, Reuse, keep_passes, result_cache
from harness.cli.selecting import plan_for
from harness.cli.standing import Standing, differences, look, question
from harness.cli.surroundings import may_be_secret
from harness.cli.workspace import Workspace
from harness.errors import DefinitionError
from harness.model.event import CheckFinished
from harness.model.glob import matches
from harness.model.plan import Decision, Host, Plan, PlannedCheck
from harness.model.result import Conclusion, Outcome, Status
from harness.model.spec import Position, Profile
from harness.record import listing
from harness.record.folder import RunFolder, create_run_folder, find_run, new_run_id
from harness.record.journal import read_journal
from harness.record.stamp import Stamp, differing, load, save, stamp_path
from harness.system.redact import _SECRET_NAME, looks_secret
from suites.harness.projects import check, make_project

OPTIONS = {
    "patterns": (), "tags": (), "exclude": (), "no_needs": False, "require": (), "profile": None,
    "flags": {}, "event": "local",
}  # fmt: skip
RACY_NS = 12_000_000
"""Short enough for a test to wait for, longer than the tick of any clock of files."""

BUILD = (
    "  - id: made\n    title: Made\n    uses: build\n"
    "    with: { run: [tool, make], outputs: ['out/*.bin'] }\n    inputs: [src/b.txt]\n"
)


class Field:
    """A project whose checks all passed in a run that left a stamp; nothing is ever started."""

    def __init__(self, root: Path) -> None:
        (root / "bin").mkdir(parents=True)
        tool = root / "bin/tool"
        tool.write_text("#!/bin/sh\n")
        tool.chmod(0o755)
        self.project = make_project(
            root,
            check("wide", "tool", more="inputs: [src/**, $MODE]")
            + check("one", "tool", more="inputs: [src/a.txt, lone]")
            + check("after", "true", more="inputs: [lone]\nneeds: [one]")
            + check("apart", "true", more="inputs: ['[x-z].txt']\nrequires: [git]")
            + check("elsewhere", "true", more="inputs: [lone]\nif: macos")
            + BUILD,
        )
        for name in ("src/a.txt", "src/b.txt", "src/deep/c.txt", "lone", "x.txt", "out/1.bin"):
            self.project.write(name, f"{name}\n")
        self.root = root
        self.arguments = ["-C", str(root), "verify"]

    def long_way(self) -> Reuse:
        workspace = Workspace(self.root)
        return Reuse(workspace, plan_for(workspace, OPTIONS))

    def settle(self) -> None:
        """As after an approved run: what was to run has passed and is kept, a stamp is left."""
        time.sleep(RACY_NS * 1.5 / 10**9)
        workspace = Workspace(self.root)
        before = Standing(workspace)
        reuse = Reuse(workspace, plan_for(workspace, OPTIONS))
        self.pass_all(workspace, reuse, before)

    def pass_all(self, workspace: Workspace, reuse: Reuse, before: Standing) -> None:
        folder = new_folder(self.root / "reports")
        ends = {
            one.id: CheckFinished(
                at=1.0, started=0.5, check=one.id, outcome=Outcome(status=Status.PASSED)
            )
            for one in reuse.plan.checks
            if one.decision is Decision.RUN
        }
        assert keep_passes(workspace, reuse.plan, reuse.keys, ends, folder.path) == []
        before.leave(reuse.plan, folder, self.arguments)

    def short_way(self) -> Reuse | None:
        found = look(self.arguments)
        if found is None:
            return None
        return recalled(Workspace(self.root), found.stamp, found.root, found.changed)

    def stamp(self) -> Stamp:
        asked = question(self.arguments, os.environ)
        assert asked is not None
        stamp = load(stamp_path(f"{self.root}/{standing.STAMPS}", asked[1]))
        assert stamp is not None
        return stamp


def new_folder(reports: Path) -> RunFolder:
    return create_run_folder(reports, new_run_id(datetime.now(UTC), os.getpid() % 4096))


def decided(plan: Plan) -> dict[str, tuple[Decision, str]]:
    return {one.id: (one.decision, one.key) for one in plan.checks}


@pytest.fixture(scope="module")
def quick_clock() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "RACY_NS", RACY_NS)
        patch.delenv("CI", raising=False)
        yield


@pytest.fixture(scope="module")
def pristine(quick_clock: None, tmp_path_factory: pytest.TempPathFactory) -> Field:
    root = tmp_path_factory.mktemp("field") / "project"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{root}/bin:{os.environ['PATH']}")
        return Field(root)


@pytest.fixture
def field(pristine: Field, monkeypatch: pytest.MonkeyPatch) -> Iterator[Field]:
    """The project, settled, and put back afterwards."""
    root = pristine.root
    monkeypatch.setenv("PATH", f"{root}/bin:{os.environ['PATH']}")
    pristine.settle()
    spare = root.with_name("spare")
    shutil.rmtree(spare, ignore_errors=True)
    shutil.copytree(root, spare, symlinks=True)
    yield pristine
    shutil.rmtree(root)
    spare.rename(root)


def replace_times(path: Path, change: Callable[[], object]) -> None:
    """Change a file and give it back the times it had."""
    before = path.stat()
    change()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {
    "edit": lambda root: (root / "src/a.txt").write_text("changed\n"),
    "edit of the same size and time": lambda root: replace_times(
        root / "src/a.txt", lambda: (root / "src/a.txt").write_text("src/A.txt\n")
    ),
    "edit what only a glob names": lambda root: (root / "src/deep/c.txt").write_text("changed\n"),
    "times alone": lambda root: os.utime(root / "src/a.txt", ns=(10**18, 10**18)),
    "delete a literal": lambda root: (root / "lone").unlink(missing_ok=True),
    "delete one of many": lambda root: (root / "src/b.txt").unlink(missing_ok=True),
    "add to a glob": lambda root: (root / "src/new.txt").write_text("new\n"),
    "add to a class": lambda root: (root / "y.txt").write_text("new\n"),
    "add elsewhere": lambda root: (root / "notes.txt").write_text("new\n"),
    "rename": lambda root: (root / "src/deep").rename(root / "src/other"),
    "become a link": lambda root: replace_by_link(root / "src/b.txt", root / "lone"),
    "become a folder": lambda root: become_folder(root / "lone"),
    "mode": lambda root: (root / "src/b.txt").chmod(0o755),
    "tool": lambda root: (root / "bin/tool").write_text("#!/bin/sh\n# other\n"),
    "output": lambda root: (root / "out/1.bin").write_text("other\n"),
    "one more output": lambda root: (root / "out/2.bin").write_text("more\n"),
    "definition": lambda root: edit(root / "phases/p.yaml", '["true"]', '["true", "x"]'),
    "comment in a definition": lambda root: edit(root / "phases/p.yaml", "schema", "# x\nschema"),
    "policy": lambda root: edit(root / "phases/policy.yaml", "reused: ignore", "reused: block"),
    "one more phase": lambda root: shutil.copy(root / "phases/p.yaml", root / "phases/q.yaml"),
    "prune the cache": lambda root: result_cache(root).prune(0),
    "remove the cache": lambda root: shutil.rmtree(root / RESULTS, ignore_errors=True),
    "remove the evidence": lambda root: [
        shutil.rmtree(one) for one in (root / "reports").glob("2*Z-*")
    ],
}


def replace_by_link(path: Path, target: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def become_folder(path: Path) -> None:
    if not path.is_dir():
        path.unlink(missing_ok=True)
        path.mkdir()
    (path / "inside").write_text("x")


def edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new, 1))


@pytest.mark.parametrize("change", CHANGES)
def test_after_any_change_the_short_way_decides_as_the_long_way(field: Field, change: str) -> None:
    CHANGES[change](field.root)
    short = field.short_way()
    long = outcome_of(field)
    if short is not None:
        assert decided(short.plan) == long


def outcome_of(field: Field) -> dict[str, tuple[Decision, str]] | None:
    try:
        return decided(field.long_way().plan)
    except DefinitionError:
        return None


@pytest.mark.parametrize(
    "variable",
    ["CFLAGS", "RUSTFLAGS", "PATH", "LC_ALL", "API_TOKEN", "CC_x86_64_linux_gnu", "MODE"],
)
def test_a_variable_that_matters_is_left_to_the_long_way(
    field: Field, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert field.short_way() is not None
    monkeypatch.setenv(variable, f"{field.root}/bin:other:{os.environ.get(variable, '')}")
    assert field.short_way() is None


@given(st.from_regex(r"[A-Z_]{0,4}" + _SECRET_NAME.pattern, fullmatch=False))
def test_what_masking_takes_for_secret_is_always_among_what_matters(name: str) -> None:
    assert may_be_secret(name) or not looks_secret(name)


@pytest.mark.parametrize("variable", ["EDITOR", "PWD", "OLDPWD", "SHLVL", "TERM", "SSH_AUTH_SOCK"])
def test_a_variable_that_does_not_matter_changes_nothing(
    field: Field, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "another")
    short = field.short_way()
    assert short is not None
    assert {one.decision for one in short.plan.checks} == {Decision.REUSE, Decision.SKIP}


@pytest.mark.parametrize(
    ("change", "run"),
    [
        ("edit", {"p/wide", "p/one", "p/after"}),
        ("edit of the same size and time", {"p/wide", "p/one", "p/after"}),
        ("edit what only a glob names", {"p/wide"}),
        ("add to a class", {"p/apart"}),
        ("mode", {"p/wide", "p/made"}),
        ("times alone", set()),
        ("add elsewhere", set()),
    ],
)
def test_the_short_way_runs_what_changed_inputs_reach_and_nothing_else(
    field: Field, change: str, run: set[str]
) -> None:
    CHANGES[change](field.root)
    short = field.short_way()
    assert short is not None
    assert {one.id for one in short.plan.checks if one.decision is Decision.RUN} == run
    assert set(short.reused) == {"p/wide", "p/one", "p/after", "p/apart", "p/made"} - run


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    names=st.lists(st.sampled_from(sorted(CHANGES)), min_size=2, max_size=4), again=st.booleans()
)
def test_any_changes_one_upon_the_other_are_decided_as_the_long_way_would(
    pristine: Field, names: list[str], again: bool
) -> None:
    root = pristine.root
    spare = root.with_name("spare-of-many")
    shutil.rmtree(spare, ignore_errors=True)
    shutil.copytree(root, spare, symlinks=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{root}/bin:{os.environ['PATH']}")
        pristine.settle()
        try:
            for name in names:
                try:
                    CHANGES[name](root)
                except OSError:
                    continue  # an earlier change took away what this one is about
                short, long = pristine.short_way(), outcome_of(pristine)
                assert short is None or decided(short.plan) == long, name
                if again and short is not None:
                    # As after a run of what it wants: the next stamp is left from this one.
                    workspace = Workspace(root)
                    before = Standing(workspace)
                    before._found = look(pristine.arguments)
                    reuse = before.recalled()
                    if reuse is not None:
                        pristine.pass_all(workspace, reuse, before)
        finally:
            shutil.rmtree(root)
            spare.rename(root)


def test_a_damaged_stamp_is_none(field: Field, tmp_path: Path) -> None:
    stamp, path = field.stamp(), tmp_path / "stamp"
    assert save(str(path), stamp)
    content = path.read_bytes()
    for place in range(0, len(content), max(1, len(content) // 97)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x20]) + content[place + 1 :])
        assert load(str(path)) is None
        path.write_bytes(content[:place])
        assert load(str(path)) is None
    assert load(str(tmp_path)) is None


def test_a_stamp_grows_old_and_is_not_from_the_future(field: Field) -> None:
    stamp, root = field.stamp(), str(field.root)
    assert differences(stamp, root) == set()
    stamp.expires = time.time()
    assert differences(stamp, root) is None
    stamp.expires, stamp.made = time.time() + 60, time.time() + 30
    assert differences(stamp, root) is None


def test_a_young_file_is_known_by_its_contents_alone(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    facts, digest = listing.read_digest(str(file))
    assert facts is None
    status = file.stat()
    file.write_text("two")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert differing({"a": (None, digest)}, f"{tmp_path}/") == {"a"}


@pytest.mark.parametrize(
    ("checks", "arguments"),
    [
        (check("a", "true"), ["verify"]),
        (check("a", "true", more="inputs: [lone]\nrequires: [docker]"), ["verify"]),
        (check("a", "true", more="inputs: [lone]"), ["plan"]),
        (check("a", "true", more="inputs: [lone]"), ["--version"]),
    ],
    ids=["no-inputs", "an-engine", "another-command", "no-command"],
)
def test_what_files_cannot_answer_leaves_no_stamp(
    quick_clock: None, tmp_path: Path, checks: str, arguments: list[str]
) -> None:
    project = make_project(tmp_path, checks)
    project.write("lone", "x")
    workspace = Workspace(tmp_path)
    before = Standing(workspace)
    reuse = Reuse(workspace, plan_for(workspace, OPTIONS))
    ends = {
        "p/a": CheckFinished(
            at=1.0, started=0.5, check="p/a", outcome=Outcome(status=Status.PASSED)
        )
    }
    folder = new_folder(tmp_path / "reports")
    keep_passes(workspace, reuse.plan, reuse.keys, ends, folder.path)
    before.leave(reuse.plan, folder, ["-C", str(tmp_path), *arguments])
    assert not list(tmp_path.glob(".release-manager/stamps/*"))


def test_another_question_has_another_stamp(field: Field) -> None:
    root = str(field.root)
    for other in (["verify", "p"], ["verify", "--fresh"], ["verify", "--plain"]):
        assert look(["-C", root, *other]) is None
    assert look(["verify"]) is None  # from this folder
    assert look(["-C", root, "verify"]) is not None


def test_a_run_in_short_is_a_whole_run(field: Field, capsys: pytest.CaptureFixture[str]) -> None:
    stamp, reports = field.stamp(), field.root / "reports"
    assert repeating.repeat(stamp, str(field.root), time.monotonic()) == 0
    folder = find_run(reports, "latest")
    events = read_journal(folder.journal).events
    replayed = replay(folder)
    said = capsys.readouterr().out
    assert replayed.verdict.conclusion is Conclusion.APPROVED
    assert "APPROVED" in said
    assert f"since run {stamp.run_id}" in said
    assert decided(replayed.run.header.plan) == outcome_of(field)
    assert {one.reused_from for one in events if isinstance(one, CheckFinished)} == set(
        stamp.folders
    )
    assert folder.run_id == new_run_id_like(folder.run_id)
    page = (folder.path / "report.html").read_text()
    assert f"../{stamp.run_id}/report.html" in page


def new_run_id_like(run_id: str) -> str:
    """The id that the long way gives to the same moment and token."""
    moment = datetime.strptime(run_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    moment = moment.replace(microsecond=int(run_id[17:20], 16) * 1000)
    return new_run_id(moment, int(run_id[20:], 16))


def test_where_a_run_in_short_cannot_be_written_the_long_way_goes_on(field: Field) -> None:
    stamp = field.stamp()
    stamp.reports = f"{field.root}/src/a.txt"
    assert repeating.repeat(stamp, str(field.root), time.monotonic()) is None


@given(
    st.lists(st.sampled_from(["a", "a/b", "a/b/c", "b", "ab"]), max_size=3),
    st.sampled_from(["a", "a/b", "a/**", "**/c", "?", "a/*"]),
)
def test_changed_files_reach_the_checks_that_globs_say(changed: list[str], pattern: str) -> None:
    check = PlannedCheck(
        id="p/a", phase="p", title="A", kind="command", decision=Decision.REUSE, reason="",
        position=Position(file="phases/p.yaml", line=1, column=1), inputs=(pattern,),
    )  # fmt: skip
    plan = Plan(
        schema=1, project="P", selection="", profile_name="p", phases=(), checks=(check,),
        profile=Profile(about="", rules={}),
        host=Host(system="linux", machine="x", cpus=1, memory_mb=1),
    )  # fmt: skip
    assert bool(touched_by(plan, changed)) == any(matches(path, pattern) for path in changed)


def test_asking_for_a_stamp_loads_nothing_of_weight() -> None:
    script = (
        "import sys; before = set(sys.modules)\n"
        "import harness.__main__, harness.cli.standing, harness.cli.repeating\n"
        "print(*(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(standing.__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"click", "msgspec", "yaml", "json", "re", "typing", "pathlib", "subprocess", "shutil"}
    assert heavy.isdisjoint(done.stdout.split())
