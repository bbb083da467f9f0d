"""What reading a PDF costs beside bare pypdf, and how big the app's own process gets meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import report

ROOT = Path(__file__).resolve().parent.parent
POLICY = ROOT.parent / "shared" / "data" / "pdf_policy" / "NIST.AI.600-1.pdf"
SAMPLE = ROOT / "assets" / "sample" / "staff-handbook.pdf"

BARE = """
import sys, time
start = time.perf_counter()
import pypdf
pages = [page.extract_text() for page in pypdf.PdfReader(sys.argv[1]).pages]
print([time.perf_counter() - start, len(pages)])
"""

WHOLE = """
import os, resource, sys, time
from pathlib import Path
import streamlit
from core import chunk, ingest, project, themes
owner = project.create("Bench")
settings = owner.recipe()
name, data = Path(sys.argv[1]).name, Path(sys.argv[1]).read_bytes()
start = time.perf_counter()
ingest.ingest(owner, [(name, data)])
read, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
chunk.rechunk(owner, settings.chunk, settings.train.base_model)
print([time.perf_counter() - start, read, peak / (1e6 if sys.platform == "darwin" else 1e3), owner.count_chunks()])
"""


def measured(code: str, pdf: Path, home: str) -> list[float]:
    environment = {"ATTUNE_HOME": home, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": home}
    done = subprocess.run([sys.executable, "-c", code, str(pdf)], env=environment, check=True, capture_output=True, text=True)
    return list(json.loads(done.stdout))


def main() -> None:
    pdf = POLICY if POLICY.exists() else SAMPLE
    times: list[tuple[list[float], list[float]]] = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as home:
            times.append((measured(BARE, pdf, home), measured(WHOLE, pdf, home)))
    bare, whole = min(b[0] for b, _ in times), min(w[0] for _, w in times)
    chunks = times[0][1][3]
    report.line(f"bare pypdf, {pdf.name}, {times[0][0][1]:.0f} pages", bare, "s")
    report.line(f"upload to {chunks:.0f} chunks", whole, "s", bound=1.5 * bare + 3, note="bound is 1.5 times bare pypdf plus 3 s")
    report.line("of that, reading", min(w[1] for _, w in times), "s")
    report.line("the app's own process while parsing, peak", max(w[2] for _, w in times), "MB", bound=300)


if __name__ == "__main__":
    main()
