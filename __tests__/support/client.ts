import { io, type Socket } from "socket.io-client";
import { TRUSTED } from "./certificates.js";
import { PATIENCE, within } from "./deadline.js";

export interface Received {
  readonly event: string;
  readonly args: any[];
}

/** An acknowledgement as the wire protocol has it: `ok`, then the fields of the reply or `code` and `message`. */
export type Answer = { ok: boolean; code?: string; message?: string } & Record<string, any>;

export interface ClientOptions {
  userId?: string;
  auth?: Record<string, unknown>;
  transports?: ("polling" | "websocket")[];
  reconnection?: boolean;
  path?: string;
  extraHeaders?: Record<string, string>;
}

/** The official client, remembering everything that came, in order, from the first packet on. */
export class TestClient {
  readonly received: Received[] = [];
  readonly disconnects: string[] = [];
  readonly socket: Socket;
  #taken = new Set<Received>();
  #waiting = new Set<() => void>();

  constructor(url: string, options: ClientOptions = {}) {
    const auth = { ...(options.userId === undefined ? {} : { userId: options.userId }), ...options.auth };
    this.socket = io(url, {
      forceNew: true,
      autoConnect: false,
      auth,
      transports: options.transports ?? ["websocket"],
      reconnection: options.reconnection ?? false,
      reconnectionDelay: 60_000,
      ...(url.startsWith("https:") ? { ca: TRUSTED as unknown as string } : {}),
      ...(options.path === undefined ? {} : { path: options.path }),
      ...(options.extraHeaders === undefined ? {} : { extraHeaders: options.extraHeaders }),
    });
    this.socket.onAny((event: string, ...args: unknown[]) => {
      this.received.push({ event, args });
      this.#look();
    });
    this.socket.on("disconnect", (reason: string) => {
      this.disconnects.push(reason);
      this.#look();
    });
  }

  /** Resolves once `dialogue:connected` came; rejects with the `connect_error`. */
  async connect(): Promise<this> {
    const refused = new Promise<never>((_, reject) => this.socket.once("connect_error", reject));
    this.socket.connect();
    await Promise.race([this.next("dialogue:connected"), refused]);
    return this;
  }

  /** The error with which the server refuses this connection. */
  refusal(): Promise<Error & { data?: { code?: string } }> {
    const refused = new Promise<Error & { data?: { code?: string } }>((resolve, reject) => {
      this.socket.once("connect_error", resolve);
      this.socket.once("connect", () => reject(new Error("the connection was accepted")));
    });
    this.socket.connect();
    return within(refused, "connect_error");
  }

  /** Resolves once the connection has moved from polling to WebSocket. */
  upgraded(): Promise<void> {
    const engine = this.socket.io.engine;
    if (engine.transport.name === "websocket") return Promise.resolve();
    return within(new Promise((resolve) => engine.once("upgrade", () => resolve())), "the upgrade");
  }

  /** The oldest not yet taken `event` that matches: what came already, or what comes within the deadline. */
  async next<T = any>(
    event: string,
    matches: (payload: T) => boolean = () => true,
    milliseconds = PATIENCE,
  ): Promise<T> {
    let found: Received | undefined;
    await this.#until(
      () => {
        found = this.received.find(
          (r) => r.event === event && !this.#taken.has(r) && matches(r.args[0] as T),
        );
        return found !== undefined;
      },
      `${event} (received: ${this.received
        .map((r) => r.event)
        .join(", ")
        .slice(-500)})`,
      milliseconds,
    );
    this.#taken.add(found!);
    return found!.args[0] as T;
  }

  /** Every payload of `event` so far. */
  all<T = any>(event: string): T[] {
    return this.received.filter((r) => r.event === event).map((r) => r.args[0] as T);
  }

  async count(event: string, atLeast: number, milliseconds = PATIENCE): Promise<void> {
    await this.#until(() => this.all(event).length >= atLeast, `${atLeast} of ${event}`, milliseconds);
  }

  async disconnected(milliseconds = PATIENCE): Promise<string> {
    await this.#until(() => this.disconnects.length > 0, "a disconnect", milliseconds);
    return this.disconnects[0]!;
  }

  /** With an acknowledgement: its content. */
  async ask(event: string, ...payload: unknown[]): Promise<Answer> {
    const answer = new Promise<Answer>((resolve) => this.socket.emit(event, ...payload, resolve));
    return within(answer, `the acknowledgement of ${event}`);
  }

  /** Without an acknowledgement, as clients of dialogue-ts send. */
  tell(event: string, ...payload: unknown[]): void {
    this.socket.emit(event, ...payload);
  }

  /**
   * Whatever the server sent to this client before now has arrived when this resolves: commands of one connection are
   * answered in order. With it a test can say that something did *not* come, without waiting for nothing.
   */
  async caughtUp(): Promise<void> {
    await this.ask("dialogue:listRooms");
  }

  async join(roomId: string): Promise<Answer> {
    const answer = await this.ask("dialogue:join", { roomId });
    if (!answer.ok) throw new Error(`join ${roomId}: ${answer.code} ${answer.message}`);
    return answer;
  }

  close(): void {
    this.socket.disconnect();
  }

  async #until(holds: () => boolean, what: string, milliseconds: number): Promise<void> {
    if (holds()) return;
    let look!: () => void;
    const held = new Promise<void>((resolve) => {
      look = () => {
        if (holds()) resolve();
      };
      this.#waiting.add(look);
    });
    try {
      await within(held, what, milliseconds);
    } finally {
      this.#waiting.delete(look);
    }
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }
}

/** The bytes of a binary value as it came out of a decoder; throws on anything that is not binary. */
export function bytesOf(value: unknown): number[] {
  if (value instanceof ArrayBuffer) return [...new Uint8Array(value)];
  if (ArrayBuffer.isView(value)) return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
  throw new Error(`not binary: ${JSON.stringify(value)}`);
}
