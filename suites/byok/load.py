"""A steady load of chats beside a test that changes something: every answer and failure counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from suites.byok.people import ANSWER, Person, ask
from suites.byok.waiting import eventually


@dataclass(slots=True)
class Load:
    """What became of the chats so far."""

    answered: int = 0
    failures: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)

    def more(self, count: int) -> None:
        """Waits until so many more chats ended, well or not."""
        goal = self.ended() + count
        eventually(self.ended, lambda ended: ended >= goal, f"{count} more chats", seconds=60)

    def ended(self) -> int:
        with self.lock:
            return self.answered + len(self.failures)

    def note(self, failure: str | None) -> None:
        with self.lock:
            if failure is None:
                self.answered += 1
            else:
                self.failures.append(failure)


@contextmanager
def chatting(person: Person, provider: str, *, clients: int = 6) -> Iterator[Load]:
    """That many clients, each asking one question after the other, every second one streamed."""
    load = Load()

    def run(number: int) -> None:
        with person.openai() as client:
            turn = number
            while not load.stopping.is_set():
                turn += 1
                try:
                    load.note(one(client, provider, stream=turn % 2 == 0))
                except Exception as error:  # noqa: BLE001 - whatever it is, it is a failed chat
                    load.note(repr(error))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.stopping.set()
        for thread in threads:
            thread.join(60)


def one(client: object, provider: str, *, stream: bool) -> str | None:
    """One chat; what is wrong with its answer, if anything."""
    answer = ask(client, provider, stream=stream)  # type: ignore[arg-type]
    if stream:
        chunks = [chunk for chunk in answer if chunk.choices]
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    else:
        said = answer.choices[0].message.content
    return None if said == ANSWER else f"other words: {said!r}"
