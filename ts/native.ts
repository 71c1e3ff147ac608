/** The only importer of the binding: `docs/design/binding.md` says what each call means. */
import binding from "#binding";
import type { AuthData, EventMessage, Handshake, JwtClaims, Logger } from "../index.js";

/** A room's number: never reused, so that a handle of a deleted room never acts on a later room of the same id. */
export type RoomKey = number;

/** One engine. Complex values cross as JSON text, binary beside it. */
export interface NativeDialogue {
  setHooks(mask: number): void;
  start(): Promise<number>;
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
  clientEmit(id: string, argsJson: string, attachments: Buffer[]): boolean;
  broadcast(argsJson: string, attachments: Buffer[]): void;
  clientDisconnect(id: string, close: boolean): boolean;
  clientConnected(id: string): boolean;
  clientClaims(id: string, renewals: number): string | null;
  decide(verdictsJson: string): void;
  decideBinary(verdictJson: string, attachments: Buffer[]): void;
  identify(ticket: number, userId: string, socketId: string): boolean;
  setJwks(setJson: string | null): string | null;
  laneCounts(): string;
  drain(max: number): Batch | null;
  clientReady(id: string): void;
  clientForget(id: string): void;
  cleanupDone(token: number): void;
  loadDone(token: number, messagesJson: string | null, attachments: Buffer[]): void;
  httpRespond(id: number, status: number, headers: string[], body: Buffer | null): void;
}

/** The module that the binding is. */
interface NativeModule {
  NativeDialogue: new (configJson: string, wake: () => void) => NativeDialogue;
  limitsTable(): string;
  errorTable(): string;
  jwtCheck(settingsJson: string): string | null;
  jwtSign(
    claimsJson: string,
    key: string,
    algorithm: string | null,
    lifetime: number,
    keyId: string | null,
  ): string;
  jwtVerify(token: string, settingsJson: string): string;
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

/** A call from the engine. `bins`: how many of the batch's attachments are its own. */
export type Call = { bins?: number } & (
  | { k: "connected"; client: ClientInfo }
  | { k: "disconnected"; id: string; reason: string; rooms: string[] }
  | DecideEvent
  | DecideJoin
  | DecideConnect
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

/** An HTTP request for the app. */
export interface HttpCall {
  k: "http";
  id: number;
  method: string;
  /** Path and query. */
  url: string;
  /** Name, value, name, value … */
  headers: string[];
  remote: { address: string; port: number };
}

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
});

export const native: NativeModule = binding;

/** The engine's limits, with their ranges and defaults. */
export const readLimitsTable = (): LimitRow[] => JSON.parse(native.limitsTable());
