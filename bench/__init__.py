"""Measurements, printed with the machine they were made on: `make bench`, or one of them by `python -m bench.app`."""
