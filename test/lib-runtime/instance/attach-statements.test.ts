import { Statement } from '../../../lib-runtime/execution/statement';
import { attachedPaths } from '../../../lib-runtime/instance/attach-statements';

test.each<[string, string[]]>([
  ["ATTACH 'a.db'", ['a.db']],
  ["attach database 'a.db' as x", ['a.db']],
  ["ATTACH OR REPLACE 'a''b.db' AS x (READ_ONLY, TYPE duckdb)", ["a'b.db"]],
  ["ATTACH IF NOT EXISTS e'a\\'b.db' AS x", ["a'b.db"]],
  ['SELECT 1; /* x */ ATTACH $$a.db$$; ATTACH $q$b.db$q$ AS b', ['a.db', 'b.db']],
  ["ATTACH 'file:///tmp/a.db'", ['file:///tmp/a.db']],
  ["ATTACH ''", []], ["ATTACH ':memory:' AS m", []], ["ATTACH 'md:mine'", []], ["ATTACH 's3://b/a.db'", []], ["ATTACH 'ducklake:x.db'", []],
  ["ATTACH '' AS pg (TYPE postgres, SECRET s)", []], ["ATTACH 'a.db' (READ_ONLY, TYPE sqlite)", []], ["ATTACH 'a.db' (type 'sqlite')", []],
  ["ATTACH 'a.db' (READ_ONLY /* ( */ ,\n TYPE\tsqlite)", []], ["ATTACH 'a.db' (SCHEMA 'TYPE', READ_ONLY)", ['a.db']], ["ATTACH 'TYPE sqlite'", ['TYPE sqlite']],
  ["SELECT 'ATTACH ''a.db''; ATTACH ''b.db'''", []], ["SELECT 1 -- ATTACH 'a.db'", []], ['DETACH a', []],
])('%j attaches %j', (sql, paths) => expect(attachedPaths(new Statement(sql))).toEqual(paths));
