"""Downloads one file of a repository with `huggingface_hub`, and prints what came of it as JSON.

python hub.py FILENAME FOLDER    # HF_ENDPOINT says where
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from huggingface_hub import hf_hub_download


def main() -> None:
    """One line: the digest of the file."""
    filename, folder = sys.argv[1:]
    place = hf_hub_download("sim/tiny", filename, cache_dir=folder)
    sys.stdout.write(json.dumps({"sha256": hashlib.sha256(Path(place).read_bytes()).hexdigest()}))


if __name__ == "__main__":
    main()
