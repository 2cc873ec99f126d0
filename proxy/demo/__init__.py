"""What `wye demo` is made of: a real small model, a stand-in for the cloud, and three requests.

Everything heavy or rarely installed (`openai`, `xllamacpp`, the model file) lives in the `demo` dependency group and
is imported only by the function that needs it, so that `wye serve` never pays for it.
"""

from __future__ import annotations


class DemoFailed(Exception):
    """One clear sentence for the person who typed `wye demo`."""
