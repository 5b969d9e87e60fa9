-- The first schema. Migrations are forward-only: this file never changes once it was released.
--
-- Conventions: STRICT tables; ids are UUIDv7 text; times are integer milliseconds since 1970 UTC,
-- given by the caller; money is integer nano-dollars. Every table of a tenant starts its key with
-- the tenant, and references carry the tenant too, so that a row can never point across tenants.

CREATE TABLE tenants (
    id         TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    name       TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    tenant        TEXT    NOT NULL REFERENCES tenants (id),
    id            TEXT    NOT NULL CHECK (length(id) = 36),
    -- Unique over all tenants: it is what a person types before the tenant is known.
    email         TEXT    NOT NULL COLLATE NOCASE CHECK (length(email) BETWEEN 3 AND 254),
    role          TEXT    NOT NULL CHECK (role IN ('user', 'admin', 'auditor')),
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    disabled_at   INTEGER,
    PRIMARY KEY (tenant, id),
    CONSTRAINT users_email UNIQUE (email)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    tenant       TEXT    NOT NULL,
    token_hash   BLOB    NOT NULL CHECK (length(token_hash) = 32),
    user         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL CHECK (expires_at > created_at),
    ip           TEXT    NOT NULL,
    device       TEXT    NOT NULL,
    PRIMARY KEY (token_hash),
    FOREIGN KEY (tenant, user) REFERENCES users (tenant, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (tenant, user);

CREATE TABLE tokens (
    tenant       TEXT    NOT NULL,
    id           TEXT    NOT NULL CHECK (length(id) = 36),
    user         TEXT    NOT NULL,
    name         TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    secret_hash  BLOB    NOT NULL CHECK (length(secret_hash) = 32),
    scopes       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER,
    PRIMARY KEY (tenant, id),
    CONSTRAINT tokens_id UNIQUE (id),
    FOREIGN KEY (tenant, user) REFERENCES users (tenant, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_user ON tokens (tenant, user);

-- One-time links that let the first administrator in. Of the installation, not of a tenant.
CREATE TABLE setup_links (
    token_hash BLOB    NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL CHECK (expires_at > created_at),
    used_at    INTEGER
) STRICT, WITHOUT ROWID;

-- Secrets of the installation itself, sealed as provider keys are (see the vault crate).
CREATE TABLE installation_secrets (
    name        TEXT    NOT NULL PRIMARY KEY,
    sealed      BLOB    NOT NULL,
    kek_version INTEGER NOT NULL CHECK (kek_version > 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE provider_keys (
    tenant       TEXT    NOT NULL REFERENCES tenants (id),
    id           TEXT    NOT NULL CHECK (length(id) = 36),
    user         TEXT    NOT NULL,
    provider     TEXT    NOT NULL CHECK (length(provider) BETWEEN 1 AND 40),
    name         TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- Where the provider is, for those who give each customer an address; JSON, never a secret.
    endpoint     TEXT,
    version      INTEGER NOT NULL CHECK (version > 0),
    created_at   INTEGER NOT NULL,
    tested_at    INTEGER,
    test_outcome TEXT,
    PRIMARY KEY (tenant, id),
    CONSTRAINT provider_keys_name UNIQUE (tenant, provider, name),
    FOREIGN KEY (tenant, user) REFERENCES users (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE key_versions (
    tenant        TEXT    NOT NULL,
    key_id        TEXT    NOT NULL,
    version       INTEGER NOT NULL CHECK (version > 0),
    state         TEXT    NOT NULL CHECK (state IN ('active', 'overlapping', 'revoked')),
    -- Gone once revoked: what cannot be opened cannot leak.
    sealed        BLOB,
    kek_version   INTEGER CHECK (kek_version > 0),
    fingerprint   TEXT    NOT NULL CHECK (length(fingerprint) = 16),
    last_four     TEXT    NOT NULL CHECK (length(last_four) <= 4),
    created_at    INTEGER NOT NULL,
    overlap_until INTEGER,
    revoked_at    INTEGER,
    reminded      TEXT,
    PRIMARY KEY (tenant, key_id, version),
    FOREIGN KEY (tenant, key_id) REFERENCES provider_keys (tenant, id) ON DELETE CASCADE,
    CONSTRAINT key_versions_sealed CHECK ((state = 'revoked') = (sealed IS NULL)),
    CONSTRAINT key_versions_kek CHECK ((sealed IS NULL) = (kek_version IS NULL)),
    CONSTRAINT key_versions_revoked CHECK ((state = 'revoked') = (revoked_at IS NOT NULL)),
    CONSTRAINT key_versions_overlap CHECK (state <> 'overlapping' OR overlap_until IS NOT NULL)
) STRICT, WITHOUT ROWID;
-- At most one version of a key is the one that is used.
CREATE UNIQUE INDEX key_versions_active ON key_versions (tenant, key_id) WHERE state = 'active';
CREATE UNIQUE INDEX key_versions_known ON key_versions (tenant, fingerprint)
    WHERE state <> 'revoked';
CREATE INDEX key_versions_by_kek ON key_versions (kek_version) WHERE kek_version IS NOT NULL;

-- One row per attempt at a provider. No reference to keys: what was used stays known after removal.
CREATE TABLE usage_events (
    tenant            TEXT    NOT NULL REFERENCES tenants (id),
    request_id        TEXT    NOT NULL,
    attempt           INTEGER NOT NULL CHECK (attempt > 0),
    user              TEXT    NOT NULL,
    key_id            TEXT,
    provider          TEXT    NOT NULL,
    model             TEXT    NOT NULL,
    input_tokens      INTEGER NOT NULL CHECK (input_tokens >= 0),
    cached_tokens     INTEGER NOT NULL CHECK (cached_tokens >= 0),
    output_tokens     INTEGER NOT NULL CHECK (output_tokens >= 0),
    reasoning_tokens  INTEGER NOT NULL CHECK (reasoning_tokens >= 0),
    cost_nanos        INTEGER NOT NULL CHECK (cost_nanos >= 0),
    price_digest      TEXT    NOT NULL,
    estimated         INTEGER NOT NULL CHECK (estimated IN (0, 1)),
    latency_ms        INTEGER NOT NULL CHECK (latency_ms >= 0),
    first_token_ms    INTEGER CHECK (first_token_ms >= 0),
    outcome           TEXT    NOT NULL,
    credential_source TEXT    NOT NULL CHECK (credential_source IN ('user', 'house', 'none')),
    occurred_at       INTEGER NOT NULL,
    PRIMARY KEY (tenant, request_id, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_events_by_time ON usage_events (tenant, occurred_at);
CREATE INDEX usage_events_by_key ON usage_events (tenant, key_id, occurred_at);

CREATE TABLE settings (
    tenant     TEXT    NOT NULL REFERENCES tenants (id),
    name       TEXT    NOT NULL,
    value      TEXT    NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- The audit log: one chain per tenant. What the columns mean and how the digest is made is in the
-- audit crate; the triggers make sure that rows are only ever added at the end.
CREATE TABLE audit_rows (
    tenant      TEXT    NOT NULL REFERENCES tenants (id),
    seq         INTEGER NOT NULL CHECK (seq > 0),
    kind        TEXT    NOT NULL CHECK (kind IN ('query', 'login', 'admin_action', 'key_change')),
    occurred_at INTEGER NOT NULL,
    request_id  TEXT    NOT NULL,
    user        TEXT    NOT NULL,
    model       TEXT,
    tokens      INTEGER,
    cost_nanos  INTEGER,
    ip          TEXT,
    device      TEXT,
    success     INTEGER CHECK (success IN (0, 1)),
    action      TEXT,
    target      TEXT,
    digest      BLOB    NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (tenant, seq),
    CONSTRAINT audit_rows_fields CHECK (
        (model IS NOT NULL AND tokens IS NOT NULL AND cost_nanos IS NOT NULL) = (kind = 'query')
        AND (ip IS NOT NULL AND device IS NOT NULL AND success IS NOT NULL) = (kind = 'login')
        AND (action IS NOT NULL) = (kind IN ('admin_action', 'key_change'))
        AND (target IS NOT NULL) = (kind = 'admin_action')
    )
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_rows_by_time ON audit_rows (tenant, occurred_at);

-- Where each chain ends, so that rows cut off the end are missed. The seal binds it to a key that
-- is not in this file.
CREATE TABLE audit_heads (
    tenant TEXT    NOT NULL PRIMARY KEY REFERENCES tenants (id),
    seq    INTEGER NOT NULL CHECK (seq > 0),
    digest BLOB    NOT NULL CHECK (length(digest) = 32),
    seal   BLOB    NOT NULL CHECK (length(seal) = 32)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_rows_never_change BEFORE UPDATE ON audit_rows
BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
CREATE TRIGGER audit_rows_never_go BEFORE DELETE ON audit_rows
BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END;
-- INSERT OR REPLACE deletes without firing the trigger above: only the next number is let in.
CREATE TRIGGER audit_rows_only_at_the_end BEFORE INSERT ON audit_rows
WHEN NEW.seq <> 1 + coalesce((SELECT max(seq) FROM audit_rows WHERE tenant = NEW.tenant), 0)
BEGIN SELECT RAISE(ABORT, 'audit rows are only added at the end'); END;
CREATE TRIGGER audit_heads_only_forward BEFORE UPDATE ON audit_heads
WHEN NEW.tenant <> OLD.tenant OR NEW.seq <= OLD.seq
BEGIN SELECT RAISE(ABORT, 'the head of an audit chain only moves forward'); END;
CREATE TRIGGER audit_heads_never_go BEFORE DELETE ON audit_heads
BEGIN SELECT RAISE(ABORT, 'the head of an audit chain is never deleted'); END;
CREATE TRIGGER audit_heads_never_restart BEFORE INSERT ON audit_heads
WHEN EXISTS (SELECT 1 FROM audit_heads WHERE tenant = NEW.tenant AND seq >= NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the head of an audit chain only moves forward'); END;
