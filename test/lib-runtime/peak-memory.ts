/**
 * JavaScript that defines `peakBytes()`, the most memory that its process has had resident.
 *
 * On Linux, `maxRSS` of a new process begins at that of its parent, here the process of the tests. The kernel's high-water mark of the process itself
 * does not.
 */
export const PEAK_BYTES = `
  const peakBytes = () => {
    if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
    const status = process.getBuiltinModule('node:fs').readFileSync('/proc/self/status', 'utf8');
    return Number(/VmHWM:\\s+(\\d+) kB/.exec(status)[1]) * 1024;
  };
`;
