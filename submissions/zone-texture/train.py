"""Make weights.npz: `python submissions/zone-texture/train.py --data DIR`. Half a minute on one core.

The penalty is chosen by cross-validation over patients within the training part; the test part is not looked at.
"""

from pathlib import Path

import click
import cxrbench
import numpy as np
from features import zone_features
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.preprocessing import StandardScaler

PENALTIES = [float(penalty) for penalty in 10.0 ** np.arange(0, 5.5, 0.5)]


@click.command()
@click.option("--data", envvar="CXRBENCH_DATA", required=True)
def main(data: str) -> None:
    """Fit on the training part of brixia-cohen and write the weights; prints the cross-validated zone MAE."""
    split, cases = cxrbench.load_split("brixia-cohen"), cxrbench.load("brixia-cohen", data).by_id
    train = [cases[name] for name in split.cases("train") if cases[name].available]
    features = np.array([zone_features(case.image().pixels).ravel() for case in train])
    truth = np.array([case.targets.brixia for case in train], float)
    scaler = StandardScaler().fit(features)
    search = GridSearchCV(Ridge(), {"alpha": PENALTIES}, scoring="neg_mean_absolute_error", cv=GroupKFold(8))
    search.fit(scaler.transform(features), truth, groups=[split.patients[case.id] for case in train])
    model = search.best_estimator_
    print(f"{len(train)} radiographs, penalty {model.alpha:g}, cross-validated zone MAE {-search.best_score_:.3f}")
    np.savez(
        Path(__file__).with_name("weights.npz"),
        mean=scaler.mean_,
        scale=scaler.scale_,
        coefficients=model.coef_,
        intercepts=model.intercept_,
    )


if __name__ == "__main__":
    main()
