from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from proxy.demo import DemoFailed
from proxy.demo.children import Child, free_port, module, require_free, supervised
from tests.demo.processes import all_gone, descendants, eventually

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"]
STANDIN = ["proxy.demo.standin", "--port"]

# A demo in small: it starts one child of each kind, tells their process ids, and waits to be killed.
PARENT = f"""
import time
from proxy.demo.children import Child, free_port, module, supervised
port = free_port()
standin = Child("stand-in", module(*{STANDIN!r}, str(port)))
standin.wait_until_ready(port, "/v1/models")
sleeper = Child("sleeper", supervised(*{SLEEPER!r}))
print(standin.pid, sleeper.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_parent_that_is_killed_leaves_no_orphans(number: int) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        standin, sleeper = (int(pid) for pid in parent.stdout.readline().split())
        assert eventually(lambda: len(descendants(sleeper)) == 1)
        family = [standin, sleeper, *descendants(sleeper)]
        parent.send_signal(number)
        parent.wait()
    assert all_gone(family)


def test_stop_ends_a_supervised_command_and_its_supervisor() -> None:
    child = Child("sleeper", supervised(*SLEEPER))
    assert eventually(lambda: len(descendants(child.pid)) == 1)
    family = [child.pid, *descendants(child.pid)]
    child.stop()
    assert all_gone(family)
    assert not child.is_running()


def test_stop_insists_when_a_command_does_not_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.demo.children.STOP_WITHIN_S", 0.3)
    child = Child("deaf", supervised(*DEAF))
    assert eventually(lambda: len(descendants(child.pid)) == 1)
    family = [child.pid, *descendants(child.pid)]
    began = time.monotonic()
    child.stop()
    assert all_gone(family)
    assert time.monotonic() - began < 5


def test_stop_takes_along_what_the_command_has_started() -> None:
    starter = f"import subprocess; subprocess.run({SLEEPER!r})"
    child = Child("starter", supervised(sys.executable, "-c", starter))
    assert eventually(lambda: len(descendants(child.pid)) == 2)
    family = [child.pid, *descendants(child.pid)]
    child.stop()
    assert all_gone(family)


def test_a_supervisor_hands_on_the_exit_code_and_sigterm() -> None:
    with subprocess.Popen(supervised(sys.executable, "-c", "raise SystemExit(7)"), stdin=subprocess.PIPE) as supervisor:
        assert supervisor.wait(5) == 7
    with subprocess.Popen(supervised(*SLEEPER), stdin=subprocess.PIPE, start_new_session=True) as supervisor:
        assert eventually(lambda: len(descendants(supervisor.pid)) == 1)
        supervisor.terminate()
        assert supervisor.wait(5) == 128 + signal.SIGTERM


def test_a_child_leads_a_session_of_its_own_so_ctrl_c_passes_it_by() -> None:
    child = Child("sleeper", SLEEPER)
    try:
        assert os.getsid(child.pid) == child.pid != os.getsid(0)
    finally:
        child.stop()


def test_a_child_that_dies_while_starting_is_reported_with_its_last_words() -> None:
    child = Child("wye", [sys.executable, "-c", "raise SystemExit('first line\\nbad config: no targets')"])
    with pytest.raises(DemoFailed, match=r"^wye stopped while starting: bad config: no targets$"):
        child.wait_until_ready(free_port(), "/readyz")
    child.stop()


def test_a_child_that_never_answers_is_reported() -> None:
    child = Child("wye", SLEEPER)
    with pytest.raises(DemoFailed, match=r"^wye did not answer within 0 seconds$"):
        child.wait_until_ready(free_port(), "/readyz", within_s=0.1)
    child.stop()


def test_our_modules_are_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "proxy").mkdir()
    port = free_port()
    child = Child("stand-in", module(*STANDIN, str(port)))
    child.wait_until_ready(port, "/v1/models")
    child.stop()


def test_a_port_in_use_is_said_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(DemoFailed, match=f"^port {port} is already in use; choose another with --port$"):
            require_free(port)
    require_free(port)
