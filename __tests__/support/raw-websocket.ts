import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { TRUSTED } from "./certificates.js";
import { PATIENCE, within } from "./deadline.js";

export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface RawWebSocketOptions {
  /** After `?EIO=4&transport=websocket`, e.g. `&sid=…`. */
  query?: string;
  path?: string;
  headers?: Record<string, string>;
  /** Through TLS. */
  secure?: boolean;
}

export interface FrameOptions {
  final?: boolean;
  rsv?: number;
  masked?: boolean;
}

/** One WebSocket frame, right or wrong, as the options say. */
export function frame(opcode: number, payload: string | Uint8Array = "", options: FrameOptions = {}): Buffer {
  const { final = true, rsv = 0, masked = true } = options;
  const body = Buffer.from(payload);
  const mask = masked ? 0x80 : 0;
  const first = (final ? 0x80 : 0) | (rsv << 4) | opcode;
  let head: Buffer;
  if (body.length < 126) head = Buffer.from([first, mask | body.length]);
  else if (body.length < 65_536) {
    head = Buffer.from([first, mask | 126, 0, 0]);
    head.writeUInt16BE(body.length, 2);
  } else {
    head = Buffer.alloc(10);
    head[0] = first;
    head[1] = mask | 127;
    head.writeBigUInt64BE(BigInt(body.length), 2);
  }
  if (!masked) return Buffer.concat([head, body]);
  const key = randomBytes(4);
  for (let i = 0; i < body.length; i++) body[i]! ^= key[i & 3]!;
  return Buffer.concat([head, key, body]);
}

/** The handshake was answered with something else than 101. */
export class HandshakeRefused extends Error {
  readonly status: number;
  readonly response: string;

  constructor(status: number, response: string) {
    super(`handshake answered with ${status}`);
    this.status = status;
    this.response = response;
  }
}

/** A WebSocket over node:net that sends what it is told, byte by byte, and can refuse to read. */
export class RawWebSocket {
  readonly socket: Socket;
  /** Below TLS, if there is any. */
  readonly #connection: Socket;
  readonly messages: (string | Buffer)[] = [];
  closeCode: number | undefined;
  #ended: Promise<void>;
  #bytesCame: () => void = () => {};
  #buffer: Buffer = Buffer.alloc(0);
  #fragments: Buffer[] = [];
  #fragmentOpcode = 0;
  #taken = 0;
  #waiting = new Set<() => void>();

  private constructor(socket: Socket, connection: Socket) {
    this.socket = socket;
    this.#connection = connection;
    socket.on("data", (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#bytesCame();
    });
    this.#ended = new Promise((resolve) => {
      socket.on("close", () => resolve());
      socket.on("end", () => resolve());
    });
  }

  static async open(host: string, port: number, options: RawWebSocketOptions = {}): Promise<RawWebSocket> {
    const connection = connect(port, host);
    connection.on("error", () => {});
    const socket = options.secure ? connectSecurely({ socket: connection, host, ca: TRUSTED }) : connection;
    connection.setNoDelay(true);
    socket.on("error", () => {});
    const raw = new RawWebSocket(socket, connection);
    const head = raw.#handshake();
    const headers = { host: `${host}:${port}`, ...options.headers };
    const extra = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(
      `GET ${options.path ?? "/socket.io/"}?EIO=4&transport=websocket${options.query ?? ""} HTTP/1.1\r\n` +
        `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n${extra.join("")}\r\n`,
    );
    try {
      const { status, text } = await within(head, "the WebSocket handshake");
      if (status !== 101) throw new HandshakeRefused(status, text);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return raw;
  }

  /** From now on what the server sends piles up, here and then there. */
  stopReading(): void {
    this.socket.pause();
  }

  /** Reads again: what piled up, first. */
  read(): void {
    this.socket.resume();
  }

  send(text: string): void {
    this.socket.write(frame(Opcode.text, text));
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next Engine.IO packet, taken in order. Pings of the server are answered and skipped. */
  async next(milliseconds = PATIENCE): Promise<string | Buffer> {
    await this.#until(() => this.messages.length > this.#taken, "a packet", milliseconds);
    return this.messages[this.#taken++]!;
  }

  /** The next packet that starts so; others before it are passed over. */
  async nextStarting(prefix: string, milliseconds = PATIENCE): Promise<string> {
    for (;;) {
      const packet = await this.next(milliseconds);
      if (typeof packet === "string" && packet.startsWith(prefix)) return packet;
    }
  }

  /** Engine.IO open, Socket.IO connect: the answer's `sid` is the socket id. */
  async connectNamespace(auth: object = {}): Promise<{ sessionId: string; socketId: string }> {
    const opened = JSON.parse((await this.nextStarting("0")).slice(1)) as { sid: string };
    this.send(`40${JSON.stringify(auth)}`);
    const connected = JSON.parse((await this.nextStarting("40")).slice(2)) as { sid: string };
    return { sessionId: opened.sid, socketId: connected.sid };
  }

  /** Connects to the namespace, joins the room and subscribes to everything in it. */
  async joinEverything(roomId: string): Promise<void> {
    await this.connectNamespace();
    this.send(`421${JSON.stringify(["dialogue:join", { roomId }])}`);
    this.send(`422${JSON.stringify(["dialogue:subscribeAll", { roomId }])}`);
    await this.nextStarting("432");
  }

  /** Resolves once the server has closed, with the close frame's code (1005: none in it, 1006: no close frame). */
  async closed(milliseconds = PATIENCE): Promise<number> {
    await within(this.#ended, "the server to close", milliseconds);
    return this.closeCode ?? 1006;
  }

  /** Goes without a word. */
  reset(): void {
    this.#connection.resetAndDestroy();
    this.socket.destroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Status and head of the answer; status 0 if the server closed without one. */
  #handshake(): Promise<{ status: number; text: string }> {
    return new Promise((resolve) => {
      this.#bytesCame = () => {
        const end = this.#buffer.indexOf("\r\n\r\n");
        if (end < 0) return;
        const text = this.#buffer.toString("latin1");
        this.#buffer = this.#buffer.subarray(end + 4);
        this.#bytesCame = () => this.#parse();
        this.#parse();
        resolve({ status: Number(text.slice(9, 12)), text });
      };
      this.socket.once("close", () => resolve({ status: 0, text: "" }));
    });
  }

  #parse(): void {
    for (;;) {
      const buffer = this.#buffer;
      if (buffer.length < 2) return;
      let length = buffer[1]! & 0x7f;
      let offset = 2;
      if (length === 126) {
        if (buffer.length < 4) return;
        length = buffer.readUInt16BE(2);
        offset = 4;
      } else if (length === 127) {
        if (buffer.length < 10) return;
        length = Number(buffer.readBigUInt64BE(2));
        offset = 10;
      }
      if (buffer.length < offset + length) return;
      this.#buffer = buffer.subarray(offset + length);
      this.#frame(buffer[0]! & 15, (buffer[0]! & 0x80) !== 0, buffer.subarray(offset, offset + length));
    }
  }

  #frame(opcode: number, final: boolean, payload: Buffer): void {
    if (opcode === Opcode.ping) return void this.write(frame(Opcode.pong, payload));
    if (opcode === Opcode.close) {
      this.closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.socket.end(frame(Opcode.close, payload.subarray(0, 2)));
      return;
    }
    if (opcode > Opcode.binary) return;
    if (opcode !== Opcode.continuation) this.#fragmentOpcode = opcode;
    this.#fragments.push(Buffer.from(payload));
    if (!final) return;
    const whole = Buffer.concat(this.#fragments);
    this.#fragments = [];
    this.#message(this.#fragmentOpcode === Opcode.text ? whole.toString() : whole);
  }

  #message(message: string | Buffer): void {
    if (message === "2") {
      this.send("3");
      return;
    }
    this.messages.push(message);
    for (const look of this.#waiting) look();
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
}
