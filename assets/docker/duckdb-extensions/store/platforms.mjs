/** Each platform's names in DuckDB, npm and PyPI, and the library in npm's package (libduckdb.so.1.4 in older ones). */
const PLATFORMS = {
  linux_amd64: { npm: 'linux-x64', library: /^libduckdb\.so/, wheelTag: /manylinux\w*_x86_64/ },
  linux_arm64: { npm: 'linux-arm64', library: /^libduckdb\.so/, wheelTag: /manylinux\w*_aarch64/ },
  osx_amd64: { npm: 'darwin-x64', library: /^libduckdb\.dylib/, wheelTag: /macosx_\w+_x86_64/ },
  osx_arm64: { npm: 'darwin-arm64', library: /^libduckdb\.dylib/, wheelTag: /macosx_\w+_arm64/ },
  windows_amd64: { npm: 'win32-x64', library: /^duckdb\.dll$/, wheelTag: /win_amd64/ },
  windows_arm64: { npm: 'win32-arm64', library: /^duckdb\.dll$/, wheelTag: /win_arm64/ },
};

export function platformFacts(platform) {
  if (!Object.hasOwn(PLATFORMS, platform)) {
    throw new Error(`"${platform}" is not a platform of DuckDB: expected one of ${Object.keys(PLATFORMS).join(', ')}`);
  }
  return PLATFORMS[platform];
}

/** The platform that this process runs on, if DuckDB's client exists for it. */
export function runningPlatform() {
  const npm = `${process.platform}-${process.arch}`;
  return Object.keys(PLATFORMS).find((name) => PLATFORMS[name].npm === npm);
}
