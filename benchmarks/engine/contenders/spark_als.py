"""Spark MLlib: alternating least squares on implicit feedback, 64 factors, 15 iterations, local[2]."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyspark
from contender import LENGTH, Contender, run
from pyspark.ml.recommendation import ALS
from pyspark.sql import SparkSession


class SparkAls(Contender):
    """The start of the session counts as warm-up; its memory is the Java process's and is not measured."""

    def warm_up(self) -> None:
        settings = SparkSession.builder.master("local[2]").config("spark.driver.memory", "6g")
        settings = settings.config("spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "8")
        # With the driver's default limit, collecting the lists of all users fails at the reference scale.
        settings = settings.config("spark.driver.maxResultSize", "0")
        settings = settings.config("spark.sql.execution.arrow.pyspark.enabled", "true")
        self._session = settings.getOrCreate()
        self._session.sparkContext.setLogLevel("ERROR")
        self._session.range(1_000).count()

    def train(self) -> None:
        pairs = pd.DataFrame({"user": self.users, "item": self.items}).drop_duplicates()
        frame = self._session.createDataFrame(pairs.assign(rating=1.0)).cache()
        settings = ALS(rank=64, maxIter=15, implicitPrefs=True, seed=0, coldStartStrategy="drop")
        self._model = settings.fit(frame)

    def score(self, users: Any) -> Any:
        lists = self._model.recommendForAllUsers(LENGTH).selectExpr("user", "recommendations.item as items").toPandas()
        ranked = np.full((len(users), LENGTH), -1)
        places = np.searchsorted(users, lists["user"].to_numpy())
        for place, items in zip(places, lists["items"], strict=True):
            ranked[place, : len(items)] = items
        return ranked


if __name__ == "__main__":
    run(SparkAls, pyspark.__version__)
