"""The audit log: each action leaves exactly its fields, every change of the log is found, auditors
read it and nobody edits it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest

from fixtures.providers.client import Simulator
from suites.byok.client import Api, RefusedError
from suites.byok.conftest import Install
from suites.byok.faketime import later
from suites.byok.installation import PASSWORD, Installation
from suites.byok.people import Person, World, ask, fresh_secret, hire
from suites.byok.waiting import eventually

# Requirement 5.3, and what every row has: its place, its time, its request.
FIELDS = {
    "query": {"user", "model", "tokens", "cost_nano_usd"},
    "login": {"user", "ip", "device", "success"},
    "admin_action": {"user", "action", "target"},
    "key_change": {"user", "action"},
}
EVERY_ROW = {"seq", "kind", "at", "request_id"}


def rows_after(admin: Api, seq: int, kind: str | None = None) -> list[dict[str, Any]]:
    """What was added since, in order; fields without a value left out."""
    found = admin.audit(kind=kind)
    return [
        {name: value for name, value in row.items() if value is not None}
        for row in found
        if row["seq"] > seq
    ]


def end_of(admin: Api) -> int:
    return max(int(row["seq"]) for row in admin.audit())


Act = Callable[[World, Person], tuple[str, list[str]]]


def login(world: World, person: Person) -> tuple[str, list[str]]:
    Api(address=world.address).sign_in(person.email, PASSWORD)
    return "login", [person.user]


def failed_login(world: World, person: Person) -> tuple[str, list[str]]:
    with pytest.raises(RefusedError):
        Api(address=world.address).sign_in(person.email, "wrong " + PASSWORD)
    return "login", []


def query(world: World, person: Person) -> tuple[str, list[str]]:
    person.bring("openai")
    with person.openai() as client:
        ask(client, "openai")
    return "query", [person.user, "gpt-4o-mini"]


def add_key(world: World, person: Person) -> tuple[str, list[str]]:
    return "key_change", [person.bring("openai").id]


def rename_key(world: World, person: Person) -> tuple[str, list[str]]:
    key = person.bring("openai")
    person.api.rename_key(key.id, f"other {uuid4().hex}")
    return "key_change", [key.id]


def try_key(world: World, person: Person) -> tuple[str, list[str]]:
    key = person.bring("openai")
    person.api.test_key(key.id)
    return "key_change", [key.id]


def rotate_key(world: World, person: Person) -> tuple[str, list[str]]:
    key = person.bring("openai")
    person.api.rotate_key(key.id, fresh_secret(), overlap_hours=1)
    return "key_change", [key.id, "2"]


def revoke_key(world: World, person: Person) -> tuple[str, list[str]]:
    key = person.bring("openai")
    person.api.revoke_key(key.id)
    return "key_change", [key.id]


def remove_key(world: World, person: Person) -> tuple[str, list[str]]:
    key = person.bring("openai")
    person.api.remove_key(key.id)
    return "key_change", [key.id]


def add_person(world: World, person: Person) -> tuple[str, list[str]]:
    made = world.admin.add_person(f"{uuid4().hex}@example.org", PASSWORD, "user")
    return "admin_action", [made["id"]]


def change_role(world: World, person: Person) -> tuple[str, list[str]]:
    world.admin.ask("PATCH", f"people/{person.user}", {"role": "auditor"})
    return "admin_action", [person.user]


def disable_person(world: World, person: Person) -> tuple[str, list[str]]:
    world.admin.ask("PATCH", f"people/{person.user}", {"disabled": True})
    return "admin_action", [person.user]


def make_token(world: World, person: Person) -> tuple[str, list[str]]:
    return "admin_action", [person.api.make_token("another", "chat")["id"]]


def revoke_token(world: World, person: Person) -> tuple[str, list[str]]:
    token = person.api.ask("GET", "tokens")["data"][0]["id"]
    person.api.ask("DELETE", f"tokens/{token}")
    return "admin_action", [token]


def change_settings(world: World, person: Person) -> tuple[str, list[str]]:
    world.admin.ask("PUT", "settings", {"keys_max_age_days": 90})
    return "admin_action", ["keys_max_age_days"]


def rewrap(world: World, person: Person) -> tuple[str, list[str]]:
    world.admin.ask("POST", "vault/rewrap")
    return "admin_action", []


ACTS: list[Act] = [
    login,
    failed_login,
    query,
    add_key,
    rename_key,
    try_key,
    rotate_key,
    revoke_key,
    remove_key,
    add_person,
    change_role,
    disable_person,
    make_token,
    revoke_token,
    change_settings,
    rewrap,
]


class TestWhatIsWritten:
    @pytest.mark.parametrize("act", ACTS, ids=[act.__name__ for act in ACTS])
    def test_each_action_leaves_exactly_its_fields(
        self, world: World, person: Person, act: Act
    ) -> None:
        before = end_of(world.admin)
        kind, named = act(world, person)
        # A failed login is written while its answer is under way already.
        last = eventually(
            lambda: rows_after(world.admin, before, kind), bool, f"a row of the kind {kind}"
        )[-1]
        assert set(last) == EVERY_ROW | FIELDS[kind]
        said = json.dumps(last)
        for mark in named:
            assert mark in said
        if kind == "login":
            assert last["success"] is (act is login)
            assert last["ip"] == "127.0.0.1"
        whole = world.admin.audit()
        assert [row["seq"] for row in whole] == list(range(1, len(whole) + 1))
        verified = world.admin.ask("GET", "audit/verify")
        assert (verified["ok"], verified["broken"]) == (True, None)

    def test_a_failed_login_of_nobody_stays_in_no_tenant(self, world: World) -> None:
        address = f"nobody-{uuid4().hex}@example.org"
        with pytest.raises(RefusedError):
            Api(address=world.address).sign_in(address, PASSWORD)
        assert address not in json.dumps(world.admin.audit(kind="login"))

    def test_reading_is_by_kind_and_time_and_page(self, world: World, person: Person) -> None:
        person.bring("openai")
        rows = world.admin.audit(limit=3)
        assert len(rows) == len({row["seq"] for row in rows}) > 3
        assert {row["kind"] for row in world.admin.audit(kind="key_change")} == {"key_change"}
        at = rows[-1]["at"]
        assert all(row["at"] >= at for row in world.admin.audit(**{"from": at}))
        csv = world.admin.call("GET", "/api/v1/audit", query={"format": "csv"})
        assert csv.headers["content-type"].startswith("text/csv")
        assert rows[-1]["request_id"] in csv.text

    def test_a_name_that_a_spreadsheet_would_run_is_defused(
        self, world: World, person: Person
    ) -> None:
        name = f"=HYPERLINK({uuid4().hex})"
        person.api.add_key("openai", name, fresh_secret())
        with person.openai() as client:
            ask(client, "openai")
        csv = person.api.call("GET", "/api/v1/usage", query={"by": "key", "format": "csv"}).text
        assert name in csv
        assert not any(
            cell.strip('"').startswith("=") for cell in csv.replace("\n", ",").split(",")
        )


class TestWhoReads:
    def test_auditors_read_and_verify(self, world: World) -> None:
        auditor = world.hire("auditor")
        assert auditor.api.audit(kind="login")
        assert auditor.api.ask("GET", "audit/verify")["ok"] is True
        assert auditor.program().ask("GET", "audit")["data"]

    def test_users_do_not(self, person: Person) -> None:
        for path in ("audit", "audit/verify"):
            answer = person.api.call("GET", f"/api/v1/{path}")
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "auth.forbidden")

    @pytest.mark.parametrize("role", ["admin", "auditor"])
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_nobody_edits(self, world: World, role: str, method: str) -> None:
        somebody = world.hire(role)
        for path in ("audit", "audit/1", "audit/verify"):
            answer = somebody.api.call(method, f"/api/v1/{path}", {})
            assert answer.status_code in {404, 405}, (path, answer.text)

    def test_the_database_refuses_too(self, world: World) -> None:
        for statement in (
            "UPDATE audit_rows SET user = 'nobody'",
            "DELETE FROM audit_rows",
            "DELETE FROM audit_heads",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                world.installation.tamper(statement)
        assert world.admin.ask("GET", "audit/verify")["ok"] is True


_NO_UPDATE, _NO_DELETE = "audit_rows_never_change", "audit_rows_never_go"
_HEAD = ("audit_heads_only_forward", "audit_heads_never_go", "audit_heads_never_restart")

# What somebody with the file does to it, and in which words it is found.
TAMPERING: dict[str, tuple[list[str], tuple[str, ...], str]] = {
    "a field edited": (
        ["UPDATE audit_rows SET user = 'somebody else' WHERE seq = 3"],
        (_NO_UPDATE,),
        "row 3",
    ),
    "a time edited": (
        ["UPDATE audit_rows SET occurred_at = occurred_at + 1 WHERE seq = 2"],
        (_NO_UPDATE,),
        "row 2",
    ),
    "a row deleted": (["DELETE FROM audit_rows WHERE seq = 4"], (_NO_DELETE,), "row 5"),
    "two rows exchanged": (
        [
            "UPDATE audit_rows SET seq = 1000 WHERE seq = 3",
            "UPDATE audit_rows SET seq = 3 WHERE seq = 4",
            "UPDATE audit_rows SET seq = 4 WHERE seq = 1000",
        ],
        (_NO_UPDATE,),
        "row 3",
    ),
    "rows cut off the end": (
        ["DELETE FROM audit_rows WHERE seq > (SELECT max(seq) - 2 FROM audit_rows)"],
        (_NO_DELETE,),
        "cut off",
    ),
    "rows cut off and the end moved back": (
        [
            "DELETE FROM audit_rows WHERE seq > (SELECT max(seq) - 2 FROM audit_rows)",
            """UPDATE audit_heads SET
                   seq = (SELECT max(seq) FROM audit_rows),
                   digest = (SELECT digest FROM audit_rows ORDER BY seq DESC LIMIT 1)""",
        ],
        (_NO_DELETE, *_HEAD),
        "not sealed",
    ),
    "the end forgotten": (["DELETE FROM audit_heads"], _HEAD, "end of the chain"),
    "everything deleted": (["DELETE FROM audit_rows"], (_NO_DELETE,), "cut off"),
}


@pytest.fixture(scope="module")
def written(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A stopped installation with some history."""
    here = Installation(folder=tmp_path_factory.mktemp("written"), simulator=simulator.address)
    with here.running() as running:
        admin = here.administrator(running)
        person = hire(admin)
        person.bring("openai")
        with person.openai() as client:
            for _ in range(3):
                ask(client, "openai")
    return here


def test_a_killed_gateway_forgets_no_answer(install: Install) -> None:
    here = install()
    with here.running() as running:
        person = hire(here.administrator(running))
        person.bring("openai")
        with (
            person.openai() as client,
            closing(sqlite3.connect(here.database, isolation_level=None)) as other,
        ):
            ask(client, "openai")
            # Somebody else writes, so what is answered now cannot be in the database at the end.
            other.execute("BEGIN IMMEDIATE")
            for _ in range(5):
                ask(client, "openai")
            running.kill()
    with here.running() as running:
        admin = Api(address=running.address)
        (row,) = here.rows("SELECT email FROM users WHERE role = 'admin'")
        admin.sign_in(row["email"], PASSWORD)
        assert len(admin.events()) == 6
        assert len(admin.audit(kind="query")) == 6
        assert admin.ask("GET", "audit/verify")["ok"] is True


class TestVerifying:
    def test_an_untouched_log_is_whole_running_or_stopped(
        self, written: Installation, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        copy = written.copy(tmp_path_factory.mktemp("whole") / "here")
        told = copy.command("audit", "verify").stdout
        with copy.running() as running:
            assert copy.command("audit", "verify").returncode == 0
            assert running.get("/readyz").status_code == 200
        (count,) = copy.rows("SELECT count(*) AS rows FROM audit_rows")
        assert str(count["rows"]) in told

    @pytest.mark.parametrize("how", TAMPERING)
    def test_every_change_is_found(
        self, written: Installation, tmp_path_factory: pytest.TempPathFactory, how: str
    ) -> None:
        copy = written.copy(tmp_path_factory.mktemp("tampered") / "here")
        statements, triggers, words = TAMPERING[how]
        with closing(sqlite3.connect(copy.database)) as database, database:
            for trigger in triggers:
                database.execute(f"DROP TRIGGER {trigger}")
            for statement in statements:
                assert database.execute(statement).rowcount > 0
        found = copy.command("audit", "verify", expect=1)
        assert words in found.stdout + found.stderr
        with copy.running() as running:
            admin = Api(address=running.address)
            (row,) = copy.rows("SELECT email FROM users WHERE role = 'admin'")
            # Nothing is added to a log that was tampered with, so nobody is let in silently.
            answer = admin.call(
                "POST", "/api/v1/session", {"email": row["email"], "password": PASSWORD}
            )
            if answer.is_success:
                admin.csrf = answer.json()["csrf"]
                told = admin.ask("GET", "audit/verify")
                assert told["ok"] is False
                assert told["broken"]["fault"]

    def test_an_emptied_log_is_found_and_one_begun_anew_by_what_was_kept(
        self, written: Installation, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        copy = written.copy(tmp_path_factory.mktemp("emptied") / "here")
        # A tenant that was made this minute may have no row yet.
        copy.environment = later(hours=1)
        kept = copy.folder / "kept.json"
        kept.write_text(copy.command("audit", "verify", "--json").stdout)
        copy.tamper("DELETE FROM audit_rows", without=[_NO_DELETE])
        copy.tamper("DELETE FROM audit_heads", without=_HEAD)
        assert "all rows are gone" in copy.command("audit", "verify", expect=1).stdout
        (row,) = copy.rows("SELECT email FROM users WHERE role = 'admin'")
        with copy.running() as running:
            Api(address=running.address).sign_in(row["email"], PASSWORD)
        # Its new rows are chained and sealed rightly: only what lay elsewhere tells.
        copy.command("audit", "verify")
        found = copy.command("audit", "verify", f"--since={kept}", expect=1)
        assert "the log was replaced" in found.stdout

    def test_without_the_master_key_it_says_what_was_not_checked(
        self, written: Installation, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        copy = written.copy(tmp_path_factory.mktemp("keyless") / "here")
        copy.master_key.unlink()
        told = copy.command("audit", "verify")
        assert "seal" in told.stdout + told.stderr
