"""The gateway beside a bare upstream, a plain proxy and its peers: what a call through it costs."""
