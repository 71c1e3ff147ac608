import type { ConnectedClient } from "../index.js";
import { type Admitted, ClientHandle, type ClientSupport } from "./connected-client.js";
import type { ClientInfo } from "./native.js";
import { Registry } from "./registry.js";

/** The handles of clients. */
export class Clients {
  readonly #support: ClientSupport;
  readonly #handles: Registry<string, ConnectedClient>;
  readonly #admitted = new Map<string, Admitted>();

  constructor(support: ClientSupport) {
    this.#support = support;
    this.#handles = new Registry((id) => {
      const info = support.engine.clientInfo(id);
      return info === null ? undefined : this.#make(JSON.parse(info));
    });
  }

  /** The client of that id, as long as the engine knows it. */
  find(id: string): ConnectedClient | undefined {
    return this.#handles.get(id);
  }

  /** `authenticate` let the connection in: its client will have what it left. */
  admit(id: string, admitted: Admitted): void {
    this.#admitted.set(id, admitted);
  }

  /** The client that the engine tells of. */
  connected(info: ClientInfo): ConnectedClient {
    return this.#handles.add(info.id, this.#make(info));
  }

  /** Another token governs a client: whoever holds its `auth` sees that too. */
  refreshed(id: string): void {
    void this.find(id)?.auth;
  }

  of(ids: string[]): ConnectedClient[] {
    return ids.map((id) => this.find(id)).filter((client) => client !== undefined);
  }

  /** The connection is gone. */
  end(id: string): void {
    this.#handles.end(id);
    this.#admitted.delete(id);
  }

  #make(info: ClientInfo): ConnectedClient {
    return new ClientHandle(info, this.#support, this.#admitted.get(info.id)) as ConnectedClient;
  }
}
