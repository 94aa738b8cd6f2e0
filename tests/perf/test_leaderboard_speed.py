"""Building a site of 10, 100 and 1,000 submissions on twenty tracks: seconds, memory, bytes of the overview."""

import json
import subprocess
import sys

import pytest

from tests.fixtures.make_leaderboard import TRACKS, write_results

BUILD = """
import json, resource, sys
from pathlib import Path
from cxrbench_leaderboard.build import build_site
from cxrbench_leaderboard.export.site_writer import PROCESSES

if __name__ == "__main__":
    built = build_site([Path(sys.argv[1])], Path(sys.argv[2]))
    own, child = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"results": built.results, "pages": built.pages, "kib": own + PROCESSES * child}))
"""
SECONDS, KIB, OVERVIEW = 20, 1024 * 1024, 1_000_000


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("script") / "build_site.py"
    path.write_text(BUILD, "utf-8")
    return path


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("submissions", [10, 100, 1000])
def test_build(benchmark, tmp_path, script, submissions, capsys):
    """Seconds are reported and not checked, since no peer builds such a site; memory and bytes are checked.

    Memory is the parent's peak and, for each process, that of the largest: more than there ever is at once.
    """
    write_results(tmp_path / "in", submissions)

    def built():
        command = [sys.executable, str(script), str(tmp_path / "in"), str(tmp_path / "out")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    site = benchmark.pedantic(built, rounds=1)
    overview = (tmp_path / "out" / "index.html").stat().st_size
    benchmark.extra_info |= site | {"overview_bytes": overview}
    assert site["results"] == submissions * len(TRACKS)
    assert site["kib"] < KIB
    assert overview < OVERVIEW
    if benchmark.stats is not None:
        spent = benchmark.stats["min"]
        with capsys.disabled():
            print(f"\n{submissions} submissions on {len(TRACKS)} tracks: {spent:.1f} s (wanted: {SECONDS} s for 1,000)")
