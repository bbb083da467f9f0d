"""Run every measurement, each in a process of its own, so that none warms up another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BY_ITSELF = ("report", "mix", "gains", "reranker", "distil", "objectives")  # these take up to an hour, and say how they are run
NAMES = sorted(path.stem for path in HERE.glob("[!_]*.py") if path.stem not in BY_ITSELF)

if __name__ == "__main__":
    from bench import report

    print(report.machine(), flush=True)
    failed = [name for name in NAMES if subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=HERE.parent, check=False).returncode]
    if failed:
        sys.exit(f"could not be measured: {', '.join(failed)}")
