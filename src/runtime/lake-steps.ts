import { Token } from 'aws-cdk-lib';
import { BoundStep } from './runtime-config';
import { LakeAccess } from '../bootstrap/lake-access';

/** Refuses the lakes of a function that would delete each other's files. */
export function checkLakes(steps: BoundStep[], at: string): void {
  // A file of metadata is never written, so it may be a copy of another lake's.
  const lakes = steps.filter(({ type, config }) => type === 'ducklake' && config?.file === undefined);
  for (const [index, lake] of lakes.entries()) {
    for (const other of lakes.slice(0, index)) {
      checkPlaces(other, lake, at);
      checkRoles(other, lake, at);
    }
  }
}

/** A clean-up deletes all files that its own lake does not know. */
function checkPlaces(one: BoundStep, other: BoundStep, at: string): void {
  const [path, otherPath]: string[] = [one.config?.dataPath, other.config?.dataPath];
  const isNested = path !== otherPath && (path.startsWith(otherPath) || otherPath.startsWith(path));
  if (!isNested && !(path === otherPath && isOther(one.config, other.config))) return;
  throw new Error(`${at} has the data of two lakes within each other, in the steps "${one.name}" and "${other.name}": `
    + 'give each lake a prefix of its own, because a clean-up of one deletes the files of the other');
}

/** Whether two steps surely name different lakes. A reader may reach its lake by another host than a writer. */
function isOther(one: BoundStep['config'], other: BoundStep['config']): boolean {
  const names = [[one?.database, other?.database], [one?.metadataSchema ?? 'public', other?.metadataSchema ?? 'public']];
  return names.some((pair) => pair.every((name) => name !== undefined && !Token.isUnresolved(name)) && pair[0] !== pair[1]);
}

/**
 * No role may both write and delete the data of a lake. DuckLake would delete the files of a commit whose answer was lost, although PostgreSQL may
 * have made the commit.
 */
function checkRoles(one: BoundStep, other: BoundStep, at: string): void {
  const writer = [one, other].find(({ config }) => config?.access === LakeAccess.WRITE);
  const maintainer = [one, other].find(({ config }) => config?.access === LakeAccess.MAINTAIN);
  if (writer?.config === undefined || maintainer?.config === undefined) return;
  if (writer.config.dataPath !== maintainer.config.dataPath || writer.config.s3.assumeRole !== maintainer.config.s3.assumeRole) return;
  throw new Error(`${at} has LakeAccess.MAINTAIN in the step "${maintainer.name}" beside LakeAccess.WRITE in "${writer.name}" for the same data: `
    + 'give one of them a function of its own, because DuckLake deletes the files of a commit whose answer was lost if it may');
}
