"""Kinds that an installed package brings: found, run, and refused when they take a name."""

from __future__ import annotations

import sys

import pytest

from harness.errors import HostError
from harness.run.kinds.registry import KindRegistry
from suites.harness.run.worlds import check as planned
from suites.harness.run.worlds import make_plan, only

MODULE = '''
from typing import Annotated
from msgspec import Meta
from harness.model.base import Entry
from harness.model.ports import Command
from harness.model.result import Outcome, Status
from harness.run.kinds.hooks import hookimpl

class Options(Entry, frozen=True):
    """Says a word."""
    word: Annotated[str, Meta(description="The word.")]

class Echo:
    name = "NAME"
    summary = "says a word"
    options = Options
    def prepare(self, options, context):
        return Command(argv=("echo", options.word))
    def conclude(self, options, context, completed):
        ok = completed.output.text == options.word + "\\n"
        return Outcome(status=Status.PASSED if ok else Status.FAILED, message=options.word)

@hookimpl
def release_manager_kinds():
    return [Echo()]
'''


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a package the way pip leaves one: a module and its entry points."""

    def install(module: str, text: str) -> None:
        folder = tmp_path / "site-packages"
        info = folder / f"{module}-1.0.dist-info"
        info.mkdir(parents=True)
        (folder / f"{module}.py").write_text(text)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[release_manager.kinds]\n{module} = {module}\n")
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(sys.modules, module, raising=False)

    return install


def test_a_package_brings_a_kind(world, installed):
    installed("rm_echo_kind", MODULE.replace("NAME", "echo"))

    registry = KindRegistry.discover()
    assert "echo" in registry.options()
    result = only(world.run(planned("e", kind="echo", options={"word": "hello"})))

    assert (result.status.value, result.reason) == ("passed", "hello")


def test_installing_a_package_changes_the_fingerprint(installed):
    before = KindRegistry.discover().fingerprint()
    installed("rm_other_kind", MODULE.replace("NAME", "other"))

    assert KindRegistry.discover().fingerprint() != before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MODULE.replace("NAME", "command"), "two kinds are called 'command'"),
        ("import no_such_module_anywhere", "cannot be loaded"),
    ],
)
def test_a_bad_package_is_named(installed, text, said):
    installed("rm_bad_kind", text)

    with pytest.raises(HostError, match=said):
        KindRegistry.discover().names()


def test_an_unknown_kind_errs_its_check_only(world):
    assert make_plan(planned("x", kind="gone"))
    result = only(world.run(planned("x", kind="gone", options={})))

    assert result.status == "errored"
