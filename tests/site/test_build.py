import json

import pytest
from cxrbench.cli.main import cli
from cxrbench.errors import DataError, UsageError
from cxrbench_leaderboard.build import MARKER, build


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_building_twice_gives_the_same_bytes(tmp_path, make, keep):
    keep(
        tmp_path / "in", make("alpha"), make("beta", zone_mae=0.4), make("alpha", track="brixia-severity/phantom/test")
    )
    build([tmp_path / "in"], tmp_path / "one")
    first = tree(tmp_path / "one")
    build([tmp_path / "in"], tmp_path / "one")
    build([tmp_path / "in"], tmp_path / "elsewhere" / "two")
    assert tree(tmp_path / "one") == first == tree(tmp_path / "elsewhere" / "two")


def test_two_processes_give_the_bytes_of_one(tmp_path, make, keep, monkeypatch):
    tracks = ("brixia-severity/brixia-cohen/test", "brixia-severity/phantom/test")
    keep(tmp_path / "in", *(make(name, track=track) for name in ("alpha", "beta") for track in tracks))
    build([tmp_path / "in"], tmp_path / "one")
    monkeypatch.setattr("cxrbench_leaderboard.export.site_writer.WORTHWHILE", 0)
    monkeypatch.setattr("cxrbench_leaderboard.export.site_writer.PROCESSES", 2)
    built = build([tmp_path / "in"], tmp_path / "two")
    assert built.results == 4
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    bad = tmp_path / "in" / "alpha" / "results" / "brixia-severity--phantom--test.json"
    bad.write_text("{")
    with pytest.raises(DataError, match=r"alpha/results/brixia-severity--phantom--test\.json"):
        build([tmp_path / "in"], tmp_path / "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_a_result_under_the_name_of_another_track_is_refused(tmp_path, make, keep):
    path = keep(tmp_path / "in", make("alpha"))
    path.rename(path.with_name("results-of-alpha.json"))
    with pytest.raises(DataError, match=r"is named brixia-severity--brixia-cohen--test\.json.*results-of-alpha\.json"):
        build([tmp_path / "in"], tmp_path / "out")


def test_the_place_of_the_results_leaves_no_trace_in_the_site(tmp_path, make, keep):
    keep(tmp_path / "in", make("alpha"))
    build([tmp_path / "in"], tmp_path / "out")
    assert not [name for name, content in tree(tmp_path / "out").items() if str(tmp_path).encode() in content]


def test_dates_come_from_the_results(site, page):
    assert page(site / "index.html").one("footer").one("time").text == "2026-11-21"


def test_a_site_without_results_still_has_the_printed_claims(tmp_path, page):
    (tmp_path / "in").mkdir()
    built = build([tmp_path / "in"], tmp_path / "out")
    assert built.results == 0
    assert "There is no result yet" in page(built.index).one("footer").text
    assert list(page(tmp_path / "out/tracks/brixia-severity--brixia-cohen--all.html").all("table", id="claims"))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"schema": 99}', b"\xff\xfe\x00", b"null"],
    ids=["empty", "cut", "list", "schema", "bytes", "null"],
)
def test_a_corrupt_result_stops_the_build_and_leaves_the_old_site(tmp_path, make, keep, content):
    keep(tmp_path / "in", make("alpha"))
    build([tmp_path / "in"], tmp_path / "out")
    before = tree(tmp_path / "out")
    bad = tmp_path / "in" / "bad" / "results" / "bad.json"
    bad.parent.mkdir(parents=True)
    bad.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.json"):
        build([tmp_path / "in"], tmp_path / "out")
    assert tree(tmp_path / "out") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


def test_a_failure_while_writing_leaves_the_old_site(tmp_path, make, keep, monkeypatch):
    keep(tmp_path / "in", make("alpha"))
    build([tmp_path / "in"], tmp_path / "out")
    before = tree(tmp_path / "out")
    monkeypatch.setattr(
        "cxrbench_leaderboard.export.site_writer.site_files", lambda *_: [("a", "x"), ("a/b", "below a file")]
    )
    with pytest.raises(Exception, match="could not be written"):
        build([tmp_path / "in"], tmp_path / "out")
    assert tree(tmp_path / "out") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


def test_a_row_that_was_withdrawn_leaves_the_site(tmp_path, make, keep):
    path = keep(tmp_path / "in", make("alpha", track="brixia-severity/phantom/test"))
    build([tmp_path / "in"], tmp_path / "out")
    assert (tmp_path / "out/tracks/brixia-severity--phantom--test.html").is_file()
    path.unlink()
    build([tmp_path / "in"], tmp_path / "out")
    assert not (tmp_path / "out/tracks/brixia-severity--phantom--test.html").exists()


def test_a_folder_that_is_no_site_is_not_replaced(tmp_path, make, keep):
    keep(tmp_path / "in", make("alpha"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="something else"):
        build([tmp_path / "in"], tmp_path / "out")
    assert (tmp_path / "out" / "thesis.txt").read_text() == "years of work"


def test_the_site_does_not_replace_the_results_it_is_made_from(tmp_path, make, keep):
    keep(tmp_path / "site" / "in", make("alpha"))
    (tmp_path / "site" / MARKER).write_text("{}")
    with pytest.raises(UsageError, match="replace the results"):
        build([tmp_path / "site" / "in"], tmp_path / "site")


def test_the_manifest_names_every_result_with_its_hash(site):
    content = json.loads((site / MARKER).read_text())
    assert len(content["results"]) == 8
    assert all(len(one["sha256"]) == 64 for one in content["results"])


def test_two_results_of_one_submission_on_one_track_are_refused(tmp_path, make, keep):
    keep(tmp_path / "in" / "a", make("alpha", zone_mae=0.1))
    keep(tmp_path / "in" / "b", make("alpha", zone_mae=0.2))
    with pytest.raises(DataError, match=r"a/alpha/results/.*b/alpha/results/"):
        build([tmp_path / "in"], tmp_path / "out")


def test_of_two_folders_the_first_stands_and_the_other_is_reported(tmp_path, make, keep, page):
    keep(tmp_path / "a", make("alpha", zone_mae=0.111))
    keep(tmp_path / "b", make("alpha", zone_mae=0.777), make("beta", zone_mae=0.3))
    assert build([tmp_path / "a", tmp_path / "b"], tmp_path / "out").results == 2
    text = page(tmp_path / "out/tracks/brixia-severity--brixia-cohen--test.html").text
    assert "0.111" in text
    assert "0.777" not in text
    assert "A result of alpha of 2026-11-21 is not shown" in text


def test_a_folder_of_results_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        build([tmp_path / "absent"], tmp_path / "out")


def test_the_command_builds_and_reports(tmp_path, make, keep):
    from click.testing import CliRunner

    keep(tmp_path / "in", make("alpha"))
    arguments = ["leaderboard", "build", "--results", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--json"]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["results"] == 1
    assert (tmp_path / "out" / "index.html").is_file()
