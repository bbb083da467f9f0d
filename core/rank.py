"""One more process of a training on several devices: `python -m core.rank <folder>`, which the run's worker starts."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path


def main(folder: Path) -> int:
    """Take part in every step of the run's training; write nothing."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):  # Linux: end with the worker, however it ends
        ctypes.CDLL(None).prctl(1, 9)
    if os.getppid() == 1:
        return 1
    from core import train
    from core.embeddings import EmbeddingStore
    from core.runs.folder import Run
    from core.train import ranks

    run = Run(folder)
    with contextlib.suppress(ranks.OthersEnd):
        train.train(run.data(), run.recipe().train, run.folder, EmbeddingStore(run.embeddings))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
