/** Where a server listens, as `net.AddressInfo` has it. */
export interface ListeningAddress {
  address: string;
  family: string;
  port: number;
}

/** The engine, as far as the port is concerned. */
export interface Front {
  /** Binds before it returns. Throws an `Error` with a `code`: `PORT_IN_USE`, or the system's. `null`: all interfaces. */
  listen(port: number, host: string | null): ListeningAddress;
  /** Closes the listening socket before it returns; open connections live on. */
  closeListener(): void;
  /** Closes every connection; resolves when all is gone. */
  stop(): Promise<void>;
  /** From the next `listen` on, what is not Socket.IO's goes to the local socket at `path`; `null`: to nobody. */
  setBehind(path: string | null, token: string): void;
  /** Whether listening keeps the process alive. */
  keepAlive(on: boolean): void;
}
