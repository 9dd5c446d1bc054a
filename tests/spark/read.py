"""Read a ledger's readings with Spark: what filters find, and the latest figures. JSON comes in, and goes out."""

import json
import sys

from pyspark.sql import SparkSession


def main() -> None:
    """Answer what is asked on standard input."""
    asked = json.load(sys.stdin)
    settings = {"spark.ui.enabled": "false", "spark.sql.session.timeZone": "Asia/Tokyo"}
    builder = SparkSession.builder.master("local[2]").appName("metertap")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    readings = spark.read.option("basePath", asked["place"]).parquet(*asked["files"])
    readings.createOrReplaceTempView("readings")
    found = [[str(row["quantity"]) for row in readings.filter(where).collect()] for where in asked["filters"]]
    latest = [[str(row["reading_id"].hex()), str(row["quantity"])] for row in spark.sql(asked["latest"]).collect()]
    print(json.dumps({"found": found, "latest": latest}))
    spark.stop()


if __name__ == "__main__":
    main()
