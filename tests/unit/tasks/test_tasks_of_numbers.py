"""zone-severity, extent-opacity, detection, outcome, monitoring: against scikit-learn and scipy, and by hand."""

import math
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from cxrbench.case import Case, Targets
from cxrbench.tasks import tasks
from cxrbench.tasks.detection import Detection
from cxrbench.tasks.monitoring import list_steps
from scipy.stats import linregress, pearsonr, spearmanr
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    cohen_kappa_score,
    precision_score,
    r2_score,
    recall_score,
    roc_auc_score,
    root_mean_squared_error,
)

RNG = np.random.default_rng(17)
N = 70
PATIENTS = [f"p{i // 2:03d}" for i in range(N)]


def cases(**targets):
    """One case per row: every keyword a target with its values."""
    return [
        Case(
            id=str(i),
            patient=PATIENTS[i],
            dataset="d",
            targets=Targets(**{key: values[i] for key, values in targets.items()}),
        )
        for i in range(len(next(iter(targets.values()))))
    ]


def values(name, scored, predictions, patients=PATIENTS):
    """The point value of every metric, and the metrics themselves."""
    task = tasks[name] if isinstance(name, str) else name
    rows = [{key: np.array(float(column[i])) for key, column in predictions.items()} for i in range(len(scored))]
    measured = task.measure(scored, rows, patients[: len(scored)])
    return {key: metric.estimator.point() for key, metric in measured.items()}, measured


class TestZoneSeverity:
    truth = np.where(np.arange(N) % 3 == 0, 0, RNG.integers(0, 13, N) / 2)
    covid = np.arange(N) % 3 != 0
    pred = np.clip(truth + RNG.normal(0, 1, N), 0, 6)

    def test_against_references(self):
        points, _ = values(
            "zone-severity",
            cases(zone_severity=self.truth, finding=self.covid.tolist()),
            {"zone_severity": self.pred},
        )
        t, p = np.rint(self.truth).astype(int), np.rint(self.pred).astype(int)
        expected = {
            "mae": abs(self.pred - self.truth).mean(),
            "rmse": root_mean_squared_error(self.truth, self.pred),
            "mean_error": (self.pred - self.truth).mean(),
            "pearson": pearsonr(self.truth, self.pred).statistic,
            "spearman": spearmanr(self.truth, self.pred).statistic,
            "kappa": cohen_kappa_score(t, p),
            "kappa_quadratic": cohen_kappa_score(t, p, weights="quadratic"),
            "mae[covid]": abs(self.pred - self.truth)[self.covid].mean(),
            "mae[normal]": abs(self.pred - self.truth)[~self.covid].mean(),
            "rmse[normal]": root_mean_squared_error(self.truth[~self.covid], self.pred[~self.covid]),
        }
        assert {key: points[key] for key in expected} == pytest.approx(expected, abs=1e-12)

    def test_half_points_round_to_even_on_both_sides(self):
        points, _ = values("zone-severity", cases(zone_severity=[0.5, 1.5, 2.5, 4]), {"zone_severity": [0, 2, 2, 4]})
        assert points["kappa"] == 1

    def test_agreement_with_each_reader_and_between_them(self):
        other = np.clip(self.truth + RNG.integers(-1, 2, N), 0, 6)
        readings = [
            {"R": t, "D": o} if i % 2 else {"R": t} for i, (t, o) in enumerate(zip(self.truth, other, strict=True))
        ]
        points, measured = values(
            "zone-severity", cases(zone_severity=self.truth, readings=readings), {"zone_severity": self.pred}
        )
        odd = np.arange(N) % 2 == 1
        assert points["mae[vs_R]"] == pytest.approx(points["mae"])
        assert points["mae[vs_D]"] == pytest.approx(abs(self.pred - other)[odd].mean())
        assert points["mae[R_vs_D]"] == pytest.approx(abs(self.truth - other)[odd].mean())
        assert np.array_equal(measured["kappa[R_vs_D]"].counted, odd)


class TestExtentOpacity:
    extent, opacity = RNG.uniform(0, 8, N), RNG.uniform(0, 6, N)
    pred: ClassVar = {"extent": np.clip(extent + RNG.normal(0, 1, N), 0, 8), "opacity": np.clip(opacity * 0.5, 0, 6)}

    def test_against_references(self):
        points, measured = values("extent-opacity", cases(extent=self.extent, opacity=self.opacity), self.pred)
        line = linregress(self.extent, self.pred["extent"])
        expected = {
            "extent_pearson": pearsonr(self.extent, self.pred["extent"]).statistic,
            "opacity_pearson": 1.0,
            "extent_r2": r2_score(self.extent, self.pred["extent"]),
            "opacity_mse": ((self.pred["opacity"] - self.opacity) ** 2).mean(),
            "extent_slope": line.slope,
            "extent_intercept": line.intercept,
            "opacity_slope": 0.5,
        }
        assert {key: points[key] for key in expected} == pytest.approx(expected, abs=1e-9)
        assert points["pearson"] == pytest.approx((points["extent_pearson"] + 1) / 2)
        assert measured["pearson"].note is None

    def test_a_dataset_with_one_of_the_two(self):
        points, measured = values("extent-opacity", cases(extent=self.extent), self.pred)
        assert points["pearson"] == points["extent_pearson"]
        assert math.isnan(points["opacity_mae"])
        assert measured["opacity_mae"].undefined == "no case has opacity"
        assert "extent alone" in measured["pearson"].note


class TestDetection:
    truth = RNG.integers(0, 2, N)
    pred = np.clip(truth * 0.3 + RNG.random(N) * 0.7, 0, 1).round(2)
    scored = cases(finding=[bool(t) for t in truth])

    def at(self, threshold):
        called = self.pred >= threshold
        return {
            "sensitivity": recall_score(self.truth, called),
            "specificity": recall_score(self.truth, called, pos_label=0),
            "ppv": precision_score(self.truth, called),
            "accuracy": accuracy_score(self.truth, called),
        }

    def test_against_references(self):
        points, measured = values("detection", self.scored, {"probability": self.pred})
        expected = self.at(0.5) | {
            "roc_auc": roc_auc_score(self.truth, self.pred),
            "average_precision": average_precision_score(self.truth, self.pred),
            "brier": brier_score_loss(self.truth, self.pred),
        }
        assert {key: points[key] for key in expected} == pytest.approx(expected, abs=1e-12)
        assert "0.5, not chosen" in measured["ppv"].note

    def test_the_operating_point_is_closest_to_the_corner_on_val(self):
        truth = [False, False, True, True]
        val = [{"probability": np.array(p)} for p in (0.1, 0.4, 0.35, 0.8)]
        task = tasks["detection"].tune(cases(finding=truth), val)
        points, measured = values(task, self.scored, {"probability": self.pred})
        assert {key: points[key] for key in self.at(0.8)} == pytest.approx(self.at(0.8))
        assert measured["accuracy"].note == "operating point 0.8, chosen on 4 cases of val"

    def test_val_of_one_class_chooses_nothing(self):
        task = Detection().tune(cases(finding=[True, True]), [{"probability": np.array(0.9)}] * 2)
        assert task.threshold == 0.5
        assert "one class" in task.origin

    def test_one_class_has_no_auc(self):
        points, measured = values("detection", cases(finding=[True] * 4), {"probability": [0.1, 0.2, 0.3, 0.4]})
        assert math.isnan(points["roc_auc"])
        assert measured["roc_auc"].undefined == "truth has one class"
        assert points["sensitivity"] == 0


class TestOutcome:
    icu: ClassVar = [bool(i // 2 % 3 == 0) for i in range(N)]
    pred = np.clip(np.array(icu) * 0.2 + RNG.random(N) * 0.8, 0, 1)

    def test_a_patient_has_the_mean_of_all_images(self):
        points, measured = values("outcome", cases(icu=self.icu), {"icu": self.pred, "death": self.pred})
        per_patient = self.pred.reshape(-1, 2).mean(1)
        expected = roc_auc_score(self.icu[::2], per_patient)
        assert points["roc_auc"] == points["roc_auc[icu]"] == pytest.approx(expected)
        assert points["average_precision"] == pytest.approx(average_precision_score(self.icu[::2], per_patient))
        assert "icu alone" in measured["roc_auc"].note
        assert "roc_auc[death]" not in points

    def test_a_patient_whose_outcome_is_unknown_does_not_count(self):
        death = [None if i < 10 else i // 2 % 4 == 0 for i in range(N)]
        points, measured = values("outcome", cases(icu=self.icu, death=death), {"icu": self.pred, "death": self.pred})
        known = self.pred.reshape(-1, 2).mean(1)[5:]
        assert points["roc_auc[death]"] == pytest.approx(roc_auc_score([bool(d) for d in death[10::2]], known))
        assert points["roc_auc"] == pytest.approx((points["roc_auc[icu]"] + points["roc_auc[death]"]) / 2)
        assert measured["roc_auc[death]"].counted.sum() == N - 10


class TestMonitoring:
    patients: ClassVar = ["a", "a", "a", "b", "b", "c", "c"]
    day: ClassVar = [0, 2, 1, 5, 0, 3, 3]
    fraction: ClassVar = [{"larger": f} for f in (0.1, 0.4, 0.2, 0.3, 0.3, 0.5, 0.6)]

    def test_steps_are_of_consecutive_days(self):
        assert list_steps(cases(day=self.day), self.patients) == [(0, 2), (2, 1), (4, 3)]

    def test_direction_by_hand(self):
        pred = [1, 3, 5, 2, 1, 0, 9]
        points, measured = values(
            "monitoring", cases(day=self.day, affected_fraction=self.fraction), {"severity": pred}, self.patients
        )
        assert points["direction"] == pytest.approx(1 / 3), "right at 0 -> 1, wrong at 1 -> 2, worse where it was equal"
        assert measured["direction"].counted.sum() == 3
        truth = [f["larger"] for f in self.fraction]
        assert points["pearson"] == pytest.approx(pearsonr(truth, pred).statistic)
        assert points["slope"] == pytest.approx(linregress(truth, pred).slope)

    def test_the_brixia_score_stands_in_where_there_is_no_ct(self):
        brixia = [(0,) * 6, (3,) * 6, (1,) * 6]
        points, _ = values("monitoring", cases(day=[0, 2, 1], brixia=brixia), {"severity": [0, 18, 6]}, ["a"] * 3)
        assert points["direction"] == 1
        assert points["slope"] == pytest.approx(1)

    def test_no_serial_studies_is_undefined(self):
        points, measured = values(
            "monitoring", cases(day=[0, 0], brixia=[(0,) * 6] * 2), {"severity": [0, 1]}, ["a", "a"]
        )
        assert math.isnan(points["direction"])
        assert "two studies" in measured["direction"].undefined


@pytest.mark.parametrize("name", ["zone-severity", "extent-opacity", "detection", "outcome", "monitoring"])
def test_a_case_without_the_target_has_no_truth(name):
    assert not tasks[name].has_truth(Case(id="a", patient="p", dataset="d", targets=Targets()))


def test_published_predictions_of_danilov_give_the_printed_figures(real_data):
    """Table 10 and Fig. 9, row MA-Net on test: six shares per radiograph above T = 79 / 255, truth with half points."""
    folder = real_data / "danilov" / "model_outputs"
    if not folder.is_dir():
        pytest.skip("this copy has no danilov/model_outputs")
    table = pd.read_csv(next(folder.glob("MAnet*.csv")))
    table = table[table["Subset"] == "test"]
    pred = (table[[f"lung_segment_{i}" for i in range(1, 7)]] > 79 / 255).sum(axis=1).tolist()
    truth, covid = table["GT"].tolist(), (table["Label"] == "COVID-19").tolist()
    readings = [
        {name: row[f"Score {name}"] for name in "RD" if not math.isnan(row[f"Score {name}"])}
        for row in table.to_dict("records")
    ]
    patients = [f"p{i:03d}" for i in range(len(truth))]
    scored = [
        Case(
            id=patients[i],
            patient=patients[i],
            dataset="danilov",
            targets=Targets(zone_severity=truth[i], finding=covid[i], readings=readings[i]),
        )
        for i in range(len(truth))
    ]
    points, _ = values("zone-severity", scored, {"zone_severity": pred}, patients)
    printed = {"mae": 0.30, "rmse": 0.66, "pearson": 0.95, "mae[covid]": 0.69, "kappa": 0.60}
    printed |= {"pearson[R_vs_D]": 0.97, "kappa[R_vs_D]": 0.65}
    assert {key: round(points[key], 2) for key in printed} == printed
