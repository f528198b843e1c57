"""The staff desk under attack and under kills: `make bench-desk`.

1,000 hostile payloads in every field that staff see with axe-core on every page, then 1,000 kill -9 while
patrons send feedback. Each prints its own figures; the last line is one of both.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def main() -> None:
    """Measure, and print."""
    figures = {**run("tests.bench.desk_payloads"), **run("tests.bench.desk_kills")}
    print(json.dumps(figures))


def run(module: str) -> dict[str, Any]:
    """One benchmark in a process of its own; what its last line says."""
    print(f"{module} ...", flush=True)
    finished = subprocess.run([sys.executable, "-m", module], stdout=subprocess.PIPE, text=True, check=True)
    print(finished.stdout, end="", flush=True)
    figures: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return figures


if __name__ == "__main__":
    main()
