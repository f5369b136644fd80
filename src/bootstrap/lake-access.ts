/** What a function may do with the tables of a lake. */
export enum LakeAccess {
  /** Read. */
  READ = 'READ',
  /** Read and write: create, insert, update and delete. Data files are added, and never deleted. */
  WRITE = 'WRITE',
  /** Read, write and maintain: merge small files, expire snapshots, and delete the files that no snapshot needs any more. */
  MAINTAIN = 'MAINTAIN',
}
