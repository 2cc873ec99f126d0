"""`python -m proxy` is `wye`."""

from proxy.cli import main

main(prog_name="wye")
