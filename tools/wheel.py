"""Puts the compiled modules that are there (``tools/compile.py``) into the wheel, and names its platform then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

__all__ = ["CompiledModules"]

ROOMS = ("schemas", "detectors", "streams")


class CompiledModules(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's hook, found by its base class."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """A wheel without them is the same on every platform; an editable install finds them by itself."""
        root = Path(self.root)
        found = [*root.glob("*.so"), *(path for room in ROOMS for path in (root / room).rglob("*.so"))]
        if found and version != "editable":
            build_data["pure_python"], build_data["infer_tag"] = False, True
            build_data["force_include"] = {str(path): str(path.relative_to(root)) for path in found}
