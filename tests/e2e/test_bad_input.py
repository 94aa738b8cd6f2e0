"""Every invalid input ends with its exit code and a one-line error, and writes nothing."""

import pytest

TRACK = ("--track", "brixia-severity/phantom/test")
REAL = ("--track", "brixia-severity/brixia-cohen/all")
THIRD = """
seen = 0
def predict(self, images):
    self.seen += len(images)
    if self.seen >= 3:
        {action}
    return [{{"brixia": [1, 1, 1, 1, 1, 1]}} for _ in images]
"""


def list_results(folder) -> list:
    """Files and folders that a reader would see."""
    return [path for path in folder.glob("*") if not path.name.startswith(".")]


def make_predict(value: str) -> str:
    return f"def predict(self, images):\n    return [{value} for _ in images]\n"


BODIES = {
    "raises in setup": ("def setup(self, device):\n    raise RuntimeError('no weights')\n", "no weights"),
    "raises on the third case": (THIRD.format(action="raise ValueError('third')"), "third"),
    "exits on the third case": (THIRD.format(action="import os; os._exit(3)"), "exit code 3"),
    "kills itself on the third case": (THIRD.format(action="import os; os.kill(os.getpid(), 9)"), "SIGKILL"),
    "five zones": (make_predict('{"brixia": [1, 1, 1, 1, 1]}'), "shape"),
    "not a number": (make_predict('{"brixia": [1, 1, float("nan"), 1, 1, 1]}'), "finite"),
    "a four": (make_predict('{"brixia": [1, 1, 4, 1, 1, 1]}'), "[0, 3]"),
    "below zero": (make_predict('{"brixia": [1, 1, -0.1, 1, 1, 1]}'), "[0, 3]"),
    "a string": (make_predict('{"brixia": "111111"}'), "numbers"),
    "digits as text": (make_predict('{"brixia": list("111111")}'), "numbers"),
    "another key": (make_predict('{"score": [1, 1, 1, 1, 1, 1]}'), "brixia"),
    "probabilities that do not add up": (make_predict('{"brixia": np.full((6, 4), 0.3)}'), "add up"),
    "no dict": (make_predict("[1, 1, 1, 1, 1, 1]"), "dict"),
    "nothing": ("def predict(self, images):\n    return None\n", "NoneType"),
    "one prediction too few": ("def predict(self, images):\n    return []\n", "0 for 1"),
    "one prediction too many": (
        "def predict(self, images):\n    return [{'brixia': [1] * 6}] * (len(images) + 1)\n",
        "2 for 1",
    ),
    "not its task": ("tasks = ('detection',)\n" + make_predict('{"probability": 0.5}'), "brixia-severity"),
    "trained on an unknown part": (
        "trained_on = ('brixia-cohen/nowhere',)\n" + make_predict('{"brixia": [1] * 6}'),
        "nowhere",
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_submission_that_breaks_its_contract_exits_with_3(name, written, command, tmp_path):
    body, message = BODIES[name]
    done = command("evaluate", written(body), *TRACK, "--out", tmp_path / "out", "--sandbox", "off")
    assert done.code == 3
    assert len(done.error_lines) == 1
    assert message in done.error_lines[0]
    assert not list_results(tmp_path / "out")


HEAD = "import cxrbench\nclass A(cxrbench.Submission):\n    name = '{}'\n    tasks = ('brixia-severity',)\n"
FILES = {
    "a syntax error": ("class A(:\n", "syntax error"),
    "an import that fails": ("import nothing_of_this_name\n", "nothing_of_this_name"),
    "no submission": ("import cxrbench\n", "none"),
    "two submissions": (
        HEAD.format("a") + "class B(A):\n    name = 'b'\n",
        "A, B",
    ),
    "no name": ("import cxrbench\nclass A(cxrbench.Submission):\n    tasks = ('brixia-severity',)\n", "name"),
    "a name that is a path": (
        HEAD.format("../a") + "    def predict(self, images):\n        return [{'brixia': [1] * 6} for _ in images]\n",
        "attributes",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_a_submission_exits_with_3(name, command, tmp_path):
    text, message = FILES[name]
    path = tmp_path / "submission.py"
    path.write_text(text, "utf-8")
    done = command("evaluate", path, *TRACK)
    assert done.code == 3
    assert len(done.error_lines) == 1
    assert message in done.error_lines[0]
    assert not list_results(tmp_path / "results")


def test_the_case_that_failed_is_named(written, command):
    done = command("evaluate", written(BODIES["raises on the third case"][0]), *TRACK)
    assert "case study-" in done.error_lines[0]
    assert "submission.py:" in done.error_lines[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("evaluate", "nowhere/submission.py"), "no such submission file"),
        (("evaluate", "{submission}", "--track", "brixia-severity/phantom"), "task/dataset/part"),
        (("evaluate", "{submission}", "--track", "brixia-severty/phantom/test"), "did you mean brixia-severity"),
        (("evaluate", "{submission}", "--track", "brixia-severity/phantom/testt"), "testt"),
        (("evaluate", "{submission}", "--track", "brixia-severity/phantom@mine/test"), "mine"),
        (("evaluate", "{submission}", "--device", "abacus"), "abacus"),
        (("evaluate", "{submission}", "--limit", "0"), "--limit"),
        (("evaluate",), "SUBMISSION"),
        (("evaluat",), "evaluat"),
        (("splits", "show", "phantm"), "did you mean phantom"),
        (("datasets", "show", "cohn"), "did you mean cohen"),
        (("score", "nowhere.csv", "--track", "brixia-severity/phantom/test"), "nowhere.csv"),
        (("score", "--track", "brixia-severity/phantom/test"), "--rater"),
        (("score", "--rater", "senior", "--track", "brixia-severity/phantom/test"), "senior"),
        (("new", "no/slashes"), "no/slashes"),
    ],
)
def test_usage_errors_exit_with_2(arguments, message, constant, command):
    done = command(*(str(argument).format(submission=constant) for argument in arguments))
    assert done.code == 2
    assert len(done.error_lines) == 1
    assert message in done.error_lines[0]


def evaluate_refused(command, constant, data) -> str:
    done = command("evaluate", constant, *REAL, "--data", data)
    assert done.code == 4
    assert len(done.error_lines) == 1
    assert not list_results(constant.parent / "results")
    return done.error_lines[0]


def test_a_missing_data_folder_exits_with_4(command, constant, tmp_path):
    assert "does not exist" in evaluate_refused(command, constant, tmp_path / "nowhere")


def test_no_data_folder_exits_with_4(command, constant):
    done = command("evaluate", constant, *REAL)
    assert done.code == 4
    assert "CXRBENCH_DATA" in done.error_lines[0]


def test_a_folder_without_the_dataset_exits_with_4(command, constant, tmp_path):
    assert "not found" in evaluate_refused(command, constant, tmp_path)


def test_scores_without_any_image_exit_with_4(command, constant, synthetic_copy):
    for image in (synthetic_copy / "brixia-cohen" / "public-cohen-subset").iterdir():
        image.unlink()
    assert "no image of this track" in evaluate_refused(command, constant, synthetic_copy)


def test_a_truncated_image_exits_with_4_and_is_named(command, constant, synthetic_copy):
    image = next((synthetic_copy / "brixia-cohen" / "public-cohen-subset").glob("*.png"))
    image.write_bytes(image.read_bytes()[:-200])
    assert image.name in evaluate_refused(command, constant, synthetic_copy)


def test_a_missing_column_exits_with_4_and_is_named(command, constant, synthetic_copy):
    table = synthetic_copy / "brixia-cohen" / "public-annotations.csv"
    table.write_text(table.read_text("utf-8-sig").replace("S-C", "S-X"), "utf-8")
    assert "S-C" in evaluate_refused(command, constant, synthetic_copy)


def test_a_score_that_contradicts_its_sum_exits_with_4(command, constant, synthetic_copy):
    table = synthetic_copy / "brixia-cohen" / "public-annotations.csv"
    lines = table.read_text("utf-8-sig").splitlines()
    cells = lines[5].split(",")
    cells[7] = str(int(cells[7]) + 1)
    lines[5] = ",".join(cells)
    table.write_text("\n".join(lines), "utf-8")
    assert cells[0] in evaluate_refused(command, constant, synthetic_copy)


def test_required_isolation_is_refused_where_there_is_none(command, constant, monkeypatch):
    monkeypatch.setattr("cxrbench.runner.isolation.sandbox.find_best_level", lambda: "namespaces")
    done = command("evaluate", constant, *TRACK, "--sandbox", "required")
    assert done.code == 5
    assert len(done.error_lines) == 1


def test_the_time_limit_exits_with_5(command, written):
    slow = written("def predict(self, images):\n    import time; time.sleep(600)\n")
    done = command("evaluate", slow, *TRACK, "--time-limit", "3")
    assert done.code == 5
    assert "time limit" in done.error_lines[0]
