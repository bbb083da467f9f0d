"""The child process that runs text recognition over one PDF: limits on itself first, which all that it starts inherit.

    python -m core.loaders.ocr_child MEMORY CPU_SECONDS OUTPUT_BYTES LANGUAGES PAGES    (in.pdf to out.pdf, in the working folder)

Its parent is recognising.py.
"""

from __future__ import annotations

import resource
import runpy
import sys
from pathlib import Path

from core.loaders.child import limit


def unlocked(source: Path) -> Path:
    """Return a copy without encryption of a file that opens with an empty password, else the file itself."""
    import pikepdf

    with pikepdf.open(source) as pdf:
        if not pdf.is_encrypted:
            return source
        pdf.save(source.with_name("open.pdf"))
    return source.with_name("open.pdf")


def main() -> None:
    """Set the limits and become ocrmypdf."""
    memory, cpu, output = map(int, sys.argv[1:4])
    languages, pages = sys.argv[4:6]
    limit(resource.RLIMIT_CPU, cpu, cpu + 1)
    limit(resource.RLIMIT_FSIZE, output)
    limit(resource.RLIMIT_CORE, 0)
    if sys.platform != "darwin":
        limit(resource.RLIMIT_AS, memory)
    source = unlocked(Path("in.pdf"))
    # Forced, because a page of unreadable signs has a text layer; on the named pages only, so the others keep theirs.
    settings = ["--force-ocr", "--output-type", "pdf", "--optimize", "0", "--jobs", "1", "--quiet", "--invalidate-digital-signatures"]
    bounds = ["--max-image-mpixels", "200", "--tesseract-timeout", "120"]
    sys.argv = ["ocrmypdf", *settings, *bounds, "-l", languages, "--pages", pages, str(source), "out.pdf"]
    runpy.run_module("ocrmypdf", run_name="__main__")


if __name__ == "__main__":
    main()
