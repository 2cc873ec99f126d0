"""Labelled texts that the detectors of secrets and of personal data are developed and measured on (see README.md)."""
