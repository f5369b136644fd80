from aws_cdk import App, Stack
from aws_cdk.aws_s3 import Bucket
from cdk_duckdb_lambda import DuckDbFunction, S3Step
from constructs import Construct


class SalesStack(Stack):
    """Monthly sales, computed by SQL over the Parquet files of a data lake."""

    def __init__(self, scope: Construct, id: str, *, lake: str) -> None:
        super().__init__(scope, id)
        DuckDbFunction(
            self,
            "Sales",
            entry="../sales/sales.ts",
            bootstrap=[S3Step(buckets=[Bucket.from_bucket_name(self, "Lake", lake)], prefixes=["orders/"])],
            environment={"LAKE": lake},
        )


app = App()
SalesStack(app, "Sales", lake=app.node.try_get_context("lake") or "my-data-lake")
app.synth()
