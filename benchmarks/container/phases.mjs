// Returns the milliseconds of the phases of a cold start of the handler in PROGRAM, and those from the runtime's own log line.
const started = performance.now();
let logged = {};
const { log } = console;
console.log = (line, ...rest) => {
  if (String(line).includes('duckdb cold start')) logged = JSON.parse(line);
  else log(line, ...rest);
};
const { handler: measured } = await import(process.env.PROGRAM);
const imported = performance.now();

export async function handler(event) {
  const called = performance.now();
  await measured(event);
  const answered = performance.now();
  // The line is logged after the answer.
  await new Promise(setImmediate);
  const { open, load, lock, steps = {}, firstQuery } = logged;
  return {
    'Node.js\'s own start': started,
    'evaluating the handler\'s module': imported - started,
    'the first answer': answered - called,
    'of it opening DuckDB': open,
    'of it LOAD of extensions': load,
    'of it the lock': lock,
    ...Object.fromEntries(Object.entries(steps).map(([step, ms]) => [`of it the step ${step}`, ms])),
    'of it the query': firstQuery,
  };
}
