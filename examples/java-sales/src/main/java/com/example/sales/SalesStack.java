package com.example.sales;

import io.github.cdkduckdblambda.DuckDbFunction;
import io.github.cdkduckdblambda.S3Step;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.s3.Bucket;
import software.amazon.awscdk.services.s3.IBucket;
import software.constructs.Construct;

/** Monthly sales, computed by SQL over the Parquet files of a data lake. */
public class SalesStack extends Stack {
  public SalesStack(final Construct scope, final String id, final String lakeName) {
    super(scope, id);
    IBucket lake = Bucket.fromBucketName(this, "Lake", lakeName);

    DuckDbFunction.Builder.create(this, "Sales")
        .entry("../sales/sales.ts")
        .bootstrap(List.of(S3Step.Builder.create().buckets(List.of(lake)).prefixes(List.of("orders/")).build()))
        .environment(Map.of("LAKE", lakeName))
        .build();
  }
}
