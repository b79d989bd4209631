"""JSON, Markdown and a plot of `time_to_target.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write(found: dict[str, Any], folder: Path) -> None:
    (folder / "time_to_target.json").write_text(json.dumps(found, indent=1))
