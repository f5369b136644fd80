package com.example.sales;

import software.amazon.awscdk.App;

public final class SalesApp {
  public static void main(final String[] args) {
    App app = new App();
    Object lake = app.getNode().tryGetContext("lake");
    new SalesStack(app, "Sales", lake == null ? "my-data-lake" : lake.toString());
    app.synth();
  }
}
