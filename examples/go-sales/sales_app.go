package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	lake, isGiven := app.Node().TryGetContext(jsii.String("lake")).(string)
	if !isGiven {
		lake = "my-data-lake"
	}
	NewSalesStack(app, "Sales", lake)
	app.Synth(nil)
}
