"""The checkpoint of a run: whatever a crash leaves of it, intact lines are read and nothing else."""

from cxrbench.runner.checkpoint import Checkpoint


def test_finished_cases_survive_a_line_cut_short(tmp_path):
    checkpoint = Checkpoint(tmp_path / "runs" / "a.jsonl")
    checkpoint.append({"one": {"A": 0.1}, "two": {"A": 0.2}})
    checkpoint.append({"three": {"A": 0.3}})
    whole = checkpoint.path.read_bytes()
    for end in range(len(whole)):
        checkpoint.path.write_bytes(whole[:end])
        kept = checkpoint.read()
        assert list(kept) == ["one", "two", "three"][: len(kept)]
    checkpoint.path.write_bytes(whole[:-3])
    checkpoint.append({"three": {"A": 0.4}})
    assert checkpoint.read() == {"one": {"A": 0.1}, "two": {"A": 0.2}, "three": {"A": 0.4}}


def test_a_changed_byte_loses_its_line_alone(tmp_path):
    checkpoint = Checkpoint(tmp_path / "a.jsonl")
    checkpoint.append({"one": {"A": 0.1}, "two": {"A": 0.2}})
    checkpoint.path.write_bytes(checkpoint.path.read_bytes().replace(b"0.1", b"0.9"))
    assert checkpoint.read() == {"two": {"A": 0.2}}


def test_fresh_forgets_and_discard_leaves_nothing(tmp_path):
    checkpoint = Checkpoint(tmp_path / "runs" / "a.jsonl")
    checkpoint.append({"one": {"A": 0.1}})
    assert Checkpoint(checkpoint.path, fresh=True).read() == {}
    checkpoint.append({"one": {"A": 0.1}})
    checkpoint.discard()
    assert not checkpoint.path.parent.exists()
