"""Keys and digests: every difference that can matter gives another key, and nothing goes unseen."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.event import CheckFinished
from harness.model.glob import matches
from harness.model.result import Outcome, Status
from harness.plan.key import Manifest, differences, digest_of, relevant_variables
from harness.record.digests import FileDigests
from harness.record.results import Kept, Last, ResultCache

texts = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4)
manifests = st.builds(
    Manifest, definition=texts, inputs=texts, tools=texts, variables=texts, needs=texts
)


@given(manifests, manifests)
def test_keys_are_equal_exactly_when_manifests_are(one: Manifest, other: Manifest) -> None:
    assert (digest_of(one) == digest_of(other)) == (one == other)
    assert bool(differences(one, other)) == (one != other)


@given(manifests, st.sampled_from(["definition", "inputs", "tools", "variables", "needs"]))
def test_one_more_fact_anywhere_is_another_key_and_named(one: Manifest, section: str) -> None:
    facts = {**getattr(one, section), "a new name": "value"}
    other = msgspec.structs.replace(one, **{section: facts})
    assert digest_of(one) != digest_of(other)
    assert any("a new name added" in text for text in differences(one, other))


@given(st.text(), st.text())
def test_values_of_variables_count_and_are_not_kept(one: str, other: str) -> None:
    kept = relevant_variables({"CFLAGS": one, "EDITOR": other})
    assert set(kept) == {"CFLAGS"}
    assert (kept == relevant_variables({"CFLAGS": other})) == (one == other)
    assert len(kept["CFLAGS"]) == 32


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("src/a.c", "src/*", True),
        ("src/x/a.c", "src/*", False),
        ("src/x/a.c", "src/**", True),
        ("src/x/a.c", "src/**/a.c", True),
        ("src/a.c", "src/**/a.c", True),
        ("src/x/a.c", "src", True),
        ("srcs/a.c", "src", False),
        ("a.c", "**/a.c", True),
        ("ba.c", "**/a.c", False),
        ("a+b.c", "a+b.c", True),
        ("a1.c", "a[0-9].c", True),
        ("a1.c", "a[!0-9].c", False),
        ("a\nb", "*", True),
    ],
)
def test_globs_mean_what_they_say(path: str, pattern: str, expected: bool) -> None:
    assert matches(path, pattern) is expected


def digests(root: Path) -> dict[str, str]:
    found = FileDigests(root, root / ".release-manager/files.index")
    result = found.inputs("src/**")
    found.save()
    assert result is not None
    return dict(result)


def aged(path: Path) -> None:
    """Let a file look as if written long ago; its change time stays now, as it would."""
    then = time.time_ns() - 10**12
    os.utime(path, ns=(then, then))


def test_an_edit_of_the_same_size_and_time_is_seen(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    file = tmp_path / "src/a"
    file.write_text("one")
    before_stat = file.stat()
    before = digests(tmp_path)
    file.write_text("two")
    os.utime(file, ns=(before_stat.st_atime_ns, before_stat.st_mtime_ns))
    assert digests(tmp_path) != before


def test_a_young_file_is_not_remembered_and_a_damaged_index_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a").write_text("one")
    aged(tmp_path / "src/a")
    before = digests(tmp_path)
    index = tmp_path / ".release-manager/files.index"
    assert not index.exists()  # its change time is now
    index.parent.mkdir(exist_ok=True)
    index.write_bytes(b"damaged")
    assert digests(tmp_path) == before


def test_links_loops_and_deleted_files_are_followed_to_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "far").mkdir()
    (tmp_path / "far/x").write_text("x")
    (tmp_path / "src/loop").symlink_to(tmp_path / "src", target_is_directory=True)
    (tmp_path / "src/far").symlink_to(tmp_path / "far", target_is_directory=True)
    (tmp_path / "src/dangling").symlink_to("nowhere")
    assert set(digests(tmp_path)) == {"src/far/x"}
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    before = digests(tmp_path)
    assert set(before) == {"src/far/x"}
    (tmp_path / "far/x").write_text("y")
    assert digests(tmp_path) != before


def test_what_cannot_be_read_has_no_digest(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    os.mkfifo(tmp_path / "src/pipe")
    assert FileDigests(tmp_path, tmp_path / "index").inputs("src/**") is None


def kept(name: str, size: int = 0) -> Kept:
    outcome = Outcome(status=Status.PASSED, message="x" * size)
    event = CheckFinished(at=1.0, started=0.5, check=name, outcome=outcome)
    return Kept(event=event, run_id="r", folder="f")


def test_the_cache_is_bounded_and_drops_what_was_used_longest_ago(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path, most_bytes=20_000)
    for number in range(30):
        assert cache.put({f"{number:064}": kept("p/a", 1000)}, {})
    assert cache.stats().bytes <= 20_000
    assert cache.stats().entries > 5
    last = Last(key="k", run_id="r", manifest={})
    assert cache.put({"k": kept("p/a")}, {"p/a": last})
    assert cache.last("p/a") == last
    assert cache.last("p/b") is None
    assert cache.get(["k", "other"]) == {"k": kept("p/a")}
    assert cache.troubles == []


def test_an_entry_under_another_key_is_damage(tmp_path: Path) -> None:
    import sqlite3

    cache = ResultCache(tmp_path)
    cache.put({"k": kept("p/a")}, {})
    db = sqlite3.connect(tmp_path / "results.db")
    with db:
        db.execute("UPDATE result SET key = 'j'")
    db.close()
    assert cache.get(["j"]) == {}
    assert "damaged" in cache.troubles[0]
