import { App } from 'aws-cdk-lib';
import { TenantsStack } from './stack';

const app = new App();
new TenantsStack(app, 'Tenants', {
  lake: app.node.tryGetContext('lake') ?? 'my-data-lake',
  tenants: ['acme', 'globex'],
  issuer: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI',
  audience: '3pjqexample',
});
