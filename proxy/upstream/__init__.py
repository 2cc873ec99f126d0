"""The only owner of the network to targets. `egress.py` is the one way out."""
