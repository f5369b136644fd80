/** What a function may do with the tables of a lake. */
export enum LakeAccess {
  /** Read. */
  READ = 'READ',
  /** Read and write: create, insert, update, delete, and merge small files. The function may add data files, but never delete them. */
  WRITE = 'WRITE',
  /** Read, expire snapshots, and delete the files that no snapshot needs any more. The function may not add data files. */
  MAINTAIN = 'MAINTAIN',
}
