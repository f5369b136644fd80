/** What a function may do with the tables of a lake. */
export enum LakeAccess {
  /** Read. */
  READ = 'READ',
  /** Read and write: create, insert, update, delete, and merge small files. Data files are added, and never deleted. */
  WRITE = 'WRITE',
  /** Read, expire snapshots, and delete the files that no snapshot needs any more. Data files are not added. */
  MAINTAIN = 'MAINTAIN',
}
