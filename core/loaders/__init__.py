"""Reading files: each kind has a loader of its own, which only ever runs in a child process with limits.

A loader is read(data: bytes, request: ReadRequest) -> Parsed. It raises nothing for a bad file: it says how reading
ended in the state and the words of what it returns.
"""

from __future__ import annotations

from core.registry import Choice, Registry

LOADERS = Registry(
    "kind of file",
    {
        "pdf": Choice(
            "core.loaders.pdf:read",
            "PDF",
            "One document with its pages; running headers, footers and page numbers are set aside. Scanned pages are named, and text recognition can be asked for them.",
        ),
        "table": Choice(
            "core.loaders.table:read",
            "Table (CSV or TSV)",
            "Each row is a document of its own; what the columns are is guessed and can be corrected.",
        ),
        "text": Choice(
            "core.loaders.text:read",
            "Text or Markdown",
            "One document; form feeds part its pages, otherwise pages of about 3,000 characters.",
        ),
    },
)
