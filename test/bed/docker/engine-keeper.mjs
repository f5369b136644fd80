// engine-keeper.mjs DATA-ROOT LOG-FILE: keeps one Docker engine for the whole machine, for as long as any process of
// any clone holds a connection to this one. The socket is abstract: it is gone when this process is, so that it can
// never be stale, and only one process at a time can listen on it.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const SOCKET = '\0cdk-duckdb-lambda-test-bed-engine';
const ENGINE_SOCKET = '/var/run/docker.sock';
const LINGER_MS = 3_000;

const [dataRoot, logFile] = process.argv.slice(2);
const users = new Set();
let ready = false;
let stopping = false;
let lingering;

const server = createServer((user) => {
  if (stopping) return void user.destroy(); // the user comes again, and starts the next keeper
  clearTimeout(lingering);
  users.add(user);
  user.on('error', () => undefined);
  user.on('close', () => { users.delete(user); lingerIfUnused(); });
  if (ready) user.write('ready\n');
});
server.on('error', () => process.exit()); // another keeper is there already
server.listen(SOCKET, startEngine);

let guard;
function startEngine() {
  mkdirSync(dataRoot, { recursive: true });
  const log = openSync(logFile, 'a');
  guard = spawn(fileURLToPath(new URL('../process/guard.sh', import.meta.url)), ['dockerd', '--data-root', dataRoot, '-H', `unix://${ENGINE_SOCKET}`], {
    stdio: ['pipe', log, log],
    detached: true,
    env: { ...process.env, GUARD_GRACE_SECONDS: '30' }, // it stops containers first, and has children of its own
  });
  closeSync(log);
  guard.on('error', finish);
  guard.on('exit', finish);
  lingerIfUnused();
  announceWhenReady();
}

function announceWhenReady() {
  if (stopping) return;
  const probe = connect(ENGINE_SOCKET);
  probe.on('error', () => setTimeout(announceWhenReady, 100));
  probe.on('connect', () => {
    probe.destroy();
    ready = true;
    for (const user of users) user.write('ready\n');
  });
}

function lingerIfUnused() {
  clearTimeout(lingering);
  if (users.size === 0) lingering = setTimeout(stop, LINGER_MS);
}

function stop() {
  stopping = true;
  guard.stdin.destroy();
}

function finish() {
  process.exit(stopping ? 0 : 1);
}

process.on('SIGTERM', stop);
process.on('SIGINT', stop);
