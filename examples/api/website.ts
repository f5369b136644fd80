import { CfnOutput, Duration, RemovalPolicy, Stack, StackProps } from 'aws-cdk-lib';
import { CacheHeaderBehavior, CachePolicy, CacheQueryStringBehavior, Distribution, ViewerProtocolPolicy } from 'aws-cdk-lib/aws-cloudfront';
import { FunctionUrlOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { CfnPermission, IFunctionUrl } from 'aws-cdk-lib/aws-lambda';
import { BlockPublicAccess, Bucket } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { Construct } from 'constructs';

export interface WebsiteStackProps extends StackProps {
  /** The API. Its function URL has the authorization `AWS_IAM`: CloudFront signs each request. */
  readonly api: IFunctionUrl;
}

/** The page and the API at one address of CloudFront. Everyone who knows the address sees them. */
export class WebsiteStack extends Stack {
  constructor(scope: Construct, id: string, props: WebsiteStackProps) {
    super(scope, id, props);
    const files = new Bucket(this, 'Files', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
      autoDeleteObjects: true,
    });
    const answers = new CachePolicy(this, 'Answers', {
      comment: 'For as long as the query says with @cache',
      minTtl: Duration.seconds(0),
      queryStringBehavior: CacheQueryStringBehavior.all(),
      headerBehavior: CacheHeaderBehavior.allowList('Accept'),
      enableAcceptEncodingGzip: true,
    });
    const distribution = new Distribution(this, 'Distribution', {
      defaultRootObject: 'index.html',
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(files),
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      },
      additionalBehaviors: {
        // The folder of the queries. Only GET and HEAD: for a POST, the page would have to send the hash of its body.
        'sales/*': {
          origin: FunctionUrlOrigin.withOriginAccessControl(props.api),
          viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
          cachePolicy: answers,
        },
      },
    });
    // Function URLs ask for it since October 2025, and the origin grants only lambda:InvokeFunctionUrl.
    new CfnPermission(this, 'Invoke', {
      action: 'lambda:InvokeFunction',
      principal: 'cloudfront.amazonaws.com',
      functionName: props.api.functionArn,
      sourceArn: distribution.distributionArn,
    });
    new BucketDeployment(this, 'Deployment', { sources: [Source.asset(`${__dirname}/page`)], destinationBucket: files });
    new CfnOutput(this, 'Address', { value: `https://${distribution.domainName}` });
  }
}
