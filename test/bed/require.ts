import type { Availability } from './availability';
import { chromiumAvailability, installChromium } from './browser/chromium';
import { lambdaBaseImage } from './docker/base-image';
import { dockerAvailability, ensureEngine } from './docker/docker-engine';
import { installMaven, mavenAvailability } from './process/maven';
import { pythonAvailability } from './process/packages';
import { installAws } from './servers/aws';
import { opensslAvailability } from './servers/certificates';
import { icebergRestAvailability, installIcebergRest } from './servers/iceberg-rest';
import { installMiniStack, miniStackAvailability } from './servers/ministack';
import { installPgBouncer, pgBouncerAvailability } from './servers/pgbouncer';
import { installPostgres } from './servers/postgres';
import { installS3 } from './servers/s3';

interface Requirement {
  /** Starts and installs nothing. */
  readonly availability: () => Availability;
  /** Slow first-time work, done before the suite's own time limits begin. */
  readonly prepare: () => Promise<unknown>;
}

const REQUIREMENTS = {
  docker: { availability: dockerAvailability, prepare: ensureEngine },
  lambda: { availability: dockerAvailability, prepare: () => lambdaBaseImage() },
  aws: { availability: pythonAvailability, prepare: installAws },
  ministack: { availability: miniStackAvailability, prepare: async () => Promise.all([installMiniStack(), lambdaBaseImage()]) },
  browser: { availability: chromiumAvailability, prepare: installChromium },
  maven: { availability: mavenAvailability, prepare: installMaven },
  python: { availability: pythonAvailability, prepare: async () => undefined },
  icebergRest: { availability: icebergRestAvailability, prepare: installIcebergRest },
  postgres: { availability: opensslAvailability, prepare: installPostgres },
  pgbouncer: { availability: pgBouncerAvailability, prepare: installPgBouncer },
  openssl: { availability: opensslAvailability, prepare: async () => undefined },
  s3: { availability: pythonAvailability, prepare: installS3 },
} satisfies Record<string, Requirement>;

export type Component = keyof typeof REQUIREMENTS;

const PREPARE_LIMIT_MS = 600_000;

/**
 * A suite that needs components of the test bed. If one is not available, the suite fails under CI. On a laptop, it is skipped with the
 * reason in its name.
 */
export function describeWith(components: Component | readonly Component[], name: string, suite: () => void): void {
  const required = [components].flat() as Component[];
  const missing = required.flatMap((component) => {
    const availability = REQUIREMENTS[component].availability();
    return availability.available ? [] : [`${component}: ${availability.reason}`];
  });
  describeIf(missing.length === 0 ? { available: true } : { available: false, reason: missing.join('; ') }, name, () => {
    beforeAll(async () => {
      for (const component of required) await REQUIREMENTS[component].prepare();
    }, PREPARE_LIMIT_MS);
    suite();
  });
}

/** A suite with a requirement that not every machine meets. If it is not met, the suite fails under CI. */
export function describeIf(needed: Availability, name: string, suite: () => void): void {
  if (needed.available) {
    describe(name, suite);
  } else if (process.env.CI) {
    it(name, () => { throw new Error(needed.reason); });
  } else {
    // A laptop need not have everything that CI has. The report names the skipped suites, with their reasons.
    describe.skip(`${name} [skipped: ${needed.reason}]`, suite);
  }
}
