import { parameterNames, placeholdersIn } from '../../../lib-runtime/base/placeholders';

test.each<[string, string[]]>([
  ['SELECT $a, $B2 + $1 FROM t WHERE x=$a::INT', ['a', 'B2', '1', 'a']],
  ["SELECT '$a', \"$b\", $$ $c $$, $t$ $d $t$, e'\\'$e' -- $f\n/* $g /* */ $h */", []],
  ['SELECT a$b, $ c, 5$, $\u00e9', ['c', '\u00e9']],
  ['SELECT $a;$b($c)', ['a', 'b', 'c']],
  ["SELECT '$a', \"$b\", $$ $c $$, e'\\'$d' -- $e\n, $f /* $g /* $h */ $i */", ['f']],
  ['SELECT ?, ?1, $2, $3x', ['2', '3']],
  ['SELECT $ a, $/* x */b, $-- x\nc, $\"d \"\"e\"', ['a', 'b', 'c', 'd "e']],
  ['SELECT x$a, $/**/b$c, @$d', ['b$c', 'd']],
])('%j has the parameters %j', (sql, names) => expect(parameterNames(sql)).toEqual(names));

test('each has its position, and a question mark no name', () => {
  expect(placeholdersIn('SELECT $ a, ?, $1')).toEqual([{ name: 'a', at: 7 }, { at: 12 }, { name: '1', at: 15 }]);
});
