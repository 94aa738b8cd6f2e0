"""The journal: whatever a crash leaves of it, intact lines are found and nothing else."""

from cxrbench.runner.checkpoint import Journal


def test_finished_cases_survive_a_line_cut_short(tmp_path):
    journal = Journal(tmp_path / "runs" / "a.jsonl")
    journal.append({"one": {"A": 0.1}, "two": {"A": 0.2}})
    journal.append({"three": {"A": 0.3}})
    whole = journal.path.read_bytes()
    for end in range(len(whole)):
        journal.path.write_bytes(whole[:end])
        kept = journal.finished()
        assert list(kept) == ["one", "two", "three"][: len(kept)]
    journal.path.write_bytes(whole[:-3])
    journal.append({"three": {"A": 0.4}})
    assert journal.finished() == {"one": {"A": 0.1}, "two": {"A": 0.2}, "three": {"A": 0.4}}


def test_a_changed_byte_loses_its_line_alone(tmp_path):
    journal = Journal(tmp_path / "a.jsonl")
    journal.append({"one": {"A": 0.1}, "two": {"A": 0.2}})
    journal.path.write_bytes(journal.path.read_bytes().replace(b"0.1", b"0.9"))
    assert journal.finished() == {"two": {"A": 0.2}}


def test_fresh_forgets_and_discard_leaves_nothing(tmp_path):
    journal = Journal(tmp_path / "runs" / "a.jsonl")
    journal.append({"one": {"A": 0.1}})
    assert Journal(journal.path, fresh=True).finished() == {}
    journal.append({"one": {"A": 0.1}})
    journal.discard()
    assert not journal.path.parent.exists()
