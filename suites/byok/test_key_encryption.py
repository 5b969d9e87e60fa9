"""Check 2, key encryption works: on the disk nothing is readable, and tenants are apart.

The disk is read behind the gateway's back, with SQLite itself and with a second implementation of
the sealed format, as somebody who stole it would. `test_tampering.py` writes to it as well.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suites.byok.client import Api
from suites.byok.conftest import Install
from suites.byok.envelope import Binding, masters, open_sealed, seal
from suites.byok.leaks import Canary, Finder
from suites.byok.people import PROVIDERS, Key, Person, World, ask, fresh_secret, hire
from suites.byok.stored import binding_of, stored


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
