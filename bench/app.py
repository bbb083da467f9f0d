"""How soon the first page is painted, and what importing costs."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from bench import report

ROOT = Path(__file__).resolve().parent.parent
HEAVY = (
    "torch",
    "sentence_transformers",
    "transformers",
    "chromadb",
    "sklearn",
    "scipy",
    "pandas",
    "openai",
    "huggingface_hub",
    "datasets",
)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def best(command: list[str], times: int = 5) -> float:
    """Return the shortest of some wall times in seconds: the others hold other work."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        found.append(time.perf_counter() - start)
    return min(found)


def heavy(code: str) -> list[str]:
    """Return the heavy libraries that are imported by a piece of code."""
    shown = f"import sys\n{code}\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    return subprocess.run([sys.executable, "-c", shown], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()


def answering(port: int) -> bool:
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).status == 200
    except OSError:
        return False


def first_page(chromium: str, home: str) -> tuple[float, float]:
    """Return the seconds from the server's start to its first answer, and to the first page in a browser."""
    from playwright.sync_api import sync_playwright

    port = free_port()
    with sync_playwright() as play:
        page = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"]).new_page()
        page.goto("about:blank")
        start = time.perf_counter()
        command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
        server = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"ATTUNE_HOME": home}, stdout=subprocess.DEVNULL)
        try:
            while not answering(port):
                time.sleep(0.01)
            answered = time.perf_counter() - start
            page.goto(f"http://127.0.0.1:{port}/", wait_until="commit")
            page.get_by_role("heading").first.wait_for()
            return answered, time.perf_counter() - start
        finally:
            server.terminate()
            server.wait()


def main() -> None:
    report.line("python -m core --help", best([sys.executable, "-m", "core", "--help"]), "s")
    print(f"  heavy libraries imported: {heavy('import core.cli') or 'none'}")
    print(f"  heavy libraries imported by app.py: {heavy('import app') or 'none'}")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        print("first page: not measured, there is no chromium")
        return
    with tempfile.TemporaryDirectory() as home:
        runs = [first_page(chromium, home) for _ in range(3)]
    report.line("server's start to its first answer", min(a for a, _ in runs), "s")
    report.line("server's start to the first page painted", min(p for _, p in runs), "s", bound=2)


if __name__ == "__main__":
    main()
