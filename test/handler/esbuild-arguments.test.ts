import { optionsOfArguments } from '../../src/handler/esbuild-arguments';

test.each<[{ [argument: string]: any }, object]>([
  [{ '--keep-names': true }, { keepNames: true }],
  [{ '--keep-names': '' }, { keepNames: true }],
  [{ '--tree-shaking': 'false' }, { treeShaking: false }],
  [{ '--sources-content': false }, { sourcesContent: false }],
  [{ '--log-limit': '0', '--charset': 'utf8' }, { logLimit: 0, charset: 'utf8' }],
  [{ '--main-fields': 'module,main', '--conditions': 'lambda', '--target': 'node24' }, { mainFields: ['module', 'main'], conditions: ['lambda'], target: ['node24'] }],
  [{ '--alias:old': 'new', '--alias:older': 'new' }, { alias: { old: 'new', older: 'new' } }],
  [{ '--alias': 'old=new' }, { alias: { old: 'new' } }],
  [{ '--drop:console': true, '--drop:debugger': true, '--pure:log': true, '--inject:./shim.js': true }, { drop: ['console', 'debugger'], pure: ['log'], inject: ['./shim.js'] }],
  [{ '--drop': 'console', '--inject': './shim.js' }, { drop: ['console'], inject: ['./shim.js'] }],
  [{ '--supported:bigint': 'true', '--log-override:direct-eval': 'silent' }, { supported: { bigint: true }, logOverride: { 'direct-eval': 'silent' } }],
])('%j are options of the API', (args, options) => {
  expect(optionsOfArguments(args)).toEqual(options);
});

test.each([
  ['--format', 'bundling.esbuildArgs has "--format", which the library decides: set bundling.format instead'],
  ['--define:x', 'bundling.esbuildArgs has "--define:x", which the library decides: set bundling.define instead'],
  ['--outfile', 'bundling.esbuildArgs has "--outfile", which the library decides: the image has a place for the handler'],
  ['keepNames', 'bundling.esbuildArgs has "keepNames": expected an argument of esbuild\'s command line, such as "--keep-names"'],
])('%s is refused', (argument, message) => {
  expect(() => optionsOfArguments({ [argument]: 'x' })).toThrow(message);
});
