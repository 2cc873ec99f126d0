"""Asking every target what an application would ask, before one does: is it there, does it know us, does it answer."""
