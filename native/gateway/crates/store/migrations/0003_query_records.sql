-- One request with one attempt, which is what most are, in one statement: its attempt, its audit row
-- and the new end of the chain. The end that the row was chained to must be the one that is there.
CREATE VIEW query_records AS
SELECT u.tenant, u.request_id, u.attempt, u.user, u.key_id, u.key_version, u.provider, u.model,
       u.region, u.input_tokens, u.cached_tokens, u.cache_write_tokens, u.cache_write_long_tokens,
       u.output_tokens, u.reasoning_tokens, u.cost_nanos, u.price_digest, u.estimated, u.latency_ms,
       u.first_token_ms, u.outcome, u.credential_source, u.occurred_at,
       a.seq, a.occurred_at AS audited_at, a.model AS audited_model, a.tokens AS audited_tokens,
       a.cost_nanos AS audited_cost_nanos, a.digest, h.digest AS previous, h.seal AS previous_seal,
       h.seal
FROM usage_events u
JOIN audit_rows a ON a.tenant = u.tenant AND a.request_id = u.request_id AND a.kind = 'query'
JOIN audit_heads h ON h.tenant = u.tenant;

CREATE TRIGGER query_records_insert INSTEAD OF INSERT ON query_records
BEGIN
    SELECT RAISE(ABORT, 'audit rows are only added at the end')
    WHERE NOT EXISTS (SELECT 1 FROM audit_heads
                      WHERE tenant = NEW.tenant AND seq = NEW.seq - 1
                        AND digest = NEW.previous AND seal = NEW.previous_seal);
    INSERT INTO usage_events
        (tenant, request_id, attempt, user, key_id, key_version, provider, model, region,
         input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens, output_tokens,
         reasoning_tokens, cost_nanos, price_digest, estimated, latency_ms, first_token_ms, outcome,
         credential_source, occurred_at)
    VALUES (NEW.tenant, NEW.request_id, NEW.attempt, NEW.user, NEW.key_id, NEW.key_version,
            NEW.provider, NEW.model, NEW.region, NEW.input_tokens, NEW.cached_tokens,
            NEW.cache_write_tokens, NEW.cache_write_long_tokens, NEW.output_tokens,
            NEW.reasoning_tokens, NEW.cost_nanos, NEW.price_digest, NEW.estimated, NEW.latency_ms,
            NEW.first_token_ms, NEW.outcome, NEW.credential_source, NEW.occurred_at)
    ON CONFLICT (tenant, request_id, attempt) DO NOTHING;
    INSERT INTO audit_rows
        (tenant, seq, kind, occurred_at, request_id, user, model, tokens, cost_nanos, digest)
    VALUES (NEW.tenant, NEW.seq, 'query', NEW.audited_at, NEW.request_id, NEW.user,
            NEW.audited_model, NEW.audited_tokens, NEW.audited_cost_nanos, NEW.digest);
    UPDATE audit_heads SET seq = NEW.seq, digest = NEW.digest, seal = NEW.seal
    WHERE tenant = NEW.tenant;
END;
