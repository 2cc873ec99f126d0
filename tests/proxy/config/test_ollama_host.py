"""The cases are Ollama's own: envconfig/config_test.go, `TestHost` and `TestConnectableHost`."""

import pytest

from proxy.config.ollama_host import ollama_url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("1.2.3.4", "http://1.2.3.4:11434"),
        (":1234", "http://127.0.0.1:1234"),
        ("1.2.3.4:1234", "http://1.2.3.4:1234"),
        ("example.com", "http://example.com:11434"),
        ("example.com:1234", "http://example.com:1234"),
        (":0", "http://127.0.0.1:0"),
        (":66000", "http://127.0.0.1:11434"),
        (":-1", "http://127.0.0.1:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("[::]", "http://[::1]:11434"),
        ("::1", "http://[::1]:11434"),
        ("[::1]:1337", "http://[::1]:1337"),
        (" 1.2.3.4 ", "http://1.2.3.4:11434"),
        ('"1.2.3.4"', "http://1.2.3.4:11434"),
        (' " 1.2.3.4 " ', "http://1.2.3.4:11434"),
        ("'1.2.3.4'", "http://1.2.3.4:11434"),
        ("http://1.2.3.4", "http://1.2.3.4:80"),
        ("http://1.2.3.4:4321", "http://1.2.3.4:4321"),
        ("https://1.2.3.4", "https://1.2.3.4:443"),
        ("https://1.2.3.4:4321", "https://1.2.3.4:4321"),
        ("https://example.com/ollama", "https://example.com:443/ollama"),
        ("ollama.com", "https://ollama.com:443"),
    ],
)
def test_it_is_read_as_ollama_reads_it(host: str, url: str) -> None:
    assert ollama_url({"OLLAMA_HOST": host}) == f"{url}/v1"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:1234", "http://127.0.0.1:1234"),
        ("[::]:1234", "http://[::1]:1234"),
        ("192.168.1.5:8080", "http://192.168.1.5:8080"),
        ("https://0.0.0.0:4321", "https://127.0.0.1:4321"),
    ],
)
def test_an_address_to_listen_on_becomes_one_to_connect_to(host: str, url: str) -> None:
    assert ollama_url({"OLLAMA_HOST": host}) == f"{url}/v1"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("example.com:port", "http://example.com:11434"),
        ("example.com:", "http://example.com:11434"),
        ("http://example.com:99999", "http://example.com:80"),
        ("[fe80::2]", "http://[fe80::2]:11434"),
        ("::ffff:10.0.0.1", "http://10.0.0.1:11434"),
        ("a:b:c", "http://[a:b:c]:11434"),
        ("[::1]1:80", "http://[[::1]1:80]:11434"),
    ],
)
def test_oddities_are_read_as_go_reads_them(host: str, url: str) -> None:
    assert ollama_url({"OLLAMA_HOST": host}) == f"{url}/v1"


def test_without_the_variable_it_is_ollamas_default() -> None:
    assert ollama_url({}) == "http://127.0.0.1:11434/v1"


@pytest.mark.parametrize("host", ["http://a:1/v1", "http://a:1/v1/", "http://a:1/"])
def test_the_path_ends_in_v1_once(host: str) -> None:
    assert ollama_url({"OLLAMA_HOST": host}) == "http://a:1/v1"
