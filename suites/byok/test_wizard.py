"""Check 1, the wizard flows correctly: from a first start to a chat, and every way to go astray.

What a browser will click is here what it calls. Whatever a person does wrong, or twice, leaves the
flow where it can go on, and says in plain words what to do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import openai
import pytest

from fixtures.providers.client import Simulator
from suites.byok.client import Api, RefusedError
from suites.byok.conftest import Install
from suites.byok.installation import PASSWORD, DidNotStartError
from suites.byok.people import (
    ANSWER,
    MODELS,
    PROVIDERS,
    WORDS,
    Person,
    World,
    ask,
    fresh_secret,
    refused_secret,
    tell,
)

every_provider = pytest.mark.parametrize("provider", PROVIDERS)
DAY = 86_400


def events_of(person: Person) -> list[dict[str, Any]]:
    return person.api.events()


class TestFirstStart:
    def test_a_stranger_comes_to_a_chat(self, install: Install, simulator: Simulator) -> None:
        """The whole way in one piece, on a fresh machine without a single setting of its own."""
        fresh = install()
        with fresh.running() as running:
            api = Api(address=running.address)
            assert api.ask("GET", "setup") == {"needed": True}
            session = api.set_up(
                token=fresh.setup_token(),
                tenant="Acme",
                email="ada@example.org",
                password=PASSWORD,
            )
            assert session["user"]["role"] == "admin"
            assert session["tenant"]["name"] == "Acme"
            assert {"chat", "own_keys", "people", "read_audit"} <= set(session["permissions"])
            assert Api(address=running.address).ask("GET", "setup") == {"needed": False}

            secret = fresh_secret()
            checked = api.check_key("openai", secret)
            assert checked["outcome"] == "ok"
            key = api.add_key("openai", "mine", secret)
            models = api.call("GET", "/v1/models").json()["data"]
            assert any(model["id"].endswith(MODELS["openai"]) for model in models)
            token = api.make_token("laptop", "chat")["token"]
            with openai.OpenAI(api_key=token, base_url=running.base_url, max_retries=0) as client:
                assert ask(client, "openai").choices[0].message.content == ANSWER
            (sent,) = simulator.requests(key=secret, operation="chat")
            assert sent["status"] == 200

            (used,) = api.usage("key")["data"]
            assert (used["group"], used["label"], used["requests"]) == (key["id"], "openai/mine", 1)
            assert used["cost_nano_usd"] > 0
            assert api.key(key["id"])["usage_30d"]["cost_nano_usd"] == used["cost_nano_usd"]

    def test_the_link_is_told_once_and_never_in_the_log(self, install: Install) -> None:
        fresh = install()
        with fresh.running() as running:
            token = fresh.setup_token()
            (link,) = fresh.told("setup")
            assert link["url"] == f"{running.address}/setup#{token}"
            assert token not in fresh.log.read_text()
            assert fresh.data.stat().st_mode & 0o777 == 0o700
            assert fresh.master_key.stat().st_mode & 0o777 == 0o600
            fresh.administrator(running)
        with fresh.running():
            pass
        assert len(fresh.told("listening")) == 2
        assert fresh.told("setup") == [link]

    def test_a_program_finds_the_link_in_a_file_of_its_owner(self, install: Install) -> None:
        fresh = install()
        file = fresh.folder / "link.json"
        with fresh.running(f"--setup-file={file}") as running:
            assert file.stat().st_mode & 0o777 == 0o600
            link = json.loads(file.read_text())
            assert link["url"].startswith(f"{running.address}/setup#")
            assert fresh.told("setup") == [], "told once: in the file"

    def test_a_used_link_is_refused_and_a_bad_form_does_not_use_it(self, install: Install) -> None:
        fresh = install()
        with fresh.running() as running:
            good = {
                "token": fresh.setup_token(),
                "tenant": "Acme",
                "email": "ada@example.org",
                "password": PASSWORD,
            }
            api = Api(address=running.address)
            for wrong, value in [("password", "pass-7"), ("email", "nobody-at-all")]:
                with pytest.raises(RefusedError) as refused:
                    api.ask("POST", "setup", {**good, wrong: value})
                assert (refused.value.code, refused.value.param) == ("request.invalid", wrong)
                assert value not in refused.value.message
            assert api.call("POST", "/api/v1/setup", good).status_code == 201
            with pytest.raises(RefusedError) as again:
                Api(address=running.address).set_up(**{**good, "email": "b@example.org"})
            assert (again.value.status, again.value.code) == (409, "request.conflict")
            with pytest.raises(RefusedError) as invented:
                Api(address=running.address).ask("POST", "setup", {**good, "token": "0" * 64})
            assert invented.value.code == "request.conflict"

    def test_each_start_without_an_administrator_voids_the_link_before(
        self, install: Install
    ) -> None:
        fresh = install()
        with fresh.running():
            first = fresh.setup_token()
        with fresh.running() as running:
            assert fresh.setup_token() != first
            form = {"tenant": "A", "email": "ada@example.org", "password": PASSWORD}
            with pytest.raises(RefusedError) as refused:
                Api(address=running.address).ask("POST", "setup", {**form, "token": first})
            assert refused.value.code == "request.conflict"
            fresh.administrator(running)

    def test_an_expired_link_is_refused_and_a_new_one_can_be_had(self, install: Install) -> None:
        fresh = install()
        with fresh.running() as running:
            token = fresh.setup_token()
            fresh.tamper("UPDATE setup_links SET expires_at = created_at + 1")
            form = {"tenant": "A", "email": "ada@example.org", "password": PASSWORD}
            with pytest.raises(RefusedError) as refused:
                Api(address=running.address).ask("POST", "setup", {**form, "token": token})
            assert refused.value.code == "request.conflict"
            told = fresh.command("setup-link").stdout
            new = told[told.index("#") + 1 :].split()[0].strip('",}')
            new = new.split('"')[0]
            assert token not in told
            api = Api(address=running.address)
            api.set_up(token=new, **form)
            assert api.ask("GET", "me")["user"]["role"] == "admin"

    def test_a_lost_master_key_stops_the_start_and_is_never_made_anew(
        self, install: Install
    ) -> None:
        fresh = install()
        with fresh.running() as running:
            fresh.administrator(running).add_key("openai", "mine", fresh_secret())
        kept = fresh.master_key.rename(fresh.folder / "elsewhere")
        with pytest.raises(DidNotStartError) as refused:
            fresh.start()
        assert str(fresh.master_key) in refused.value.said
        assert not fresh.master_key.exists()
        kept.rename(fresh.master_key)
        with fresh.running() as running:
            assert running.get("/readyz").status_code == 200

    def test_a_master_key_that_others_can_read_stops_the_start(self, install: Install) -> None:
        fresh = install()
        with fresh.running():
            pass
        fresh.master_key.chmod(0o644)
        with pytest.raises(DidNotStartError, match="chmod 600"):
            fresh.start()


class TestSignIn:
    def test_whatever_is_wrong_the_answer_is_the_same(self, world: World, person: Person) -> None:
        api = Api(address=world.address)
        answers = []
        for email, password in [
            (person.email, "wrong " + PASSWORD),
            (f"nobody-{uuid4().hex}@example.org", PASSWORD),
        ]:
            with pytest.raises(RefusedError) as refused:
                api.sign_in(email, password)
            answers.append((refused.value.status, refused.value.code, refused.value.message))
        assert answers[0] == answers[1]
        assert answers[0][:2] == (401, "auth.invalid")

    def test_a_reload_finds_the_session_and_its_csrf_token(self, person: Person) -> None:
        session = person.api.ask("GET", "session")
        assert session["user"]["email"] == person.email
        assert session["csrf"] == person.api.csrf

    def test_signing_out_ends_it(self, person: Person) -> None:
        person.api.sign_out()
        assert person.api.call("GET", "/api/v1/session").status_code == 401


class TestBringingAKey:
    @every_provider
    def test_a_good_key_is_checked_added_and_used(
        self, person: Person, simulator: Simulator, provider: str
    ) -> None:
        secret = fresh_secret()
        checked = person.api.check_key(provider, secret)
        assert checked["outcome"] == "ok"
        assert checked["models"]
        assert person.api.list_keys() == [], "a check keeps nothing"

        made = person.api.add_key(provider, f"mine {uuid4().hex}", secret)
        (version,) = made["versions"]
        assert (version["version"], version["state"]) == (1, "active")
        assert version["last_four"] == secret[-4:]
        assert secret not in json.dumps(made)
        with person.openai() as client:
            assert ask(client, provider).choices[0].message.content == ANSWER
        with person.anthropic() as claude:
            assert tell(claude, provider).content[0].text == ANSWER
        sent = simulator.requests(key=secret, operation="chat", keys="plain")
        sent = sent or simulator.requests(key=secret, keys="plain")
        assert {record["key"] for record in sent} == {secret}

        (used,) = person.api.usage("key")["data"]
        assert (used["group"], used["requests"], used["attempts"]) == (made["id"], 2, 2)
        (of_model,) = person.api.usage("model")["data"]
        assert of_model["cost_nano_usd"] == used["cost_nano_usd"] > 0
        assert person.api.key(made["id"])["usage_30d"]["requests"] == 2

    @every_provider
    @pytest.mark.parametrize(
        ("behaviour", "outcome"),
        [
            ("bad_key", "auth.invalid"),
            ("rate_limited", "provider.rate_limited"),
            ("overloaded", "provider.unavailable"),
            ("stall", "provider.timeout"),
        ],
    )
    def test_what_the_provider_says_of_a_key_is_told_in_plain_words(
        self,
        person: Person,
        simulator: Simulator,
        provider: str,
        behaviour: str,
        outcome: str,
    ) -> None:
        secret = fresh_secret()
        simulator.queue(behaviour, times=9, match={"key": secret})
        checked = person.api.check_key(provider, secret)
        assert checked["outcome"] == outcome
        assert len(checked["message"].split()) > 3
        assert secret not in json.dumps(checked)
        assert person.api.list_keys() == []

    @every_provider
    def test_a_mistyped_key_is_refused_by_the_provider_itself(
        self, person: Person, provider: str
    ) -> None:
        assert person.api.check_key(provider, refused_secret())["outcome"] == "auth.invalid"

    @pytest.mark.parametrize(
        ("secret", "word"),
        [("", "secret"), ("   ", "secret"), ("two words", "secret"), ("naïve-key", "secret")],
    )
    def test_what_cannot_be_a_key_is_refused_without_repeating_it(
        self, person: Person, secret: str, word: str
    ) -> None:
        with pytest.raises(RefusedError) as refused:
            person.api.add_key("openai", "mine", secret)
        assert (refused.value.code, refused.value.param) == ("request.invalid", word)
        assert not secret.strip() or secret not in refused.value.response.text

    @pytest.mark.parametrize("door", ["check", "add"])
    @pytest.mark.parametrize(
        "endpoint",
        [
            "http://mine.openai.azure.com",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/latest",
            "https://10.0.0.7",
            "https://0x7f.1",
            "https://mine.openai.azure.com.evil.example",
            "https://user:word@mine.openai.azure.com",
            "https://mine.openai.azure.com?x=1",
            "not a url",
        ],
    )
    def test_an_endpoint_outside_the_rule_is_refused_before_a_byte_is_sent(
        self, person: Person, endpoint: str, door: str
    ) -> None:
        place = {"endpoint": endpoint}
        with pytest.raises(RefusedError) as refused:
            if door == "check":
                person.api.check_key("azure", fresh_secret(), place)
            else:
                person.api.add_key("azure", "mine", fresh_secret(), place)
        assert (refused.value.code, refused.value.param) == ("request.invalid", "endpoint")
        assert person.api.list_keys() == []

    def test_an_unknown_provider_is_refused(self, person: Person) -> None:
        with pytest.raises(RefusedError) as refused:
            person.api.add_key("acme", "mine", fresh_secret())
        assert (refused.value.code, refused.value.param) == ("request.invalid", "provider")

    def test_the_list_of_providers_is_what_the_wizard_offers(self, person: Person) -> None:
        listed = {one["name"]: one for one in person.api.ask("GET", "providers")["data"]}
        assert set(listed) == set(PROVIDERS)
        for provider, one in listed.items():
            assert one["title"]
            assert MODELS[provider].rpartition("/")[2] in " ".join(one["models"])


class TestGoingBack:
    def test_the_same_secret_twice_is_one_key(self, person: Person) -> None:
        key = person.bring("openai")
        for name in (key.name, f"another {uuid4().hex}"):
            with pytest.raises(RefusedError) as refused:
                person.api.add_key("openai", name, key.secret)
            assert (refused.value.status, refused.value.code) == (409, "request.conflict")
        assert [one["id"] for one in person.api.list_keys()] == [key.id]

    def test_a_name_that_is_taken_is_told_and_the_key_can_still_be_added(
        self, person: Person
    ) -> None:
        key, secret = person.bring("openai"), fresh_secret()
        with pytest.raises(RefusedError) as refused:
            person.api.add_key("openai", key.name, secret)
        assert (refused.value.status, refused.value.param) == (409, "name")
        person.api.add_key("openai", f"{key.name} too", secret)
        assert len(person.api.list_keys()) == 2

    def test_reading_again_shows_the_same(self, person: Person) -> None:
        made = person.api.add_key("google", f"mine {uuid4().hex}", fresh_secret())
        assert person.api.key(made["id"]) == made
        assert person.api.list_keys() == [made]

    def test_a_removed_key_is_gone_and_its_secret_may_come_back(self, person: Person) -> None:
        key = person.bring("openai")
        person.api.remove_key(key.id)
        with pytest.raises(RefusedError) as refused:
            person.api.key(key.id)
        assert refused.value.status == 404
        assert person.api.add_key("openai", "again", key.secret)["id"] != key.id

    def test_renaming_and_testing_change_nothing_else(self, person: Person) -> None:
        key = person.bring("openai")
        renamed = person.api.rename_key(key.id, "other")
        assert renamed["name"] == "other"
        assert person.api.test_key(key.id)["outcome"] == "ok"
        shown = person.api.key(key.id)
        assert (shown["name"], shown["test_outcome"]) == ("other", "ok")
        assert shown["tested_at"] > 0
        assert shown["versions"] == renamed["versions"]


class TestWithoutAKey:
    @every_provider
    def test_the_answer_says_where_to_add_one(
        self, person: Person, simulator: Simulator, provider: str
    ) -> None:
        words = f"nothing of this is sent: {uuid4().hex}"
        with person.openai() as client, pytest.raises(openai.AuthenticationError) as refused:
            ask(client, provider, words)
        body: Any = refused.value.body
        assert body["code"] == "byok.missing_key"
        assert "/api/v1/keys" in body["message"] or "key" in body["message"]
        assert simulator.requests(contains=words) == []

    def test_a_providers_key_is_no_way_in(self, world: World, simulator: Simulator) -> None:
        secret = fresh_secret()
        api = Api(address=world.address, token=secret)
        body = {"model": MODELS["openai"], "messages": [{"role": "user", "content": WORDS}]}
        answer = api.call("POST", "/v1/chat/completions", body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "auth.invalid")
        assert "token" in answer.json()["error"]["message"]
        assert simulator.requests(key=secret) == []

    def test_a_revoked_key_serves_nothing(self, person: Person, simulator: Simulator) -> None:
        key = person.bring("openai")
        person.api.revoke_key(key.id)
        with person.openai() as client, pytest.raises(openai.AuthenticationError) as refused:
            ask(client, "openai")
        body: Any = refused.value.body
        assert body["code"] == "byok.missing_key"
        assert simulator.requests(**key.match, operation="chat") == []


class TestOff:
    def test_pass_through_keeps_nothing_and_has_no_accounts(
        self, install: Install, simulator: Simulator, tmp_path: Path
    ) -> None:
        stateless = install(settings='\n[accounts]\nmode = "off"\n')
        secret = fresh_secret()
        with (
            stateless.running() as running,
            openai.OpenAI(api_key=secret, base_url=running.base_url, max_retries=0) as client,
        ):
            assert ask(client, "openai").choices[0].message.content == ANSWER
            assert running.get("/api/v1/setup").status_code == 404
        assert not stateless.data.exists()
        assert not stateless.master_key.exists()
        assert len(simulator.requests(key=secret)) == 1
