"""Ask with the data source what a test wants to know. JSON comes in, and goes to the file that it names."""

import contextlib
import io
import json
import os
import re
import sys
import traceback
import urllib.request
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

from pyspark.sql import SparkSession

import metertap.spark


def main() -> None:
    """Answer what is asked on standard input."""
    asked = json.load(sys.stdin)
    settings = {
        "spark.ui.port": "0",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": asked["events"],
        "spark.sql.session.timeZone": "Asia/Tokyo",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.debug.maxToStringFields": "1000",
    }
    # In a master's brackets the second number is how often a task may fail.
    builder = SparkSession.builder.master("local[2,3]").appName("metertap")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    metertap.spark.register(spark)

    def load(options: dict):
        return spark.read.format("metertap").options(**options).load()

    def told(options: dict) -> str:
        try:
            load(options).collect()
        except Exception:
            return traceback.format_exc()
        return ""

    answer: dict = {"tables": {}, "plans": []}
    for name, options in asked["tables"].items():
        frame = load(options)
        answer["tables"][name] = [row.asDict() for row in frame.collect()]
        answer["plans"].append(shown(frame))
    answer["refused"] = [told(options) for options in asked["refused"]]
    answer["lacking"] = lacking(load(asked["lacking"]), Path(os.environ["METERTAP_CONFIG"]))
    answer["failed_tasks"] = [stage["numFailedTasks"] for stage in json.loads(page(spark, "stages"))]
    answer["page"], answer["figures"] = run_page(asked["page"])
    answer["ui"] = everything(spark)
    spark.stop()
    answer["log"] = "".join(path.read_text() for path in Path(asked["events"]).rglob("*") if path.is_file())
    Path(asked["answer"]).write_text(json.dumps(answer, default=written), encoding="utf-8")


def written(value) -> str:
    """Return a value as text: figures without zeros at their end, and moments in UTC; PySpark makes them local."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.astimezone(timezone.utc).isoformat() if isinstance(value, datetime) else str(value)


def shown(frame) -> str:
    """Return all that can be seen of a frame's plan, and the tasks that are made of it."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        frame.explain("extended")
        frame.explain("formatted")
    return said.getvalue() + frame._jdf.queryExecution().executedPlan().toString()


def lacking(frame, accounts: Path) -> str:
    """Plan with an accounts file, and make the calls with another, as executors whose file differs would."""
    frame._jdf.queryExecution().executedPlan()
    before = accounts.read_text(encoding="utf-8")
    accounts.write_text(before.replace("[accounts.sora]", "[accounts.another]"), encoding="utf-8")
    try:
        frame.collect()
    except Exception:
        return traceback.format_exc()
    finally:
        accounts.write_text(before, encoding="utf-8")
    return ""


def page(spark: SparkSession, what: str) -> str:
    """Return a page of Spark's REST interface."""
    context = spark.sparkContext
    url = f"{context.uiWebUrl}/api/v1/applications/{context.applicationId}/{what}"
    return urllib.request.urlopen(url, timeout=30).read().decode()


def everything(spark: SparkSession) -> str:
    """Return what Spark's user interface shows, as pages and as data."""
    data = [page(spark, what) for what in ("environment", "jobs", "stages?details=true", "allexecutors", "storage/rdd")]
    data.append(page(spark, "sql?details=true&planDescription=true&length=1000"))
    url = spark.sparkContext.uiWebUrl
    for path in ("environment/", "jobs/", "stages/", "SQL/", "executors/"):
        html = urllib.request.urlopen(f"{url}/{path}", timeout=30).read().decode()
        data.append(html)
        links = set(re.findall(r'href="(/(?:SQL/execution|stages/stage|jobs/job)/\?[^"]*)"', html))
        opened = (urllib.request.urlopen(url + link.replace("&amp;", "&"), timeout=30) for link in sorted(links))
        data.extend(page.read().decode() for page in opened)
    return "\n".join(data)


def run_page(text: str) -> tuple[str, dict]:
    """Run the blocks of a page from its top to its end; return what went wrong, and what the names hold then."""
    names: dict = {"__name__": "__main__"}  # as in a script or a notebook
    try:
        for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
            exec(block, names)
        with names["pipeline"].sql_client() as client:
            told = "select month, count(*), sum(quantity) from readings group by 1 order by 1"
            rows = client.execute_sql(told)
        return "", {
            "days": [list(row) for row in names["days"]],
            "missing": names["missing"],
            "totals": names["totals"].to_dict(),
            "largest": names["largest"].to_dicts(),
            "months": [list(row) for row in rows],
        }
    except Exception:
        return traceback.format_exc(), {}


if __name__ == "__main__":
    main()
