"""Check 3, key rotation works: keys and master keys change while people chat, and nobody notices.

Provider keys rotate with a window in which both versions work; master keys turn over and everything
is wrapped anew; reminders come at their days, by a clock that the test sets.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from fixtures.providers.client import Simulator
from suites.byok.client import Api, RefusedError
from suites.byok.conftest import Install
from suites.byok.envelope import Binding, masters, open_sealed
from suites.byok.faketime import later
from suites.byok.installation import PASSWORD, Installation
from suites.byok.load import chatting
from suites.byok.people import ANSWER, Person, World, ask, fresh_secret, hire, refused_secret
from suites.byok.waiting import eventually


def chats(simulator: Simulator, secret: str) -> list[dict[str, Any]]:
    return simulator.requests(key=secret, operation="chat")


def versions(person: Person, key: str) -> dict[int, str]:
    return {one["version"]: one["state"] for one in person.api.key(key)["versions"]}


class TestProviderKeys:
    def test_a_key_rotates_and_its_old_version_goes_while_people_chat(
        self, person: Person, simulator: Simulator
    ) -> None:
        key, new = person.bring("openai"), fresh_secret()
        with chatting(person, "openai") as load:
            load.more(20)
            shown = person.api.rotate_key(key.id, new, overlap_hours=1)
            assert {one["version"]: one["state"] for one in shown["versions"]} == {
                1: "overlapping",
                2: "active",
            }
            load.more(20)
            person.api.revoke_key(key.id, 1)
            load.more(12)
            old_by_now = len(chats(simulator, key.secret))
            load.more(12)
        assert load.failures == []
        assert load.answered >= 64
        assert len(chats(simulator, key.secret)) == old_by_now, "the old version is not used"
        assert versions(person, key.id) == {1: "revoked", 2: "active"}

        by_version = Counter(event["key_version"] for event in person.api.events())
        assert by_version == {
            1: len(chats(simulator, key.secret)),
            2: len(chats(simulator, new)),
        }
        (used,) = person.api.usage("key")["data"]
        assert used["requests"] == used["attempts"] == load.answered

    def test_in_the_window_the_old_version_serves_when_the_new_one_is_refused(
        self, person: Person, simulator: Simulator
    ) -> None:
        key, wrong = person.bring("openai"), refused_secret()
        person.api.rotate_key(key.id, wrong, overlap_hours=1)
        with person.openai() as client:
            assert ask(client, "openai").choices[0].message.content == ANSWER
            streamed = [chunk for chunk in ask(client, "openai", stream=True) if chunk.choices]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed) == ANSWER
        assert len(chats(simulator, wrong)) == len(chats(simulator, key.secret)) == 2
        events = sorted(
            person.api.events(), key=lambda event: (event["request_id"], event["attempt"])
        )
        assert [(one["attempt"], one["key_version"], one["outcome"]) for one in events] == [
            (1, 2, "auth.invalid"),
            (2, 1, "ok"),
        ] * 2

    @pytest.mark.parametrize("ended", ["no window", "revoked"])
    def test_without_a_window_a_refused_key_is_refused(
        self, person: Person, simulator: Simulator, ended: str
    ) -> None:
        key = person.bring("openai")
        hours = 0 if ended == "no window" else 5
        person.api.rotate_key(key.id, refused_secret(), overlap_hours=hours)
        if ended == "revoked":
            person.api.revoke_key(key.id, 1)
        assert versions(person, key.id) == {1: "revoked", 2: "active"}
        with person.openai() as client, pytest.raises(openai.AuthenticationError) as refused:
            ask(client, "openai")
        body: Any = refused.value.body
        assert body["code"] == "auth.invalid"
        assert chats(simulator, key.secret) == []

    @pytest.mark.parametrize("how", ["rotated", "revoked", "removed"])
    def test_what_is_revoked_serves_nobody_from_then_on(
        self, person: Person, simulator: Simulator, how: str
    ) -> None:
        """The chat just before has it read, and what was read is remembered for a moment."""
        key = person.bring("openai")
        with person.openai() as client:
            assert ask(client, "openai").choices[0].message.content == ANSWER
            if how == "rotated":
                person.api.rotate_key(key.id, refused_secret(), overlap_hours=0)
            elif how == "revoked":
                person.api.revoke_key(key.id)
            else:
                person.api.remove_key(key.id)
            with pytest.raises(openai.APIStatusError) as refused:
                ask(client, "openai")
        assert refused.value.status_code in {401, 409}
        assert len(chats(simulator, key.secret)) == 1, "the one chat before"

    def test_a_failure_that_is_not_the_keys_does_not_try_the_old_one(
        self, person: Person, simulator: Simulator
    ) -> None:
        key, new = person.bring("openai"), fresh_secret()
        person.api.rotate_key(key.id, new, overlap_hours=1)
        simulator.queue("quota_exhausted", times=9, match={"key": new})
        with person.openai() as client, pytest.raises(openai.RateLimitError):
            ask(client, "openai")
        assert (len(chats(simulator, new)), chats(simulator, key.secret)) == (1, [])

    def test_the_same_secret_is_no_rotation(self, person: Person) -> None:
        key = person.bring("openai")
        with pytest.raises(RefusedError) as refused:
            person.api.rotate_key(key.id, key.secret, overlap_hours=1)
        assert refused.value.status == 409
        assert versions(person, key.id) == {1: "active"}

    @pytest.mark.parametrize("hours", [-1, 721, 10**12])
    def test_a_window_is_at_most_thirty_days(self, person: Person, hours: int) -> None:
        key = person.bring("openai")
        with pytest.raises(RefusedError) as refused:
            person.api.rotate_key(key.id, fresh_secret(), overlap_hours=hours)
        assert (refused.value.code, refused.value.param) == ("request.invalid", "overlap_hours")
        assert versions(person, key.id) == {1: "active"}

    def test_the_window_ends_by_itself_and_the_old_bytes_are_forgotten(
        self, install: Install, simulator: Simulator
    ) -> None:
        here = install()
        with here.running() as running:
            person = hire(here.administrator(running))
            key, wrong = person.bring("openai"), refused_secret()
            person.api.rotate_key(key.id, wrong, overlap_hours=2)

        def state() -> list[tuple[Any, ...]]:
            query = "SELECT version, state, sealed IS NULL FROM key_versions ORDER BY version"
            return [tuple(row) for row in here.rows(query)]

        with here.running(environment=later(hours=1)) as running:
            assert chat(running.address, person.token) == 200
            assert state() == [(1, "overlapping", 0), (2, "active", 0)]
        with here.running(environment=later(hours=3)) as running:
            assert chat(running.address, person.token) == 401
            eventually(state, lambda now: now[0] == (1, "revoked", 1), "the sweep")
        assert len(chats(simulator, key.secret)) == 1


def chat(address: str, token: str) -> int:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
    return Api(address=address, token=token).call("POST", "/v1/chat/completions", body).status_code


class TestMasterKeys:
    def test_the_master_key_turns_over_while_people_chat(
        self, install: Install, simulator: Simulator
    ) -> None:
        here = install()
        with here.running() as running:
            admin = here.administrator(running)
            person = hire(admin)
            key = person.bring("openai")
            others = [person.bring(provider) for provider in ("anthropic", "google", "azure")]
            before = admin.ask("GET", "vault")
            # Four keys, and the secret of the installation itself.
            assert before == {"primary": 1, "in_use": {"1": 5}}
            with chatting(person, "openai") as load:
                load.more(15)
                here.command("master-key", "add-version")
                load.more(5)
                done = admin.ask("POST", "vault/rewrap")
                assert done == {"to": 2, "moved": 5, "failed": 0}
                assert admin.ask("GET", "vault") == {"primary": 2, "in_use": {"2": 5}}
                load.more(15)
                self.forget_the_old_line(here)
                assert admin.ask("POST", "vault/rewrap") == {"to": 2, "moved": 0, "failed": 0}
                load.more(15)
            assert load.failures == []
            assert load.answered >= 50
        keys = masters(here.master_key.read_text())
        assert list(keys) == [2]
        for one in [key, *others]:
            (row,) = here.rows(
                "SELECT tenant, sealed, version FROM key_versions WHERE key_id = ?", one.id
            )
            binding = Binding(
                tenant=row["tenant"], provider=one.provider, key=one.id, version=row["version"]
            )
            assert open_sealed(keys, binding, row["sealed"]) == one.secret
        with here.running() as running:
            assert chat(running.address, person.token) == 200
            assert admin_of(here, running.address).ask("GET", "audit/verify")["ok"] is True

    def test_it_turns_over_offline_too(self, install: Install) -> None:
        here = install()
        with here.running() as running:
            person = hire(here.administrator(running))
            person.bring("openai")
        here.command("master-key", "add-version")
        here.command("rewrap")
        status = here.command("master-key", "status").stdout
        assert "2" in status
        self.forget_the_old_line(here)
        with here.running() as running:
            assert chat(running.address, person.token) == 200

    def test_an_old_line_that_is_still_in_use_is_missed_before_harm_is_done(
        self, install: Install
    ) -> None:
        here = install()
        with here.running() as running:
            hire(here.administrator(running)).bring("openai")
        here.command("master-key", "add-version")
        whole = here.master_key.read_text()
        self.forget_the_old_line(here)
        with pytest.raises(AssertionError, match="master key 1"):
            here.start()
        here.master_key.write_text(whole)
        with here.running():
            pass

    def forget_the_old_line(self, here: Installation) -> None:
        lines = here.master_key.read_text().splitlines(keepends=True)
        here.master_key.write_text("".join(line for line in lines if not line.startswith("1:")))


def admin_of(here: Installation, address: str) -> Api:
    (row,) = here.rows("SELECT email FROM users WHERE role = 'admin' ORDER BY created_at LIMIT 1")
    api = Api(address=address)
    api.sign_in(row["email"], PASSWORD)
    return api


STAGES = [
    (75.9, None),
    (76.1, "due_in_14_days"),
    (83.1, "due_in_7_days"),
    (89.1, "due_in_1_day"),
    (90.1, "overdue"),
]


@pytest.fixture(scope="module")
def aging(
    simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, str]]:
    """An installation with one key, and the key's id."""
    here = Installation(folder=tmp_path_factory.mktemp("aging"), simulator=simulator.address)
    with here.running() as running:
        key = here.administrator(running).add_key("openai", "mine", fresh_secret())
    yield here, key["id"]


class TestReminders:
    def test_the_owner_is_reminded_at_each_stage_once(
        self, aging: tuple[Installation, str]
    ) -> None:
        here, key = aging
        told: list[str] = []
        for days, stage in STAGES:
            with here.running(environment=later(days=days)) as running:
                api = admin_of(here, running.address)
                listed = api.ask("GET", "reminders")["data"]
                assert [(one["key"], one["stage"]) for one in listed] == (
                    [] if stage is None else [(key, stage)]
                )
                assert api.key(key)["versions"][0]["stage"] == stage
                if stage is not None:
                    told.append(stage)
                    eventually(
                        lambda: reminded(here, key), lambda now: len(now) >= len(told), "reminder"
                    )
            # Another start at the same moment tells nothing again.
            with here.running(environment=later(days=days, hours=1)) as running:
                admin_of(here, running.address)
            assert reminded(here, key) == told
        assert told == [stage for _, stage in STAGES if stage]

    def test_a_rotated_key_is_young_again(self, install: Install) -> None:
        here = install()
        with here.running() as running:
            key = here.administrator(running).add_key("openai", "mine", fresh_secret())["id"]
        with here.running(environment=later(days=95)) as running:
            api = admin_of(here, running.address)
            assert [one["stage"] for one in api.ask("GET", "reminders")["data"]] == ["overdue"]
            api.rotate_key(key, fresh_secret(), overlap_hours=0)
            assert api.ask("GET", "reminders")["data"] == []

    def test_each_tenant_has_its_own_age_and_may_have_none(self, install: Install) -> None:
        here = install()
        with here.running() as running:
            strict, lax = here.administrator(running), here.second_tenant(running)
            strict.ask("PUT", "settings", {"keys_max_age_days": 30})
            lax.ask("PUT", "settings", {"keys_max_age_days": 0})
            keys = [api.add_key("openai", "mine", fresh_secret())["id"] for api in (strict, lax)]
            assert lax.key(keys[1])["versions"][0]["due_at"] is None
            due = strict.key(keys[0])["versions"][0]
            assert due["due_at"] - due["created_at"] == 30 * 86_400_000
        with here.running(environment=later(days=24)) as running:
            api = admin_of(here, running.address)
            assert [one["stage"] for one in api.ask("GET", "reminders")["data"]] == [
                "due_in_7_days"
            ]
            eventually(
                lambda: reminded(here, keys[0]), lambda now: now == ["due_in_7_days"], "reminder"
            )
        with here.running(environment=later(days=4000)) as running:
            eventually(lambda: reminded(here, keys[0]), lambda now: len(now) == 2, "reminder")
        assert reminded(here, keys[1]) == []

    def test_a_setting_that_is_no_age_is_refused(self, world: World) -> None:
        for age in (-1, 10**9, "90", 1.5):
            answer = world.admin.call("PUT", "/api/v1/settings", {"keys_max_age_days": age})
            assert answer.status_code == 400, (age, answer.text)
            assert answer.json()["error"]["param"] == "keys_max_age_days"


def reminded(here: Installation, key: str) -> list[str]:
    """The stages that the log told of a key, in order; never with anything of the secret."""
    events = [line for line in here.log_lines() if "key_rotation_due" in json.dumps(line)]
    return [stage_of(event) for event in events if key in json.dumps(event)]


def stage_of(event: dict[str, Any]) -> str:
    fields = event.get("fields", event)
    return str(fields["stage"])
