"""What happened, as events, and their translators."""
