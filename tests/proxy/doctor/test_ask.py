from proxy.doctor.ask import Unreachable


def test_nobody_answered_says_why_and_at_which_step() -> None:
    error = Unreachable("no such host", "name")
    assert (str(error), error.reason, error.kind) == ("no such host", "no such host", "name")
