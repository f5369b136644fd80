import { readFileSync } from 'node:fs';
import { TESTED } from './tested-versions.mjs';

const { core, builtIn } = TESTED.extensions;
const aliases = new Map(Object.entries(TESTED.extensions.aliases));
const dependencies = new Map(Object.entries(JSON.parse(readFileSync(new URL('../../extension-dependencies.json', import.meta.url), 'utf8'))));

/**
 * The extensions to install for the requested names: `{ name, repository }`, each once, after its dependencies.
 *
 * `onlyOfficial` says that the source has only DuckDB's own extensions, so that a misspelt name is an error at once.
 */
export function resolveNames(asked, { version, onlyOfficial, log }) {
  const resolved = new Map();
  const add = (name, repository) => {
    const known = resolved.get(name);
    if (known && known.repository !== repository) {
      throw new Error(`${name}: requested as a core and as a community extension; request one of them`);
    }
    if (known) return;
    for (const dependency of Object.keys((repository === 'core' && dependencies.get(name)) || {})) add(dependency, 'core');
    resolved.set(name, { name, repository });
  };
  for (const text of asked) {
    const [, community, name] = /^(community:)?(.*)$/s.exec(text);
    if (!/^[a-z][a-z0-9_]*$/.test(name)) {
      throw new Error(`"${text}" is not an extension name: expected one such as "httpfs" or "community:h3"${didYouMean(name)}`);
    }
    if (community) {
      add(name, 'community');
      continue;
    }
    const canonical = canonicalName(name, version, onlyOfficial);
    if (builtIn.includes(canonical)) {
      log(`${name} is built into DuckDB: nothing to install`);
    } else {
      add(canonical, 'core');
    }
  }
  return [...resolved.values()];
}

function canonicalName(name, version, onlyOfficial) {
  const canonical = aliases.get(name) ?? name;
  // Another version of DuckDB may have extensions that this table does not list.
  if (onlyOfficial && version === TESTED.duckdb && ![...core, ...builtIn].includes(canonical)) {
    throw new Error(`${name}: no core extension of DuckDB ${version} has this name`
      + `${didYouMean(name) || `; for the community repository, request "community:${name}"`}`);
  }
  return canonical;
}

function didYouMean(name) {
  const candidates = [...core, ...builtIn, ...aliases.keys()].map((known) => ({ known, distance: editDistance(name.toLowerCase(), known) }));
  const best = candidates.reduce((a, b) => (b.distance < a.distance ? b : a));
  return best.distance <= name.length / 3 ? `; did you mean "${best.known}"?` : '';
}

function editDistance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
