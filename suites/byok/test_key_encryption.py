"""Check 2, key encryption works: on the disk nothing is readable, and nothing changed is believed.

The disk is read and written behind the gateway's back, with SQLite itself and with a second
implementation of the sealed format, as somebody who stole or could write it would.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import openai
import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.providers.client import Simulator
from suites.byok.client import Api
from suites.byok.conftest import Install
from suites.byok.envelope import Binding, Sealed, masters, open_sealed, seal
from suites.byok.installation import PASSWORD, Installation, Running
from suites.byok.leaks import Canary, Finder
from suites.byok.people import (
    ANSWER,
    PROVIDERS,
    Key,
    Person,
    World,
    ask,
    fresh_secret,
    hire,
)

_VERSION = """
SELECT key_versions.*, provider_keys.provider FROM key_versions
JOIN provider_keys ON provider_keys.tenant = key_versions.tenant AND id = key_id
WHERE key_id = ? AND key_versions.version = ?
"""


def stored(installation: Installation, key: str, version: int = 1) -> sqlite3.Row:
    (row,) = installation.rows(_VERSION, key, version)
    return row


def binding_of(row: sqlite3.Row) -> Binding:
    return Binding(
        tenant=row["tenant"], provider=row["provider"], key=row["key_id"], version=row["version"]
    )


class TestAtRest:
    def test_every_file_is_free_of_secrets_and_another_implementation_opens_them(
        self, install: Install, tmp_path: Path
    ) -> None:
        here = install()
        with here.running() as running:
            admin = here.administrator(running)
            person = hire(admin)
            keys = [person.bring(provider) for provider in PROVIDERS]
            rotated = fresh_secret()
            person.api.rotate_key(keys[0].id, rotated, overlap_hours=5)
            finder = Finder(
                [Canary(label=key.provider, secret=key.secret) for key in keys]
                + [Canary(label="rotated", secret=rotated)]
            )
            opened = masters(here.master_key.read_text())
            for key in keys:
                row = stored(here, key.id)
                assert open_sealed(opened, binding_of(row), row["sealed"]) == key.secret
            row = stored(here, keys[0].id, 2)
            assert open_sealed(opened, binding_of(row), row["sealed"]) == rotated
            backup = tmp_path / "backup.db"
            here.command("backup", str(backup))
            wal = here.database.with_name(here.database.name + "-wal")
            assert wal.stat().st_size > 0, "positive control: there is a write-ahead log to search"
            while_running = [path for path in here.data.rglob("*") if path.is_file()]
            for path in [*while_running, backup]:
                assert finder.search_file(path) == [], path
        for path in [path for path in here.folder.rglob("*") if path.is_file()]:
            assert finder.search_file(path) == [], path
        with closing(sqlite3.connect(backup)) as copied:
            count = "SELECT count(*) FROM key_versions WHERE sealed IS NOT NULL"
            assert copied.execute(count).fetchone() == (5,)
            assert copied.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    def test_a_backup_never_replaces_a_file(self, install: Install, tmp_path: Path) -> None:
        here = install()
        with here.running():
            existing = tmp_path / "precious"
            existing.write_text("precious")
            done = here.command("backup", str(existing), expect=None)
            assert done.returncode != 0
            assert existing.read_text() == "precious"

    def test_a_copy_of_the_data_folder_is_worth_nothing(self, install: Install) -> None:
        """The master key is elsewhere: whoever has the folder, or a backup, cannot open it."""
        here = install()
        with here.running() as running:
            key = hire(here.administrator(running)).bring("openai")
            row = stored(here, key.id)
        inside = {path.name for path in here.data.rglob("*")}
        assert here.master_key.name not in inside
        for _ in range(100):
            with pytest.raises(InvalidTag):
                open_sealed({1: secrets.token_bytes(32)}, binding_of(row), row["sealed"])

    def test_revoking_forgets_the_bytes(self, install: Install) -> None:
        here = install()
        with here.running() as running:
            person = hire(here.administrator(running))
            key = person.bring("openai")
            sealed: bytes = stored(here, key.id)["sealed"]
            person.api.revoke_key(key.id)
            row = stored(here, key.id)
            assert (row["state"], row["sealed"], row["kek_version"]) == ("revoked", None, None)
        # Whatever comes next into the same page covers the beginning: any part of it counts.
        parts = [sealed[at : at + 16] for at in range(11, len(sealed) - 15)]
        files = {path.name: path.read_bytes() for path in here.data.rglob("*") if path.is_file()}
        held = [name for name, text in files.items() if any(part in text for part in parts)]
        assert held == [], "the sealed bytes are overwritten, not only unlinked"


KNOWN_BINDING = Binding(
    tenant="0192f0c1-0000-7000-8000-000000000001",
    provider="openai",
    key="0192f0c1-0000-7000-8000-000000000002",
    version=3,
)


def counting(first: int, length: int) -> bytes:
    return bytes((first + at) % 256 for at in range(length))


class TestKnownAnswers:
    def test_the_vaults_known_answer_is_this_implementations(self) -> None:
        """The constant in the vault's own tests, made again here from the same inputs."""
        source = Path(__file__).parents[2] / "native/gateway/crates/vault/src/envelope/tests.rs"
        _, _, after = source.read_text().partition('const KNOWN: &str = "')
        known = "".join(after.partition('"')[0].replace("\\", "").split())
        made = seal(
            {7: counting(0, 32)},
            KNOWN_BINDING,
            "sk-known-answer-0123456789",
            data_key=counting(0x40, 32),
            nonce=counting(0x80, 12),
            wrapping_nonce=counting(0xA0, 12),
        )
        assert made.hex() == known

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


@pytest.fixture(scope="module")
def neighbours(world: World) -> tuple[Person, Key, Api]:
    """Somebody of one tenant with a key, and the administrator of another."""
    person = world.hire("admin")
    key = person.bring("openai")
    with person.openai() as client:
        ask(client, "openai")
    return person, key, world.installation.second_tenant(world.running)


class TestTenantsApart:
    ROUTES = [
        ("GET", "keys/{key}", None),
        ("PATCH", "keys/{key}", {"name": "mine now"}),
        ("DELETE", "keys/{key}", None),
        ("POST", "keys/{key}/test", None),
        ("POST", "keys/{key}/rotate", {"secret": "sk-sim-0123456789", "overlap_hours": 1}),
        ("POST", "keys/{key}/revoke", {}),
        ("PATCH", "people/{user}", {"role": "admin"}),
        ("PATCH", "people/{user}", {"disabled": True}),
        ("DELETE", "tokens/{token}", None),
    ]

    @pytest.mark.parametrize(("method", "path", "body"), ROUTES)
    def test_another_tenants_id_is_not_there(
        self, neighbours: tuple[Person, Key, Api], method: str, path: str, body: Any
    ) -> None:
        person, key, stranger = neighbours
        token = person.api.ask("GET", "tokens")["data"][0]["id"]
        named = path.format(key=key.id, user=person.user, token=token)
        answer = stranger.call(method, f"/api/v1/{named}", body)
        assert answer.status_code == 404, answer.text
        assert answer.json()["error"]["code"] == "request.not_found"
        shown = person.api.key(key.id)
        assert (shown["name"], shown["versions"][0]["state"]) == (key.name, "active")
        assert person.api.ask("GET", "me")["user"]["role"] == "admin"
        assert person.program().call("GET", "/v1/models").status_code == 200

    def test_lists_sums_and_logs_hold_nothing_of_the_other(
        self, neighbours: tuple[Person, Key, Api]
    ) -> None:
        person, key, stranger = neighbours
        seen = json.dumps(
            [
                stranger.list_keys(),
                stranger.ask("GET", "people"),
                stranger.events(),
                stranger.usage("key"),
                stranger.usage("model"),
                stranger.audit(),
                stranger.ask("GET", "reminders"),
                stranger.ask("GET", "settings"),
                stranger.ask("GET", "audit/verify"),
            ]
        )
        for mark in (key.id, key.name, person.user, person.email, key.secret):
            assert mark not in seen
        assert stranger.usage("key")["total"]["requests"] == 0

    @settings(
        deadline=None,
        max_examples=60,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        route=st.sampled_from(ROUTES),
        ids=st.lists(
            st.one_of(
                st.uuids().map(str), st.text(max_size=40), st.sampled_from(["", "..", "%00"])
            ),
            min_size=3,
            max_size=3,
        ),
    )
    def test_no_id_reaches_anything_and_none_is_an_error_of_ours(
        self, neighbours: tuple[Person, Key, Api], route: tuple[str, str, Any], ids: list[str]
    ) -> None:
        _, _, stranger = neighbours
        method, path, body = route
        key, user, token = (quote(one, safe="") for one in ids)
        named = path.format(key=key, user=user, token=token)
        answer = stranger.call(method, f"/api/v1/{named}", body)
        assert 400 <= answer.status_code < 500, (answer.status_code, named)

    def test_the_same_secret_in_two_tenants_shows_two_fingerprints(
        self, neighbours: tuple[Person, Key, Api]
    ) -> None:
        person, key, stranger = neighbours
        other = stranger.add_key("openai", "same secret", key.secret)
        mine = person.api.key(key.id)["versions"][0]["fingerprint"]
        assert other["versions"][0]["fingerprint"] != mine
