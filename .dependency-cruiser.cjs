/**
 * Which folder may import from which: `npx depcruise --config .dependency-cruiser.cjs src lib-runtime assets`. A test runs it.
 *
 * In each list a folder may import from those before it, and from itself. An import of a type is an import.
 */
const LAYERS = {
  'lib-runtime': [
    'base', 'client', 'observe', 'memory', 'aws', 'values', 'output', 'execution', 'extensions', 'diagnosis', 'bootstrap', 'instance', 'cursor', 'init',
    'queries',
  ],
  'src': ['checks', 'aws', 'node-modules', 'handler', 'bootstrap', 'runtime', 'observe', 'image', 'queries', 'map'],
  'assets/docker/duckdb-extensions': ['store', 'check', 'fetch', 'commands'],
};

/** The folders above all other folders of their half: users or a function's constructor call them, and no folder does. */
const TOPS = {
  'lib-runtime': '(?:index|start|cursor|session|duckdb|handler|query-handler|response)\\.ts$',
  'src': '(?:index|duckdb-dashboard|duckdb-(?:query-)?function(?:-base)?|duckdb-map(?:-items|-props|-worker)?)\\.ts$',
};

const upward = Object.entries(LAYERS).flatMap(([root, folders]) => folders.slice(0, -1).map((folder, index) => ({
  name: `${root}/${folder} is below ${folders[index + 1]}`,
  severity: 'error',
  from: { path: `^${root}/${folder}/` },
  to: { path: `^${root}/(?:${folders.slice(index + 1).join('|')})/` },
})));

const unlisted = Object.entries(LAYERS).map(([root, folders]) => ({
  name: `each folder of ${root} has its place in LAYERS`,
  severity: 'error',
  from: {},
  to: { path: `^${root}/[^/]+/`, pathNot: `^${root}/(?:${folders.join('|')})/` },
}));

const tops = Object.entries(TOPS).map(([root, top]) => ({
  name: `no folder of ${root} imports what stands above all`,
  severity: 'error',
  from: { path: `^${root}/[^/]+/` },
  to: { path: `^${root}/${top}` },
}));

module.exports = {
  forbidden: [
    { name: 'no circle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'the construct knows nothing of the runtime', severity: 'error', from: { path: '^src/' }, to: { path: '^lib-runtime/' } },
    { name: 'the runtime knows nothing of the construct', severity: 'error', from: { path: '^lib-runtime/' }, to: { path: '^src/|node_modules/(?:aws-cdk-lib|constructs)/' } },
    { name: 'what is shipped imports nothing of the tests', severity: 'error', from: {}, to: { path: '^(?:test|benchmarks|examples)/' } },
    ...upward, ...unlisted, ...tops,
  ],
  options: { tsPreCompilationDeps: true, doNotFollow: { path: 'node_modules' } },
};
