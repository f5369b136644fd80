const FIELD = 32;
const SIGNATURE = 256;
const FOOTER = 8 * FIELD + SIGNATURE;
const MAGIC = '4';

/**
 * The footer of an extension file, its last 512 bytes: eight fields, last one first, and the signature.
 *
 * @see https://github.com/duckdb/duckdb/blob/main/src/include/duckdb/main/extension.hpp (ParsedExtensionMetaData)
 */
export function readFooter(bytes) {
  const [magic, platform, version, extensionVersion, abi] = Array.from({ length: 5 }, (_, i) => field(bytes, i));
  if (bytes.length < FOOTER || magic !== MAGIC) {
    throw new Error(`is not a DuckDB extension: ${describe(bytes)}`);
  }
  return { platform, version, extensionVersion, abi: abi || 'CPP' };
}

/** Refuses the files that DuckDB would refuse at LOAD: those for another platform, version or binary interface. */
export function checkFooter(footer, { version, platform }) {
  if (footer.platform !== platform) {
    throw new Error(`was built for the platform ${footer.platform}, not for ${platform}`);
  }
  switch (footer.abi) {
    case 'CPP':
    case 'C_STRUCT_UNSTABLE':
      if (footer.version !== `v${version}`) throw new Error(`was built for DuckDB ${footer.version}, not for v${version}`);
      return;
    case 'C_STRUCT':
      // The stable C interface has its own version. Any later DuckDB of the same major version supports it.
      if (!servesInterface(version, footer.version)) {
        throw new Error(`was built for DuckDB's C interface ${footer.version}, which DuckDB v${version} does not have`);
      }
      return;
    default:
      throw new Error(`has the binary interface "${footer.abi}": expected CPP, C_STRUCT or C_STRUCT_UNSTABLE`);
  }
}

function field(bytes, index) {
  const end = bytes.length - SIGNATURE - index * FIELD;
  return bytes.subarray(Math.max(0, end - FIELD), Math.max(0, end)).toString('latin1').replace(/\0+$/, '');
}

function servesInterface(version, wanted) {
  const [major, minor, patch] = version.split('.').map(Number);
  const parts = /^v(\d+)\.(\d+)\.(\d+)$/.exec(wanted)?.slice(1).map(Number);
  return parts !== undefined && parts[0] === major && (parts[1] < minor || (parts[1] === minor && parts[2] <= patch));
}

/** Describes another file. Mirrors and proxies may return an error page or half of a download. */
export function describe(bytes) {
  const start = bytes.subarray(0, 200).toString('latin1');
  if (/^\s*<(?:!doctype|html|\?xml)/i.test(start)) return 'it is an HTML or XML page, such as one from a proxy, a login or an error';
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'it is gzip data';
  return `its ${bytes.length} bytes do not end in DuckDB's footer: truncated or damaged`;
}
