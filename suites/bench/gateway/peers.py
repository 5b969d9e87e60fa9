"""Peers: installed when asked for, into a folder of their own; measured, never imported."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from suites.bench.gateway.doors import KEY, MODEL, ROOT, Door
from suites.bench.gateway.running import await_port, free_port, running
from suites.bench.measure import FailedContenderError

# Pinned here and nowhere else.
LITELLM = "litellm[proxy]==1.106.2"
PORTKEY = {"private": True, "dependencies": {"@portkey-ai/gateway": "1.15.2"}}
HOME = ROOT / ".venv" / "bench"
START_SECONDS = 120.0


def all_of_them(stack: ExitStack, upstream: int, folder: Path) -> list[Door]:
    """LiteLLM and Portkey, ready to be asked."""
    return [
        stack.enter_context(_litellm(upstream, folder / "litellm")),
        stack.enter_context(_portkey(upstream, folder / "portkey")),
    ]


@contextmanager
def _litellm(upstream: int, folder: Path) -> Iterator[Door]:
    """One worker, prices from its own file, no database: the least it does."""
    program = HOME / "litellm" / "bin" / "litellm"
    stamp = HOME / "litellm" / "installed"
    if not stamp.exists() or stamp.read_text() != LITELLM:
        print("installing LiteLLM, some minutes", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(HOME / "litellm")], check=True)
        subprocess.run([str(HOME / "litellm/bin/pip"), "-q", "install", LITELLM], check=True)
        stamp.write_text(LITELLM)
    folder.mkdir(parents=True)
    served = {"model": f"openai/{MODEL}", "api_base": f"http://127.0.0.1:{upstream}/v1"}
    config = {"model_list": [{"model_name": MODEL, "litellm_params": {**served, "api_key": KEY}}]}
    (folder / "config.yaml").write_text(json.dumps(config))
    port = free_port()
    argv = [str(program), "--config", "config.yaml", "--host", "127.0.0.1"]
    argv += ["--port", str(port), "--num_workers", "1", "--telemetry", "False"]
    own = f"sk-{secrets.token_hex(32)}"  # without one it refuses to start
    env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": own}
    with running("LiteLLM", argv, folder, env) as started:
        await_port(started, port, START_SECONDS)
        headers = {"Authorization": f"Bearer {own}"}
        yield Door(
            name="LiteLLM", port=port, program=started, headers=headers, seconds=4, peer=True
        )


@contextmanager
def _portkey(upstream: int, folder: Path) -> Iterator[Door]:
    home = HOME / "portkey"
    manifest, wanted = home / "package.json", json.dumps(PORTKEY)
    program = home / "node_modules/@portkey-ai/gateway/build/start-server.js"
    if not program.exists() or manifest.read_text() != wanted:
        if shutil.which("npm") is None:
            raise FailedContenderError("npm is missing; on Debian: sudo apt-get install npm")
        print("installing Portkey", file=sys.stderr)
        home.mkdir(parents=True, exist_ok=True)
        manifest.write_text(wanted)
        argv = ["npm", "install", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(argv, cwd=home, check=True)
    port = free_port()
    env = {"NODE_ENV": "production", "PATH": os.environ.get("PATH", os.defpath)}
    argv = ["node", str(program), f"--port={port}", "--headless"]
    with running("Portkey", argv, folder, env) as started:
        await_port(started, port, START_SECONDS)
        headers = {
            "Authorization": f"Bearer {KEY}",
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": f"http://127.0.0.1:{upstream}/v1",
        }
        yield Door(name="Portkey", port=port, program=started, headers=headers, peer=True)
