-- What providers charge for apart since caches are written on purpose, where a model is deployed, and
-- which version of a key was used; one person's usage without reading everybody's.
ALTER TABLE usage_events ADD COLUMN cache_write_tokens INTEGER NOT NULL DEFAULT 0
    CHECK (cache_write_tokens >= 0);
ALTER TABLE usage_events ADD COLUMN cache_write_long_tokens INTEGER NOT NULL DEFAULT 0
    CHECK (cache_write_long_tokens >= 0);
ALTER TABLE usage_events ADD COLUMN region TEXT;
ALTER TABLE usage_events ADD COLUMN key_version INTEGER CHECK (key_version > 0);
CREATE INDEX usage_events_by_user ON usage_events (tenant, user, occurred_at);
