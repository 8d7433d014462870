"""The hub without a network: a clear answer at once; with one (played here): documents."""

import http.server
import socket
import sys
import threading

import datasets
import pytest
from huggingface_hub import constants

from minilm.collect import hub
from minilm.collect.hub import hub_documents, is_reachable
from minilm.errors import MinilmError


class Refusing(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_error(404)

    def log_message(self, *arguments: object) -> None:
        pass


def test_any_answer_counts_as_reachable() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert is_reachable(f"http://127.0.0.1:{server.server_port}")


def test_a_server_that_never_answers_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not is_reachable(f"http://127.0.0.1:{silent.getsockname()[1]}", patience=0.1)


def test_a_name_server_that_never_answers_is_not_waited_for(monkeypatch) -> None:
    released = threading.Event()

    def hang(*_: object, **__: object) -> None:
        released.wait(20)
        raise OSError

    monkeypatch.setattr("urllib.request.urlopen", hang)
    assert not is_reachable("http://example.org", patience=0.1)
    assert not released.is_set()
    released.set()


def test_nobody_there_and_nonsense() -> None:
    assert not is_reachable("http://127.0.0.1:9")
    assert not is_reachable("nonsense")


def test_without_a_network_the_hub_is_not_even_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(datasets, "load_dataset", None)
    with pytest.raises(MinilmError, match=r"cannot be reached.*sotu.*need no network") as raised:
        next(hub_documents("some/data"))
    assert "\n" not in str(raised.value)


@pytest.fixture
def played_hub(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """A hub with one dataset of four texts; returns how it was called."""
    calls: list[tuple] = []

    def load_dataset(path: str, config: str | None, *, split: str, streaming: bool):
        calls.append((path, config, split, streaming))
        if path == "no/such":
            raise datasets.exceptions.DatasetNotFoundError("Dataset 'no/such' doesn't exist.\nmore")
        rows = [{"text": f"text {i}", "n": i, "title": "T", "license": "CC0"} for i in range(4)]
        return datasets.Dataset.from_list(rows).to_iterable_dataset()

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub, "is_reachable", lambda address: True)
    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return calls


def test_texts_are_streamed_up_to_the_limit(played_hub: list[tuple]) -> None:
    documents = list(hub_documents("some/data:small", split="test", limit=3))
    assert [document["text"] for document in documents] == ["text 0", "text 1", "text 2"]
    assert documents[2]["id"] == "hub/some/data:small/test/0000002"
    assert documents[0]["licence"] == "CC0"
    assert documents[0]["title"] == "T"
    assert "some/data, test row 0" in documents[0]["origin"]
    assert played_hub == [("some/data", "small", "test", True)]


def test_offline_mode_reads_the_cache(played_hub: list, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert len(list(hub_documents("some/data"))) == 4
    assert played_hub == [("some/data", None, "train", False)]


@pytest.mark.usefixtures("played_hub")
def test_what_the_hub_does_not_have() -> None:
    with pytest.raises(MinilmError, match=r"no/such.* doesn't exist\. The sources") as raised:
        next(hub_documents("no/such"))
    assert "more" not in str(raised.value)
    with pytest.raises(
        MinilmError, match=r"row 0 has no text in 'body'; its fields are \['license'"
    ):
        next(hub_documents("some/data", text_field="body"))


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MinilmError, match="pip install datasets"):
        next(hub_documents("some/data"))
