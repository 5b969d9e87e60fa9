-- The most that may be spent with a key in a month, in nano-dollars; none when it is not set.
ALTER TABLE provider_keys ADD COLUMN monthly_limit_nanos INTEGER CHECK (monthly_limit_nanos >= 0);
