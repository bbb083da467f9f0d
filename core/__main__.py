"""`python -m core …`: Attune from the shell."""

from core.cli import main

if __name__ == "__main__":
    main()
