"""The way of one exchange. Read `exchange.py` first."""
