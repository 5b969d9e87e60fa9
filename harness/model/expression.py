"""The closed expression language of `if:` and the placeholders `${{ NAME }}`.

    or      := and (("||" | "or") and)*
    and     := not (("&&" | "and") not)*
    not     := "not" not | compare
    compare := unary (("==" | "!=") unary)?
    unary   := "!" unary | "(" or ")" | NAME | TEXT | NUMBER | "true" | "false"

A NAME is a word of letters, digits and `_ . + -` (`apple-silicon`, `flag.voice_mode`,
`matrix.edition`); TEXT stands in single or double quotes, the quote itself written twice. There is
no arithmetic, no call and no indexing, and nothing here is ever handed to Python. `&&`, `||` and
`!` want truth values; values of different types are never equal (so `true == 1` is false).
A placeholder holds one NAME, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from harness.model.base import Record

Value = str | int | float | bool
MAX_LENGTH = 2_000
MAX_DEPTH = 32


class ExpressionError(ValueError):
    """An expression cannot be read or has no value; `offset` counts characters from 0."""

    def __init__(self, what: str, offset: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.offset = offset


class Name(Record, frozen=True):
    """A name to look up in the scope."""

    name: str
    offset: int


class Literal(Record, frozen=True):
    """A value written out."""

    value: Value


class Not(Record, frozen=True):
    """True when its part is false."""

    part: Node


class AllOf(Record, frozen=True):
    """True when every part is."""

    parts: tuple[Node, ...]


class AnyOf(Record, frozen=True):
    """True when at least one part is."""

    parts: tuple[Node, ...]


class Equal(Record, frozen=True):
    """Compares two values; `negated` for `!=`."""

    left: Node
    right: Node
    negated: bool
    offset: int


Node = Name | Literal | Not | AllOf | AnyOf | Equal


class Expression(Record, frozen=True):
    """A parsed expression, beside the text it was read from."""

    text: str
    root: Node


def parse(text: str) -> Expression:
    """Read an expression. Raises `ExpressionError` with the offset of what cannot be read."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression is longer than {MAX_LENGTH} characters", MAX_LENGTH)
    return Expression(text=text, root=_Parser(text).whole())


def names(expression: Expression) -> tuple[Name, ...]:
    """Every name that the expression mentions, in the order of the text."""
    found: list[Name] = []
    pending: list[Node] = [expression.root]
    while pending:
        match pending.pop():
            case Name() as name:
                found.append(name)
            case Not(part=part):
                pending.append(part)
            case AllOf(parts=parts) | AnyOf(parts=parts):
                pending.extend(parts)
            case Equal(left=left, right=right):
                pending.extend((left, right))
            case Literal():
                pass
    return tuple(sorted(found, key=lambda name: name.offset))


def evaluate(expression: Expression, scope: Mapping[str, Value]) -> Value:
    """The value of an expression.

    Raises `ExpressionError` when a name is not in the scope, or a truth value is wanted and
    something else is found.
    """
    return _value(expression.root, scope)


def _value(node: Node, scope: Mapping[str, Value]) -> Value:
    match node:
        case Literal(value=value):
            return value
        case Name(name=name, offset=offset):
            if name not in scope:
                raise ExpressionError(f'nothing is called "{name}"', offset)
            return scope[name]
        case Not(part=part):
            return not _truth(part, scope)
        case AllOf(parts=parts):
            return all(_truth(part, scope) for part in parts)
        case AnyOf(parts=parts):
            return any(_truth(part, scope) for part in parts)
        case Equal(left=left, right=right, negated=negated):
            one, other = _value(left, scope), _value(right, scope)
            return (type_name(one) == type_name(other) and one == other) != negated


def _truth(node: Node, scope: Mapping[str, Value]) -> bool:
    value = _value(node, scope)
    if not isinstance(value, bool):
        raise ExpressionError(
            f"{spell(value)!r} is {type_name(value)}, where true or false is wanted",
            node.offset if isinstance(node, Name) else 0,
        )
    return value


def type_name(value: Value) -> str:
    """`truth value`, `number` or `text`: what messages call a value's type."""
    if isinstance(value, bool):
        return "truth value"
    return "text" if isinstance(value, str) else "number"


def verify(expression: Expression, type_of: Callable[[Name], frozenset[str]]) -> None:
    """Prove that the expression has a truth value in every scope of these types.

    `type_of` gives the possible `type_name`s of a name and may raise `ExpressionError` itself.
    A comparison that can never hold because the types differ is an error, too.
    """
    _want_truth(expression.root, type_of)


def _want_truth(node: Node, type_of: Callable[[Name], frozenset[str]]) -> None:
    types = _types(node, type_of)
    if types != {"truth value"}:
        name = f'"{node.name}"' if isinstance(node, Name) else "this"
        raise ExpressionError(
            f"{name} is {' or '.join(sorted(types))}, where true or false is wanted",
            node.offset if isinstance(node, Name) else 0,
        )


def _types(node: Node, type_of: Callable[[Name], frozenset[str]]) -> frozenset[str]:
    match node:
        case Literal(value=value):
            return frozenset({type_name(value)})
        case Name() as name:
            return type_of(name)
        case Not(part=part):
            _want_truth(part, type_of)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                _want_truth(part, type_of)
        case Equal(left=left, right=right, offset=offset):
            one, other = _types(left, type_of), _types(right, type_of)
            if not one & other:
                raise ExpressionError(
                    f"compares {' or '.join(sorted(one))} with {' or '.join(sorted(other))}, "
                    "which are never equal",
                    offset,
                )
    return frozenset({"truth value"})


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<sign>&&|\|\||==|!=|!|\(|\))
      | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | (?P<word>-?[A-Za-z0-9_][A-Za-z0-9_.+-]*)
    )""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_WORDS = {"and": "&&", "or": "||"}


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self._tokens = [*_tokens(text), ("end", "", len(text))]
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        if self._tokens[0][0] == "end":
            raise ExpressionError("the expression is empty", 0)
        node = self._or()
        kind, text, offset = self._tokens[self._at]
        if kind != "end":
            raise ExpressionError(f"{text!r} is not expected here", offset)
        return node

    def _or(self) -> Node:
        parts = [self._and()]
        while self._take("||"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else AnyOf(parts=tuple(parts))

    def _and(self) -> Node:
        parts = [self._not()]
        while self._take("&&"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else AllOf(parts=tuple(parts))

    def _not(self) -> Node:
        if self._take("not"):
            return self._nested(lambda: Not(part=self._not()))
        return self._compare()

    def _compare(self) -> Node:
        left = self._unary()
        offset = self._tokens[self._at][2]
        for sign in ("==", "!="):
            if self._take(sign):
                return Equal(left=left, right=self._unary(), negated=sign == "!=", offset=offset)
        return left

    def _unary(self) -> Node:
        if self._take("!"):
            return self._nested(lambda: Not(part=self._unary()))
        if self._take("("):
            node = self._nested(self._or)
            if not self._take(")"):
                raise ExpressionError('")" is missing', self._tokens[self._at][2])
            return node
        kind, text, offset = self._tokens[self._at]
        self._at += 1
        match kind:
            case "text":
                return Literal(value=text[1:-1].replace(text[0] * 2, text[0]))
            case "word" if text in ("true", "false"):
                return Literal(value=text == "true")
            case "word" if _NUMBER.fullmatch(text):
                return Literal(value=float(text) if "." in text else int(text))
            case "word" if _NAME.fullmatch(text):
                return Name(name=text, offset=offset)
            case "end":
                raise ExpressionError("the expression stops in the middle", offset)
        raise ExpressionError(f"{text!r} is not expected here", offset)

    def _nested(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError(
                f"nested deeper than {MAX_DEPTH} levels", self._tokens[self._at][2]
            )
        node = read()
        self._depth -= 1
        return node

    def _take(self, sign: str) -> bool:
        kind, text, _ = self._tokens[self._at]
        if kind != "sign" or text != sign:
            return False
        self._at += 1
        return True


def _tokens(text: str) -> list[tuple[str, str, int]]:
    """(kind, text, offset) of each token; the words and/or/not come out as signs."""
    found: list[tuple[str, str, int]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise ExpressionError(f"{text[at]!r} is not expected here", at)
        kind, token = match.lastgroup, match[match.lastgroup]
        if kind == "word" and token in ("and", "or", "not"):
            kind, token = "sign", _WORDS.get(token, token)
        found.append((kind, token, match.start(match.lastgroup)))
        at = match.end()
    return found


_PLACEHOLDER = re.compile(r"\$\{\{(?P<name>.*?)\}\}", re.DOTALL)
OPENING = "${{"


def placeholders(text: str) -> tuple[Name, ...]:
    """The names in a text's placeholders, with their offsets in it.

    Raises `ExpressionError` for one that is not closed or holds anything but a name.
    """
    if OPENING not in text:
        return ()
    found: list[Name] = []
    at = 0
    while (start := text.find(OPENING, at)) >= 0:
        match = _PLACEHOLDER.match(text, start)
        if match is None:
            raise ExpressionError(f'"{OPENING}" is never closed by "}}}}"', start)
        name = match["name"].strip()
        if not _NAME.fullmatch(name):
            raise ExpressionError(f"a placeholder holds one name, not {name!r}", start)
        found.append(Name(name=name, offset=start))
        at = match.end()
    return tuple(found)


def interpolate(text: str, scope: Mapping[str, Value], *, partial: bool = False) -> Value:
    """The text with its placeholders filled in from `scope`.

    A text that is one placeholder and nothing else becomes the value itself, type kept; elsewhere
    values are spelt as YAML spells them. With `partial`, names that the scope lacks stay as they
    are written; without, they raise `ExpressionError`, as everything does that `placeholders`
    refuses.
    """
    found = placeholders(text)
    if not found:
        return text
    for name in found:
        if name.name not in scope and not partial:
            raise ExpressionError(f'nothing is called "{name.name}"', name.offset)
    whole = _PLACEHOLDER.fullmatch(text)
    if whole is not None and len(found) == 1:
        return scope.get(found[0].name, text)

    def fill(match: re.Match[str]) -> str:
        name = match["name"].strip()
        return spell(scope[name]) if name in scope else match[0]

    return _PLACEHOLDER.sub(fill, text)


def spell(value: Value) -> str:
    """A value as text, the way YAML writes it (`true`, not Python's `True`)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
