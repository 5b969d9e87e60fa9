"""The view as a bounded page of GitHub-flavoured Markdown, for a job summary.

GitHub drops a summary above 1 MiB whole, so this page has a budget in bytes. It is made of pieces
that stand alone; a piece that no longer fits is left off and counted, none is ever cut in two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.model.fault import Catch
from harness.model.result import Conclusion, Status, TestRecord
from harness.report.markdown import block, code, inline
from harness.report.sections import FINAL, tally
from harness.report.shape import View, ViewCheck, ViewOverride, ViewPhase
from harness.report.summary_changes import since_the_last_run
from harness.report.text import both_ends, clip, clip_lines, first_line, plural, seconds

_MARK = {
    Conclusion.APPROVED: "✅",
    Conclusion.BLOCKED: "⛔",
    Conclusion.INCOMPLETE: "⚠️",
}
_STATUS_MARK = {
    Status.PASSED: "✅",
    Status.FAILED: "❌",
    Status.FLAKY: "🔁",
    Status.SKIPPED: "⏭️",
    Status.ERRORED: "💥",
    Status.PRECLUDED: "🚫",
}
_REASONS = 25
_OVERRIDES = 50
_SURVIVORS = 20
_TESTS = 10
_FINDINGS = 15
_MESSAGE = 4_000
_OUTPUT = 6_000
_LINE = 500
_RESERVE = 900  # room for the closing lines, which say what was left off
_SMALLEST = 4_000


def as_summary(view: View, limit_bytes: int = 100_000) -> str:
    """The page, at most `limit_bytes` of UTF-8; `ValueError` when that is less than 4,000."""
    if limit_bytes < _SMALLEST:
        raise ValueError(f"a summary needs at least {_SMALLEST:,} bytes, not {limit_bytes:,}")
    page = _Page(limit_bytes - _RESERVE)
    page.add(_heading(view), "the verdict")
    page.add(_facts(view), "the facts of the run")
    page.add(_reasons(view), "the reasons")
    if view.comparison is not None:
        page.add_first(
            since_the_last_run(view.run.id, view.comparison), "the difference to the last run"
        )
    page.add(_overrides(view), "the overrides")
    page.add(_bite(view), "the proof of bite")
    # Short and always wanted, so the table takes its room before the long failures take theirs.
    phases = page.reserve(_phases(view), "the table of phases")
    if view.attention and page.add("### Look at these first", "the failures"):
        checks = view.checks()
        page.add_each(_failure(checks[name]) for name in view.attention)
    page.pieces.append(phases)
    return page.text(view)


class _Page:
    """Pieces of Markdown within a budget of bytes."""

    def __init__(self, budget: int) -> None:
        self.pieces: list[str] = []
        self._left = budget
        self._left_off: list[str] = []

    def add(self, piece: str, name: str) -> bool:
        """Add the piece if it fits, or note that what it is called is left off."""
        fitting = self.reserve(piece, name)
        self.pieces.append(fitting)
        return bool(fitting)

    def add_first(self, pieces: Iterable[str], name: str) -> None:
        """Add the first of the pieces that fits, each shorter than the one before."""
        for piece in pieces:
            if fitting := self._take(piece):
                self.pieces.append(fitting)
                return
        self._left_off.append(name)

    def add_each(self, pieces: Iterable[str]) -> None:
        """Add pieces, one check each, until one does not fit; count the rest."""
        waiting = list(pieces)
        while waiting and (piece := self._take(waiting[0])):
            self.pieces.append(piece)
            del waiting[0]
        if waiting:
            self._left_off.append(plural(len(waiting), "check to look at", "checks to look at"))

    def reserve(self, piece: str, name: str) -> str:
        """The piece, its room taken; empty when there is none."""
        fitting = self._take(piece)
        if piece and not fitting:
            self._left_off.append(name)
        return fitting

    def _take(self, piece: str) -> str:
        cost = len(piece.encode()) + 2
        if cost > self._left:
            return ""
        self._left -= cost
        return piece

    def text(self, view: View) -> str:
        """The page with its closing lines, for which `_RESERVE` kept room."""
        closing = []
        if self._left_off:
            closing.append(f"_Left off for length: {', '.join(self._left_off)}; see report.html._")
        version = inline(clip(view.run.harness_version, 40))
        closing.append(
            f"<sub>Run {inline(clip(view.run.id, 80))} · release-manager {version}"
            f" · exit code {view.verdict.exit_code}</sub>"
        )
        return "\n\n".join([*filter(None, self.pieces), *closing]) + "\n"


def _heading(view: View) -> str:
    verdict = view.verdict
    return (
        f"## {_MARK[verdict.conclusion]} {verdict.conclusion.value}"
        f" · {inline(clip(view.run.project, 120))}\n\n{inline(clip(verdict.sentence, 300))}"
    )


def _facts(view: View) -> str:
    run, counts = view.run, view.counts
    facts = [f"profile {code(view.verdict.profile)}"]
    if commit := run.source.get("commit"):
        changes = f" with {inline(run.changes)}" if run.changes else ""
        facts.append(f"commit {code(commit[:12])}{changes}")
    facts.append(f"{inline(run.started_at)}, {seconds(run.duration)}")
    facts.append(
        f"{counts.executed:,} executed, {counts.reused:,} reused,"
        f" {counts.unanswered:,} without an answer"
    )
    if counts.deselected:
        facts.append(f"{counts.deselected:,} not selected")
    if counts.tests.total:
        facts.append(f"{counts.tests.passed:,} of {plural(counts.tests.total, 'test')} passed")
    return " · ".join(facts)


def _reasons(view: View) -> str:
    """The gravest reasons; the rest are counted."""
    lines = [
        f"- **{reason.effect.value}**: {inline(clip(reason.text, 500))}"
        for reason in view.verdict.reasons[:_REASONS]
    ]
    if not lines:
        return ""
    if (hidden := len(view.verdict.reasons) - _REASONS) > 0:
        lines.append(f"- and {plural(hidden, 'reason')} more of the same weight or less")
    return "\n".join(["### Why", "", *lines])


def _bite(view: View) -> str:
    """One line: how many of the faults that checks must catch are proven caught; then survivors."""
    checks = [check for phase in view.phases for check in phase.checks]
    wanted = sum(len(check.must_catch) for check in checks)
    if not wanted:
        return ""
    proofs = [proof for check in checks for proof in check.proofs if proof.current]
    counts = {word: sum(proof.catch is word for proof in proofs) for word in Catch}
    words = [f"{counts[Catch.CAUGHT]:,} of {plural(wanted, 'fault')} caught"]
    words += [
        f"{counts[word]:,} {word.value}"
        for word in (Catch.SURVIVED, Catch.INCONCLUSIVE)
        if counts[word]
    ]
    if unproven := wanted - len(proofs):
        words.append(f"{unproven:,} not proven here")
    if bare := sum(not check.must_catch and not check.advisory for check in checks):
        words.append(f"{plural(bare, 'check')} without a fault")
    if proofs:
        words.append(f"last proven {inline(max(proof.at for proof in proofs))}")
    lines = [f"**Proof of bite**: {', '.join(words)}"]
    survived = [proof for proof in proofs if proof.catch is Catch.SURVIVED]
    lines += [
        f"- {code(clip(proof.check, 200))} let {code(clip(proof.fault, 100))} survive:"
        f" {inline(clip(proof.title, 200))}"
        for proof in survived[:_SURVIVORS]
    ]
    if (hidden := len(survived) - _SURVIVORS) > 0:
        lines.append(f"- and {plural(hidden, 'survivor')} more")
    return "\n".join(lines) if len(lines) == 1 else "\n".join([lines[0], "", *lines[1:]])


def _failure(check: ViewCheck) -> str:
    return "\n\n".join(_failure_parts(check))


def _failure_parts(check: ViewCheck) -> Iterator[str]:
    took = f", {seconds(check.duration)}" if check.duration is not None else ""
    mark = "⚠️" if check.status is Status.PASSED else _STATUS_MARK[check.status]
    yield (
        f"#### {mark} {inline(clip(check.title, 200))}\n\n"
        f"{code(clip(check.id, 200))} · {check.status.value}{took}"
        + (f" · {FINAL[check.failure]}, never retried" if check.failure else "")
    )
    for one in check.overrides()[:_TESTS]:
        yield f"> {_answer(one)}"
    if (hidden := len(check.overrides()) - _TESTS) > 0:
        yield f"> and {plural(hidden, 'more override')}"
    if check.reason:
        yield block(_bounded(check.reason, _MESSAGE))
    if check.leaked:
        yield f"Left behind: {inline(clip(', '.join(check.leaked), 300))}"
    if check.findings:
        yield _findings(check)
    bad = [t for t in check.records if t.status not in (Status.PASSED, Status.SKIPPED)]
    for test in bad[:_TESTS]:
        yield _test(test)
    if len(bad) > _TESTS:
        yield f"and {plural(len(bad) - _TESTS, 'more failing test')}"
    if text := check.output.text.strip():
        yield (
            f"<details><summary>Output</summary>\n\n{block(_bounded(text, _OUTPUT))}\n\n</details>"
        )
    yield block(check.reproduce, "sh")


def _answer(one: ViewOverride) -> str:
    """What somebody answers for and how long; an override that is over says so."""
    given = one.given
    words = f"{given.kind.value} until {inline(given.expires)}"
    if given.test:
        words = f"tests {code(clip(given.test, 200))} ({tally(one.tests)}) {words}"
    if given.released:
        passes = plural(given.release_after, "clean pass", "clean passes")
        words += f" ({passes}: released; remove the entry)"
    elif one.over:
        words += " (over, lifts nothing)"
    return (
        f"{words} by {inline(clip(given.owner, 80))} ({inline(clip(given.issue, 120))}):"
        f" {inline(clip(given.reason, 300))}"
    )


def _findings(check: ViewCheck) -> str:
    lines = []
    for found in check.findings[:_FINDINGS]:
        place = f"{found.file}:{found.line}" if found.line else found.file
        where = f"{code(clip(place, 200))} " if place else ""
        lines.append(f"- {where}{inline(clip(first_line(found.message), 300))}")
    if len(check.findings) > _FINDINGS:
        lines.append(f"- and {plural(len(check.findings) - _FINDINGS, 'more finding')}")
    return "\n".join(lines)


def _test(test: TestRecord) -> str:
    place = f" · {code(f'{test.file}:{test.line}')}" if test.file and test.line else ""
    text = f"**{inline(clip(test.id, 300))}** · {test.status.value}{place}"
    return f"{text}\n\n{block(_bounded(test.message, _MESSAGE))}" if test.message.strip() else text


def _bounded(text: str, limit: int) -> str:
    return both_ends(clip_lines(text, _LINE), limit)


def _phases(view: View) -> str:
    rows = [
        "### Phases",
        "",
        "| phase | passed | failed | flaky | skipped | errored | precluded | time |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    rows.extend(_phase_row(phase) for phase in view.phases[:100])
    if len(view.phases) > 100:
        rows.append(f"\nand {plural(len(view.phases) - 100, 'more phase')}")
    return "\n".join(rows)


def _phase_row(phase: ViewPhase) -> str:
    counts = phase.counts
    numbers = (
        counts.passed,
        counts.failed,
        counts.flaky,
        counts.skipped,
        counts.errored,
        counts.precluded,
    )
    cells = " | ".join(f"{number:,}" if number else "·" for number in numbers)
    name = f"{inline(clip(phase.title, 120))} {code(clip(phase.id, 80), in_table=True)}"
    return f"| {name} | {cells} | {seconds(phase.duration)} |"


def _overrides(view: View) -> str:
    """Overrides in the run, whether or not they mattered: none is hidden in another count."""
    lines = [
        f"- {code(clip(check.id, 200))} ({check.status.value}) {_answer(one)}"
        for check, one in view.overrides()
    ]
    if not lines:
        return ""
    if (hidden := len(lines) - _OVERRIDES) > 0:
        lines[_OVERRIDES:] = [f"- and {plural(hidden, 'override')} more"]
    return "\n".join(["### Overrides", "", *lines])
