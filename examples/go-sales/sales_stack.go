package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdk-duckdb-lambda/cdk-duckdb-lambda-go/cdkduckdblambda"
)

// NewSalesStack makes a stack with monthly sales, computed by SQL over the Parquet files of a data lake.
func NewSalesStack(scope constructs.Construct, id string, lakeName string) awscdk.Stack {
	stack := awscdk.NewStack(scope, &id, nil)
	lake := awss3.Bucket_FromBucketName(stack, jsii.String("Lake"), &lakeName)

	cdkduckdblambda.NewDuckDbFunction(stack, jsii.String("Sales"), &cdkduckdblambda.DuckDbFunctionProps{
		Entry: jsii.String("../sales/sales.ts"),
		Bootstrap: &[]cdkduckdblambda.IBootstrapStep{
			cdkduckdblambda.NewS3Step(&cdkduckdblambda.S3StepProps{Buckets: &[]awss3.IBucket{lake}, Prefixes: jsii.Strings("orders/")}),
		},
		Environment: &map[string]*string{"LAKE": &lakeName},
	})
	return stack
}
