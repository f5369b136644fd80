/**
 * Texts of other software on which this package acts: a table for each author, a line for each text. Another version may word a text differently, so
 * each line has a test that makes the real component produce it, or finds it in the component's binary.
 */

/** DuckDB itself. */
export const DUCKDB = {
  // An error begins with its class.
  errorClass: /^([A-Z][A-Za-z ]* (?:Error|Exception)): /,
  autoloadingError: /^Extension Autoloading Error: /,
  binderError: /^Binder Error: /,
  catalogError: /^Catalog Error: /,
  fatalError: /^FATAL Error: /,
  httpError: /^HTTP Error: /,
  internalError: /^INTERNAL Error: /,
  invalidError: /^Invalid Error: /,
  invalidInputError: /^Invalid Input Error: /,
  ioError: /^IO Error: /,
  outsideFile: /Prefetch registered for bytes outside file/,
  missingExtensionError: /^Missing Extension Error: /,
  notImplementedError: /^Not implemented Error: /,
  parserError: /^Parser Error: /,
  syntaxError: /^Syntax Error: /,

  // The text around the reason.
  splitFailed: /^Failed to extract statements: /,
  echo: /\n[^\S\n]*LINE \d+:/,
  stackTrace: /\n\nStack Trace:/,

  // What `json_serialize_sql` says of SQL that its parser has accepted.
  onlySelect: /^Only SELECT statements can be serialized/,
  unknownType: /Type with name (.*) does not exist/,

  // A missing catalog, schema or secret.
  unknownCatalog: /Catalog "([^"]+)" does not exist/,
  unknownCatalogOrSchema: /schema named "\.?([^".]+)/,
  unknownDatabase: /Database "([^"]+)" not found/,
  unknownFunction: /Function with name .* does not exist!/,
  unknownSchema: /schema "([^"]+)" does not exist/,
  unknownSchemaToWrite: /Schema with name (\S+) does not exist/,
  unknownTable: /(?:Table|View) with name (.+) does not exist!/,
  unknownSecretStorage: /Unknown secret storage found: 'local_file'/,

  /** Of any table of DuckDB's own, also one whose schema does not exist. */
  noTimeTravel: /Catalog type does not support time travel/,

  // Files.
  noFilesFound: /No files found that match the pattern "([^"]*)/,
  cannotOpenFile: /Cannot open file "([^"]*)/,
  noSuchFile: /Cannot open file ".*No such file or directory/,
  permissionDenied: /Cannot open file ".*Permission denied/,
  readOnlyFileSystem: /Cannot open file ".*Read-only file system/,
  folderNotEmpty: /is not empty! Enable OVERWRITE option/,
  isDirectory: /Cannot open file ".*Is a directory/,
  noSuchDatabase: /Cannot open database ".*does not exist/,
  invalidDatabase: /not a valid DuckDB database file/,
  databaseVersion: /Trying to read a database file with version number/,

  // Transactions, settings, memory.
  transactionConflict: /^TransactionContext Error: .*Transaction conflict/,
  writeConflict: /^TransactionContext Error: .*[Cc]onflict on /,
  alteredMeanwhile: /^TransactionContext Error: .*another transaction has altered/,
  configurationLocked: /configuration has been locked/,
  severalStatements: /Cannot prepare multiple statements at once/,
  noBlock: /^Out of Memory Error: could not allocate block/,
  invalidated: /database has been invalidated because of a previous fatal error/,
} as const;

/** DuckDB's texts about a missing extension. The last ones are its advice. */
export const DUCKDB_EXTENSION = {
  existsInExtension: /, but it exists in the (\w+) extension\./,
  requiresExtension: / requires the extension (\w+) to be loaded/,
  installingFailed: /install the required extension '(\w+)'/,
  extensionNotFound: /Extension "(?:[^"\n]*\/)?(\w+)\.duckdb_extension" not found/,
  downloadFailed: /Failed to download extension "(\w+)"/,
  existingExtension: /is an existing extension/,
  installAndLoad: /\n{1,2}Please try installing and loading the \w+ extension(?: by running)?:\nINSTALL \w+;\nLOAD \w+;\n{0,2}/,
  autoInstall: /\n{0,2}Alternatively, consider enabling auto-install and auto-load by running:\nSET autoinstall_known_extensions=1;\nSET autoload_known_extensions=1;/,
  installFirst: /\n{0,2}Install it first using "INSTALL \w+"\./,
} as const;

/** Operating systems, from `strerror` and Node.js. */
export const SYSTEM = {
  noSpace: /No space left on device/,
  noSpaceCode: /\bENOSPC\b/,
} as const;

/** MotherDuck's servers. */
export const MOTHERDUCK = {
  unknownDatabase: /database "([^"]+)" does not exist/,
} as const;

/** DuckDB's extension for HTTP and S3. */
export const HTTPFS = {
  /** In all of its forms. */
  status: /\bHTTP (?:code )?(\d{1,3})\b/,
  forbidden: /Forbidden/,
  // Both texts together: the object was replaced while it was read.
  entityTagOfFile: /ETag on reading file/,
  entityTagBefore: /was initially/,
  /** Reads name their method. */
  uploading: /^HTTP Error: Unable to connect to URL s3:\/\/\S+: /,
  queryParameters: /Invalid query parameters found/,
} as const;

/** curl, httpfs's default client: `curl_easy_strerror`, whose texts differ between versions. */
export const CURL = {
  timeout: /Timeout was reached/,
  partialFile: /Transferred a partial file/,
  gotNothing: /Server returned nothing/,
  cannotConnect: /(?:Could not|Couldn't) connect to server/,
  cannotResolveProxy: /(?:Could not|Couldn't) resolve proxy/,
  cannotResolveHost: /(?:Could not|Couldn't) resolve (?:host ?name|host)/,
  sendError: /Failed sending data to the peer/,
  receiveError: /Failure when receiving data from the peer/,
  tlsConnectError: /SSL connect error/,
  rewindFailed: /Send failed since rewinding of the data stream failed/,
  notReady: /Socket not ready for send\/recv/,
  http2Error: /Error in the HTTP2 framing layer/,
  http2StreamError: /Stream error in the HTTP\/2 framing layer/,
  quicError: /QUIC connection error/,
  /**
   * The certificate `*.s3.REGION.amazonaws.com` does not cover a bucket with a dot in its name
   * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html).
   */
  unverifiedBucket: /SSL peer certificate[^\n]* 'https:\/\/([^/']*\.[^/']*)\.s3\.[^/']*amazonaws\.com[/']/,
} as const;

/** httplib, the other client: the `to_string` of its errors. */
export const HTTPLIB = {
  cannotConnect: /Could not establish connection/,
  readError: /Failed to read connection/,
  writeError: /Failed to write connection/,
  timeout: /Connection timed out/,
  tlsConnectError: /SSL connection failed/,
  proxyError: /Proxy connection failed/,
} as const;

/** S3's error codes (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html), which httpfs repeats. */
export const S3 = {
  accessDenied: /AccessDenied/,
  expiredToken: /ExpiredToken/,
  tokenRefreshRequired: /TokenRefreshRequired/,
  requestExpired: /RequestExpired/,
  signatureDoesNotMatch: /SignatureDoesNotMatch/,
  invalidAccessKeyId: /InvalidAccessKeyId/,
  noSuchKey: /NoSuchKey/,
  noSuchBucket: /NoSuchBucket/,
  partNumber: /Part number must be an integer between 1 and/i,
  slowDown: /\bSlowDown\b/,
  internalError: /\bInternalError\b/,
  serviceUnavailable: /\bServiceUnavailable\b/,
  /** This code comes with status 400. */
  requestTimeout: /\bRequestTimeout\b/,
  operationAborted: /\bOperationAborted\b/,
} as const;

/** The error codes of AWS's other services. */
export const AWS = {
  throttling: /Throttl/,
  tooManyRequests: /TooManyRequests/,
  requestLimitExceeded: /RequestLimitExceeded/,
  slowDown: /SlowDown/,
  accessDenied: /AccessDenied/,
  notAuthorized: /NotAuthorized/,
  notFound: /NotFound/,
} as const;

/** The AWS SDK. */
export const AWS_SDK = {
  /** None of its providers has credentials: no variables, no profile, no role. */
  noCredentials: /Could not load credentials from any providers/,
} as const;

/** DuckDB's extension for Iceberg, without a catalog. Apart from the next, because a bundle keeps all lines of a table. */
export const ICEBERG_SCAN = {
  /** Of a table in a catalog that is not attached: it takes the name for a path. */
  notATable: /^Invalid Configuration Error: Failed to read iceberg table/,
} as const;

/** DuckDB's extension for Iceberg. */
export const ICEBERG = {
  /** Everything after it happened at the commit. */
  commitFailed: /Failed to commit Iceberg transaction: /,
  /** Of a request to create a table, also of one that lists them. */
  creationFailed: /Request to '[^']*\/namespaces\/[^'/]+\/tables' returned|HTTP POST to '[^']*\/namespaces\/[^'/]+\/tables'/,
  /** The name of a status ends with its number: `Conflict_409`. */
  status: /\((?:HTTP )?(?:\w+_)?(\d{3})\)|response code \w+_(\d{3})|Request returned HTTP (\d{3})/,
  /** It knows no name for a status such as 419. */
  unknownStatus: /unrecognized enum value "(\d{3})" for enum "HTTPStatusCode"/,
  configRefused: /Request to '[^']*\/v1\/config[^']*' returned a non-200 status code/,
  tableRefused: /GetTableInformation endpoint returned response code/,
  /**
   * The answer to a request for a table, if it does not have the form of the specification: DuckDB repeats the answer alone, without its status. Its own
   * errors of this class are longer, name something in quotes, or say what about a table it cannot do.
   */
  foreignAnswer: /^Invalid Configuration Error: (?!Failed to |Could not |OAuth2 |(?:Unrecognized|Unsupported|Encountered|Cannot|Column|Array type|Type|Metrics type|Operation type|Invalid geometry) )(?:\s*[<{]|[^'"\n]{0,80}\s*$)/,
  /** A status in such an answer: in the title of a page, or in JSON. */
  foreignStatus: />\s*([45]\d{2})\b|"(?:code|status|statusCode)":\s*"?([45]\d{2})\b/,
  /** Servers, about a token, and AWS, about the credentials of a signature. */
  expiredToken: /ExpiredToken|\binvalid_token\b|\bUnauthorized\b|\btoken\b[^"<]*\bexpired\b/,
  badSignature: /InvalidSignature|SignatureDoesNotMatch|UnrecognizedClient|InvalidClientTokenId|security token included in the request is invalid/,
  throttled: /Rate exceeded|Throttl|TooManyRequests/,
  notAuthorized: /is not authorized to |AccessDenied|\bForbidden\b/,
  tokenRefused: /OAuth2 token request failed|Could not get token from/,
  /** It reads and writes a struct of all fields by which the table was ever partitioned. */
  partitionedTwice: /Failed to commit Iceberg transaction: .*duplicate name "\w+" in struct/,
  partitionRemoved: /Can't change source type \(STRUCT.*\) to target type \("NULL"\)/,
  /** It names files in the files of deletes. */
  nonAsciiFile: /Invalid byte encountered in STRING -> BLOB conversion of string "\w+:\/\//,
  unknownSchema: /Schema with name "[^"]+" not found|because schema "[^"]+" does not exist|No catalog \+ schema named "[^"]+\.[^"]+" found/,
} as const;

/** DuckDB's extension for PostgreSQL. */
export const POSTGRES_EXTENSION = {
  cannotConnect: /Unable to connect to Postgres/,
  unknownDatabase: /database "([^"]+)" referenced/,
  unknownSecret: /^Binder Error: Secret with name "[^"]*" not found/,
  // It reads with a schema that is no longer the server's.
  unknownEnumValue: /Could not map ENUM value/,
  outOfBuffer: /Postgres binary reader - out of buffer/,
  unknownColumn: /Failed to prepare COPY .*ERROR: {2}column .* does not exist/s,
  unknownRelation: /Failed to prepare COPY .*ERROR: {2}relation .* does not exist/s,
} as const;

/** DuckDB's extension for DuckLake. */
export const DUCKLAKE = {
  missing: /Existing DuckLake at metadata catalog ".*" does not exist/,
  otherVersion: /DuckLake catalog version mismatch: catalog version is (\S+), but the extension requires version (\d+\.\d+)/,
  otherDataPath: /DATA_PATH parameter "(.*)" does not match existing data path in the catalog "(.*)"/,
  missingSnapshot: /No snapshot found at (version|timestamp) (.*)/,
  metadataDenied: /permission denied for table (ducklake_\w+)/,
  /** Of a table with rows in the catalog that the user may not read, among other causes. */
  emptySchema: /^INTERNAL Error: Attempted to access index 0 within vector of size 0/,
  /** Of a NULL where a value must be, such as a snapshot's version or the name of a table. */
  nullArgument: /^INTERNAL Error: Calling [\w:]+ on a (?:value that is NULL|NULL value)/,
  unstorableType: /^INTERNAL Error: Unsupported type "([^"]+)" in Parquet writer/,
  /** It writes values into the SQL that it sends to PostgreSQL. */
  nulInText: /^Parser Error: Failed to get [\w ]+ from DuckLake: unterminated quoted string/,

  // A failed commit, or rollback; with the advice to try more often, if that was tried. Literals, because a bundle keeps what calls a constructor.
  conflict: /^TransactionContext Error: Failed to commit: Failed to commit DuckLake transaction\.\n(?:Exceeded the maximum retry count [^]*?;"\n)?(?:Transaction conflict - |Failed to flush changes into DuckLake: [^]*ERROR: {2}(?:duplicate key value|could not serialize|deadlock detected))/,
  /** PostgreSQL's own, of the constraint in `ducklake-guard.ts`. */
  refusedCommit: /^TransactionContext Error: Failed to commit: Failed to commit DuckLake transaction\.\n(?:Exceeded the maximum retry count [^]*?;"\n)?Failed to commit: Failed to execute query "COMMIT": ERROR: /,
  /** Before the commit: maintenance deletes from DuckLake's own tables. */
  notSerialized: /^Invalid Error: Failed to [^]*ERROR: {2}could not serialize access due to/,
  /** The connection broke before COMMIT was sent. */
  brokenBefore: /^TransactionContext Error: Failed to commit: Failed to execute query "ROLLBACK": /,
  /** The connection broke when COMMIT had been sent. */
  brokenAtCommit: /^TransactionContext Error: Failed to commit: Failed to commit DuckLake transaction\.\n(?:Exceeded the maximum retry count [^]*?;"\n)?Failed to commit: Failed to execute query "COMMIT": (?!ERROR: )/,
  notDeletedAfterCommit: /^TransactionContext Error: Failed to commit: Could not remove file "([^"]*)": /,
  notDeletedAfterRollback: /^IO Error: Could not remove file "([^"]*)": /,
} as const;

/** PostgreSQL's client library, which is part of DuckDB's extension for PostgreSQL. */
export const LIBPQ = {
  portFailed: /port (\d+) failed/,
  closed: /closed the connection unexpectedly/,
  tlsClosed: /connection has been closed unexpectedly/,
  tlsSystemError: /SSL SYSCALL error/,
  tlsUnexpectedEof: /SSL error: unexpected eof/,
  cannotReceive: /could not receive data from server/,
  cannotSend: /could not send data to server/,
  noConnection: /no connection to the server/,
  notOpen: /connection not open/,
  tlsUnsupported: /server does not support SSL, but SSL was required/,
  certificateOfAnotherAuthority: /certificate verify failed/,
  certificateOfAnotherHost: /server certificate for .* does not match host name/,
  noRootCertificate: /root certificate file ".*" does not exist/,
  unreadableRootCertificate: /could not read root certificate file/,
} as const;

/** PostgreSQL's server. */
export const POSTGRESQL = {
  terminated: /terminating connection (?:due to|because of) /,
  recoveryConflict: /canceling statement due to conflict with recovery/,
  lockTimeout: /canceling statement due to lock timeout/,
  passwordRefused: /FATAL:\s+password authentication failed for user "([^"]*)"/,
  /** RDS, about an IAM token. */
  pamRefused: /FATAL:\s+PAM authentication failed for user "([^"]*)"/,
  unknownDatabase: /FATAL: {2}database "[^"]*" does not exist/,
  unknownRole: /FATAL: {2}role "[^"]*" does not exist/,
  noLogin: /FATAL: {2}role "[^"]*" is not permitted to log in/,
  databaseDenied: /(?:FATAL|ERROR): {2}permission denied for database/,
  noHbaEntry: /FATAL: {2}no pg_hba\.conf entry for host/,
  hbaRejects: /FATAL: {2}pg_hba\.conf rejects connection/,
  unknownParameter: /FATAL: {2}unrecognized configuration parameter/,
  invalidParameter: /FATAL: {2}invalid value for parameter/,
} as const;

/** PgBouncer, and compatible poolers. */
export const PGBOUNCER = {
  startupParameter: /FATAL: {2}unsupported startup parameter/,
  unknownDatabase: /FATAL: {2}no such database/,
} as const;

/** Whether `text` contains one of `lines`. */
export function saysOneOf(lines: readonly RegExp[], text: string): boolean {
  return lines.some((line) => line.test(text));
}
