"""What conditions may ask about a request: text view, detectors, and the facts by name."""
