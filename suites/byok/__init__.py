"""Phase v7-3: people bring their own keys, and no key ever shows in plaintext."""
