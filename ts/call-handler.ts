import type { ConnectedClient, DialogueContext, EventMessage, HooksConfig, Logger } from "../index.js";
import type { CallQueue } from "./call-queue.js";
import type { Clients } from "./clients.js";
import type { Decisions } from "./decisions.js";
import type { Deliveries } from "./deliveries.js";
import { type Dispatcher, refusePromises } from "./dispatcher.js";
import type { HistoryRequests } from "./history-requests.js";
import type { HttpBridge } from "./http/bridge.js";
import type { JwksSource } from "./jwks.js";
import type { Lifecycle } from "./lifecycle.js";
import type { Call, NativeDialogue } from "./native.js";
import { pack, revive } from "./payload.js";
import type { Rooms } from "./rooms.js";
import { Engine } from "./socket-io/engine.js";
import type { Hub } from "./socket-io/hub.js";
import { restore, type Triggers } from "./trigger.js";

/** All that a call can concern. */
export interface Parts {
  readonly engine: NativeDialogue;
  readonly queue: CallQueue;
  readonly log: Logger;
  readonly dispatcher: Dispatcher;
  readonly hooks: HooksConfig;
  readonly context: DialogueContext;
  readonly hub: Hub;
  readonly ioEngine: Engine;
  readonly lifecycle: Lifecycle;
  readonly clients: Clients;
  readonly decisions: Decisions;
  readonly deliveries: Deliveries;
  readonly rooms: Rooms;
  readonly triggers: Triggers;
  readonly histories: HistoryRequests;
  readonly http: HttpBridge;
  /** Where the keys of tokens are fetched, if they are. */
  readonly jwks: JwksSource | undefined;
  /** Milliseconds that a hook may take to settle. */
  readonly hookTimeout: number;
}

type Of<Kind extends Call["k"]> = Call & { k: Kind };

/** Does what a call from the engine asks for: finds the objects it names, and tells the hooks and handlers concerned. */
export function handleCall(parts: Parts, call: Call, attachments: Buffer[]): void {
  const { decisions, dispatcher, histories, hooks, http, log, rooms } = parts;
  switch (call.k) {
    case "event":
      tellEvent(parts, call, attachments);
      break;
    case "connected":
      tellConnected(parts, call);
      break;
    case "disconnected":
      tellDisconnected(parts, call);
      break;
    case "decide":
      decisions.event(call, attachments);
      break;
    case "decideJoin":
      decisions.join(call);
      break;
    case "decideConnect":
      decisions.connect(call);
      break;
    case "decideRequest":
      Engine.decide(parts.ioEngine, call);
      break;
    case "refused":
      Engine.refused(parts.ioEngine, call);
      break;
    case "ioClosed":
      Engine.closed(parts.ioEngine, call.conn);
      parts.hub.handle(call, attachments);
      break;
    case "decideNamespace":
    case "ioConnected":
    case "ioDisconnected":
    case "ioRooms":
    case "ioTurn":
    case "ioEvent":
    case "ioAnswered":
    case "ioFailed":
    case "ioUpgraded":
      parts.hub.handle(call, attachments);
      break;
    case "refreshed":
      parts.clients.refreshed(call.id);
      break;
    case "keysWanted":
      dispatcher.observe("jwt.jwksUri", () => parts.jwks?.fetch());
      break;
    case "joined":
    case "left":
      tellMoved(parts, call);
      break;
    case "created":
    case "updated":
      tellRoom(parts, call);
      break;
    case "deleted":
      rooms.end(call.key);
      dispatcher.observe("rooms.onDeleted", () => hooks.rooms?.onDeleted?.(call.room));
      break;
    case "cleanup":
      cleanUp(parts, call, attachments);
      break;
    case "load":
      load(parts, call);
      break;
    case "history":
      histories.settle(call.token, call.messages && revive(call.messages, attachments), call.error);
      break;
    case "http":
      http.handle(call, attachments[0]);
      break;
    case "httpPiece":
    case "httpDrained":
    case "httpAborted":
      http.follow(call, attachments[0]);
      break;
    case "log":
      log[call.level]({ message: call.message, atFunction: call.atFunction, data: call.data });
      break;
  }
}

function tellConnected(
  { clients, context, dispatcher, engine, hooks, hub }: Parts,
  call: Of<"connected">,
): void {
  const client = clients.connected(call.client);
  const clientSocket = client.socket;
  // From here on it counts, for the hooks too.
  hub.main.arrived(client.id);
  dispatcher.observe("socket.onConnect", () => hooks.socket?.onConnect?.({ context, clientSocket }));
  dispatcher.observe("clients.onConnected", () => hooks.clients?.onConnected?.(client));
  const socket = hub.main.made(client.id);
  if (socket) hub.main.welcome(socket);
  engine.clientReady(client.id);
}

function tellDisconnected(parts: Parts, { id, reason, rooms }: Of<"disconnected">): void {
  const { clients, context, dispatcher, hooks, hub } = parts;
  const client = clients.find(id);
  if (client) {
    const clientSocket = client.socket;
    dispatcher.observe("clients.onDisconnected", () => hooks.clients?.onDisconnected?.(client));
    forget(parts, id);
    for (const room of rooms) tellLeft(parts, client, room);
    dispatcher.observe("socket.onDisconnect", () => hooks.socket?.onDisconnect?.({ context, clientSocket }));
  } else forget(parts, id);
  hub.main.ended(id, reason);
}

/** Until now a client that has ended could still be asked for, and for where it was. */
function forget({ clients, engine }: Parts, id: string): void {
  engine.clientForget(id);
  clients.end(id);
}

function tellLeft({ dispatcher, hooks }: Parts, client: ConnectedClient, roomId: string): void {
  dispatcher.observe("clients.onLeft", () => hooks.clients?.onLeft?.(client, roomId));
}

function tellMoved(parts: Parts, call: Of<"joined" | "left">): void {
  const { clients, dispatcher, hooks } = parts;
  const client = clients.find(call.id);
  if (!client) return;
  if (call.k === "left") tellLeft(parts, client, call.room);
  else dispatcher.observe("clients.onJoined", () => hooks.clients?.onJoined?.(client, call.room));
}

function tellRoom({ dispatcher, hooks, rooms }: Parts, call: Of<"created" | "updated">): void {
  const room = rooms.told(call.key, call.info);
  if (call.k === "created") dispatcher.observe("rooms.onCreated", () => hooks.rooms?.onCreated?.(room));
  else dispatcher.observe("rooms.onUpdated", () => hooks.rooms?.onUpdated?.(room));
}

function tellEvent({ deliveries, rooms, triggers }: Parts, call: Of<"event">, attachments: Buffer[]): void {
  const payload = call.local === 0 ? undefined : triggers.take(call.local);
  call.message = restore(revive(call.message, attachments), payload);
  deliveries.tell(call, rooms.byKey(call.key));
}

function cleanUp(parts: Parts, call: Of<"cleanup">, attachments: Buffer[]): void {
  const { dispatcher, engine, hookTimeout, hooks } = parts;
  const messages = revive(call.messages, attachments);
  const cleanedUp = () => hooks.events?.onCleanup?.(call.room, call.event, messages);
  // The engine lets go of them however the hook settled: it was told, and would fail again.
  dispatcher.ask("events.onCleanup", hookTimeout, cleanedUp, () => engine.cleanupDone(call.token));
}

function load({ dispatcher, engine, hookTimeout, hooks, log, queue }: Parts, call: Of<"load">): void {
  const { event, room, start, end, token } = call;
  const loaded = () => hooks.events?.onLoad?.(room, event, start, end);
  dispatcher.ask("events.onLoad", hookTimeout, loaded, (answer) => {
    const attachments: Buffer[] = [];
    let json: string | undefined;
    try {
      if (typeof answer === "object") json = packMessages(answer.value, attachments);
    } catch (error) {
      log.error({
        message: "events.onLoad gave what cannot be sent",
        atFunction: "events.onLoad",
        data: error,
      });
    }
    engine.loadDone(token, json ?? null, json === undefined ? [] : attachments);
    queue.drain();
  });
}

function packMessages(value: EventMessage[] | undefined, attachments: Buffer[]): string | undefined {
  if (!Array.isArray(value) || !value.every((item) => typeof item === "object" && item !== null)) {
    throw new TypeError("events.onLoad must give an array of messages");
  }
  refusePromises("events.onLoad gave", value, "whole");
  return pack(value, attachments, "refused");
}
