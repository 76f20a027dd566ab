#!/usr/bin/env bash
# Expected: a model that was fitted on a frame and keeps the names of its columns finds them by name, or refuses a frame that
#           has them in another order, as scikit-learn's own models and XGBoost do.
# Happens:  predict and score take the columns by their place, without a word: a model that is right about everybody is
#           right about half. Only another number of columns is refused. validate_features=True, which is not the default and
#           which score has not, refuses the order, too.
# Version:  lightgbm 4.7.0, scikit-learn 1.9.1
# Hurts:    features come by `select *`, or from a pivot whose columns follow the data: one more event type in the alphabet, one
#           fewer behind it, and every churn score of the night is another feature's. Pass frame[model.feature_name_].
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check lightgbm==4.7.0 scikit-learn==1.9.1 pandas==3.1.1
"$work/venv/bin/python" - <<'PY'
import lightgbm
import numpy
import pandas
import sklearn
from lightgbm import LGBMClassifier
from sklearn.ensemble import HistGradientBoostingClassifier

print("lightgbm", lightgbm.__version__, "scikit-learn", sklearn.__version__)
random = numpy.random.default_rng(7)
customers = pandas.DataFrame({"recency": random.integers(0, 100, 500), "orders": random.integers(0, 100, 500)})
churned = (customers["recency"] > 50).astype(int)
reordered = customers[["orders", "recency"]]


def refuses(call):
    try:
        call()
    except (ValueError, lightgbm.basic.LightGBMError) as error:
        return type(error).__name__
    return None


model = LGBMClassifier(n_estimators=20, n_jobs=1, verbose=-1).fit(customers, churned)
own, other = model.score(customers, churned), model.score(reordered, churned)
print(f"lightgbm knows {model.feature_name_}; score {own:.2f}, with the columns reordered {other:.2f}")
assert own == 1.0 and other < 0.6
assert model.score(reordered[model.feature_name_], churned) == 1.0
checked = refuses(lambda: model.predict(reordered, validate_features=True))
longer = refuses(lambda: model.predict(customers.assign(carts=1)))
neighbour = HistGradientBoostingClassifier(max_iter=5).fit(customers, churned)
sklearns = refuses(lambda: neighbour.predict(reordered))
print("validate_features:", checked, " one column more:", longer, " scikit-learn's model:", sklearns)
assert (checked, longer, sklearns) == ("LightGBMError", "LightGBMError", "ValueError")
PY
