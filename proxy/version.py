"""wye's version, and the name it goes by at upstreams."""

from importlib.metadata import version

VERSION = version("wye")
AGENT = f"wye/{VERSION}"
