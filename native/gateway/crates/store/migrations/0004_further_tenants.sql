-- A link of the first start is void as soon as somebody administers the installation. One that its
-- operator makes afterwards is for another tenant, and works although somebody does.
ALTER TABLE setup_links ADD COLUMN further INTEGER NOT NULL DEFAULT 0 CHECK (further IN (0, 1));
