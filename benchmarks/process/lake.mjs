// lake.mjs CONTENDER STEP READ APPEND: uses a lake once, in a process that has just started; prints the milliseconds of each step as JSON.
const [, , contender, step, read, append] = process.argv;
const { BY_HAND: byHand } = process.env;
const steps = await (contender === 'library' ? library() : hand(JSON.parse(byHand)));
const taken = {};
for (const [name, take] of Object.entries(steps)) {
  const started = performance.now();
  await take();
  taken[name] = performance.now() - started;
}
process.stdout.write(JSON.stringify(taken), () => process.exit());

/** This library, as its environment tells it to be. Its module opens DuckDB, so that is imported within the first step. */
async function library() {
  let cursor;
  const run = (sql) => cursor((c) => c.query(sql));
  return {
    open: async () => {
      ({ cursor } = await import('../../runtime/index.mjs'));
      await run('SELECT 1');
    },
    attach: () => cursor((c) => c.bootstrap(step)),
    first: () => run(read),
    repeat: () => run(read),
    append: () => run(append),
  };
}

/** DuckDB's client alone. */
async function hand({ extensions, secret, attach }) {
  let instance;
  const run = async (sql) => {
    const connection = await instance.connect();
    await (await connection.run(sql)).getRowObjectsJson();
    connection.closeSync();
  };
  return {
    open: async () => {
      const { DuckDBInstance } = await import('@duckdb/node-api');
      instance = await DuckDBInstance.create(':memory:');
      for (const extension of extensions) await run(`LOAD '${extension}'`);
    },
    attach: async () => {
      await run(secret);
      await run(attach);
    },
    first: () => run(read),
    repeat: () => run(read),
    append: () => run(append),
  };
}
