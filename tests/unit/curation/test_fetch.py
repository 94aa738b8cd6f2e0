"""`cxrbench datasets fetch`, against a server of our own: checksums, resumption, and what goes wrong."""

import hashlib
import http.server
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cxrbench import catalog
from cxrbench.catalog import Card, CardFile
from cxrbench.curation.fetch import Fetched, fetch, fetch_file
from cxrbench.errors import DataError, UsageError
from pydantic import ValidationError

BODY = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(BODY).hexdigest()


@dataclass
class Served:
    """A server's behaviour and what it was asked: `breaks` connections end after half of what they owe."""

    url: str = ""
    ranges: bool = True
    breaks: int = 0
    asked: list[str | None] = field(default_factory=list)


@pytest.fixture
def served():
    state = Served()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            state.asked.append(self.headers.get("Range"))
            if self.path != "/films.bin":
                self.send_error(404, "Not Found")
                return
            start = _start(self.headers.get("Range")) if state.ranges else 0
            if start >= len(BODY):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(BODY)}")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(BODY) - 1}/{len(BODY)}")
            owed = BODY[start:]
            self.send_header("Content-Length", str(len(owed)))
            self.end_headers()
            broken, state.breaks = state.breaks > 0, max(0, state.breaks - 1)
            self.wfile.write(owed[: len(owed) // 2] if broken else owed)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/films.bin"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def _start(header: str | None) -> int:
    return int(header.removeprefix("bytes=").removesuffix("-")) if header else 0


def _file(served, **changes) -> CardFile:
    return CardFile(**{"url": served.url, "sha256": SHA256, "path": "set/films.bin", **changes})


def test_a_file_is_fetched_once(served, tmp_path):
    file = _file(served)
    assert fetch_file(file, tmp_path) == Fetched("set/films.bin", "fetched")
    assert (tmp_path / "set" / "films.bin").read_bytes() == BODY
    assert fetch_file(file, tmp_path) == Fetched("set/films.bin", "present")
    assert served.asked == [None]
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["films.bin"]


def test_a_broken_connection_is_resumed_at_once(served, tmp_path):
    served.breaks = 2
    fetch_file(_file(served), tmp_path)
    assert (tmp_path / "set" / "films.bin").read_bytes() == BODY
    half = len(BODY) // 2
    assert served.asked == [None, f"bytes={half}-", f"bytes={half + half // 2}-"]


def test_a_transfer_that_failed_is_resumed_by_the_next_call(served, tmp_path):
    served.breaks = 3
    with pytest.raises(DataError, match="goes on where it broke off"):
        fetch_file(_file(served), tmp_path)
    part = tmp_path / "set" / "films.bin.part"
    have = part.stat().st_size
    assert 0 < have < len(BODY)
    assert not (tmp_path / "set" / "films.bin").exists()
    fetch_file(_file(served), tmp_path)
    assert served.asked[-1] == f"bytes={have}-"
    assert (tmp_path / "set" / "films.bin").read_bytes() == BODY
    assert not part.exists()


def test_a_server_without_ranges_begins_again(served, tmp_path):
    served.ranges, served.breaks = False, 1
    fetch_file(_file(served), tmp_path)
    assert (tmp_path / "set" / "films.bin").read_bytes() == BODY


@pytest.mark.parametrize("extra", [b"", b"more than the file"])
def test_a_part_that_is_whole_or_too_long(served, tmp_path, extra):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "films.bin.part").write_bytes(BODY + extra)
    fetch_file(_file(served), tmp_path)
    assert (tmp_path / "set" / "films.bin").read_bytes() == BODY


def test_another_checksum_is_an_error_and_the_file_goes(served, tmp_path):
    with pytest.raises(DataError, match="another SHA-256") as failed:
        fetch_file(_file(served, sha256="0" * 64), tmp_path)
    assert served.url in failed.value.line
    assert list((tmp_path / "set").iterdir()) == []


def test_a_damaged_part_does_not_stay(served, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "films.bin.part").write_bytes(b"not the beginning")
    with pytest.raises(DataError, match="another SHA-256"):
        fetch_file(_file(served), tmp_path)
    assert fetch_file(_file(served), tmp_path).state == "fetched"


def test_a_damaged_file_is_fetched_again(served, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "films.bin").write_bytes(BODY[:-1])
    assert fetch_file(_file(served), tmp_path).state == "fetched"
    assert (tmp_path / "set" / "films.bin").read_bytes() == BODY


def test_an_address_without_a_file_is_an_error_of_one_line(served, tmp_path):
    with pytest.raises(DataError, match="404 Not Found") as failed:
        fetch_file(_file(served, url=served.url + ".gone"), tmp_path)
    assert "\n" not in failed.value.line


def test_progress_tells_bytes(served, tmp_path):
    seen = []
    fetch_file(_file(served), tmp_path, progress=lambda path, done, total: seen.append((path, done, total)))
    assert seen[-1] == ("set/films.bin", len(BODY), len(BODY))


@pytest.fixture
def card_with_file(served, monkeypatch):
    card = Card(title="t", version="1", modality="cxr", licence="CC0", access="open", files=(_file(served),))
    monkeypatch.setattr(catalog, "cards", lambda: {"films": card})


@pytest.mark.usefixtures("card_with_file")
def test_the_command_brings_what_the_card_lists(tmp_path, command):
    done = command("datasets", "fetch", "films", "--data", tmp_path, "--json")
    assert done.code == 0
    assert json.loads(done.out)["files"] == [{"path": "set/films.bin", "state": "fetched"}]
    assert (Path(tmp_path) / "set" / "films.bin").is_file()
    assert "present" in command("datasets", "fetch", "films", "--data", tmp_path).out


@pytest.mark.usefixtures("card_with_file")
def test_no_folder_is_a_usage_error(monkeypatch):
    monkeypatch.delenv("CXRBENCH_DATA", raising=False)
    with pytest.raises(UsageError, match="--data"):
        fetch("films", None)


def test_a_set_behind_a_form_says_where_to_go(tmp_path, command):
    done = command("datasets", "fetch", "cohen", "--data", tmp_path)
    assert done.code == 2
    assert "no files to fetch" in done.error_lines[0]
    assert "https://" in done.error_lines[0]


@pytest.mark.parametrize("path", ["/etc/passwd", "../up", "set/../../up", "", "set//x", ".hidden"])
def test_a_card_may_not_write_elsewhere(served, path):
    with pytest.raises(ValidationError):
        _file(served, path=path)
