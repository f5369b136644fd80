import { isBlank, nameIn, Pieces } from '../../base/sql-pieces';
import { quotedIdentifier } from '../../base/sql-text';
import { Statement } from '../../execution/statement';

/** The first words of statements that may write. */
const WRITES = ['INSERT', 'UPDATE', 'DELETE', 'MERGE', 'CREATE', 'ALTER', 'DROP', 'TRUNCATE', 'COPY', 'WITH', 'CALL'];
/** The words before the name of what is written. */
const INTRODUCING = ['INTO', 'UPDATE', 'FROM', 'TABLE', 'TRUNCATE', 'SCHEMA'];
/** Statements in which such a word comes before something else. */
const WITHOUT_NAME = ['COPY', 'CALL'];
const TEMPORARY = ['TEMP', 'TEMPORARY'];
const BEFORE_NAME = ['TABLE', 'IF', 'NOT', 'EXISTS'];

/** What one statement writes, as far as its text tells. */
export interface Write {
  readonly text: string;
  /** The table's name as the statement has it, in lower case; the statement itself if it does not show the name. */
  readonly table: string;
  /** The table's name, quoted; empty if the statement does not show it. */
  readonly quotedTable: string;
  /** Whether it creates the table, and whether with rows. */
  readonly creates?: 'empty' | 'filled';
  readonly ifNotExists: boolean;
  readonly resetsPartitions: boolean;
}

/** The parts of `statement` that may write. */
export function writesIn({ parts }: Statement): readonly Write[] {
  const writing = parts.map((part) => new Statement(part)).filter(({ isSelect, operation }) => !isSelect && WRITES.includes(operation));
  return writing.map(({ sql }) => writeOf(sql));
}

function writeOf(text: string): Write {
  const words = wordsOf(text);
  const upper = words.map((word) => word.toUpperCase());
  const introduced = WITHOUT_NAME.includes(upper[0]!) ? -1 : upper.findIndex((word) => INTRODUCING.includes(word));
  const from = upper.findIndex((word, index) => index > introduced && !BEFORE_NAME.includes(word));
  const { name, end } = nameAt(words, from);
  const hasName = introduced !== -1 && name.length > 0;
  const creates = upper[0] === 'CREATE' && upper[introduced] === 'TABLE' && !upper.slice(0, introduced).some((word) => TEMPORARY.includes(word));
  return {
    text,
    table: hasName ? name.join('.').toLowerCase() : text,
    quotedTable: hasName ? name.map(quotedIdentifier).join('.') : '',
    ...creates && { creates: upper.includes('AS', end) ? 'filled' : 'empty' },
    ifNotExists: upper.slice(introduced, from).includes('NOT'),
    resetsPartitions: upper[0] === 'ALTER' && / RESET PARTITIONED BY$/.test(upper.join(' ')),
  };
}

/** The pieces outside of parentheses that are no comments. */
function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  let depth = 0;
  for (const pieces = new Pieces(text, 0); !pieces.atEnd; pieces.next()) {
    const piece = pieces.text;
    if (piece === '(') depth += 1;
    else if (piece === ')') depth -= 1;
    else if (depth === 0 && !isBlank(piece)) words.push(piece);
  }
  return words;
}

/** The parts of the name at `from`, with what qualifies it, and where it ends. */
function nameAt(words: readonly string[], from: number): { readonly name: readonly string[]; readonly end: number } {
  const name: string[] = [];
  let end = from;
  for (; end >= 0 && end < words.length; end += 2) {
    const part = nameIn(words[end]!);
    if (part === undefined) break;
    name.push(part);
    if (words[end + 1] !== '.') {
      end += 1;
      break;
    }
  }
  return { name, end };
}
