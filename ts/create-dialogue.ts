import { Hono } from "hono";
import type {
  Dialogue,
  DialogueConfig,
  EventDefinition,
  EventMessage,
  Room,
  RoomConfig,
  RoomsConfig,
  Server,
} from "../index.js";
import { handleCall, type Parts } from "./call-handler.js";
import { CallQueue } from "./call-queue.js";
import { createClientRooms } from "./client-rooms.js";
import { Clients } from "./clients.js";
import { readConfig, type Settings } from "./config.js";
import { createContext } from "./context.js";
import { Decisions } from "./decisions.js";
import { Deliveries } from "./deliveries.js";
import { Dispatcher } from "./dispatcher.js";
import { invalidConfig, roomNotFound } from "./errors.js";
import { HistoryRequests } from "./history-requests.js";
import { hookMask } from "./hooks.js";
import { HttpBridge } from "./http/bridge.js";
import { replaceGlobalObjects } from "./http/global-objects.js";
import { JwksSource } from "./jwks.js";
import { Lifecycle } from "./lifecycle.js";
import { createGuardedLogger } from "./logger.js";
import { toEngine } from "./names.js";
import { type NativeDialogue, native } from "./native.js";
import { Err } from "./result.js";
import { Rooms } from "./rooms.js";
import { serveBy } from "./runtime-adapter.js";
import { DialogueIo } from "./socket-io/dialogue-io.js";
import { Engine } from "./socket-io/engine.js";
import { readEngineOptions } from "./socket-io/engine-options.js";
import { Hub } from "./socket-io/hub.js";
import { Triggers } from "./trigger.js";
import { createWaker } from "./waker.js";

/** Milliseconds within which a connection has to join a namespace, where the configuration says nothing: the engine's own default. */
const CONNECT_TIMEOUT = 10_000;

/** Makes a server; see `index.d.ts`. */
export function createDialogue(config: DialogueConfig<RoomsConfig>): Dialogue {
  const settings = readConfig(config);
  if (settings.overrideGlobalObjects) replaceGlobalObjects();
  const app = (settings.app ?? new Hono()) as Hono;
  const parts = compose(settings, app);
  makeRooms(parts.rooms, settings);
  parts.queue.drain();
  return face(parts, app);
}

/** Makes the engine and the parts around it, and joins them. */
function compose(settings: Settings, app: Hono): Parts {
  const { hooks, limits } = settings;
  const log = createGuardedLogger(settings.logger);
  for (const message of settings.warnings)
    log.warn({ message, atFunction: "createDialogue", data: undefined });
  // The engine wakes the queue and the queue takes from the engine; neither does before both are there.
  const waker = createWaker();
  const engine: NativeDialogue = new native.NativeDialogue(settings.engineJson, waker.wake);
  const queue = new CallQueue(
    (max) => engine.drain(max),
    (call, attachments) => {
      // A fault of ours must not end the process either.
      dispatcher.observe(`call '${call.k}'`, () => handleCall(parts, call, attachments));
    },
    () => decisions.settle(),
    () => deliveries.finish(),
    () => http.isCrowded(),
  );
  waker.join(queue);
  const dispatcher = new Dispatcher(log);
  const hub: Hub = new Hub({
    dispatcher,
    log,
    drain: () => queue.drain(),
    timeout: () => limits.hookTimeout,
    dialogue: {
      find: (id) => clients.find(id) && hub.main.made(id),
      configure: () => engine.setHooks(hookMask(hooks, hub.main) | requestHooks),
    },
  });
  let requestHooks = 0;
  const ioEngine = new Engine(readEngineOptions(settings.socket), {
    port: engine,
    dispatcher,
    setHooks: (mask) => {
      requestHooks = mask;
      engine.setHooks(hookMask(hooks, hub.main) | mask);
    },
    timeout: limits.hookTimeout,
    close: () => engine.ioCloseAll(),
  });
  const lifecycle = new Lifecycle(engine, queue, log, settings);
  const clients = new Clients({ engine, queue, log, main: hub.main });
  const triggers = new Triggers(engine, queue, hooks, {
    beforeEach: (message) => decisions.beforeEach(message),
    unsendable: (error) => decisions.unsendable(error),
    settle: () => decisions.settle(),
  });
  const histories = new HistoryRequests(engine, queue);
  const clientsOf = (ids: string[]) => clients.of(ids);
  const rooms = new Rooms({ engine, triggers, histories, clientsOf }, queue, log, {
    definitions: settings.definitions,
    ...(limits.clientRoomEvents && { clientRoomEvents: limits.clientRoomEvents }),
  });
  const io = new DialogueIo(hub, {
    engine: ioEngine,
    path: settings.socket.path,
    connectTimeout: (settings.socket["connectTimeout"] as number | undefined) ?? CONNECT_TIMEOUT,
    port: () => lifecycle.boundPort,
    stop: () => lifecycle.stop(),
  });
  const context = createContext(io as unknown as Server, engine, clients, rooms);
  const deliveries = new Deliveries({ dispatcher, hooks, context });
  const http = new HttpBridge(app, settings.overrideGlobalObjects, engine, dispatcher);
  const { jwksUri } = settings;
  serveBy(io, {
    serve: ({ app: another, port }) => {
      http.use(another);
      return lifecycle.startAt(port);
    },
    stop: () => lifecycle.stop(),
  });
  const jwks = jwksUri && new JwksSource(jwksUri, (setJson) => engine.setJwks(setJson), log);
  const { hookTimeout } = limits;
  const decisions = new Decisions({
    ...{ engine, dispatcher, hooks, hub, context, clients, rooms, triggers, hookTimeout },
  });
  const parts: Parts = {
    ...{ engine, queue, log, dispatcher, hooks, hub, ioEngine, context, lifecycle },
    ...{ clients, decisions, deliveries, rooms, triggers, histories, http, jwks, hookTimeout },
  };
  hub.attach(engine, (conn) => Engine.request(ioEngine, conn));
  return parts;
}

function makeRooms(rooms: Rooms, settings: Settings): void {
  for (const { id, path, ...spec } of settings.rooms) {
    if (rooms.make(id, spec) <= 0) throw invalidConfig(path, "its id is not acceptable");
  }
}

/** What the program holds. Plain functions, so that they can be taken out of the object. */
function face({ clients, context, engine, lifecycle, log, queue, rooms }: Parts, app: Hono): Dialogue {
  const room = (id: string): Room | null => rooms.find(id) ?? null;
  const stop = () => lifecycle.stop();
  return {
    app,
    io: context.io,
    get port() {
      return lifecycle.port;
    },
    trigger(
      roomId: string,
      event: { readonly name: unknown },
      data: unknown,
      from?: string,
      meta?: Record<string, unknown>,
    ) {
      return (
        rooms.find(roomId)?.trigger(event as EventDefinition, data, from, meta) ?? Err(roomNotFound(roomId))
      );
    },
    on(roomId: string, event: EventDefinition, handler: (message: EventMessage<never>) => void) {
      const found = rooms.find(roomId);
      if (found) return found.on(event, handler as (message: EventMessage) => void);
      log.warn({ message: `on: ${roomNotFound(roomId)}`, atFunction: "on", data: { roomId } });
      return () => {};
    },
    room,
    getRoom: room,
    rooms: () => rooms.all(),
    createRoom(first: string | (RoomConfig & { id: string }), config?: RoomConfig, createdById?: string) {
      if (typeof first === "object" && first !== null) return rooms.create(first.id, first);
      return rooms.create(first, config as RoomConfig, createdById);
    },
    updateRoom: (id, changes) => rooms.update(id, changes),
    deleteRoom: (id) => rooms.delete(id),
    getClients: (userId) => clients.of(engine.userClientIds(toEngine(userId))),
    getAllClients: () => clients.of(engine.clientIds()),
    getClientRooms: (userId) => createClientRooms(engine, queue, userId),
    metrics: () => JSON.parse(engine.metrics()),
    isInRoom: (userId, roomId) => engine.isInRoom(toEngine(userId), toEngine(roomId)),
    start: () => lifecycle.start(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
