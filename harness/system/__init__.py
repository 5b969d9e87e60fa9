"""The host: supervised processes and observed capabilities. An adapter; knows nothing of checks."""
