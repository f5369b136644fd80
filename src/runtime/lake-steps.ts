import { BoundStep } from './runtime-config';
import { LakeAccess } from '../bootstrap/lake-access';

/**
 * Refuses a function whose role may both write and delete the data of a DuckLake. DuckLake would delete the files of a commit whose answer was lost,
 * although PostgreSQL may have made the commit.
 */
export function checkLakes(steps: BoundStep[], at: string): void {
  const lakes = steps.filter(({ type }) => type === 'ducklake');
  for (const writer of lakes.filter(({ config }) => config?.access === LakeAccess.WRITE)) {
    const maintainer = lakes.find(({ config }) => config?.access === LakeAccess.MAINTAIN && isSame(config, writer.config));
    if (maintainer) {
      throw new Error(`${at} has LakeAccess.MAINTAIN in the step "${maintainer.name}" beside LakeAccess.WRITE in "${writer.name}" for the same data: `
        + 'give one of them a function of its own, because DuckLake deletes the files of a commit whose answer was lost if it may');
    }
  }
}

/** Whether two lakes have their data in the same place, and reach it with the same role. */
function isSame(one: BoundStep['config'], other: BoundStep['config']): boolean {
  return one?.dataPath === other?.dataPath && one?.s3.assumeRole === other?.s3.assumeRole;
}
