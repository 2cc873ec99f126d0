from proxy.doctor.report import Finding, TargetReport, as_data, as_lines

GOOD = TargetReport("local", "ollama", "http://a/v1", (Finding("reach", "ok", "answers"),))
BAD = TargetReport("cloud", "openai", "http://b/v1", (Finding("secret", "failed", "is not set", "set it"),))


def test_people_read_a_verdict_a_line_for_each_check_and_what_mends_it() -> None:
    assert [line for line, _ in as_lines([GOOD, BAD])] == [
        "local (ollama, http://a/v1): can be used",
        "  reach   ok       answers",
        "cloud (openai, http://b/v1): cannot be used",
        "  secret  failed   is not set",
        "                   -> set it",
    ]


def test_programs_read_the_same() -> None:
    local, cloud = as_data([GOOD, BAD])
    assert (local["usable"], cloud["usable"]) == (True, False)
    assert list(cloud["findings"]) == [{"check": "secret", "outcome": "failed", "says": "is not set", "mend": "set it"}]


def test_what_was_skipped_does_not_make_a_target_useless() -> None:
    assert TargetReport("a", "ollama", "", (Finding("key", "skipped", ""),)).usable
