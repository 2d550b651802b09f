/** A TCP proxy that fails over, stalls and goes: what stands between an app and its database. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export class TcpProxy {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #target: number;
  #stalled = false;
  port = 0;
  /** Connections that were accepted. */
  accepted = 0;

  constructor(target: number) {
    this.#target = target;
  }

  /** Listens, always on the same port. */
  async up(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.on('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
    const address = server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Refuses, and resets what it had. */
  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = new Promise((resolve) => (server === undefined ? resolve(0) : server.close(resolve)));
    this.cut();
    await closed;
  }

  /** Resets every connection, and goes on. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#sockets.clear();
  }

  /** From now on nothing passes, and nobody is told: the host has gone. */
  stall(): void {
    this.#stalled = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** What was stalled is lost; new connections pass. */
  unstall(): void {
    this.#stalled = false;
    this.cut();
  }

  /** New connections go to another server. */
  failOver(target: number): void {
    this.#target = target;
    this.cut();
  }

  #accept(socket: Socket): void {
    this.accepted++;
    this.#keep(socket);
    if (this.#stalled) return;
    const upstream = connect(this.#target, '127.0.0.1');
    this.#keep(upstream);
    socket.pipe(upstream);
    upstream.pipe(socket);
    const end = (): void => {
      socket.destroy();
      upstream.destroy();
    };
    socket.on('close', end);
    upstream.on('close', end);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
