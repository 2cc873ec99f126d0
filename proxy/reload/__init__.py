"""New rules without a restart: watch, decide, build beside the old, swap in one step, let the old ones end.

One process decides (`reloader.py`): a change of the files, or SIGHUP, leads to a `Verdict`, new rules or the reasons
why the old ones stay. Every process that serves follows the verdicts in their order (`following.py`): it builds what a
configuration needs (`generation.py`) and swaps it in (`generations.py`). A request keeps the generation it began with.
"""
