"""`cxrbench datasets fetch`, against a local server: checksums, resumption and failures."""

import hashlib
import http.server
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cxrbench import catalog
from cxrbench.catalog import CardFile, DatasetCard
from cxrbench.curation.fetch import FetchedFile, fetch_dataset, fetch_file
from cxrbench.errors import DataError, UsageError
from pydantic import ValidationError

BODY = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(BODY).hexdigest()


@dataclass
class LocalServer:
    """Behaviour and requests of a server: `breaks` connections end after half of their content."""

    url: str = ""
    ranges: bool = True
    breaks: int = 0
    requests: list[str | None] = field(default_factory=list)


@pytest.fixture
def served():
    state = LocalServer()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            state.requests.append(self.headers.get("Range"))
            if self.path != "/images.bin":
                self.send_error(404, "Not Found")
                return
            start = _parse_start(self.headers.get("Range")) if state.ranges else 0
            if start >= len(BODY):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(BODY)}")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(BODY) - 1}/{len(BODY)}")
            content = BODY[start:]
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            broken, state.breaks = state.breaks > 0, max(0, state.breaks - 1)
            self.wfile.write(content[: len(content) // 2] if broken else content)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/images.bin"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def _parse_start(header: str | None) -> int:
    return int(header.removeprefix("bytes=").removesuffix("-")) if header else 0


def _make_file(served, **changes) -> CardFile:
    return CardFile(**{"url": served.url, "sha256": SHA256, "path": "set/images.bin", **changes})


def test_a_file_is_fetched_once(served, tmp_path):
    file = _make_file(served)
    assert fetch_file(file, tmp_path) == FetchedFile("set/images.bin", "fetched")
    assert (tmp_path / "set" / "images.bin").read_bytes() == BODY
    assert fetch_file(file, tmp_path) == FetchedFile("set/images.bin", "present")
    assert served.requests == [None]
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["images.bin"]


def test_a_broken_connection_is_resumed_at_once(served, tmp_path):
    served.breaks = 2
    fetch_file(_make_file(served), tmp_path)
    assert (tmp_path / "set" / "images.bin").read_bytes() == BODY
    half = len(BODY) // 2
    assert served.requests == [None, f"bytes={half}-", f"bytes={half + half // 2}-"]


def test_a_failed_transfer_is_resumed_by_the_next_call(served, tmp_path):
    served.breaks = 3
    with pytest.raises(DataError, match="continues where it stopped"):
        fetch_file(_make_file(served), tmp_path)
    part = tmp_path / "set" / "images.bin.part"
    have = part.stat().st_size
    assert 0 < have < len(BODY)
    assert not (tmp_path / "set" / "images.bin").exists()
    fetch_file(_make_file(served), tmp_path)
    assert served.requests[-1] == f"bytes={have}-"
    assert (tmp_path / "set" / "images.bin").read_bytes() == BODY
    assert not part.exists()


def test_a_server_without_ranges_starts_again(served, tmp_path):
    served.ranges, served.breaks = False, 1
    fetch_file(_make_file(served), tmp_path)
    assert (tmp_path / "set" / "images.bin").read_bytes() == BODY


@pytest.mark.parametrize("extra", [b"", b"more than the file"])
def test_a_partial_file_that_is_complete_or_too_long(served, tmp_path, extra):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "images.bin.part").write_bytes(BODY + extra)
    fetch_file(_make_file(served), tmp_path)
    assert (tmp_path / "set" / "images.bin").read_bytes() == BODY


def test_another_checksum_is_an_error_and_removes_the_file(served, tmp_path):
    with pytest.raises(DataError, match="another SHA-256") as failed:
        fetch_file(_make_file(served, sha256="0" * 64), tmp_path)
    assert served.url in failed.value.line
    assert list((tmp_path / "set").iterdir()) == []


def test_a_damaged_partial_file_is_removed(served, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "images.bin.part").write_bytes(b"not the beginning")
    with pytest.raises(DataError, match="another SHA-256"):
        fetch_file(_make_file(served), tmp_path)
    assert fetch_file(_make_file(served), tmp_path).state == "fetched"


def test_a_damaged_file_is_fetched_again(served, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "images.bin").write_bytes(BODY[:-1])
    assert fetch_file(_make_file(served), tmp_path).state == "fetched"
    assert (tmp_path / "set" / "images.bin").read_bytes() == BODY


def test_a_missing_file_on_the_server_is_an_error(served, tmp_path):
    with pytest.raises(DataError, match="404 Not Found") as failed:
        fetch_file(_make_file(served, url=served.url + ".gone"), tmp_path)
    assert "\n" not in failed.value.line


def test_progress_reports_bytes(served, tmp_path):
    seen = []
    fetch_file(_make_file(served), tmp_path, progress=lambda path, done, total: seen.append((path, done, total)))
    assert seen[-1] == ("set/images.bin", len(BODY), len(BODY))


@pytest.fixture
def card_with_file(served, monkeypatch):
    card = DatasetCard(
        title="t", version="1", modality="cxr", licence="CC0", access="open", files=(_make_file(served),)
    )
    monkeypatch.setattr(catalog, "read_cards", lambda: {"images": card})


@pytest.mark.usefixtures("card_with_file")
def test_the_command_downloads_the_files_of_the_card(tmp_path, command):
    done = command("datasets", "fetch", "images", "--data", tmp_path, "--json")
    assert done.code == 0
    assert json.loads(done.out)["files"] == [{"path": "set/images.bin", "state": "fetched"}]
    assert (Path(tmp_path) / "set" / "images.bin").is_file()
    assert "present" in command("datasets", "fetch", "images", "--data", tmp_path).out


@pytest.mark.usefixtures("card_with_file")
def test_no_folder_is_a_usage_error(monkeypatch):
    monkeypatch.delenv("CXRBENCH_DATA", raising=False)
    with pytest.raises(UsageError, match="--data"):
        fetch_dataset("images", None)


def test_a_dataset_without_files_names_its_home_page(tmp_path, command):
    done = command("datasets", "fetch", "cohen", "--data", tmp_path)
    assert done.code == 2
    assert "no files to fetch" in done.error_lines[0]
    assert "https://" in done.error_lines[0]


@pytest.mark.parametrize("path", ["/etc/passwd", "../up", "set/../../up", "", "set//x", ".hidden"])
def test_a_card_may_not_write_outside_the_data_folder(served, path):
    with pytest.raises(ValidationError):
        _make_file(served, path=path)
