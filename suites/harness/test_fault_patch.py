"""Edits by anchor and unified diffs, applied strictly: what fits, and what is said of the rest."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.cli.workspace import Workspace
from harness.model.fault import Edit, Expectation, Fault
from harness.system.patch import PatchError, changes, edited, parse_patch, patched

TEXT = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n"
TWO_HUNKS = """\
--- a/numbers
+++ b/numbers
@@ -1,3 +1,3 @@
 one
-two
+2
 three
@@ -8,3 +8,4 @@
 eight
 nine
-ten
+10
+11
"""


def apply(text: str, patch: str) -> str:
    (one,) = parse_patch(patch)
    return patched(text, one)


def fault(**how: object) -> Fault:
    return Fault(id="f", title="F", expect=[Expectation(check="p/c", test="t")], **how)  # type: ignore[arg-type]


def test_an_anchor_is_replaced_where_it_stands_once() -> None:
    assert edited(TEXT, "two\nthree", "2 and 3", "numbers") == TEXT.replace("two\nthree", "2 and 3")


@pytest.mark.parametrize(
    ("find", "says"),
    [
        ("e\n", "numbers: the text to find stands there 4 times (lines 1, 3, 5, 9): 'e'; take"),
        ("    sevens", "numbers: the text to find does not stand there: 'sevens'; near it, line 7"),
        ("\n\n", "numbers: the text to find does not stand there"),
    ],
)
def test_an_anchor_that_is_not_one_place_is_told_with_what_is_near(find: str, says: str) -> None:
    with pytest.raises(PatchError) as error:
        edited(TEXT, find, "", "numbers")
    assert str(error.value).startswith(says)


def test_hunks_apply_in_order_and_at_their_lines() -> None:
    done = apply(TEXT, TWO_HUNKS)
    assert done == TEXT.replace("two", "2").replace("ten\n", "10\n11\n")


def test_hunks_follow_lines_that_moved_to_one_other_place() -> None:
    assert apply("zero\n" + TEXT, TWO_HUNKS).startswith("zero\none\n2\nthree\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TEXT.replace("two", "TWO"), "numbers: hunk 1 of 2, @@ -1,3 +1,3 @@ does not apply; from line 1 stands\n  one\n  TWO\n  three"),  # noqa: E501
        (TEXT.replace("nine", "NINE"), "numbers: hunk 2 of 2, @@ -8,3 +8,4 @@ does not apply; from line 8 stands\n  eight\n  NINE\n  ten"),  # noqa: E501
        ("", "numbers: hunk 1 of 2, @@ -1,3 +1,3 @@ does not apply; from line 1 stands\n"),
        # Two places it could mean, and neither is the one it names.
        ("x\n" + TEXT.replace("eight", "8") + TEXT.replace("eight", "8"), "numbers: hunk 1 of 2"),
    ],
)  # fmt: skip
def test_a_hunk_that_does_not_apply_is_named_with_what_stands_there(text: str, says: str) -> None:
    with pytest.raises(PatchError) as error:
        apply(text, TWO_HUNKS)
    assert str(error.value).startswith(says)


def test_line_ends_of_the_file_are_kept() -> None:
    assert apply(TEXT.replace("\n", "\r\n"), TWO_HUNKS) == apply(TEXT, TWO_HUNKS).replace(
        "\n", "\r\n"
    )


@pytest.mark.parametrize(
    ("patch", "says"),
    [
        ("@@ -1 +1 @@\n-a\n+b\n", "line 1 of the patch: a hunk without a file before it"),
        ("--- a/x\n@@ -1 +1 @@\n", "line 1 of the patch: --- without +++ after it"),
        ("--- a/x\n+++ b/x\n", "x: the patch has no hunk for it"),
        ("--- a/x\n+++ b/x\n@@ one @@\n", "line 3 of the patch: no hunk header: '@@ one @@'"),
        ("--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n-a\n", "the hunk @@ -1,2 +1 @@ holds other numbers"),
        ("rename from a\nrename to b\n", "the patch names no file"),
    ],
)
def test_what_is_no_unified_diff_is_refused(patch: str, says: str) -> None:
    with pytest.raises(PatchError) as error:
        parse_patch(patch)
    assert str(error.value).startswith(says)


def test_files_are_made_removed_and_renamed() -> None:
    files = {"old.c": b"int a;\n", "gone.c": b"int b;\n"}
    patch = (
        "--- /dev/null\n+++ b/new.c\n@@ -0,0 +1,2 @@\n+int n;\n+int m;\n"
        "--- a/gone.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-int b;\n"
        "--- a/old.c\n+++ b/moved.c\n@@ -1 +1 @@\n-int a;\n+int z;\n"
    )
    assert changes(fault(patch=patch), files.get) == {
        "new.c": b"int n;\nint m;\n", "gone.c": None, "old.c": None, "moved.c": b"int z;\n",
    }  # fmt: skip
    with pytest.raises(PatchError, match=r"new\.c: the patch makes a file that is there already"):
        changes(fault(patch=patch), {**files, "new.c": b""}.get)


def test_edits_of_one_file_build_on_each_other_and_patches_on_edits() -> None:
    how = fault(
        edits=[
            Edit(file="numbers", find="two", replace="zwei"),
            Edit(file="numbers", find="zwei", replace="deux"),
        ],
        patch="--- a/numbers\n+++ b/numbers\n@@ -1,2 +1,2 @@\n one\n-deux\n+due\n",
    )
    assert changes(how, {"numbers": TEXT.encode()}.get) == {
        "numbers": TEXT.replace("two", "due").encode()
    }


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "numbers: there is no such file"), (b"\xff\xfe", "numbers: is no UTF-8 text")],
)
def test_a_file_that_cannot_be_edited_is_named(content: bytes | None, says: str) -> None:
    with pytest.raises(PatchError, match=says):
        changes(fault(edits=[Edit(file="numbers", find="a", replace="b")]), lambda _: content)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TEXT, TEXT.replace("two", "2").replace("ten\n", "ten\nlast\n")),
        (TEXT, TEXT.removesuffix("\n")),
        (TEXT.removesuffix("\n"), TEXT),
        (TEXT.removesuffix("\n"), TEXT.removesuffix("ten\n") + "10"),
        (TEXT, TEXT.replace("one\n", "").replace("nine\n", "")),
    ],
)
def test_what_git_makes_of_a_change_is_applied_as_git_does(
    tmp_path: Path, before: str, after: str
) -> None:
    (tmp_path / "old").write_text(before)
    (tmp_path / "new").write_text(after)
    diff = subprocess.run(
        ["git", "diff", "--no-index", "old", "new"], cwd=tmp_path, capture_output=True, text=True
    )
    (one,) = parse_patch(diff.stdout)
    assert (one.old, one.new) == ("old", "new")
    assert patched(before, one) == after


def test_every_fault_of_this_repository_applies_and_every_blocking_check_has_two() -> None:
    root = Path(__file__).resolve().parents[2]
    workspace = Workspace(root)
    definitions = workspace.definitions(workspace.kinds())

    def read(name: str) -> bytes | None:
        return (root / name).read_bytes() if (root / name).is_file() else None

    for one in definitions.faults:
        assert changes(one.fault, read) or one.fault.env or one.fault.services, one.fault.id
    thin = [
        f"{loaded.phase.phase}/{check.id}"
        for loaded in definitions.phases
        for check in loaded.phase.checks
        if loaded.phase.phase in ("v7-0", "v7-1") and len(check.must_catch) < 2
    ]
    assert thin == []
