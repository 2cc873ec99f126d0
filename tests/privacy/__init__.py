"""The privacy property: no sink that a request's labels forbid ever receives a byte of it.

Random rule files, faults and requests are drawn (`rule_files`, `requests`, `case`), the real application is driven with
them (`play`), and what arrived is judged (`oracle`) from what fake upstreams read off their sockets (`sinks`) and from
what the interpreter itself saw being connected (`watch`). Nothing under test is asked whether it leaked.
"""
