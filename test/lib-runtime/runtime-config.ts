/** `DUCKDB_LAMBDA_CONFIG` as the construct writes it. */
export function config(parts: {
  extensions?: string[];
  steps?: { name: string; type: string; config?: object; provides?: string[] }[];
  databases?: Record<string, { file?: string; steps?: string[] }>;
  settings?: Record<string, unknown>;
  verifyExtensions?: boolean;
  timeoutSeconds?: number;
  results?: { location: string };
  http?: object;
}): { DUCKDB_LAMBDA_CONFIG: string } {
  return { DUCKDB_LAMBDA_CONFIG: JSON.stringify({ version: 1, extensions: [], steps: [], ...parts }) };
}
