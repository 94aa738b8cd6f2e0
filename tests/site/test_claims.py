import pytest
import yaml
from cxrbench.errors import DataError
from cxrbench.reported.claims import FILE, TRACKS, list_systems, load_claims
from cxrbench.tasks.track import Track

GOOD = (
    "claims:\n- {id: a, paper: signoroni2020-bsnet, where: Table 1, system: s, task: t, dataset: d, part: all,"
    " metric: mae, value: 0.560, unit: ratio}\n"
)


def claims_in(tmp_path, text):
    path = tmp_path / "published.yaml"
    path.write_text(text, "utf-8")
    return load_claims(path)


def test_every_claim_of_the_file_is_read():
    raw = yaml.safe_load(FILE.read_text("utf-8"))["claims"]
    claims = load_claims()
    assert [(claim.id, float(claim.value), claim.n) for claim in claims] == [
        (claim["id"], float(claim["value"]), claim.get("n")) for claim in raw
    ]


def test_trailing_zeros_are_kept(tmp_path):
    assert str(claims_in(tmp_path, GOOD)[0].value) == "0.560"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (GOOD.replace("unit: ratio", "unit: ratio, typo: 1"), "typo"),
        (GOOD.replace("0.560", "about half"), "value"),
        (GOOD.replace("0.560", ".nan"), "value"),
        (GOOD.replace("metric: mae, ", ""), "metric"),
        (GOOD + GOOD.partition("\n")[2], "is listed twice"),
        (GOOD.replace("signoroni2020-bsnet", "nobody1999"), "nobody1999"),
        ("claims: [", "cannot be read"),
        ("- 1", "not valid"),
    ],
)
def test_a_bad_claim_is_refused_by_name(tmp_path, text, named):
    with pytest.raises(DataError, match=rf"{named}.*published\.yaml"):
        claims_in(tmp_path, text)


@pytest.mark.parametrize("name", sorted(set(TRACKS.values())))
def test_claims_belong_to_tracks_that_exist(name):
    assert Track.parse(name).load_split().cases(Track.parse(name).part)


def test_table_9_belongs_to_the_tracks_of_its_cases():
    claims = load_claims()
    on_all = {system.name: system for system in list_systems("brixia-severity/brixia-cohen/all", claims)}
    on_test = {system.name: system for system in list_systems("brixia-severity/brixia-cohen@published/test", claims)}
    assert str(on_all["radiologist-rj"].claims["zone_mae"].value) == "0.405"
    assert str(on_all["bs-net-ha"].claims["zone_mae[F]"].value) == "0.776"
    assert str(on_test["bs-net-ha-fine-tuned"].claims["global_mean_error"].value) == "0.458"
    assert len(on_test) == 4
    assert all(len(system.claims) == 16 for system in on_test.values())


def test_only_the_reader_of_table_9_changes_sign():
    reversed_claims = [claim for claim in load_claims() if claim.comparable != claim.value]
    assert {(claim.system, claim.metric, claim.where) for claim in reversed_claims} == {
        ("radiologist-rj", "mean-error", "Table 9")
    }
    assert all(claim.comparable == -claim.value for claim in reversed_claims)


def test_other_datasets_have_no_track_yet():
    assert {claim.dataset for claim in load_claims() if claim.track} == {"cohen-brixia-192"}


VERDICTS = """{"schema": 1, "benchmark": "0", "command": "c", "papers": {}, "verdicts": {"a": {"printed": "0.560",
"recomputed": 0.5604, "verdict": "equal", "reason": "", "n": 3, "n_printed": null, "how": "h", "others": {}}}}"""


def with_verdicts(tmp_path, text):
    (tmp_path / "verdicts.json").write_text(text, "utf-8")
    return claims_in(tmp_path, GOOD)


def test_a_claim_has_the_verdict_of_its_file(tmp_path):
    assert claims_in(tmp_path, GOOD)[0].verdict == "not yet checked"
    claim = with_verdicts(tmp_path, VERDICTS)[0]
    assert (claim.verdict, claim.checked.recomputed, str(claim.value)) == ("equal", 0.5604, "0.560")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("0.560", "0.561", "not of a printed claim"),
        ('"a"', '"b"', "not of a printed claim"),
        ("equal", "about right", "verdict"),
        ('"n": 3', '"n": 3, "labels": [1]', "labels"),
        ('"schema": 1', '"schema": 2', "schema"),
    ],
)
def test_bad_verdicts_are_refused_by_name(tmp_path, old, new, named):
    with pytest.raises(DataError, match=rf"{named}.*verdicts\.json"):
        with_verdicts(tmp_path, VERDICTS.replace(old, new))


def test_the_committed_verdicts_cover_table_10_of_danilov():
    cells = [claim for claim in load_claims() if claim.paper == "danilov2022-scoring" and claim.where == "Table 10"]
    assert {claim.verdict for claim in cells} == {"equal"}
    assert all(abs(claim.checked.recomputed - float(claim.value)) <= 0.005 + 1e-9 for claim in cells)


def test_the_committed_verdicts_are_what_the_command_makes(command, real_data, tmp_path):
    out = tmp_path / "verdicts.json"
    assert command("reproduce", "claims", "--data", real_data, "--out", out).code == 0
    assert out.read_bytes() == FILE.with_name("verdicts.json").read_bytes()
