import json

import pytest
from cxrbench.cli.main import cli
from cxrbench.errors import DataError, UsageError
from cxrbench_leaderboard.build import MARKER, build_site


def read_tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_building_twice_gives_the_same_bytes(tmp_path, make, keep):
    keep(
        tmp_path / "in", make("alpha"), make("beta", zone_mae=0.4), make("alpha", track="brixia-severity/phantom/test")
    )
    build_site([tmp_path / "in"], tmp_path / "first")
    first = read_tree(tmp_path / "first")
    build_site([tmp_path / "in"], tmp_path / "first")
    build_site([tmp_path / "in"], tmp_path / "elsewhere" / "two")
    assert read_tree(tmp_path / "first") == first == read_tree(tmp_path / "elsewhere" / "two")


def test_two_processes_give_the_bytes_of_one(tmp_path, make, keep, monkeypatch):
    tracks = ("brixia-severity/brixia-cohen/test", "brixia-severity/phantom/test")
    keep(tmp_path / "in", *(make(name, track=track) for name in ("alpha", "beta") for track in tracks))
    build_site([tmp_path / "in"], tmp_path / "first")
    monkeypatch.setattr("cxrbench_leaderboard.export.site_writer.WORTHWHILE", 0)
    monkeypatch.setattr("cxrbench_leaderboard.export.site_writer.PROCESSES", 2)
    built = build_site([tmp_path / "in"], tmp_path / "two")
    assert built.results == 4
    assert read_tree(tmp_path / "first") == read_tree(tmp_path / "two")
    bad = tmp_path / "in" / "alpha" / "results" / "brixia-severity--phantom--test.json"
    bad.write_text("{")
    with pytest.raises(DataError, match=r"alpha/results/brixia-severity--phantom--test\.json"):
        build_site([tmp_path / "in"], tmp_path / "two")
    assert read_tree(tmp_path / "first") == read_tree(tmp_path / "two")


def test_a_result_with_the_wrong_file_name_is_refused(tmp_path, make, keep):
    path = keep(tmp_path / "in", make("alpha"))
    path.rename(path.with_name("results-of-alpha.json"))
    with pytest.raises(DataError, match=r"is named brixia-severity--brixia-cohen--test\.json.*results-of-alpha\.json"):
        build_site([tmp_path / "in"], tmp_path / "out")


def test_the_site_does_not_contain_the_path_of_the_results(tmp_path, make, keep):
    keep(tmp_path / "in", make("alpha"))
    build_site([tmp_path / "in"], tmp_path / "out")
    assert not [name for name, content in read_tree(tmp_path / "out").items() if str(tmp_path).encode() in content]


def test_dates_come_from_the_results(site, page):
    assert page(site / "index.html").find("footer").find("time").text == "2026-11-21"


def test_a_site_without_results_still_has_the_reported_values(tmp_path, page):
    (tmp_path / "in").mkdir()
    built = build_site([tmp_path / "in"], tmp_path / "out")
    assert built.results == 0
    assert "There are no results yet" in page(built.index).find("footer").text
    assert list(page(tmp_path / "out/tracks/brixia-severity--brixia-cohen--all.html").find_all("table", id="claims"))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"schema": 99}', b"\xff\xfe\x00", b"null"],
    ids=["empty", "cut", "list", "schema", "bytes", "null"],
)
def test_a_corrupt_result_leaves_the_old_site(tmp_path, make, keep, content):
    keep(tmp_path / "in", make("alpha"))
    build_site([tmp_path / "in"], tmp_path / "out")
    before = read_tree(tmp_path / "out")
    bad = tmp_path / "in" / "bad" / "results" / "bad.json"
    bad.parent.mkdir(parents=True)
    bad.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.json"):
        build_site([tmp_path / "in"], tmp_path / "out")
    assert read_tree(tmp_path / "out") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


def test_a_failure_while_writing_leaves_the_old_site(tmp_path, make, keep, monkeypatch):
    keep(tmp_path / "in", make("alpha"))
    build_site([tmp_path / "in"], tmp_path / "out")
    before = read_tree(tmp_path / "out")
    monkeypatch.setattr(
        "cxrbench_leaderboard.export.site_writer.list_site_files", lambda *_: [("a", "x"), ("a/b", "below a file")]
    )
    with pytest.raises(Exception, match="could not be written"):
        build_site([tmp_path / "in"], tmp_path / "out")
    assert read_tree(tmp_path / "out") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


def test_a_withdrawn_row_leaves_the_site(tmp_path, make, keep):
    path = keep(tmp_path / "in", make("alpha", track="brixia-severity/phantom/test"))
    build_site([tmp_path / "in"], tmp_path / "out")
    assert (tmp_path / "out/tracks/brixia-severity--phantom--test.html").is_file()
    path.unlink()
    build_site([tmp_path / "in"], tmp_path / "out")
    assert not (tmp_path / "out/tracks/brixia-severity--phantom--test.html").exists()


def test_a_folder_that_is_no_site_is_not_replaced(tmp_path, make, keep):
    keep(tmp_path / "in", make("alpha"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="something else"):
        build_site([tmp_path / "in"], tmp_path / "out")
    assert (tmp_path / "out" / "thesis.txt").read_text() == "years of work"


def test_the_site_does_not_replace_its_own_results(tmp_path, make, keep):
    keep(tmp_path / "site" / "in", make("alpha"))
    (tmp_path / "site" / MARKER).write_text("{}")
    with pytest.raises(UsageError, match="replace the results"):
        build_site([tmp_path / "site" / "in"], tmp_path / "site")


def test_the_manifest_lists_every_result_with_its_hash(site):
    content = json.loads((site / MARKER).read_text())
    assert len(content["results"]) == 8
    assert all(len(entry["sha256"]) == 64 for entry in content["results"])


def test_two_results_of_a_submission_on_a_track_are_refused(tmp_path, make, keep):
    keep(tmp_path / "in" / "a", make("alpha", zone_mae=0.1))
    keep(tmp_path / "in" / "b", make("alpha", zone_mae=0.2))
    with pytest.raises(DataError, match=r"a/alpha/results/.*b/alpha/results/"):
        build_site([tmp_path / "in"], tmp_path / "out")


def test_the_first_of_two_folders_is_shown(tmp_path, make, keep, page):
    keep(tmp_path / "a", make("alpha", zone_mae=0.111))
    keep(tmp_path / "b", make("alpha", zone_mae=0.777), make("beta", zone_mae=0.3))
    assert build_site([tmp_path / "a", tmp_path / "b"], tmp_path / "out").results == 2
    text = page(tmp_path / "out/tracks/brixia-severity--brixia-cohen--test.html").text
    assert "0.111" in text
    assert "0.777" not in text
    assert "A result of alpha from 2026-11-21 is not shown" in text


def test_a_missing_folder_of_results_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        build_site([tmp_path / "absent"], tmp_path / "out")


def test_the_command_builds_and_reports(tmp_path, make, keep):
    from click.testing import CliRunner

    keep(tmp_path / "in", make("alpha"))
    arguments = ["leaderboard", "build", "--results", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--json"]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["results"] == 1
    assert (tmp_path / "out" / "index.html").is_file()
