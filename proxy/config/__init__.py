"""The configuration: its tables, how a file becomes them, and what the environment may change."""
