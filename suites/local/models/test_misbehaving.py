"""Each fault as real downloaders meet it: curl, Python's urllib and httpx2.

What deceives them is said here, because a download is only good when its digest is.
"""

from __future__ import annotations

import hashlib
import http.client
import shutil
import subprocess
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import httpx2
import pytest

from fixtures.models.answer import PORTAL
from fixtures.models.client import File, ModelServer
from suites.local.models.conftest import SIZE

# curl's own exit codes.
PARTIAL, RECEIVING, REDIRECTS, PROTOCOL, REFUSED, RANGE = 18, 56, 47, 1, 22, 33

Scripted = Callable[..., File]


@pytest.fixture(scope="session")
def curl() -> str:
    found = shutil.which("curl")
    if found is None:
        pytest.skip("capability_missing: curl is not installed (Debian: apt-get install curl)")
    return found


@pytest.fixture
def download(curl: str, tmp_path: Path) -> Callable[..., tuple[int, Path]]:
    """Runs curl; its exit code and where the file is."""

    def run(file: File, *options: str) -> tuple[int, Path]:
        place = tmp_path / "model.gguf"
        command = [curl, "-q", "-sS", "--max-time", "20", "-o", str(place), *options, file.url]
        return subprocess.run(command, capture_output=True).returncode, place

    return run


def sha256(place: Path) -> str:
    return hashlib.sha256(place.read_bytes()).hexdigest()


class TestConnections:
    def test_cut_download_is_resumed(
        self, server: ModelServer, scripted: Scripted, download: Callable[..., tuple[int, Path]]
    ) -> None:
        file = scripted("cut;after=70000")
        code, place = download(file)
        assert (code, place.stat().st_size) == (PARTIAL, 70_000)
        code, place = download(file, "-C", "-")
        assert (code, sha256(place)) == (0, file.sha256)
        first, second = server.asked(file)
        assert (first["outcome"], first["bytes_sent"]) == ("dropped", 70_000)
        assert (second["headers"]["range"], second["status"]) == ("bytes=70000-", 206)

    @pytest.mark.parametrize("fault", ["reset;after=70000", "reset;after=0"])
    def test_reset(
        self, scripted: Scripted, download: Callable[..., tuple[int, Path]], fault: str
    ) -> None:
        assert download(scripted(fault))[0] == RECEIVING
        with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)):
            httpx2.get(scripted(fault).url)

    def test_cut_is_an_error_of_urllib_too(self, scripted: Scripted) -> None:
        answer = urlopen(scripted("cut;after=5").url)
        with answer, pytest.raises(http.client.IncompleteRead):
            answer.read()

    def test_stall_is_only_ended_by_the_client(
        self, server: ModelServer, scripted: Scripted
    ) -> None:
        file, came = scripted("stall;after=70000"), 0
        patience = httpx2.Timeout(20, read=1.5)
        streaming = httpx2.stream("GET", file.url, timeout=patience)
        with pytest.raises(httpx2.ReadTimeout), streaming as answer:
            for part in answer.iter_bytes():
                came += len(part)
        assert came == 70_000
        (record,) = server.asked(file)
        assert record["outcome"] == "client_closed"

    def test_drip_comes_whole_and_in_pieces(self, server: ModelServer, scripted: Scripted) -> None:
        file = scripted("ok;drip_ms=1;chunk=20000")
        assert hashlib.sha256(httpx2.get(file.url).content).hexdigest() == file.sha256
        (record,) = server.asked(file)
        assert record["frames_sent"] >= SIZE // 20_000


class TestLengths:
    def test_short_file_looks_whole(
        self, scripted: Scripted, download: Callable[..., tuple[int, Path]]
    ) -> None:
        """Deceives everyone who does not know the length beforehand."""
        file = scripted("short;by=100")
        code, place = download(file)
        assert (code, place.stat().st_size) == (0, SIZE - 100)
        assert sha256(place) != file.sha256

    def test_long_one_is_noticed(
        self, scripted: Scripted, download: Callable[..., tuple[int, Path]]
    ) -> None:
        assert download(scripted("long;by=100"))[0] == PARTIAL

    def test_padded_one_is_not(
        self, scripted: Scripted, download: Callable[..., tuple[int, Path]]
    ) -> None:
        file = scripted("padded;by=100")
        code, place = download(file)
        assert (code, place.stat().st_size) == (0, SIZE + 100)
        whole = place.read_bytes()
        assert hashlib.sha256(whole[:SIZE]).hexdigest() == file.sha256


class TestDigests:
    def test_one_bit_is_another(self, scripted: Scripted) -> None:
        file = scripted("corrupt;at=70000")
        wrong, right = httpx2.get(file.url).content, httpx2.get(file.url).content
        assert [at for at in range(SIZE) if wrong[at] != right[at]] == [70_000]
        assert hashlib.sha256(right).hexdigest() == file.sha256

    def test_file_that_changes_between_two_ranges(
        self, scripted: Scripted, download: Callable[..., tuple[int, Path]]
    ) -> None:
        """A resume without `If-Range` glues two files together; curl's does."""
        file = scripted("cut;after=70000", "changed")
        download(file)
        code, place = download(file, "-C", "-")
        assert (code, place.stat().st_size) == (0, SIZE)
        assert sha256(place) != file.sha256

    def test_if_range_gets_the_new_file_whole(self, scripted: Scripted) -> None:
        file = scripted("ok", "changed")
        etag = httpx2.head(file.url).headers["etag"]
        answer = httpx2.get(file.url, headers={"range": "bytes=9-", "if-range": etag})
        assert (answer.status_code, len(answer.content)) == (200, SIZE)
        assert answer.headers["etag"] != etag

    def test_captive_portal_is_a_success_of_http(self, scripted: Scripted) -> None:
        answer = httpx2.get(scripted("html").url)
        assert (answer.status_code, answer.content) == (200, PORTAL)


class TestRanges:
    def test_whole_file_for_a_range(self, scripted: Scripted) -> None:
        answer = httpx2.get(scripted("no_ranges").url, headers={"range": "bytes=9-"})
        assert (answer.status_code, len(answer.content)) == (200, SIZE)
        assert answer.headers["accept-ranges"] == "none"

    def test_curl_gives_up_where_ranges_are_not_served(
        self, scripted: Scripted, download: Callable[..., tuple[int, Path]]
    ) -> None:
        file = scripted("cut;after=70000", "no_ranges")
        download(file)
        assert download(file, "-C", "-")[0] == RANGE

    def test_every_range_refused(self, scripted: Scripted) -> None:
        request = Request(scripted("refused_range").url, headers={"Range": "bytes=9-"})
        with pytest.raises(HTTPError) as refused:
            urlopen(request)
        assert refused.value.code == 416
        assert refused.value.headers["content-range"] == f"bytes */{SIZE}"
        refused.value.close()

    def test_range_from_elsewhere(
        self, scripted: Scripted, download: Callable[..., tuple[int, Path]]
    ) -> None:
        """Headers right, bytes from the beginning: only the digest tells."""
        file = scripted("cut;after=70000", "lying_range")
        download(file)
        code, place = download(file, "-C", "-")
        assert (code, place.stat().st_size) == (0, SIZE)
        assert sha256(place) != file.sha256


class TestRedirects:
    def test_same_host(
        self, server: ModelServer, scripted: Scripted, download: Callable[..., tuple[int, Path]]
    ) -> None:
        file = scripted("redirect;to=same")
        code, place = download(file, "-L", "-H", "Authorization: Bearer hf_canarycanary")
        assert (code, sha256(place)) == (0, file.sha256)
        (moved,) = server.requests(path=file.path.replace("/files", "/moved"), keys="plain")
        assert moved["key"] == "hf_canarycanary"

    def test_other_host_is_not_told_the_key(
        self, server: ModelServer, scripted: Scripted, download: Callable[..., tuple[int, Path]]
    ) -> None:
        file = scripted("redirect;to=other")
        code, place = download(file, "-L", "-H", "Authorization: Bearer hf_canarycanary")
        assert (code, sha256(place)) == (0, file.sha256)
        (moved,) = server.requests(path=file.path.replace("/files", "/moved"), keys="plain")
        assert moved["key"] is None
        assert moved["headers"]["host"].startswith("localhost:")

    def test_loop_and_other_protocols(
        self, server: ModelServer, scripted: Scripted, download: Callable[..., tuple[int, Path]]
    ) -> None:
        file = scripted()
        server.script(file, "redirect;to=loop", times=9)
        assert download(file, "-L", "--max-redirs", "5")[0] == REDIRECTS
        assert len(server.asked(file)) == 6
        assert download(scripted("redirect;to=file"), "-L")[0] == PROTOCOL


class TestRefusals:
    @pytest.mark.parametrize(
        ("fault", "status"),
        [
            ("limited", 429),
            ("unavailable", 503),
            ("server_error", 500),
            ("not_found", 404),
            ("forbidden", 403),
        ],
    )
    def test_status(
        self, scripted: Scripted, download: Callable[..., tuple[int, Path]], fault: str, status: int
    ) -> None:
        assert httpx2.get(scripted(fault).url).status_code == status
        assert download(scripted(fault), "-f")[0] == REFUSED

    def test_retry_after_is_seconds_or_a_date(self, scripted: Scripted) -> None:
        seconds = httpx2.get(scripted("limited;retry_after=7").url).headers
        assert seconds["retry-after"] == "7"
        dated = httpx2.get(scripted("limited;retry_after=60;date=1").url).headers
        wait = parsedate_to_datetime(dated["retry-after"]) - parsedate_to_datetime(dated["date"])
        assert 58 <= wait.total_seconds() <= 61

    def test_curl_tries_again_and_gets_it(
        self, server: ModelServer, scripted: Scripted, download: Callable[..., tuple[int, Path]]
    ) -> None:
        file = scripted("limited;retry_after=1")
        code, place = download(file, "--retry", "2")
        assert (code, sha256(place)) == (0, file.sha256)
        assert [one["status"] for one in server.asked(file)] == [429, 200]
