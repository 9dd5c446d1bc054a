"""The arms that load a whole REST source: dlt and the Airbyte CDK, each set up as its manual says.

They know one job, `job`: they are asked for whole jobs only.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from typing import TYPE_CHECKING, Any

from arms import Arm
from jobs import TOKEN

if TYPE_CHECKING:
    import pandas as pd


class Loader(Arm):
    """What takes a description of a source."""

    def described(self, tenant: str) -> dict[str, Any]:
        """Return the body of a request, with this in place of the tenant."""
        return json.loads(self.job.request(0).body) | {"tenantId": tenant}

    @property
    def path(self) -> str:
        """Return the path below the job's base."""
        return self.job.request(0).url.removeprefix(f"{self.job.base}/")

    def tenants(self, first: int, number: int) -> list[str]:
        """Return whom to ask about."""
        return [request.label for request in self.some(first, number)]


class Dlt(Loader):
    """dlt: a REST source into duckdb by parquet, and the table out of it."""

    def open(self) -> None:
        import dlt
        import duckdb  # noqa: F401 - dlt would import it later
        from dlt.sources.rest_api import rest_api_source

        self.dlt, self.source = dlt, rest_api_source
        os.environ |= {
            "EXTRACT__WORKERS": str(self.at_once),
            "EXTRACT__MAX_PARALLEL_ITEMS": str(2 * self.at_once),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "ERROR",
        }

    def run(self, first: int, number: int) -> Any:
        names = self.tenants(first, number)

        def parents() -> Any:
            for name in names:
                yield [{"id": name}]

        usage = {
            "name": "usage",
            "parallelized": True,
            "include_from_parent": ["id"],
            "endpoint": {
                "path": self.path,
                "method": "POST",
                "json": self.described("{resources.tenants.id}"),
                "paginator": "single_page",
            },
        }
        client = {"base_url": f"{self.job.base}/", "auth": {"type": "bearer", "token": TOKEN}}
        tenants = self.dlt.resource(parents, name="tenants", selected=False)
        folder = tempfile.mkdtemp()
        pipeline = self.dlt.pipeline(
            "bench",
            pipelines_dir=folder,
            destination=self.dlt.destinations.duckdb(f"{folder}/usage.duckdb"),
            dataset_name="bench",
        )
        pipeline.run(self.source({"client": client, "resources": [tenants, usage]}), loader_file_format="parquet")
        with pipeline.sql_client() as sql, sql.execute_query("SELECT * FROM usage") as found:
            return found.df()

    def frame(self, answered: Any) -> pd.DataFrame:
        names = {"_tenants_id": "tenant_id", "date": "start", "consumed_amount": "quantity"}
        return dated(answered.rename(columns=names))


class Airbyte(Loader):
    """Airbyte's CDK: a declarative source, read in this process."""

    def open(self) -> None:
        from airbyte_cdk import models
        from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

        self.models, self.source = models, ConcurrentDeclarativeSource
        logging.disable(logging.INFO)

    def run(self, first: int, number: int) -> Any:
        models = self.models
        stream = models.AirbyteStream(name="usage", json_schema={}, supported_sync_modes=[models.SyncMode.full_refresh])
        configured = models.ConfiguredAirbyteStream(
            stream=stream,
            sync_mode=models.SyncMode.full_refresh,
            destination_sync_mode=models.DestinationSyncMode.overwrite,
        )
        catalog = models.ConfiguredAirbyteCatalog(streams=[configured])
        manifest = self.manifest(self.tenants(first, number))
        source = self.source(catalog=catalog, config={}, state=[], source_config=manifest)
        messages = source.read(logging.getLogger("airbyte"), {}, catalog, [])
        return [message.record.data for message in messages if message.type == models.Type.RECORD]

    def manifest(self, tenants: list[str]) -> dict[str, Any]:
        """Return the description of the source."""
        tenant = "{{ stream_partition['tenant'] }}"
        texts = {name: {"type": "string"} for name in ("tenant_id", "date", "service")}
        requester = {
            "type": "HttpRequester",
            "url_base": f"{self.job.base}/",
            "path": self.path,
            "http_method": "POST",
            "authenticator": {"type": "BearerAuthenticator", "api_token": TOKEN},
            "request_body_json": self.described(tenant),
        }
        stream = {
            "type": "DeclarativeStream",
            "name": "usage",
            "primary_key": [],
            "schema_loader": {
                "type": "InlineSchemaLoader",
                "schema": {"type": "object", "properties": texts | {"consumedAmount": {"type": "number"}}},
            },
            "transformations": [
                {
                    "type": "AddFields",
                    "fields": [{"type": "AddedFieldDefinition", "path": ["tenant_id"], "value": tenant}],
                }
            ],
            "retriever": {
                "type": "SimpleRetriever",
                "partition_router": {"type": "ListPartitionRouter", "cursor_field": "tenant", "values": tenants},
                "record_selector": {
                    "type": "RecordSelector",
                    "extractor": {"type": "DpathExtractor", "field_path": []},
                },
                "requester": requester,
            },
        }
        workers = {"default_concurrency": self.at_once, "max_concurrency": self.at_once}
        return {
            "version": "6.0.0",
            "type": "DeclarativeSource",
            "check": {"type": "CheckStream", "stream_names": ["usage"]},
            "concurrency_level": {"type": "ConcurrencyLevel", **workers},
            "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
            "streams": [stream],
        }

    def frame(self, answered: Any) -> pd.DataFrame:
        import pandas as pd

        names = {"date": "start", "consumedAmount": "quantity"}
        return dated(pd.DataFrame(answered).rename(columns=names))


def dated(frame: pd.DataFrame) -> pd.DataFrame:
    """Read the days, and add what all rows share."""
    import pandas as pd

    frame["start"] = pd.to_datetime(frame["start"], utc=True)
    frame["end"] = frame["start"] + pd.Timedelta(days=1)
    frame["consumable_code"] = "AIU"
    return frame
