"""Attune from the shell: `python -m core …`. Every command makes the same call into core as its page.

Exit codes: 0 fine, 1 something the person can mend (said on standard error), 2 wrong usage, 3 a run failed or was cut off,
130 stopped by Ctrl-C. Results go to standard output, progress and messages to standard error.
"""

from __future__ import annotations

import sys

from core.cli import terminal
from core.cli.app import app
from core.errors import UserError

# Each file enters its commands into the table; this order is the one in which they are shown.
from core.cli import whole, data, themes, negatives, asking, counting, training, results, runs, projects  # isort: skip

__all__ = ["app", "asking", "counting", "data", "main", "negatives", "projects", "results", "runs", "themes", "training", "whole"]


def main() -> None:
    """Run the command that was typed; what the person can mend is said in words, with exit code 1."""
    try:
        app()
    except UserError as error:
        terminal.say(error.message)
        if error.hint:
            terminal.say(error.hint)
        sys.exit(1)
