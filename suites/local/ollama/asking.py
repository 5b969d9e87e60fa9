"""What Ollama's official clients are asked, in this order, each of a double of its own."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from fixtures.ollama.clients.client import Question

LLAMA, QWEN, GEMMA, NOMIC = "llama3.2:1b", "qwen3:0.6b", "gemma3:4b", "nomic-embed-text"
WORDS = "naïve 日本語 🎈"
SAID = f"Simulated answer to: {WORDS}"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
ASKED = [{"role": "user", "content": WORDS}]


def _chat(
    name: str, model: str = LLAMA, *, stream: bool = False, take: int = 0, **more: Any
) -> Any:
    given: Mapping[str, Any] = {"model": model, "messages": ASKED, **more}
    return Question(name, "chat", given, stream=stream, take=take)


def _generate(name: str, prompt: str, *, stream: bool = False, **more: Any) -> Question:
    return Question(name, "generate", {"model": LLAMA, "prompt": prompt, **more}, stream=stream)


FAULTS = (
    "stream_error",
    "truncated",
    "no_terminator",
    "dropped",
    "reset",
    "server_error",
    "overloaded",
    "out_of_memory",
    "not_json",
)

QUESTIONS = (
    Question("list", "list"),
    Question("ps-empty", "ps"),
    # Words.
    _chat("chat"),
    _chat("chat-stream", stream=True),
    _chat("fragments", f"{LLAMA}~ok;fragment=3", stream=True),
    _chat("tool", tools=TOOLS),
    _chat("tool-stream", tools=TOOLS, stream=True),
    _chat("tool-result", tools=TOOLS, messages=[*ASKED, {"role": "tool", "content": "sunny"}]),
    _chat("json", format="json"),
    _chat("schema", format=SCHEMA),
    _chat("thinking", QWEN),
    _chat("thinking-stream", QWEN, stream=True),
    _chat("thinking-off", QWEN, think=False),
    _chat("image", GEMMA, messages=[{"role": "user", "content": WORDS, "images": [PIXEL]}]),
    _chat("cut", options={"num_predict": 2}),
    _chat("stopped", options={"stop": ["answer"]}),
    _chat("left", f"{LLAMA}~ok;drip_ms=50", stream=True, take=2),
    _generate("generate", WORDS),
    _generate("generate-stream", WORDS, stream=True),
    # Loading and unloading.
    Question("ps", "ps"),
    Question("unload", "chat", {"model": LLAMA, "messages": [], "keep_alive": 0}),
    Question("ps-unloaded", "ps"),
    Question("load", "chat", {"model": LLAMA, "messages": [], "keep_alive": -1}),
    Question("ps-for-ever", "ps"),
    _chat("at-hand"),
    _chat("evicted", f"{LLAMA}~evicted"),
    _chat("other-context", options={"num_ctx": 1024}),
    # Models.
    Question("show", "show", {"model": QWEN}),
    Question("pull-broken", "pull", {"model": "tinyllama~dropped;after=3"}, stream=True),
    Question("show-missing", "show", {"model": "tinyllama"}),
    Question("pull", "pull", {"model": "tinyllama"}, stream=True),
    Question("pull-whole", "pull", {"model": "tinyllama"}),
    Question("pull-unknown", "pull", {"model": "nobody"}, stream=True),
    Question("create", "create", {"model": "mine", "from": LLAMA, "system": "be brief"}),
    Question("copy", "copy", {"source": "mine", "destination": "yours"}),
    Question("delete", "delete", {"model": "mine"}),
    Question("delete-again", "delete", {"model": "mine"}),
    Question("show-copy", "show", {"model": "yours"}),
    # Vectors.
    Question("embed", "embed", {"model": NOMIC, "input": ["a", WORDS]}),
    Question("embed-short", "embed", {"model": NOMIC, "input": "a", "dimensions": 8}),
    Question("embeddings", "embeddings", {"model": NOMIC, "prompt": WORDS}),
    # Refusals.
    _chat("unknown", "nobody"),
    _chat("embedder", NOMIC),
    _chat("no-tools", GEMMA, tools=TOOLS),
    _chat("no-thinking", think=True),
    _chat("bad-option", options={"num_ctx": 5, "temperature": "warm"}),
    # A name that is answered elsewhere, though the server is here.
    _chat("cloud", "gpt-oss:20b-cloud"),
    *(_chat(f"{fault}-whole", f"{LLAMA}~{fault}") for fault in FAULTS),
    *(_chat(f"{fault}-stream", f"{LLAMA}~{fault}", stream=True) for fault in FAULTS),
)
