import { columnSchema } from '../../../../lib-runtime/queries/http/json-schema';
import { openApiDocument } from '../../../../lib-runtime/queries/http/openapi';

test('no two operations have the same id', () => {
  const queries = ['a/b', 'a-b', 'a_b', 'a/b-c', 'a-b/c'].map((name) => ({ name, parameters: [], columns: [], isSafe: true }));
  const { paths } = JSON.parse(openApiDocument(queries)) as { paths: Record<string, Record<string, { operationId: string }>> };
  const ids = Object.values(paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
  expect([ids.length, new Set(ids).size]).toEqual([10, 10]);
});

test.each<[string, object]>([
  ['TIME', { type: ['string', 'null'] }], ['TIME WITH TIME ZONE', { type: ['string', 'null'] }], ['INTERVAL', { type: ['string', 'null'] }], ['BIT', { type: ['string', 'null'] }],
  ['JSON', { type: ['string', 'null'] }], ['TIMESTAMP', { type: ['string', 'null'] }], ['BIGINT', { type: ['integer', 'null'] }], ['mood', {}], ['TIMESTAMPX', {}],
])('a column of the type %s', (type, schema) => expect(columnSchema(type)).toEqual(schema));
