import type { BuildOptions } from 'esbuild';

/** What the library itself decides, and the prop by which users have a say in it. */
const DECIDED: { [argument: string]: string } = {
  'bundle': 'the handler is always bundled',
  'platform': 'it is always node',
  'outdir': 'the image has a place for the handler',
  'outfile': 'the image has a place for the handler',
  'outbase': 'the image has a place for the handler',
  'out-extension': 'the extension follows from the format',
  'entry-names': 'Lambda looks for the handler in "index"',
  'metafile': 'its content is checked at synthesis, and not in the image',
  'format': 'set bundling.format instead',
  'sourcemap': 'set bundling.sourceMap instead',
  'minify': 'set bundling.minify instead',
  'tsconfig': 'set bundling.tsconfig instead',
  'external': 'set bundling.externalModules instead',
  'loader': 'set bundling.loader instead',
  'define': 'set bundling.define instead',
  'banner': 'set bundling.banner instead',
  'footer': 'set bundling.footer instead',
};

/** Arguments whose value is a list, in esbuild's own words separated by commas. */
const LISTS = ['conditions', 'drop-labels', 'main-fields', 'resolve-extensions', 'target'];

/** Arguments that stand once for each of their values, as `--drop:console`. */
const REPEATED_LISTS = ['drop', 'inject', 'pure'];

/** Options of esbuild's API for arguments of its command line, such as `{ '--keep-names': true, '--alias:old': 'new' }`. */
export function optionsOfArguments(args: { [argument: string]: any }): BuildOptions {
  const options: { [option: string]: any } = {};
  for (const [argument, value] of Object.entries(args)) {
    const [, name, key] = argument.match(/^--([a-z-]+)(?::(.+))?$/) ?? [];
    if (name === undefined) throw new Error(`bundling.esbuildArgs has "${argument}": expected an argument of esbuild's command line, such as "--keep-names"`);
    if (DECIDED[name]) throw new Error(`bundling.esbuildArgs has "${argument}", which the library decides: ${DECIDED[name]}`);
    const option = name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
    if (REPEATED_LISTS.includes(name)) {
      options[option] = [...options[option] ?? [], key ?? String(value)];
    } else if (key !== undefined || MAPS.includes(name)) {
      // As NodejsFunction takes it too: { '--alias': 'old=new' }.
      const [entry, ...rest] = key === undefined ? String(value).split('=') : [key, String(value)];
      options[option] = { ...options[option], [entry]: name === 'supported' ? rest.join('=') === 'true' : rest.join('=') };
    } else {
      options[option] = LISTS.includes(name) ? String(value).split(',') : plainValue(value);
    }
  }
  return options;
}

const MAPS = ['alias', 'log-override', 'supported'];

function plainValue(value: any): boolean | number | string {
  if (value === '' || value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  return /^\d+$/.test(value) ? Number(value) : value;
}
