"""Facts about artifacts: declared and observed versions, digests."""
