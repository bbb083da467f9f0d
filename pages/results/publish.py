"""Publish."""

from pages.widgets import frame

frame.open_project("Publish")
