"""Check 2, key encryption works: nothing that was changed on the disk is believed.

Sealed bytes are written behind the gateway's back, with SQLite itself and with a second
implementation of the sealed format, as somebody who can write the disk would.
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.providers.client import Simulator
from suites.byok.client import Api
from suites.byok.conftest import Install
from suites.byok.envelope import Binding, Sealed, masters, seal
from suites.byok.installation import PASSWORD, Installation, Running
from suites.byok.leaks import Canary, Finder
from suites.byok.people import ANSWER, Key, Person, ask, fresh_secret, hire
from suites.byok.stored import binding_of, stored


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A running gateway with one key, whose database the test writes beside it."""

    installation: Installation
    running: Running
    person: Person
    admin: Api
    key: Key
    row: sqlite3.Row
    simulator: Simulator

    @property
    def sealed(self) -> bytes:
        return bytes(self.row["sealed"])

    @property
    def masters(self) -> dict[int, bytes]:
        return masters(self.installation.master_key.read_text())

    def put(self, blob: bytes, version: int = 1) -> None:
        """Puts other bytes in the place of the sealed ones, and has the gateway read them anew.

        It believes for five seconds what it read; any change of a key through the API ends that.
        """
        changed = self.installation.tamper(
            "UPDATE key_versions SET sealed = ? WHERE key_id = ? AND version = ?",
            blob,
            self.key.id,
            version,
        )
        assert changed == 1
        self.person.api.rename_key(self.key.id, self.key.name)

    def chat(self) -> Any:
        with self.person.openai() as client:
            return ask(client, self.key.provider).choices[0].message.content

    def refuses(self) -> str:
        """No chat and no test with what is stored now, nothing sent, and what the answer says."""
        before = len(self.simulator.requests())
        with pytest.raises(openai.APIStatusError) as refused:
            self.chat()
        assert refused.value.status_code in {401, 409, 500, 503}
        tested = self.person.api.call("POST", f"/api/v1/keys/{self.key.id}/test")
        assert not tested.is_success or tested.json()["outcome"] != "ok"
        assert len(self.simulator.requests()) == before, "nothing was sent anywhere"
        body: Any = refused.value.body
        return str(body["message"])


@pytest.fixture(scope="module")
def shared(
    simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Opened]]:
    """One gateway whose database may be written; each test takes a person and a key of its own."""
    installation = Installation(
        folder=tmp_path_factory.mktemp("opened"), simulator=simulator.address
    )
    with installation.running() as running:
        admin = installation.administrator(running)

        def make() -> Opened:
            person = hire(admin)
            key = person.bring("openai")
            return Opened(
                installation=installation,
                running=running,
                person=person,
                admin=admin,
                key=key,
                row=stored(installation, key.id),
                simulator=simulator,
            )

        yield make


@pytest.fixture
def writable(shared: Callable[[], Opened]) -> Opened:
    return shared()


class TestKnownAnswers:
    @settings(
        deadline=None,
        max_examples=15,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(data_key=st.binary(min_size=32, max_size=32), nonce=st.binary(min_size=12, max_size=12))
    def test_what_this_implementation_seals_the_gateway_opens(
        self, writable: Opened, data_key: bytes, nonce: bytes
    ) -> None:
        secret = fresh_secret()
        blob = seal(
            writable.masters,
            binding_of(writable.row),
            secret,
            data_key=data_key,
            nonce=nonce,
            wrapping_nonce=nonce,
        )
        writable.put(blob)
        assert writable.chat() == ANSWER
        assert writable.simulator.requests(key=secret)


PLACES = list(
    Sealed(master=1, version=1, wrapped=bytes(60), nonce=bytes(12), body=bytes(40)).places()
)


class TestTampering:
    @pytest.mark.parametrize("place", PLACES)
    @pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
    def test_a_changed_byte_of_any_kind_is_refused(
        self, writable: Opened, place: str, mask: int
    ) -> None:
        blob = bytearray(writable.sealed)
        blob[Sealed.parse(writable.sealed).places()[place]] ^= mask
        writable.put(bytes(blob))
        self.is_clear(writable.refuses())
        writable.put(writable.sealed)
        assert writable.chat() == ANSWER, "positive control: the bytes as they were still open"

    def is_clear(self, message: str) -> None:
        assert any(word in message for word in ("key", "secret")), message

    def test_every_truncation_is_refused(self, writable: Opened) -> None:
        whole = writable.sealed
        for length in sorted({0, 1, 10, 11, 70, 71, 83, len(whole) - 17, len(whole) - 1}):
            writable.put(whole[:length])
            self.is_clear(writable.refuses())
        writable.put(whole + b"\0")
        writable.refuses()

    def test_another_keys_bytes_are_refused(self, shared: Callable[[], Opened]) -> None:
        one, other = shared(), shared()
        one.put(other.sealed)
        self.is_clear(one.refuses())

    def test_another_tenants_bytes_are_refused_even_with_the_same_ids(
        self, writable: Opened
    ) -> None:
        """Sealed by the right master key for the same key of another tenant."""
        foreign = replace(binding_of(writable.row), tenant="0192f0c1-0000-7000-8000-000000000001")
        writable.put(self.sealed_for(writable, foreign))
        self.is_clear(writable.refuses())

    def test_bytes_for_another_provider_or_key_are_refused(self, writable: Opened) -> None:
        home = binding_of(writable.row)
        for foreign in (
            replace(home, provider="anthropic"),
            replace(home, key="0192f0c1-0000-7000-8000-000000000002"),
        ):
            writable.put(self.sealed_for(writable, foreign))
            self.is_clear(writable.refuses())

    def sealed_for(self, writable: Opened, binding: Binding) -> bytes:
        return seal(
            writable.masters,
            binding,
            fresh_secret(),
            data_key=secrets.token_bytes(32),
            nonce=secrets.token_bytes(12),
            wrapping_nonce=secrets.token_bytes(12),
        )

    @pytest.mark.parametrize("relabel", [False, True], ids=["as it was", "relabelled"])
    def test_an_older_version_in_the_place_of_the_newer_is_refused(
        self, writable: Opened, relabel: bool
    ) -> None:
        first = writable.sealed
        writable.person.api.rotate_key(writable.key.id, fresh_secret(), overlap_hours=0)
        put_back = replace(Sealed.parse(first), version=2).to_bytes() if relabel else first
        writable.put(put_back, version=2)
        self.is_clear(writable.refuses())

    def test_the_whole_bytes_moved_under_an_unknown_master_key_are_refused(
        self, writable: Opened
    ) -> None:
        writable.put(replace(Sealed.parse(writable.sealed), master=9).to_bytes())
        self.is_clear(writable.refuses())

    def test_one_damaged_key_stops_no_other(self, shared: Callable[[], Opened]) -> None:
        broken, sound = shared(), shared()
        broken.put(b"")
        broken.refuses()
        assert sound.chat() == ANSWER
        shown = broken.person.api.key(broken.key.id)
        assert shown["name"] == broken.key.name, "it can still be seen, replaced and removed"
        broken.person.api.rotate_key(broken.key.id, fresh_secret(), overlap_hours=0)
        assert broken.chat() == ANSWER

    def test_what_is_wrong_is_told_to_the_operator_without_a_secret(self, writable: Opened) -> None:
        blob = bytearray(writable.sealed)
        blob[-1] ^= 1
        writable.put(bytes(blob))
        writable.refuses()
        finder = Finder([Canary(label="key", secret=writable.key.secret)])
        log = writable.installation.log.read_bytes()
        assert finder.search(log) == []
        assert b"tampered" in log or b"sealed" in log

    def test_the_wrong_master_key_stops_the_start(self, install: Install) -> None:
        here = install()
        with here.running() as running:
            hire(here.administrator(running)).bring("openai")
        right = here.master_key.read_text()
        here.master_key.write_text(f"1:{secrets.token_hex(32)}\n")
        with pytest.raises(AssertionError, match="key"):
            here.start()
        here.master_key.write_text(right)
        with here.running():
            pass

    def test_yesterdays_backup_in_the_place_of_todays_keeps_working_and_is_noticed_by_its_head(
        self, install: Install, tmp_path: Path
    ) -> None:
        """A whole file put back is consistent in itself; only what was noted elsewhere tells."""
        here = install()
        with here.running() as running:
            admin = here.administrator(running)
            person = hire(admin)
            person.bring("openai")
            backup = tmp_path / "yesterday.db"
            here.command("backup", str(backup))
            person.bring("anthropic")
            noted = admin.ask("GET", "audit/verify")
        for path in here.data.glob(here.database.name + "*"):
            path.unlink()
        shutil.copy(backup, here.database)
        here.database.chmod(0o600)
        with here.running() as running:
            again = Api(address=running.address)
            again.sign_in(admin_email(here), PASSWORD)
            found = again.ask("GET", "audit/verify")
        assert noted["ok"] and found["ok"]
        assert found["head"] != noted["head"]


def admin_email(installation: Installation) -> str:
    (row,) = installation.rows("SELECT email FROM users WHERE role = 'admin'")
    return str(row["email"])
