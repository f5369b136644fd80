export { readProjectLock } from './read-project-lock';
export type { LockedPackage, ProjectLock } from './project-lock';
