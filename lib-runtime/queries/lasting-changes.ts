import type { SourceErrors } from './source-errors';
import { Pieces } from '../base/sql-pieces';
import { placedStatements } from '../base/sql-text';

/** A word or a quoted name of SQL, or another character that is not white space. */
interface Token {
  readonly text: string;
  readonly at: number;
}

const BLANK = /^(?:\s|--|\/\*)/;
/** What SET and RESET change when one of these follows: the connection, which is closed after the answer. */
const OF_CONNECTION = ['SESSION', 'LOCAL', 'VARIABLE'];
/** PRAGMAs without a value that change the instance. */
const PRAGMAS = /^(?:(?:en|dis)able_checkpoint_on_shutdown|add_parquet_key)$/i;
const FUNCTIONS = /^(?:en|dis)able_logging$/i;
const WHY = 'which can change the instance for later queries';
const PROP = 'a setting of the instance belongs in the prop settings';

/**
 * Adds an error for each statement that changes a setting of the instance. An instance answers many events, so the setting would outlive the query,
 * and an answer would depend on which queries have run before.
 *
 * The text does not tell which settings are the instance's: a plain `SET` changes the instance if it can, and otherwise the connection.
 */
export function checkLastingChanges(sql: string, errors: SourceErrors): void {
  for (const { text, start } of placedStatements(sql)) {
    const tokens = tokensOf(text, start);
    checkStatement(withoutExplain(tokens), errors);
    tokens.forEach(({ text: name, at }, index) => {
      if (!FUNCTIONS.test(unquoted(name)) || tokens[index + 1]?.text !== '(') return;
      errors.add(at, `received ${unquoted(name)}(), ${WHY}: remove it; a log of the instance belongs in a bootstrap step`);
    });
  }
}

function checkStatement([first, second, third]: readonly Token[], errors: SourceErrors): void {
  if (first === undefined || second === undefined) return;
  const word = first.text.toUpperCase();
  if (word === 'SET' || word === 'RESET') {
    if (OF_CONNECTION.includes(second.text.toUpperCase())) return;
    const isGlobal = second.text.toUpperCase() === 'GLOBAL' && third !== undefined;
    const name = isGlobal ? third.text : second.text;
    errors.add(first.at, `received ${word} ${isGlobal ? `${second.text} ` : ''}${name}, ${WHY}: write ${word} SESSION ${name} for a setting of the connection; ${PROP}`);
  } else if (word === 'PRAGMA' && third?.text === '=') {
    errors.add(first.at, `received PRAGMA ${second.text} =, ${WHY}: write SET SESSION ${second.text} = for a setting of the connection; ${PROP}`);
  } else if (word === 'PRAGMA' && PRAGMAS.test(unquoted(second.text))) {
    errors.add(first.at, `received PRAGMA ${second.text}, ${WHY}: remove it; what an instance needs belongs in a bootstrap step`);
  }
}

/** The statement that an EXPLAIN is about. `EXPLAIN ANALYZE` runs it. */
function withoutExplain(tokens: readonly Token[]): readonly Token[] {
  if (tokens[0]?.text.toUpperCase() !== 'EXPLAIN') return tokens;
  const options = tokens[1]?.text === '(' ? tokens.findIndex(({ text }) => text === ')') : 0;
  const start = options + 1;
  return tokens.slice(tokens[start]?.text.toUpperCase() === 'ANALYZE' ? start + 1 : start);
}

function tokensOf(statement: string, start: number): Token[] {
  const tokens: Token[] = [];
  for (const pieces = new Pieces(statement, 0); !pieces.atEnd; pieces.next()) {
    if (!BLANK.test(pieces.text)) tokens.push({ text: pieces.text, at: start + pieces.start });
  }
  return tokens;
}

function unquoted(name: string): string {
  return name.replace(/^"(.*)"$/s, '$1');
}
