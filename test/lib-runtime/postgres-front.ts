import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Stands before a PostgreSQL server without TLS: counts round trips, answers late, and breaks or holds a connection at a message. */
export interface PostgresFront {
  readonly port: number;
  /** How often a client has sent something after an answer. */
  roundTrips: number;
  /** Connections that clients have opened. */
  opened: number;
  /** Milliseconds by which each answer is late. */
  delayMs: number;
  /** Breaks the connection at the next message that contains `text`: before the server gets it, or instead of the server's answer. */
  breakAt(text: string, when: 'before' | 'instead of the answer'): void;
  /** Holds the next message that contains `text`; resolves to what lets it through when it has come. */
  holdAt(text: string): Promise<() => void>;
  stop(): Promise<void>;
}

export async function postgresFrontOf(port: number): Promise<PostgresFront> {
  const sockets = new Set<Socket>();
  let breaking: { text: string; when: string } | undefined;
  let holding: { text: string; held: (release: () => void) => void } | undefined;

  const serve = (client: Socket) => {
    front.opened += 1;
    const server = connect(port, '127.0.0.1');
    let isAsked = false;
    let isLost = false;
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      sockets.add(socket.setNoDelay(true));
      socket.on('error', () => undefined);
    }
    client.on('close', () => server.destroy());
    server.on('close', () => setTimeout(() => client.destroy(), front.delayMs));
    client.on('data', (data) => {
      if (!isAsked) front.roundTrips += 1;
      isAsked = true;
      if (breaking && data.includes(breaking.text)) {
        const { when } = breaking;
        breaking = undefined;
        if (when === 'before') return end();
        isLost = true;
      }
      if (holding && data.includes(holding.text)) {
        holding.held(() => server.write(data));
        holding = undefined;
        return undefined;
      }
      server.write(data);
      return undefined;
    });
    server.on('data', (data) => {
      isAsked = false;
      if (isLost) end();
      else if (front.delayMs > 0) setTimeout(() => client.write(data), front.delayMs);
      else client.write(data);
    });
  };

  const listener = createServer(serve);
  const front: PostgresFront = {
    port: 0,
    roundTrips: 0,
    opened: 0,
    delayMs: 0,
    breakAt: (text, when) => { breaking = { text, when }; },
    holdAt: (text) => new Promise((held) => { holding = { text, held }; }),
    stop: () => new Promise((resolve) => {
      listener.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    }),
  };
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return Object.assign(front, { port: (listener.address() as AddressInfo).port });
}
