"""Bytes and their meaning in OpenAI's API. No I/O."""
