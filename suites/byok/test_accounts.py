"""Accounts and tenants: who may do what, through which door, and for how long."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import pytest

from suites.byok.client import COOKIE, Api, RefusedError
from suites.byok.conftest import Install
from suites.byok.faketime import later
from suites.byok.installation import PASSWORD
from suites.byok.people import MODELS, Person, World, fresh_secret, hire
from suites.byok.waiting import eventually

CHAT = {"model": MODELS["openai"], "messages": [{"role": "user", "content": "hi"}]}
NO_ID = "0192f0c1-0000-7000-8000-000000000009"

# What each role may do. A call that is allowed may still fail for another reason.
USER, ADMIN, AUDITOR = "user", "admin", "auditor"
TABLE: list[tuple[str, str, Any, set[str]]] = [
    ("GET", "/api/v1/me", None, {USER, ADMIN, AUDITOR}),
    ("GET", "/api/v1/session", None, {USER, ADMIN, AUDITOR}),
    ("GET", "/api/v1/tokens", None, {USER, ADMIN, AUDITOR}),
    ("GET", "/api/v1/keys", None, {USER, ADMIN}),
    ("POST", "/api/v1/keys", {"provider": "openai", "name": "n", "secret": ""}, {USER, ADMIN}),
    ("POST", "/api/v1/keys/check", {"provider": "openai", "secret": ""}, {USER, ADMIN}),
    ("GET", f"/api/v1/keys/{NO_ID}", None, {USER, ADMIN}),
    ("PATCH", f"/api/v1/keys/{NO_ID}", {"name": "n"}, {USER, ADMIN}),
    ("DELETE", f"/api/v1/keys/{NO_ID}", None, {USER, ADMIN}),
    ("POST", f"/api/v1/keys/{NO_ID}/test", None, {USER, ADMIN}),
    (
        "POST",
        f"/api/v1/keys/{NO_ID}/rotate",
        {"secret": "sk-sim-012345", "overlap_hours": 0},
        {USER, ADMIN},
    ),
    ("POST", f"/api/v1/keys/{NO_ID}/revoke", {}, {USER, ADMIN}),
    ("GET", "/api/v1/usage", None, {USER, ADMIN, AUDITOR}),
    ("GET", "/api/v1/usage/events", None, {USER, ADMIN, AUDITOR}),
    ("GET", "/api/v1/audit", None, {ADMIN, AUDITOR}),
    ("GET", "/api/v1/audit/verify", None, {ADMIN, AUDITOR}),
    ("GET", "/api/v1/people", None, {ADMIN}),
    ("POST", "/api/v1/people", {"email": "x", "password": "x", "role": "user"}, {ADMIN}),
    ("PATCH", f"/api/v1/people/{NO_ID}", {"disabled": True}, {ADMIN}),
    ("PUT", "/api/v1/settings", {}, {ADMIN}),
    ("GET", "/api/v1/vault", None, {ADMIN}),
    ("POST", "/api/v1/vault/rewrap", None, {ADMIN}),
    ("POST", "/v1/chat/completions", CHAT, {USER, ADMIN}),
    ("POST", "/v1/messages", {**CHAT, "max_tokens": 9}, {USER, ADMIN}),
]
ROUTES = [f"{method} {path}" for method, path, _, _ in TABLE]

# The scope that each route needs of a token, in an administrator's hand.
SCOPES = {
    "GET /api/v1/keys": "keys",
    "GET /api/v1/usage": "usage",
    "GET /api/v1/usage/events": "usage",
    "GET /api/v1/audit": "audit",
    "GET /api/v1/people": "admin",
    "GET /api/v1/vault": "admin",
    "POST /v1/chat/completions": "chat",
}


@pytest.fixture(scope="module")
def cast(world: World) -> dict[str, Person]:
    """One person of each role."""
    return {role: world.hire(role) for role in (USER, ADMIN, AUDITOR)}


class TestRoles:
    @pytest.mark.parametrize("role", [USER, ADMIN, AUDITOR])
    @pytest.mark.parametrize(("method", "path", "body", "allowed"), TABLE, ids=ROUTES)
    def test_the_table_of_roles_and_routes(
        self,
        cast: dict[str, Person],
        role: str,
        method: str,
        path: str,
        body: Any,
        allowed: set[str],
    ) -> None:
        answer = cast[role].api.call(method, path, body)
        # Whoever may not is told so, or that there is no such thing, which here is true as well.
        codes = {"auth.forbidden", "request.not_found"} if NO_ID in path else {"auth.forbidden"}
        refused = not answer.is_success and answer.json()["error"]["code"] in codes
        if role not in allowed:
            assert refused, (role, answer.status_code, answer.text)
        else:
            # Without a provider key a chat ends there, and no sooner.
            let_in = answer.status_code not in {401, 403} or "byok.missing_key" in answer.text
            assert let_in, (role, answer.text)
            assert answer.status_code < 500

    @pytest.mark.parametrize(("method", "path", "body", "allowed"), TABLE, ids=ROUTES)
    def test_nobody_gets_in_without_saying_who_they_are(
        self, world: World, method: str, path: str, body: Any, allowed: set[str]
    ) -> None:
        for nobody in (
            Api(address=world.address),
            Api(address=world.address, token="cvg_" + "0" * 32 + "_" + "0" * 64),
            Api(address=world.address, token=fresh_secret()),
        ):
            answer = nobody.call(method, path, body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "auth.invalid")

    def test_a_user_sees_own_keys_and_usage_alone(self, world: World, person: Person) -> None:
        neighbour = world.hire()
        key = neighbour.bring("openai")
        assert key.id not in {one["id"] for one in person.api.list_keys()}
        assert person.api.call("GET", f"/api/v1/keys/{key.id}").status_code == 404
        assert person.api.call("DELETE", f"/api/v1/keys/{key.id}").status_code == 404
        assert key.id in {one["id"] for one in world.admin.list_keys()}
        world.admin.revoke_key(key.id)
        assert neighbour.api.key(key.id)["versions"][0]["state"] == "revoked"

    def test_the_last_administrator_cannot_lock_everybody_out(self, install: Install) -> None:
        here = install()
        with here.running() as running:
            admin = here.administrator(running)
            me = admin.ask("GET", "me")["user"]["id"]
            for change in ({"role": "user"}, {"disabled": True}):
                with pytest.raises(RefusedError) as refused:
                    admin.ask("PATCH", f"people/{me}", change)
                assert refused.value.status in {400, 409}

    def test_a_new_role_holds_at_once_and_so_does_being_disabled(
        self, world: World, person: Person
    ) -> None:
        program = person.program()
        person.bring("openai")
        assert program.call("POST", "/v1/chat/completions", CHAT).status_code == 200
        world.admin.ask("PATCH", f"people/{person.user}", {"role": "auditor"})
        assert program.call("POST", "/v1/chat/completions", CHAT).status_code == 403
        world.admin.ask("PATCH", f"people/{person.user}", {"disabled": True})
        assert program.call("POST", "/v1/chat/completions", CHAT).status_code == 401
        assert person.api.call("GET", "/api/v1/me").status_code == 401
        with pytest.raises(RefusedError) as refused:
            Api(address=world.address).sign_in(person.email, PASSWORD)
        assert refused.value.code == "auth.invalid"


class TestSessions:
    def test_the_cookie_is_out_of_scripts_reach_and_of_other_sites(
        self, world: World, person: Person
    ) -> None:
        body = {"email": person.email, "password": PASSWORD}
        answer = Api(address=world.address).call("POST", "/api/v1/session", body)
        cookie = answer.headers["set-cookie"]
        parts = {part.strip().lower() for part in cookie.split(";")}
        assert cookie.startswith(f"{COOKIE}=")
        assert {"httponly", "samesite=strict", "path=/"} <= parts
        assert answer.headers["cache-control"] == "no-store"

    def test_behind_tls_the_cookie_is_bound_to_the_host(self, install: Install) -> None:
        here = install(settings="\n[server]\nsecure_cookies = true\n")
        with here.running() as running:
            form = {"tenant": "A", "email": "a@example.org", "password": PASSWORD}
            body = {**form, "token": here.setup_token()}
            answer = Api(address=running.address).call("POST", "/api/v1/setup", body)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"__Host-{COOKIE}=")
        assert "secure" in {part.strip().lower() for part in cookie.split(";")}

    @pytest.mark.parametrize(
        "headers",
        [
            {"x-csrf-token": ""},
            {"x-csrf-token": "0" * 64},
            {"sec-fetch-site": "cross-site"},
            {"origin": "https://evil.example"},
            {"origin": "null"},
        ],
        ids=["no token", "another token", "cross-site", "another origin", "no origin"],
    )
    def test_another_sites_page_can_do_nothing(
        self, person: Person, headers: dict[str, str]
    ) -> None:
        body = {"name": "stolen", "scopes": ["chat"]}
        answer = person.api.call("POST", "/api/v1/tokens", body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "auth.forbidden")
        names = {token["name"] for token in person.api.ask("GET", "tokens")["data"]}
        assert "stolen" not in names

    def test_another_sessions_csrf_token_is_not_this_ones(
        self, world: World, person: Person
    ) -> None:
        other = Api(address=world.address)
        other.sign_in(person.email, PASSWORD)
        assert other.csrf != person.api.csrf
        answer = person.api.call(
            "PUT",
            "/api/v1/me/password",
            {"old": PASSWORD, "new": PASSWORD + "!"},
            headers={"x-csrf-token": other.csrf or ""},
        )
        assert answer.status_code == 403

    def test_a_session_chats_too_with_its_csrf_token(self, person: Person) -> None:
        person.bring("openai")
        assert person.api.call("POST", "/v1/chat/completions", CHAT).status_code == 200
        wrong = {"x-csrf-token": "0" * 64}
        assert person.api.call("POST", "/v1/chat/completions", CHAT, headers=wrong).status_code == (
            403
        )

    def test_a_new_password_ends_all_sessions(self, world: World, person: Person) -> None:
        other = Api(address=world.address)
        other.sign_in(person.email, PASSWORD)
        new = PASSWORD + " anew"
        for old, wanted in [("wrong " + PASSWORD, new), (PASSWORD, "short")]:
            with pytest.raises(RefusedError):
                person.api.ask("PUT", "me/password", {"old": old, "new": wanted})
        person.api.ask("PUT", "me/password", {"old": PASSWORD, "new": new})
        for api in (other, person.api):
            assert api.call("GET", "/api/v1/session").status_code == 401
        with pytest.raises(RefusedError):
            other.sign_in(person.email, PASSWORD)
        other.sign_in(person.email, new)

    def test_a_session_ends_by_itself(self, install: Install) -> None:
        here = install()
        with here.running() as running:
            api = here.administrator(running)
            expires = api.ask("GET", "session")["expires_at"]
            ((name, value),) = [(one.name, str(one.value)) for one in api.http.cookies.jar]
        hours = (expires / 1000 - time.time()) / 3600
        assert 0 < hours <= 24 * 31
        for passed, status in [(hours - 0.5, 200), (hours + 0.5, 401)]:
            with here.running(environment=later(hours=passed)) as running:
                again = Api(address=running.address)
                headers = {"cookie": f"{name}={value}"}
                answer = again.call("GET", "/api/v1/session", headers=headers)
                assert answer.status_code == status, answer.text


class TestTokens:
    @pytest.mark.parametrize("route", SCOPES)
    def test_a_token_is_good_for_its_scopes_alone(
        self, cast: dict[str, Person], route: str
    ) -> None:
        method, path = route.split()
        body = CHAT if path.startswith("/v1") else None
        right = SCOPES[route]
        others = tuple(set(SCOPES.values()) - {right})
        allowed = cast[ADMIN].api.with_token(right).call(method, path, body)
        assert allowed.status_code == 200 or "missing_key" in allowed.text
        refused = cast[ADMIN].api.with_token(*others).call(method, path, body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "auth.forbidden")

    def test_it_is_shown_once_and_stored_as_nothing_that_opens(
        self, world: World, person: Person
    ) -> None:
        made = person.api.make_token("once", "chat")
        assert made["token"].startswith("cvg_")
        listed = {token["id"]: token for token in person.api.ask("GET", "tokens")["data"]}
        assert "token" not in listed[made["id"]]
        rows = world.installation.rows("SELECT * FROM tokens WHERE id = ?", made["id"])
        secret = made["token"].rpartition("_")[2]
        assert all(secret not in str(bytes(row["secret_hash"]).hex()) for row in rows)
        assert secret not in str([tuple(row) for row in rows])

    def test_a_token_makes_no_token(self, person: Person) -> None:
        with pytest.raises(RefusedError) as refused:
            person.program().make_token("child", "chat")
        assert (refused.value.status, refused.value.code) == (403, "auth.forbidden")

    @pytest.mark.parametrize("scopes", [["root"], [], ["admin"], ["audit"]])
    def test_scopes_that_are_unknown_or_beyond_the_role_are_refused(
        self, person: Person, scopes: list[str]
    ) -> None:
        answer = person.api.call("POST", "/api/v1/tokens", {"name": "n", "scopes": scopes})
        assert answer.status_code in {400, 403}, answer.text

    def test_a_revoked_token_is_dead_at_once(self, person: Person) -> None:
        made = person.api.make_token("short-lived", "usage")
        program = Api(address=person.address, token=made["token"])
        assert program.call("GET", "/api/v1/usage").status_code == 200
        person.api.ask("DELETE", f"tokens/{made['id']}")
        assert program.call("GET", "/api/v1/usage").status_code == 401

    def test_an_expired_token_is_dead_too(self, install: Install) -> None:
        here = install()
        with here.running() as running:
            person = hire(here.administrator(running))
            soon = time.time_ns() // 1_000_000 + 3_600_000
            token = person.api.make_token("an hour", "usage", expires_at=soon)["token"]
            with pytest.raises(RefusedError) as refused:
                person.api.make_token("gone already", "usage", expires_at=1)
            assert refused.value.param == "expires_at"
        for hours, status in [(0.5, 200), (1.5, 401)]:
            with here.running(environment=later(hours=hours)) as running:
                api = Api(address=running.address, token=token)
                assert api.call("GET", "/api/v1/usage").status_code == status

    def test_use_is_noted(self, person: Person) -> None:
        made = person.api.make_token("used", "usage")
        Api(address=person.address, token=made["token"]).ask("GET", "usage")

        def last_use() -> Any:
            (token,) = (
                one for one in person.api.ask("GET", "tokens")["data"] if one["id"] == made["id"]
            )
            return token["last_used_at"]

        # Noted aside: nobody's answer waits for it.
        assert eventually(last_use, bool, "the use of a token") >= made["created_at"]


class TestSlowingDown:
    def test_guessing_is_slowed_down_and_only_for_that_name(
        self, world: World, person: Person
    ) -> None:
        api = Api(address=world.address)
        guess = {"email": person.email, "password": "wrong " + PASSWORD}
        answers = [api.call("POST", "/api/v1/session", guess) for _ in range(7)]
        assert [answer.status_code for answer in answers[:5]] == [401] * 5
        limited = answers[-1]
        assert (limited.status_code, limited.json()["error"]["code"]) == (429, "rate.limited")
        assert int(limited.headers["retry-after"]) >= 1
        right = {"email": person.email, "password": PASSWORD}
        assert api.call("POST", "/api/v1/session", right).status_code == 429
        world.hire()

    def test_requests_beyond_the_limit_wait_and_the_answer_says_how_long(
        self, install: Install
    ) -> None:
        here = install()
        with here.running() as running:
            admin = here.administrator(running)
            person, other = hire(admin), hire(admin)
            person.bring("openai")
            other.bring("openai")
            admin.ask("PUT", "settings", {"requests_per_minute": 5})
            program = person.program()
            answers = [program.call("POST", "/v1/chat/completions", CHAT) for _ in range(7)]
            assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
            assert [a.headers["x-ratelimit-remaining-requests"] for a in answers[:5]] == list(
                "43210"
            )
            limited = answers[-1]
            assert limited.json()["error"]["code"] == "rate.limited"
            assert limited.headers["x-ratelimit-limit-requests"] == "5"
            assert 1 <= int(limited.headers["retry-after"]) <= 60
            assert other.program().call("POST", "/v1/chat/completions", CHAT).status_code == 200
            assert len(person.api.events()) == 5, "what was not admitted is not metered"


class TestRequestIds:
    def test_an_id_that_comes_twice_does_not_merge_two_requests(self, person: Person) -> None:
        person.bring("openai")
        mine = str(uuid4())
        program = person.program()
        for _ in range(2):
            answer = program.call(
                "POST", "/v1/chat/completions", CHAT, headers={"x-request-id": mine}
            )
            assert answer.headers["x-request-id"] == mine
        events = person.api.events()
        assert len(events) == len({event["request_id"] for event in events}) == 2
        assert mine not in {event["request_id"] for event in events}
