import type { BuildOptions } from 'esbuild';

/** Arguments that the library decides, and the prop that sets each of them, if there is one. */
const DECIDED: { [argument: string]: string } = {
  'bundle': 'the handler is always bundled',
  'platform': 'it is always node',
  'outdir': 'the image has a place for the handler',
  'outfile': 'the image has a place for the handler',
  'outbase': 'the image has a place for the handler',
  'out-extension': 'the extension follows from the format',
  'entry-names': 'Lambda looks for the handler in "index"',
  'metafile': 'its content is checked at synthesis and is not in the image',
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

/** Arguments whose value is a list, which esbuild's command line separates by commas. */
const LISTS = ['conditions', 'drop-labels', 'main-fields', 'resolve-extensions', 'target'];

/** Arguments that are repeated for each value, such as `--drop:console`. */
const REPEATED_LISTS = ['drop', 'inject', 'pure'];

/** Converts arguments of esbuild's command line, such as `{ '--keep-names': true, '--alias:old': 'new' }`, into options of its API. */
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
      // NodejsFunction also accepts this form: { '--alias': 'old=new' }.
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
