"""Train."""

from pages.widgets import frame

frame.open_project("Train")
