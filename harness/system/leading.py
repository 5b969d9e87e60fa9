"""An environment that leads into a copy of a project instead of into the project itself.

A fault that is planted in a copy proves nothing when the tools then look at the original, so every
path of the environment that names the project is made to name the copy. A linked Python environment
needs more: packages installed in it for editing are found where they were installed from, that is
in the project; what Python is told by PYTHONPATH it finds first.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_MAPPING = re.compile(r"^MAPPING[^=\n]*= (?P<mapping>\{.*\})$", re.MULTILINE)
"""How setuptools writes down what it installed for editing: package and folder."""


def led(
    environ: Mapping[str, str], *, root: Path, tree: Path, linked: Iterable[str]
) -> dict[str, str]:
    """The environment with every path of `root` leading into `tree`.

    `linked` are the folders of the project that the tree holds only links to.
    """
    found = {name: _moved(value, root, tree) for name, value in environ.items()}
    ahead = [
        str(tree / path.relative_to(root))
        for folder in linked
        for path in editable_paths(root / folder)
        if path.is_relative_to(root) and not path.is_relative_to(root / folder)
    ]
    if ahead:
        given = [found["PYTHONPATH"]] if found.get("PYTHONPATH") else []
        found["PYTHONPATH"] = os.pathsep.join([*dict.fromkeys(ahead), *given])
    return found


def _moved(value: str, root: Path, tree: Path) -> str:
    """A value, or a list of paths, in which whatever lies in the project lies in the tree."""
    name = str(root)
    if name not in value:
        return value
    parts = []
    for part in value.split(os.pathsep):
        if part == name or part.startswith(f"{name}/"):
            part = f"{tree}{part[len(name) :]}"
        parts.append(part)
    return os.pathsep.join(parts)


def editable_paths(environment: Path) -> Iterator[Path]:
    """The folders that a Python environment imports packages from without holding them."""
    for site in sorted(environment.glob("lib*/python*/site-packages")):
        for file in sorted(site.glob("*.pth")):
            for line in file.read_text("utf-8", "replace").splitlines():
                if line.startswith("/"):
                    yield Path(line.strip())
        for file in sorted(site.glob("__editable___*_finder.py")):
            if match := _MAPPING.search(file.read_text("utf-8", "replace")):
                for folder in ast.literal_eval(match["mapping"]).values():
                    yield Path(folder).parent
