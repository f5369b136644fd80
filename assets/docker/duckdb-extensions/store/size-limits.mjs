/** The most bytes of an index, an answer of an API or the like. */
export const DOCUMENT_BYTES = 16 * 1024 ** 2;

/** The most bytes of an extension, an archive or a library, compressed or unpacked: several times DuckDB's largest. */
export const FILE_BYTES = 512 * 1024 ** 2;

/** The error for a body, an archive or an archive's file with too many bytes. */
export class TooLargeError extends Error {
  code = 'TOO_LARGE';

  constructor(what, maxBytes) {
    super(`${what} more than ${maxBytes / 1024 ** 2} MiB, the most that is read: check that this is the right file, and which server delivers it`);
  }
}

/** The result of a node:zlib function for the bytes, unless it is larger than the limit of a file. */
export function unpacked(unpack, bytes, maxBytes = FILE_BYTES) {
  try {
    return unpack(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    throw error.code === 'ERR_BUFFER_TOO_LARGE' ? new TooLargeError('unpacks to', maxBytes) : error;
  }
}
