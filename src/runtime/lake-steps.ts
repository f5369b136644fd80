import { BoundStep } from './runtime-config';
import { LakeAccess } from '../bootstrap/lake-access';

/**
 * Refuses a role that may both write and delete the data of a lake. DuckLake would delete the files of a commit whose answer was lost, although
 * PostgreSQL may have made the commit.
 */
export function checkLakes(steps: BoundStep[], at: string): void {
  const lakes = steps.filter(({ type }) => type === 'ducklake');
  const maintainers = lakes.filter(({ config }) => config?.access === LakeAccess.MAINTAIN);
  for (const writer of lakes.filter(({ config }) => config?.access === LakeAccess.WRITE)) {
    const { dataPath, s3 } = writer.config!;
    const maintainer = maintainers.find(({ config }) => config?.dataPath === dataPath && config?.s3.assumeRole === s3.assumeRole);
    if (maintainer === undefined) continue;
    throw new Error(`${at} has LakeAccess.MAINTAIN in the step "${maintainer.name}" beside LakeAccess.WRITE in "${writer.name}" for the same data: `
      + 'give one of them a function of its own, because DuckLake deletes the files of a commit whose answer was lost if it may');
  }
}
