"""wye: an OpenAI-compatible reverse proxy. `app.py` builds it, `pipeline/exchange.py` tells the way of a request."""
