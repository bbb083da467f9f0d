"""The app as a person meets it: a fresh server in a process of its own, and Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 60_000  # milliseconds until something that must come is missed
STARTS = 5_000  # milliseconds in which a script starts on a busy machine


def chromium() -> str:
    """Return where Chromium lies, or skip the test with a word on how to get it."""
    found = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("Chromium is not installed (on Debian and Ubuntu: apt-get install chromium)")
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@contextmanager
def serving(home: Path, **environment: str) -> Iterator[str]:
    """Start the app as `make start` does, on a port of its own, and give its address."""
    port = free_port()
    log = home.parent / "server.log"
    with log.open("w") as file:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"],
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "ATTUNE_HOME": str(home), "OMP_NUM_THREADS": "2", **environment},
        )
    try:
        end = time.monotonic() + PATIENCE / 1000
        while not _healthy(port):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(20)


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def browsing(*, dark: bool = False) -> Iterator[Page]:
    """Open a page of Chromium that fails the test when a script of the page fails, or when something is kept from being loaded."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (make setup-dev)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark" if dark else "light")
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        failures: list[str] = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("console", lambda message: failures.append(message.text) if "Content Security Policy" in message.text else None)
        yield page
        browser.close()
    assert not failures, failures


def entered(page: Page, label: str, words: str) -> None:
    """Type words into a field, press Enter, and wait until the page that follows from them is there."""
    from playwright.sync_api import TimeoutError as Late

    field = page.get_by_label(label, exact=True)
    field.fill(words)
    field.press("Enter")
    with suppress(Late):  # it ran while nobody looked
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=running]", timeout=STARTS)
    settled(page)


def settled(page: Page, title: str | None = None) -> None:
    """Wait until the page has its title and no script is running; fail with what the page says instead."""
    from playwright.sync_api import TimeoutError as Late

    try:
        if title:
            page.get_by_role("heading", name=title, exact=True, level=1).wait_for()
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    except Late:
        pytest.fail(f"{title or page.url} did not come. The page says: {page.locator('body').inner_text()[:1500]}")
    page.wait_for_timeout(300)
