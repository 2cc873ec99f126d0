"""Labelled prompts for `complexity` and `task`, their hold-out, and what a trivial scorer reaches. See README.md."""
