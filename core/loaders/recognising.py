"""Text recognition (OCR) of a PDF's pages, where ocrmypdf and Tesseract are installed; they are never required."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import psutil

from core.errors import UserError

INSTALL = {"linux": "sudo apt-get install tesseract-ocr ghostscript", "darwin": "brew install tesseract ghostscript"}
PIP = "pip install -r requirements-ocr.txt"
MORE_LANGUAGES = "More languages come with packages such as tesseract-ocr-deu or tesseract-ocr-kor."
_ROOT = Path(__file__).resolve().parents[2]
_LANGUAGE = re.compile(r"[A-Za-z][A-Za-z_]{1,30}")
_LOOK = 0.2


@dataclass(frozen=True)
class OcrLimits:
    """What recognising one file may cost: seconds for it and for each page, bytes of memory of all its processes, bytes of its result."""

    seconds: float = 120.0
    seconds_a_page: float = 90.0
    memory: int = 4 << 30
    output: int = 512 << 20


OCR_LIMITS = OcrLimits()


def missing() -> list[str]:
    """Return the lines that install what is missing, none where everything is there."""
    lines = [] if shutil.which("tesseract") else [INSTALL.get(sys.platform, INSTALL["linux"])]
    return lines if find_spec("ocrmypdf") else [*lines, PIP]


def available() -> bool:
    """Say whether pages can be recognised here."""
    return not missing()


def languages() -> tuple[str, ...]:
    """Return the languages that Tesseract has here, English first."""
    tesseract = shutil.which("tesseract")
    return _languages(tesseract) if tesseract else ()


@cache
def _languages(tesseract: str) -> tuple[str, ...]:
    told = subprocess.run([tesseract, "--list-langs"], capture_output=True, text=True, timeout=20, check=False).stdout
    found = [line.strip() for line in told.splitlines()[1:] if _LANGUAGE.fullmatch(line.strip())]
    return tuple(sorted((name for name in found if name != "osd"), key=lambda name: (name != "eng", name)))


def recognise(
    data: bytes, pages: Sequence[int], wanted: Sequence[str], watch: Callable[[], None] = lambda: None, limits: OcrLimits = OCR_LIMITS
) -> bytes:
    """Return the PDF with recognised text on these pages (numbers from 1), the others as they were.

    `watch` is called several times a second and ends everything by raising. Raises `UserError` where it is not installed,
    a language is missing, a limit is passed, or the file is one that ocrmypdf cannot work on.
    """
    if lines := missing():
        raise UserError("Text recognition is not installed.", f"Install it with: {' && '.join(lines)}")
    unknown = [name for name in wanted if name not in languages()]
    if unknown or not wanted:
        known = ", ".join(languages()) or "none"
        raise UserError(
            f"Tesseract does not have the language {', '.join(unknown) or '(none chosen)'}.", f"It has: {known}. {MORE_LANGUAGES}"
        )
    with tempfile.TemporaryDirectory(prefix="attune-ocr-") as folder:
        (Path(folder) / "in.pdf").write_bytes(data)
        allowed = limits.seconds + limits.seconds_a_page * len(pages)
        bounds = [str(limits.memory), str(int(allowed) + 5), str(limits.output)]
        command = [sys.executable, "-m", "core.loaders.ocr_child", *bounds, "+".join(wanted), ",".join(map(str, pages))]
        with (Path(folder) / "errors.txt").open("wb") as errors:
            child = subprocess.Popen(
                command,
                cwd=folder,
                env=_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )
            try:
                stopped = _watch(child, time.monotonic() + allowed, limits, watch)
            finally:
                _end(child)
        return _result(Path(folder), child.returncode, stopped)


def _environment(folder: str) -> dict[str, str]:
    """Return the few variables the child gets: no key or token of this process is among them."""
    passed = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TESSDATA_PREFIX") if name in os.environ}
    return {**passed, "PYTHONPATH": str(_ROOT), "TMPDIR": folder, "HOME": folder, "LC_ALL": "C.UTF-8", "OMP_THREAD_LIMIT": "1"}


def _watch(child: subprocess.Popen[bytes], deadline: float, limits: OcrLimits, watch: Callable[[], None]) -> str:
    """Wait for the child's end; return in words which limit it passed, or "" when it ended by itself."""
    while True:
        with suppress(subprocess.TimeoutExpired):
            child.wait(_LOOK)
            return ""
        watch()
        if time.monotonic() > deadline:
            return "more time than it may have"
        if _memory(child.pid) > limits.memory:
            return "more memory than is safe"


def _memory(pid: int) -> int:
    total = 0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                total += one.memory_info().rss
    return total


def _end(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)  # its own session: ocrmypdf and the Tesseracts that it started
    child.wait()


def _result(folder: Path, code: int, stopped: str) -> bytes:
    if stopped or code < 0:
        raise UserError(f"Text recognition took {stopped or 'more than it may'}, so it was stopped.", "Split the file and add the parts.")
    if code or not (folder / "out.pdf").exists():
        trace = (folder / "errors.txt").read_text("utf-8", "replace").strip().splitlines()
        raise UserError("Text recognition could not work on this file.", " ".join(trace[-1:])[:200] or f"It ended with code {code}.")
    return (folder / "out.pdf").read_bytes()
