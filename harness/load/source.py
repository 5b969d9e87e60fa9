"""Bytes to nodes: one YAML 1.2 document per file, with positions, within limits.

Refuses what is not UTF-8, what is not one document, tags (so no constructor can ever run), keys
that are not plain text, duplicate keys, and aliases that grow without bound. Built on libyaml's
events with an explicit stack: no input can exhaust the interpreter's.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

import yaml

from harness.load.node import ListNode, MapNode, Node, ScalarNode
from harness.load.problem import Problems, shown
from harness.model.spec import Position

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 1_000_000
"""Values in one file, with its aliases followed; ten thousand checks have some 300,000."""

# PyYAML without libyaml reads the same language, only slower.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Everything YAML calls printable, and line breaks (chapter 5.1).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_REMEDIES = (
    ("mapping values are not allowed", 'quote a text that contains ": ", or mend the indentation'),
    ("expected ':'", 'write "key: value"; a line without a colon belongs to nothing'),
    (
        "expected <block end>",
        "mend the indentation: this line stands deeper or shallower than its neighbours",
    ),
    ("expected ',' or", "close the bracket, or put a comma between its items"),
    ("end of stream", "close the quote or bracket that is still open"),
    ("undefined alias", "name an anchor (&name) that stands earlier in the file"),
    ("cannot start any token", "quote the text: this character has a meaning of its own in YAML"),
)


class _StopError(Exception):
    """Reading cannot go on in this file; the problem is noted."""


def read(file: str, data: bytes, problems: Problems) -> Node | None:
    """The file's one document, or None when problems were noted instead."""
    try:
        return _Composer(file, problems).compose(_text(file, data, problems))
    except _StopError:
        return None


def _text(file: str, data: bytes, problems: Problems) -> str:
    if len(data) > MAX_BYTES:
        problems.add(
            Position(file=file, line=1, column=1),
            f"the file has {len(data):,} bytes, more than the {MAX_BYTES:,} allowed",
            "split it into several phases",
        )
        raise _StopError
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # What precedes the bad byte is valid, so that its line and column can be told.
        before = data[: error.start].decode("utf-8-sig", "replace")
        problems.add(
            _place(file, before),
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            "save the file as UTF-8 text",
        )
        raise _StopError from None
    if (bad := _FORBIDDEN.search(text)) is not None:
        problems.add(
            _place(file, text[: bad.start()]),
            f"the character U+{ord(bad[0]):04X} is not allowed in YAML",
            "remove it; is this a text file?",
        )
        raise _StopError
    return text


def _place(file: str, before: str) -> Position:
    """The position after a text."""
    return Position(
        file=file,
        line=before.count("\n") + 1,
        column=len(before) - (before.rfind("\n") + 1) + 1,
    )


class _Open:
    """A list or mapping whose end has not been read."""

    __slots__ = ("anchor", "height", "key", "node", "weight")

    def __init__(self, node: ListNode | MapNode, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: ScalarNode | None = None
        self.weight = 1
        self.height = 0


class _Composer:
    """Turns one stream of events into nodes."""

    def __init__(self, file: str, problems: Problems) -> None:
        self._file = file
        self._problems = problems
        self._stack: list[_Open] = []
        self._root: Node | None = None
        self._nodes = 0
        self._text = ""
        # Anchor to its node, how many nodes that is with its aliases followed, and how deep.
        self._anchors: dict[str, tuple[Node, int, int]] = {}

    def compose(self, text: str) -> Node:
        self._text = text
        documents = 0
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                kind = type(event)
                if kind is yaml.ScalarEvent:
                    self._scalar(event)
                elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                    self._open(event, kind is yaml.MappingStartEvent)
                elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                    self._close()
                elif kind is yaml.AliasEvent:
                    self._alias(event)
                elif kind is yaml.DocumentStartEvent:
                    documents += 1
                    if documents > 1:
                        self._note(event, "a second document begins", "keep one document per file")
                        break
        except yaml.YAMLError as error:
            self._syntax(error)
        if self._root is None or (
            isinstance(self._root, ScalarNode) and self._root.plain and not self._root.text
        ):
            self._problems.add(
                Position(file=self._file, line=1, column=1),
                "the file is empty",
                "write a definition into it, or remove it",
            )
            raise _StopError
        return self._root

    def _scalar(self, event: Any) -> None:
        mark = event.start_mark
        if event.tag is not None:
            self._tag(event)
        self._count(event, 1)
        node = ScalarNode(event.value, not event.style, mark.line + 1, mark.column + 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, 1, 0)
        self._put(node, 1, 0)

    def _open(self, event: Any, mapping: bool) -> None:
        mark = event.start_mark
        if event.tag is not None:
            self._tag(event)
        if len(self._stack) >= MAX_DEPTH:
            self._stop(event, f"nested deeper than {MAX_DEPTH} levels", "flatten the structure")
        if self._stack:
            self._must_not_be_key(event)
        self._count(event, 1)
        line, column = mark.line + 1, mark.column + 1
        node = MapNode([], line, column) if mapping else ListNode([], line, column)
        self._stack.append(_Open(node, event.anchor))

    def _close(self) -> None:
        done = self._stack.pop()
        if isinstance(done.node, MapNode):
            self._unique(done.node)
        if done.anchor is not None:
            self._anchors[done.anchor] = (done.node, done.weight, done.height)
        self._put(done.node, done.weight, done.height)

    def _alias(self, event: Any) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            inside = any(one.anchor == event.anchor for one in self._stack)
            self._stop(
                event,
                f'the alias "*{event.anchor}" stands inside its own anchor'
                if inside
                else f'no anchor "&{event.anchor}" stands before this alias',
                "write the value out",
            )
        node, weight, height = known
        if isinstance(node, ScalarNode):
            # Its own node, so that a problem is shown where the alias is used.
            mark = event.start_mark
            node = ScalarNode(node.text, node.plain, mark.line + 1, mark.column + 1)
        else:
            self._must_not_be_key(event)
        if len(self._stack) + height >= MAX_DEPTH:
            self._stop(event, f"aliases nest deeper than {MAX_DEPTH} levels", "write it out")
        self._count(event, weight)
        self._put(node, weight, height)

    def _put(self, node: Node, weight: int, height: int) -> None:
        if not self._stack:
            self._root = node
            return
        parent = self._stack[-1]
        parent.weight += weight
        if height >= parent.height:
            parent.height = height + 1
        if isinstance(parent.node, ListNode):
            parent.node.items.append(node)
        elif parent.key is not None:
            parent.node.pairs.append((parent.key, node))
            parent.key = None
        elif isinstance(node, ScalarNode):
            parent.key = node

    def _count(self, event: Any, weight: int) -> None:
        self._nodes += weight
        if self._nodes > MAX_NODES:
            self._stop(
                event,
                f"the file holds more than {MAX_NODES:,} values, its aliases followed",
                "split it, or write fewer aliases",
            )

    def _must_not_be_key(self, event: Any) -> None:
        parent = self._stack[-1] if self._stack else None
        if parent is not None and isinstance(parent.node, MapNode) and parent.key is None:
            self._stop(event, "a list or mapping stands as a key", "write a text as the key")

    def _unique(self, node: MapNode) -> None:
        """Duplicate keys hide one another: both places are named, and the first is kept."""
        pairs = node.pairs
        if len({key.text for key, _ in pairs}) == len(pairs):
            return
        first: dict[str, ScalarNode] = {}
        for key, _ in pairs:
            if (earlier := first.setdefault(key.text, key)) is not key:
                self._problems.add(
                    Position(file=self._file, line=key.line, column=key.column),
                    f"the key {shown(key.text)} is already written in line {earlier.line}",
                    "keep one of the two",
                )
        node.pairs = [pair for pair in pairs if first[pair[0].text] is pair[0]]

    def _tag(self, event: Any) -> None:
        self._note(
            event,
            f"the tag {shown(event.tag)} is refused",
            "remove it; the schema alone decides what a value is",
        )

    def _note(self, event: Any, what: str, remedy: str) -> None:
        mark = event.start_mark
        place = Position(file=self._file, line=mark.line + 1, column=mark.column + 1)
        self._problems.add(place, what, remedy)

    def _stop(self, event: Any, what: str, remedy: str) -> NoReturn:
        self._note(event, what, remedy)
        raise _StopError

    def _syntax(self, error: yaml.YAMLError) -> NoReturn:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        context, problem = getattr(error, "context", None), getattr(error, "problem", None)
        what = str(problem or context or "it cannot be read")
        near = f"{context}: " if context and problem else ""
        line, column = (mark.line, mark.column) if mark else (0, 0)
        remedy = next(
            (remedy for sign, remedy in _REMEDIES if sign in f"{near}{what}"),
            "mend the syntax here or just before",
        )
        here = self._text.split("\n")[line : line + 1]
        if here and here[0][column : column + 1] == "\t":
            remedy = "indent with spaces, not tabs"
        self._problems.add(
            Position(
                file=self._file,
                line=line + 1,
                column=column + 1,
            ),
            f"invalid YAML: {near}{what}",
            remedy,
        )
        raise _StopError from None
