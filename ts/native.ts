/** The only importer of the binding: `docs/design/binding.md` says what each call means. */
import binding from "#binding";
import type { AuthData, EventMessage, Handshake, JwtClaims, Logger } from "../index.js";

/** A room's number: never reused, so that a handle of a deleted room never acts on a later room of the same id. */
export type RoomKey = number;

/** One engine. Complex values cross as JSON text, binary beside it. */
export interface NativeDialogue {
  setHooks(mask: number): void;
  start(): Promise<number>;
  listen(port: number, host: string | null): string;
  closeListener(): void;
  setBehind(path: string | null, token: string): void;
  keepAlive(on: boolean): void;
  stop(): Promise<number>;
  createRoom(id: string, configJson: string, createdById: string | null): RoomKey;
  updateRoom(key: RoomKey, changesJson: string): boolean;
  deleteRoom(key: RoomKey): boolean;
  roomKey(id: string): RoomKey;
  roomKeys(): RoomKey[];
  roomInfo(key: RoomKey): string | null;
  roomSize(key: RoomKey): number;
  roomParticipants(key: RoomKey): string[];
  roomObserve(key: RoomKey, event: string, delta: number): void;
  trigger(
    key: RoomKey,
    event: string,
    from: string,
    data: string | null,
    meta: string | null,
    attachments: Buffer[],
    local: number,
  ): string | null;
  history(key: RoomKey, event: string, start: number, end: number): number;
  clientIds(): string[];
  userClientIds(userId: string): string[];
  userRooms(userId: string): string[];
  isInRoom(userId: string, roomId: string): boolean;
  clientInfo(id: string): string | null;
  clientJoin(id: string, roomId: string, history: number): string;
  clientLeave(id: string, roomId: string): string;
  clientSubscribe(id: string, roomId: string, event: string): string;
  clientUnsubscribe(id: string, roomId: string, event: string): string;
  clientRooms(id: string): string[];
  clientSubscriptions(id: string, roomId: string): string[];
  clientClaims(id: string, renewals: number): string | null;
  decide(verdictsJson: string): void;
  decideBinary(verdictJson: string, attachments: Buffer[]): void;
  identify(ticket: number, userId: string, socketId: string): boolean;
  setJwks(setJson: string | null): string | null;
  ioNamespace(name: string): number;
  ioConfigure(nsp: number, heeded: boolean, judged: boolean): void;
  ioWatchRooms(nsp: number, watched: boolean): void;
  ioDropNamespace(name: string): void;
  ioOpenEnded(openEnded: boolean): void;
  ioAccept(ticket: number, nsp: number, id: string): boolean;
  ioRefuse(ticket: number, messageJson: string | null, dataJson: string | null): void;
  ioLook(nsp: number, id: string): string | null;
  ioConnected(nsp: number, id: string): boolean;
  ioHear(nsp: number, id: string, bits: number): void;
  ioTurned(): void;
  ioShow(nsp: number, id: string): boolean;
  ioIsShown(nsp: number, id: string): boolean;
  ioWithdraw(nsp: number, ids: string[]): void;
  ioRestore(nsp: number, id: string): void;
  ioForget(nsp: number, id: string, anyway: boolean): void;
  ioEmit(nsp: number, id: string, argsJson: string, attachments: Buffer[], flags: number): number;
  ioAcknowledge(nsp: number, id: string, ack: number, argsJson: string, attachments: Buffer[]): void;
  ioForgetAck(nsp: number, id: string | null, ack: number): void;
  ioRoomsOf(nsp: number, id: string): string[];
  ioRoomCountOf(nsp: number, id: string): number;
  ioDisconnect(nsp: number, id: string, close: boolean): void;
  ioConnection(conn: string): string | null;
  ioCloseConnection(conn: string): void;
  ioCloseAll(): void;
  ioCount(nsp: number): number;
  ioConnections(): number;
  ioSelect(nsp: number, selectorJson: string): string[];
  ioBroadcast(
    nsp: number,
    selectorJson: string,
    argsJson: string,
    attachments: Buffer[],
    flags: number,
  ): number[];
  ioJoin(nsp: number, selectorJson: string, rooms: string[]): void;
  ioLeave(nsp: number, selectorJson: string, rooms: string[]): void;
  ioDisconnectAll(nsp: number, selectorJson: string, close: boolean): void;
  ioRoomCount(nsp: number): number;
  ioRoomNames(nsp: number): string[];
  ioInRoom(nsp: number, room: string, most: number): string[] | null;
  ioRoomSize(nsp: number, room: string): number;
  ioIsIn(nsp: number, room: string, id: string): boolean;
  ioTakeChanges(nsp: number): string;
  requestPass(ticket: number, headers: string[]): boolean;
  requestAnswer(ticket: number, status: number, headers: string[], body: Buffer | null): boolean;
  requestBar(ticket: number, forbidden: boolean, message: string | null, headers: string[]): boolean;
  metrics(): string;
  drain(max: number): Batch | null;
  clientReady(id: string): void;
  clientForget(id: string): void;
  cleanupDone(token: number): void;
  loadDone(token: number, messagesJson: string | null, attachments: Buffer[]): void;
  httpRespond(id: number, status: number, headersText: string, body: Buffer | null): void;
  httpRespondText(id: number, status: number, headersText: string, body: string): void;
  httpRespondAll(answers: string): void;
  httpBegin(id: number, status: number, headersText: string): boolean;
  httpPut(id: number, piece: Buffer): number;
  httpFinish(id: number, complete: boolean): void;
  httpRead(id: number): void;
  httpDiscard(id: number): void;
}

/** The module that the binding is. */
interface NativeModule {
  NativeDialogue: new (configJson: string, wake: () => void) => NativeDialogue;
  limitsTable(): string;
  errorTable(): string;
  metricsTable(): string;
  jwtCheck(settingsJson: string): string | null;
  jwtSign(
    claimsJson: string,
    key: string,
    algorithm: string | null,
    lifetime: number,
    keyId: string | null,
  ): string;
  jwtVerify(token: string, settingsJson: string): string;
  tlsCheck(settingsJson: string): string | null;
}

/** A row of `limitsTable()`. */
export interface LimitRow {
  readonly name: string;
  readonly unit: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** Whether `false` switches it off. */
  readonly off: boolean;
}

/** Calls taken from the engine's queue: their JSON, and the attachments of all of them in one list. */
export interface Batch {
  json: string;
  attachments: Buffer[];
}

/** What the engine says of a room. */
export interface RoomInfo {
  id: string;
  name: string;
  description?: string;
  maxSize?: number;
  createdById?: string;
  defaultSubscriptions: string[];
  listed: boolean;
  events: string[];
}

/** What the engine says of a socket. */
export interface SocketInfo {
  id: string;
  /** The connection below: a secret between the server and its client. */
  conn: string;
  handshake: Handshake;
}

/** What the engine says of a client. */
export interface ClientInfo extends SocketInfo {
  userId: string;
  meta: Record<string, unknown>;
  /** What its token says, where one governs it. */
  auth?: AuthData;
  /** How often that token was renewed. */
  renewals?: number;
}

/** What became of a room, as Socket.IO's adapter calls it; whoever joined or left. */
export type RoomChange = [
  event: "create-room" | "join-room" | "leave-room" | "delete-room",
  room: string,
  socket: string | null,
];

/** A call from the engine. `bins`: how many of the batch's attachments are its own. */
export type Call = { bins?: number } & (
  | { k: "connected"; client: ClientInfo }
  | { k: "disconnected"; id: string; reason: string; rooms: string[] }
  | DecideEvent
  | DecideJoin
  | DecideConnect
  | DecideNamespace
  | DecideRequest
  | RefusedRequest
  | { k: "ioConnected"; nsp: number; socket: SocketInfo }
  | { k: "ioDisconnected"; nsp: number; id: string; reason: string }
  | { k: "ioRooms"; nsp: number }
  | { k: "ioTurn" }
  | { k: "ioEvent"; nsp: number; id: string; args: unknown[]; ack?: number; overheard?: boolean }
  | { k: "ioAnswered"; nsp: number; id: string; args: unknown[]; ack: number }
  | { k: "ioFailed"; nsp: number; id: string; message: string }
  | { k: "ioUpgraded"; conn: string }
  | { k: "ioClosed"; conn: string; reason: string }
  | { k: "refreshed"; id: string }
  | { k: "keysWanted" }
  | { k: "joined" | "left"; id: string; room: string; key: RoomKey }
  | { k: "created" | "updated"; room: string; key: RoomKey; info: RoomInfo }
  | { k: "deleted"; room: string; key: RoomKey }
  | { k: "event"; room: string; key: RoomKey; message: EventMessage; recipients: number; local: number }
  | { k: "cleanup"; token: number; room: string; event: string; messages: EventMessage[] }
  | { k: "load"; token: number; room: string; event: string; start: number; end: number }
  | { k: "history"; token: number; messages?: EventMessage[]; error?: string }
  | HttpCall
  | HttpFollowUp
  | { k: "log"; level: keyof Logger; message: string; atFunction: string; data: unknown }
);

/** An event of a client, to be judged by its schema (`validate`) and by `beforeEach`. */
export interface DecideEvent {
  k: "decide";
  ticket: number;
  room: string;
  key: RoomKey;
  validate: boolean;
  message: EventMessage;
}

/** A client that asks to join. */
export interface DecideJoin {
  k: "decideJoin";
  ticket: number;
  id: string;
  room: string;
  key: RoomKey;
}

/** A connection that is to say who it is. */
export interface DecideConnect {
  k: "decideConnect";
  ticket: number;
  socket: SocketInfo;
  auth: Record<string, unknown>;
  /** What its token says, where one was verified. */
  claims?: JwtClaims;
}

/** A client that asks for a namespace. */
export interface DecideNamespace {
  k: "decideNamespace";
  ticket: number;
  nsp: string;
  socket: SocketInfo;
}

/** A request to the Socket.IO path. */
export interface RequestHead {
  method: string;
  /** Path and query. */
  url: string;
  /** Name, value, name, value … */
  headers: string[];
  address: string;
  port: number;
  /** Whether it came through TLS, to this server or to a proxy that is trusted. */
  secure: boolean;
  /** Whether it is the handshake of a WebSocket. */
  upgrade: boolean;
}

/** A request to the Socket.IO path, to be decided. */
export interface DecideRequest {
  k: "decideRequest";
  ticket: number;
  request: RequestHead;
  /** The connection that it is to open: a secret. Its end is told, or that it was never opened. */
  conn?: string;
  /** The engine refuses it whatever is decided. */
  refused?: true;
  /** The cookie that its answer is to have. */
  cookie?: string;
  /** The file that it asks for. */
  file?: string;
}

/** A request to the Socket.IO path was refused. */
export interface RefusedRequest {
  k: "refused";
  request: RequestHead;
  /** The connection that it was to open, where it had been decided. */
  conn?: string;
  code: number;
  message: string;
  context: Record<string, unknown>;
}

/** An HTTP request for the app. */
export interface HttpCall {
  k: "http";
  id: number;
  method: string;
  /** Absolute; after a question mark where those who parse URLs might write it differently. */
  url: string;
  /** Name, value, name, value …, a line each. */
  headers: string;
  /** The client's address and port. */
  peer: string;
  /** Whether its body is asked for piece by piece. */
  pieces?: boolean;
}

/** What happened to an HTTP request meanwhile. */
export type HttpFollowUp =
  | { k: "httpPiece"; id: number; more: boolean }
  | { k: "httpDrained"; id: number }
  | { k: "httpAborted"; id: number };

/** Bits of `setHooks`: what the engine tells at all. */
export const HOOK = Object.freeze({
  connected: 1,
  disconnected: 2,
  joined: 4,
  left: 8,
  created: 16,
  updated: 32,
  deleted: 64,
  events: 128,
  cleanup: 256,
  load: 512,
  http: 1024,
  authenticate: 2048,
  beforeJoin: 4096,
  beforeEach: 8192,
  handshakes: 16384,
  requests: 32768,
  refusals: 65536,
});

export const native: NativeModule = binding;

/** The engine's limits, with their ranges and defaults. */
export const readLimitsTable = (): LimitRow[] => JSON.parse(native.limitsTable());
