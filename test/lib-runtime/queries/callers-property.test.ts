import { parseQueryFile, readQueryFile } from '../../../lib-runtime/queries/query-file';

const errorsOf = (text: string) => readQueryFile('q', 'q.sql', text).errors.lines();

test('a property of the caller is the value of its parameter', () => {
  const { parameters } = parseQueryFile('q', 'q.sql', `-- @from TENANT authorizer.claims.https://example.com/tenant
-- @param tenant VARCHAR : who asks
-- @param arn VARCHAR
-- @from arn   authorizer.iam.userArn
-- @param n INTEGER = 1
SELECT $tenant, $arn, $n`);
  expect(parameters).toMatchObject([{ name: 'tenant', from: 'authorizer.claims.https://example.com/tenant' }, { name: 'arn', from: 'authorizer.iam.userArn' }, { name: 'n' }]);
  expect(parameters[2]).not.toHaveProperty('from');
});

const PARAM = '-- @param tenant VARCHAR\n';

test.each<[string, string | RegExp]>([
  [`${PARAM}-- @from`, /^q\.sql:2:9: received nothing, expected a parameter and a property of the caller, as in -- @from tenant authorizer\.claims\.tenant$/],
  [`${PARAM}-- @from tenant`, /expected a parameter and a property/],
  [`${PARAM}-- @from tenant claims.tenant`, /^q\.sql:2:17: received "claims\.tenant" as the property of the caller, expected authorizer\.claims\.NAME/],
  [`${PARAM}-- @from tenant authorizer.claims.a b`, /as the property of the caller/],
  [`${PARAM}-- @from tenant authorizer.iam.userarn`, /^q\.sql:2:17: received authorizer\.iam\.userarn, which events do not have; did you mean "userArn"\?/],
  [`${PARAM}-- @from tennant authorizer.claims.tenant`, /^q\.sql:2:10: received @from for the parameter "tennant", which is not declared; did you mean "tenant"\?/],
  [`${PARAM}-- @from tenant authorizer.claims.a\n-- @from Tenant authorizer.claims.b`, /^q\.sql:3:10: .* twice/],
  ['-- @param tenant VARCHAR[]\n-- @from tenant authorizer.claims.cognito:groups',
    /^q\.sql:2:10: received @from for the parameter "tenant" of the type VARCHAR\[\], but authorizer\.claims\.cognito:groups is a text, .*: declare VARCHAR/],
  ['-- @param tenant STRUCT(a INTEGER)\n-- @from tenant authorizer.iam.userArn', /of the type STRUCT\(a INTEGER\), but authorizer\.iam\.userArn is a text/],
  ['-- @param tenant VARCHAR = \'a\'\n-- @from tenant authorizer.claims.a', /^q\.sql:2:10: .* which has a default: remove the default/],
])('%j is an error', (head, message) => {
  expect(errorsOf(`${head}\nSELECT $tenant`)).toEqual([expect.stringMatching(message)]);
});

test('of a parameter with an error of its own there is one error', () => {
  expect(errorsOf('-- @param tenant\n-- @from tenant authorizer.claims.a\nSELECT $tenant')).toHaveLength(1);
});

test('a Lambda authorizer may return a list', () => {
  expect(errorsOf('-- @param tenant VARCHAR[]\n-- @from tenant authorizer.lambda.tenants\nSELECT $tenant')).toEqual([]);
});
